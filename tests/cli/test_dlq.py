"""``dlq``: dead letters are listed, shown, replayed once, purged."""

from __future__ import annotations

import json
import subprocess
import sys

from confluent_kafka import Message

from stockstream.kafka.admin import Admin
from stockstream.kafka.letterbox import Letterbox, opened
from stockstream.kafka.letters import IDENTITY, PLACE, WHOLE
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.replay import Replay
from stockstream.kafka.subscriber import Subscriber
from stockstream.kafka.to_end import scan
from stockstream.records import Bar
from stockstream.topics import FLIGHTS, STOCKS
from tests.cli.records import flight
from tests.kafka.streams import put, read_to_end
from tests.site import Site
from tests.views.bars import bar, walk

GOOD = [STOCKS.encode(each) for each in walk(4)]
"""Records that an older version could not read, say."""


def refuse(site: Site, letters: dict[str, bytes], reason: str = "line 7: not a number") -> None:
    with Publisher(STOCKS, site.connection) as publisher:
        for place, raw in letters.items():
            publisher.refuse(place, raw, reason)


def held(site: Site) -> list[Message]:
    return list(scan(STOCKS.name, site.connection))


def box(site: Site) -> Letterbox:
    return opened(STOCKS, site.connection)


def header(message: Message, name: str) -> bytes | str | None:
    return dict(message.headers() or ())[name]


def test_without_any_there_is_nothing_to_do(site: Site) -> None:
    assert site.run("dlq", "list").stderr == "no dead letters\n"
    site.send(STOCKS, walk(3))
    assert site.run("dlq", "list").stderr == "no dead letters\n"
    assert json.loads(site.run("dlq", "list", "--json").stdout) == []
    assert site.run("dlq", "purge", "--yes").stderr == "nothing to delete\n"
    result = site.run("dlq", "show", "stocks/0/7")
    assert result.returncode == 1
    assert "no dead letter stocks/0/7 - `stockstream dlq list` names them" in result.stderr


def test_they_are_listed_by_place_and_by_reason(site: Site) -> None:
    refuse(site, {"a.csv/7": b"x", "b.csv/1": b"1,\x1b[2J"}, "not a number")
    refuse(site, {"a.csv/70": b"y"}, "no such column")
    with Publisher(FLIGHTS, site.connection) as publisher:
        publisher.refuse("f.csv/2", b"z", "not a number")
    lines = site.run("dlq", "list").stdout.splitlines()
    assert lines[0].split() == ["PLACE", "WRITTEN", "SIZE", "STATE", "WHY"]
    assert [line.split()[0] for line in lines[1:]] == ["a.csv/7", "b.csv/1", "a.csv/70", "f.csv/2"]
    assert lines[1].endswith("1 B  kept   not a number")

    def places(*arguments: str) -> list[str]:
        return [each["place"] for each in json.loads(site.run("dlq", "list", *arguments, "--json").stdout)]

    assert places("a.csv") == ["a.csv/7", "a.csv/70"]
    assert places("a.csv/7") == ["a.csv/7"]
    assert places("--reason", "NUMBER") == ["a.csv/7", "b.csv/1", "f.csv/2"]
    assert places("--reason", "number", "--topic", "flights.dlq") == ["f.csv/2"]
    shown = site.run("dlq", "show", "b.csv/1").stdout
    assert "why      not a number" in shown
    assert r"1,\x1b[2J" in shown
    assert site.run("dlq", "show", "b.csv/1", "--raw").stdout == "1,\x1b[2J"
    assert "and 3 older ones" in site.run("dlq", "list", "-n", "1").stderr


def test_what_can_be_read_now_is_put_back_once(site: Site) -> None:
    refuse(site, {"stocks/0/7": GOOD[0], "stocks/1/3": GOOD[1], "x.csv/9": b"1,2,\xff"})
    result = site.run("dlq", "replay")
    assert (result.returncode, result.stdout) == (0, "replayed: 2, still unreadable: 1\n")
    assert "x.csv/9 still cannot be read: " in result.stderr
    assert "a row of a file is not a record" in result.stderr
    for _ in range(2):
        again = site.run("dlq", "replay", "stocks")
        assert (again.returncode, again.stdout) == (0, "replayed: 0, replayed before: 2\n")
    messages = held(site)
    assert [(message.key(), message.value()) for message in messages] == [(b"AAPL", GOOD[0]), (b"AAPL", GOOD[1])]
    assert [header(message, PLACE) for message in messages] == [b"stocks/0/7", b"stocks/1/3"]
    letters = box(site).letters
    assert [header(message, IDENTITY) for message in messages] == [
        letters[place].identity.encode() for place in ("stocks/0/7", "stocks/1/3")
    ]
    where = f"stocks/{messages[0].partition()}/{messages[0].offset()}"
    assert f"replayed as {where}" in site.run("dlq", "list").stdout
    # A window that reads the topic from its start stumbles over the same message, and keeps it again.
    refuse(site, {"stocks/0/7": GOOD[0]})
    assert site.run("dlq", "replay", "stocks").stdout == "replayed: 0, replayed before: 2\n"
    assert len(held(site)) == 2


def test_a_dry_run_sends_nothing(site: Site) -> None:
    refuse(site, {"stocks/0/7": GOOD[0], "x.csv/9": b"no"})
    assert site.run("dlq", "replay", "--dry-run").stdout == "would be replayed: 1, still unreadable: 1\n"
    assert held(site) == []
    assert box(site).letters["stocks/0/7"].replayed is None


