"""``tail``: prints a topic's last records, and follows new ones."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from stockstream.kafka.publisher import Publisher
from stockstream.kafka.tail import Tail
from stockstream.topics import FLIGHTS, STOCKS
from tests.cli.records import flight
from tests.kafka.streams import put
from tests.site import Site
from tests.views.bars import bar, walk


def test_bars_are_readable_lines(site: Site) -> None:
    day = datetime(2026, 1, 2, tzinfo=UTC)
    site.send(STOCKS, [bar(0, 1234.5, volume=1_234_567.0)])
    site.send(STOCKS, [bar(1, 2.0, "MSFT", feed="simulated", final=False, volume=None, flags=("off-grid",))])
    site.send(STOCKS, [bar(0, 3.0, interval="1d", time=day)])
    assert site.run("tail", "stocks", "--no-follow").stdout.splitlines() == [
        "2026-03-02 14:30Z  AAPL   1m   open 1,234.25  high 1,235.5  low 1,233.5  close 1,234.5  volume 1,234,567",
        "2026-03-02 14:31Z  MSFT   1m   open 1.75  high 3  low 1  close 2  volume -  (simulated, forming, off-grid)",
        "2026-01-02  AAPL   1d   open 2.75  high 4  low 2  close 3  volume 100",
    ]


def test_flights_are_readable_lines(site: Site) -> None:
    flights = [
        flight(0),
        flight(1, cancelled=1, arrival_delay=None),
        flight(2, diverted=1),
        flight(3, arrival_delay=75),
    ]
    site.send(FLIGHTS, flights)
    assert site.run("tail", "flights", "--no-follow").stdout.splitlines() == [
        "2015-01-01 09:05  AA 98      JFK > LAX    arrived -4 min   (row 0 of 0123456789abcdef)",
        "2015-01-01 09:05  AA 98      JFK > LAX    cancelled        (row 1 of 0123456789abcdef)",
        "2015-01-01 09:05  AA 98      JFK > LAX    diverted         (row 2 of 0123456789abcdef)",
        "2015-01-01 09:05  AA 98      JFK > LAX    arrived +75 min  (row 3 of 0123456789abcdef)",
    ]


def test_dead_letters_show_their_reason_and_what_was_refused(site: Site) -> None:
    with Publisher(STOCKS, site.connection) as publisher:
        publisher.refuse("x.csv:7", b"1,2,\xff", "x.csv, line 7: not a number")
    (line,) = site.run("tail", "stocks.dlq", "--no-follow").stdout.splitlines()
    assert line.endswith(r"Z  x.csv:7  x.csv, line 7: not a number: '1,2,\\xff'")
    envelope = json.loads(site.run("tail", "stocks.dlq", "--no-follow", "--json").stdout)
    assert (envelope["key"], envelope["reason"]) == ("x.csv:7", "x.csv, line 7: not a number")


def test_what_a_refused_row_holds_does_nothing_to_the_terminal(site: Site) -> None:
    with Publisher(STOCKS, site.connection) as publisher:
        publisher.refuse("\x1b[2J.csv:7", b"\x1b[31m", "not a number: \x1b[31m")
    (line,) = site.run("tail", "stocks.dlq", "--no-follow").stdout.splitlines()
    assert line.endswith(r"Z  \x1b[2J.csv:7  not a number: \x1b[31m: '\x1b[31m'")


def test_json_holds_the_record_and_where_it_stands(site: Site) -> None:
    bars = walk(3)
    site.send(STOCKS, bars)
    result = site.run("tail", "stocks", "--json", "--no-follow")
    envelopes = [json.loads(line) for line in result.stdout.splitlines()]
    assert [envelope["value"] for envelope in envelopes] == [json.loads(STOCKS.encode(bar)) for bar in bars]
    assert [envelope["offset"] for envelope in envelopes] == [0, 1, 2]
    assert {envelope["key"] for envelope in envelopes} == {"AAPL"}
    assert all(envelope["sent"].endswith("Z") for envelope in envelopes)


@pytest.mark.parametrize("count", [0, 1, 7, 10_000])
def test_the_newest_of_all_partitions_together(site: Site, count: int) -> None:
    symbols = [f"S{number}" for number in range(9)]
    bars = [bar(minute, 5.0, symbol) for minute in range(30) for symbol in symbols]
    for start in range(0, len(bars), 9):
        site.send(STOCKS, bars[start : start + 9])
    result = site.run("tail", "stocks", "-n", str(count), "--no-follow").stdout.splitlines()
    assert len(result) == min(count, len(bars))
    assert all(" 14:59Z " in line for line in result[-7:])


def test_it_follows_what_arrives_until_ctrl_c(site: Site) -> None:
    site.send(STOCKS, walk(3))
    process = subprocess.Popen(
        [sys.executable, "-m", "stockstream", "tail", "stocks", "-n", "1"],
        env=site.env, cwd=site.folder, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert "14:32Z" in process.stdout.readline()
    site.send(STOCKS, [bar(60, 5.0)])
    assert "15:30Z" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=120)[0] == ""
    assert process.returncode == 130


def test_a_reader_that_goes_away_is_no_error(site: Site) -> None:
    site.send(STOCKS, walk(3000))
    shell = f"'{sys.executable}' -m stockstream tail stocks -n 3000 | head -1"
    result = subprocess.run(
        shell, shell=True, env=site.env, cwd=site.folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="its pipes do not tell that nobody reads")
def test_nor_while_nothing_more_arrives(site: Site) -> None:
    site.send(STOCKS, walk(3))
    process = subprocess.Popen(
        [sys.executable, "-m", "stockstream", "tail", "stocks", "-n", "1"],
        env=site.env, cwd=site.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    assert "14:32Z" in process.stdout.readline()
    process.stdout.close()
    process.wait(timeout=120)
    assert process.stderr.read() == ""
    process.stderr.close()


def test_a_record_that_cannot_be_read_is_shown_as_it_is(site: Site) -> None:
    site.send(STOCKS, [])
    put(site.bootstrap_servers, STOCKS.name, "AAPL", [b'{"symbol": 3}'])
    result = site.run("tail", "stocks", "--no-follow")
    assert result.returncode == 0
    assert "AAPL  '{\"symbol\": 3}'  (cannot be read: " in result.stdout


def test_a_topic_that_is_not_there_is_an_error_with_those_that_are(site: Site) -> None:
    site.send(FLIGHTS, [flight(0)])
    result = site.run("tail", "flight")
    assert result.returncode == 1
    assert f"no topic flight on {site.bootstrap_servers} - topics there: flights, flights.dlq" in result.stderr


def test_an_empty_topic_has_no_newest(site: Site) -> None:
    site.send(STOCKS, [])
    with Tail(STOCKS.name, site.connection) as tail:
        assert tail.newest(5) == []
        assert next(tail.follow()) is None