def test_a_replay_that_was_killed_before_it_marked_is_finished_by_the_next(site: Site) -> None:
    site.send(STOCKS, [bar(60, 5.0)])
    refuse(site, {f"stocks/0/{number}": value for number, value in enumerate(GOOD)})
    # What is killed here has sent all and marked nothing.
    script = (
        "import os, sys\n"
        "from stockstream.kafka.letterbox import Choice, opened\n"
        "from stockstream.kafka.replay import Replay\n"
        "from stockstream.topics import STOCKS\n"
        "connection = {'bootstrap.servers': sys.argv[1]}\n"
        "box = opened(STOCKS, connection)\n"
        "class Killed(Replay):\n"
        "    def _mark(self, placed):\n"
        "        os.kill(os.getpid(), 9)\n"
        "Killed(box, connection).run(box.chosen(Choice()))\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, site.bootstrap_servers], timeout=60, check=False)
    assert killed.returncode == -9
    assert len(held(site)) == 5
    assert all(letter.replayed is None for letter in box(site).letters.values())
    assert site.run("dlq", "replay", "--dry-run").stdout == "would be replayed: 0, replayed before: 4\n"
    assert site.run("dlq", "replay").stdout == "replayed: 0, replayed before: 4\n"
    assert len(held(site)) == 5
    now = box(site)
    assert now.began is None
    assert all(letter.replayed is not None for letter in now.letters.values())


def test_one_is_mended_by_hand(site: Site) -> None:
    site.send(STOCKS, [])
    put(site.bootstrap_servers, STOCKS.name, "AAPL", [b'{"symbol": 3}'])
    with Subscriber(STOCKS, Bar, site.connection) as subscriber:
        subscriber.begin({})
        read_to_end(subscriber)
    (place,) = box(site).letters
    mended = site.folder / "mended.json"
    mended.write_bytes(b'{"symbol": 4}\n')
    wrong = site.run("dlq", "replay", place, "--with", str(mended))
    assert (wrong.returncode, wrong.stdout) == (1, "replayed: 0, still unreadable: 1\n")
    mended.write_bytes(GOOD[0] + b"\n")
    assert site.run("dlq", "replay", place, "--with", str(mended)).stdout == "replayed: 1\n"
    assert site.run("dlq", "replay", place, "--with", str(mended)).stdout == "replayed: 0, replayed before: 1\n"
    assert [message.value() for message in held(site)] == [b'{"symbol": 3}', GOOD[0]]
    assert site.run("dlq", "replay", "--with", str(mended)).returncode == 2
    assert site.run("dlq", "replay", place, "--with", "nowhere.json").returncode == 2


def test_a_shortened_one_says_that_it_cannot_be_put_back(site: Site) -> None:
    refuse(site, {"stocks/2/5": b"x" * (WHOLE + 1)})
    result = site.run("dlq", "replay", "stocks/2/5")
    assert (result.returncode, result.stdout) == (1, "replayed: 0, shortened: 1\n")
    assert "stocks/2/5 cannot be replayed: of its 2,000,001 bytes only the beginning is kept" in result.stderr
    assert "2,000,001, of which the first 65,536 are kept" in site.run("dlq", "show", "stocks/2/5").stdout
    assert held(site) == []


def test_purging_asks_first_and_takes_what_was_chosen(site: Site) -> None:
    refuse(site, {"a.csv/1": b"x", "a.csv/2": b"y", "b.csv/1": GOOD[0]})
    assert site.run("dlq", "replay", "b.csv").returncode == 0
    result = site.run("dlq", "purge", "a.csv", stdin="n\n")
    assert result.returncode == 1
    assert result.stderr.splitlines()[:3] == [
        f"On {site.bootstrap_servers} this will be deleted permanently:",
        "  stocks.dlq: 2 of 3 dead letters",
        "  2 of them were not replayed",
    ]
    assert "nothing was deleted" in result.stderr
    assert len(box(site).letters) == 3
    assert site.run("dlq", "purge", "a.csv/1", stdin="y\n").stdout.strip() == "deleted: 1 dead letter"
    assert set(box(site).letters) == {"a.csv/2", "b.csv/1"}
    assert site.run("dlq", "purge", "--replayed", "--yes").stdout == "deleted: 1 dead letter\n"
    assert set(box(site).letters) == {"a.csv/2"}
    # It comes again, and is still known to have been replayed.
    refuse(site, {"b.csv/1": GOOD[0]})
    assert site.run("dlq", "replay", "b.csv").stdout == "replayed: 0, replayed before: 1\n"


def test_flights_go_back_to_their_own_topic(site: Site) -> None:
    with Publisher(FLIGHTS, site.connection) as publisher:
        publisher.refuse("flights/0/1", FLIGHTS.encode(flight(3)), "?")
    assert site.run("dlq", "replay").stdout == "replayed: 1\n"
    (message,) = scan(FLIGHTS.name, site.connection)
    assert (message.key(), message.value()) == (b"AA", FLIGHTS.encode(flight(3)))


def test_many_go_back_in_their_order(site: Site) -> None:
    bars = walk(2_500)
    with Publisher(STOCKS, site.connection) as publisher:
        for number, each in enumerate(bars):
            publisher.refuse(f"stocks/0/{number}", STOCKS.encode(each), "?")
    letters = box(site)
    outcome = Replay(letters, site.connection).run(list(letters.letters.values()))
    assert len(outcome.replayed) == 2_500
    with Subscriber(STOCKS, Bar, site.connection) as subscriber:
        subscriber.begin({})
        assert read_to_end(subscriber).records == bars
    assert Admin(site.connection).summaries([STOCKS.name])[0].records == 2_500
