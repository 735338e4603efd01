"""A view on a real broker: counts are right whatever was sent, killed or restarted."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from stockstream.consumers import flights as flights_view
from stockstream.consumers.live import Live
from stockstream.consumers.registry import VIEWS
from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
from stockstream.records import Bar, FlightDay
from stockstream.topics import Topic
from stockstream.views.checkpoint import Checkpoint, Saved
from stockstream.views.fold import Selection
from stockstream.views.view import View
from tests.kafka.streams import connection, own_topic, until
from tests.views.bars import bar
from tests.views.test_flights import AIRLINES, counted, rows, truth

ALL = Selection(AIRLINES)


def own_view() -> View[Any]:
    topic = Topic(own_topic().name, FlightDay, lambda flight: flight.airline)
    return replace(flights_view.VIEW, topic=topic, record=FlightDay)  # type: ignore[arg-type]


def topic_of(view: View[FlightDay]) -> Topic[FlightDay]:
    assert isinstance(view.topic, Topic)
    return view.topic


def send(broker: str, view: View[FlightDay], flights: list[FlightDay]) -> None:
    with Publisher(topic_of(view), connection(broker)) as publisher:
        for flight in flights:
            publisher.send(flight)


def catch_up(live: Live[FlightDay]) -> None:
    until(lambda: live.tick() is not None and live.settled)


def test_it_continues_from_its_checkpoint(broker: str, tmp_path: Path) -> None:
    view, flights = own_view(), rows(3000)
    send(broker, view, flights[:2000])
    with Live(view, ALL, {}, connection(broker), tmp_path) as live:
        catch_up(live)
        assert counted(live.fold) == truth(flights[:2000])  # type: ignore[arg-type]
        assert live.taken == 2000
        assert live.status().lag == 0
    send(broker, view, flights[1500:])
    with Live(view, ALL, {}, connection(broker), tmp_path) as live:
        catch_up(live)
        assert counted(live.fold) == truth(flights)  # type: ignore[arg-type]
        assert live.taken == 1500
        assert live.status().counts == {"repeated": 500}
        assert live.status().received is not None


def test_records_are_announced_as_they_arrive(broker: str, tmp_path: Path) -> None:
    view, flights, arrived = own_view(), rows(300), threading.Event()
    with Live(view, ALL, {}, connection(broker), tmp_path) as live:
        live.listen(arrived.set)
        send(broker, view, flights[:200])
        assert arrived.wait(60), "the topic is found"
        catch_up(live)
        arrived.clear()
        send(broker, view, flights[200:])
        assert arrived.wait(60)
        until(lambda: live.tick() is not None and live.taken == len(flights))


def test_records_that_went_while_a_window_was_shut_are_counted_and_stay_counted(broker: str, tmp_path: Path) -> None:
    view = own_view()
    view = replace(view, topic=replace(topic_of(view), partitions=1))
    flights = rows(900)
    admin = AdminClient(connection(broker))

    def forget(offset: int) -> None:
        gone = TopicPartition(view.topic.name, 0, offset)
        admin.delete_records([gone])[gone].result(120)

    def counted_again(expected: int) -> None:
        with Live(view, ALL, {}, connection(broker), tmp_path) as live:
            catch_up(live)
            assert live.status().counts == {"skipped": expected}
            assert live.status().lag == 0
            known = truth(flights[:300] + flights[400 : len(sent)])
            assert counted(live.fold) == known  # type: ignore[arg-type]

    sent = flights[:300]
    send(broker, view, sent)
    with Live(view, ALL, {}, connection(broker), tmp_path) as live:
        catch_up(live)
        assert live.status().counts == {}
    sent = flights[:600]
    send(broker, view, flights[300:600])
    forget(400)
    counted_again(100)  # and what it had read before they went it still has
    sent = flights
    send(broker, view, flights[600:])
    forget(600)  # read by it already
    counted_again(100)
    counted_again(100)


def test_what_is_not_there_is_reported_with_what_is_until_it_comes(broker: str, tmp_path: Path) -> None:
    topic = Topic(own_topic().name, Bar, lambda bar: bar.symbol)
    view = replace(VIEWS["rsi"], topic=topic)

    def put(*bars: Bar) -> None:
        with Publisher(topic, connection(broker)) as publisher:
            for each in bars:
                publisher.send(each)

    put(bar(0, 101.0, symbol="AAPL"), bar(0, 101.0, symbol="MSFT"))
    with Live(view, Selection(("aapl",)), {"period": 14}, connection(broker), tmp_path) as live:
        until(lambda: live.tick() is not None and live.absent is not None and live.absent.certain)
        assert live.status().waiting == "symbol aapl (did you mean AAPL?)"
        put(bar(0, 101.0, symbol="aapl"))
        until(lambda: live.tick() and live.absent is None)
        assert live.status().waiting is None
    with Live(view, Selection(("AAPL",), "1d"), {"period": 14}, connection(broker), tmp_path) as live:
        until(lambda: live.tick() is not None and live.absent is not None and live.absent.certain)
        assert live.status().waiting == "symbol AAPL at 1d (AAPL is there at 1m)"
        put(bar(0, 101.0, symbol="AAPL", interval="5m"))
        waiting = "symbol AAPL at 1d (AAPL is there at 1m and at 5m)"
        until(lambda: live.tick() is not None and live.status().waiting == waiting)
    # Started again it goes on behind what it has read, and still knows what there is.
    with Live(view, Selection(("AAPL",), "1d"), {"period": 14}, connection(broker), tmp_path) as live:
        until(lambda: live.tick() is not None and live.status().waiting == waiting)


def test_an_airline_that_is_not_there_is_reported_with_those_that_are(broker: str, tmp_path: Path) -> None:
    view = own_view()
    send(broker, view, rows(300))
    with Live(view, Selection(("XX", "AA")), {}, connection(broker), tmp_path) as live:
        until(lambda: live.tick() is not None and live.absent is not None)
        assert live.status().waiting == f"airline XX (there are {', '.join(AIRLINES)})"


def test_two_of_one_view_do_not_disturb_each_other(broker: str, tmp_path: Path) -> None:
    view, flights = own_view(), rows(1000)
    send(broker, view, flights[:500])
    with (
        Live(view, ALL, {}, connection(broker), tmp_path) as first,
        Live(view, Selection(("AA",)), {}, connection(broker), tmp_path) as second,
    ):
        catch_up(first)
        catch_up(second)
        send(broker, view, flights[500:])
        only = Counter({cell: count for cell, count in truth(flights).items() if cell[0] == "AA"})
        until(lambda: first.tick() is not None and counted(first.fold) == truth(flights))  # type: ignore[arg-type]
        until(lambda: second.tick() is not None and counted(second.fold) == only)  # type: ignore[arg-type]
        assert first.status().counts == second.status().counts == {}


def test_a_topic_made_anew_starts_from_nothing(broker: str, tmp_path: Path) -> None:
    view = own_view()
    send(broker, view, rows(300))
    with Live(view, ALL, {}, connection(broker), tmp_path) as live:
        catch_up(live)
        Admin(connection(broker)).delete([view.topic.name])
        until(lambda: live.tick() is not None and (live.status().waiting or "").startswith("topic"))
        send(broker, view, rows(20, seed=9))
        until(lambda: live.tick() is not None and live.settled and counted(live.fold) == truth(rows(20, seed=9)))  # type: ignore[arg-type]
    with Live(view, ALL, {}, connection(broker), tmp_path) as live:
        catch_up(live)
        assert counted(live.fold) == truth(rows(20, seed=9))  # type: ignore[arg-type]


def test_a_damaged_state_is_set_aside_reported_and_read_anew(broker: str, tmp_path: Path) -> None:
    view, flights = own_view(), rows(200)
    send(broker, view, flights)
    with Live(view, ALL, {}, connection(broker), tmp_path) as live:
        catch_up(live)
    (file,) = tmp_path.rglob("checkpoint.sqlite")

    def flip() -> None:
        with sqlite3.connect(file) as database:
            database.execute("UPDATE page SET content = x'00'")
        database.close()

    for damage in (flip, lambda: file.write_bytes(b"rubbish" * 1000)):
        damage()
        with Live(view, ALL, {}, connection(broker), tmp_path) as live:
            catch_up(live)
            assert counted(live.fold) == truth(flights)  # type: ignore[arg-type]
            assert live.taken == 200
            assert "could not be used" in live.status().note
        with Live(view, ALL, {}, connection(broker), tmp_path) as live:
            catch_up(live)
            assert (live.taken, live.status().note) == (0, "")


def test_where_nothing_can_be_kept_the_window_says_so_and_continues(broker: str, tmp_path: Path) -> None:
    view, flights = own_view(), rows(200)
    send(broker, view, flights)
    (tmp_path / "states").touch()
    with Live(view, ALL, {}, connection(broker), tmp_path / "states") as live:
        catch_up(live)
        assert counted(live.fold) == truth(flights)  # type: ignore[arg-type]
        assert live.status().note.startswith("no state can be saved")


def test_saving_does_not_hold_up_the_window_and_ends_with_all_saved(
    broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = own_view()
    send(broker, view, rows(100))
    monkeypatch.setattr("stockstream.consumers.live._SAVE_EVERY", 0.0)
    monkeypatch.setattr("stockstream.consumers.live._SAVE_SHARE", 0)
    begun, go_on, save = threading.Event(), threading.Event(), Checkpoint.save

    def slow(checkpoint: Checkpoint, topic_id: str, saved: Saved) -> None:
        begun.set()
        assert go_on.wait(120)
        save(checkpoint, topic_id, saved)

    monkeypatch.setattr(Checkpoint, "save", slow)
    with Live(view, ALL, {}, connection(broker), tmp_path) as live:
        until(lambda: live.tick() is not None and begun.is_set())
        send(broker, view, rows(300))
        until(lambda: live.tick() is not None and live.taken == 400)
        go_on.set()
    with Live(view, ALL, {}, connection(broker), tmp_path) as live:
        catch_up(live)
        assert live.taken == 0
        assert counted(live.fold) == truth(rows(300))  # type: ignore[arg-type]


def test_a_second_window_saves_when_the_first_has_closed(
    broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = own_view()
    send(broker, view, rows(100))
    monkeypatch.setattr("stockstream.consumers.live._SAVE_EVERY", 0.0)
    with Live(view, ALL, {}, connection(broker), tmp_path) as first:
        catch_up(first)
        with Live(view, ALL, {}, connection(broker), tmp_path) as second:
            catch_up(second)
            first.close()
            send(broker, view, rows(150))
            until(lambda: second.tick() is not None and counted(second.fold) == truth(rows(150)))  # type: ignore[arg-type]
            until(lambda: second.tick() is not None and second.status().lag == 0)
    with Live(view, ALL, {}, connection(broker), tmp_path) as third:
        catch_up(third)
        assert third.taken == 0
        assert counted(third.fold) == truth(rows(150))  # type: ignore[arg-type]


_WINDOW = """
import sys, time
from dataclasses import replace
from pathlib import Path
from stockstream.consumers import flights, live
from stockstream.records import FlightDay
from stockstream.views.checkpoint import Checkpoint, Saved
from stockstream.views.fold import Selection
live._SAVE_EVERY = 0.0
live._SAVE_SHARE = 0
view = replace(flights.VIEW, record=FlightDay, topic=replace(flights.VIEW.topic, name=sys.argv[2]))
with live.Live(view, Selection(), {}, {"bootstrap.servers": sys.argv[1]}, Path(sys.argv[3])) as running:
    while True:
        running.tick()
        print(running.taken, flush=True)
        time.sleep(0.001)
"""


def test_kill_9_in_the_middle_of_a_replay_counts_every_row_once(broker: str, tmp_path: Path) -> None:
    view, flights = own_view(), rows(60_000)
    dice = random.Random(5)
    with Publisher(topic_of(view), connection(broker)) as publisher:
        for start in range(0, len(flights), 6000):
            for flight in flights[start : start + 6000] + dice.sample(flights[: start + 6000], 1000):
                publisher.send(flight)
            publisher.flush()
            window = subprocess.Popen(
                [sys.executable, "-c", _WINDOW, broker, view.topic.name, str(tmp_path)],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert window.stdout is not None
            wanted = dice.randint(1, 5000)
            while int(window.stdout.readline()) < wanted:
                pass
            time.sleep(dice.uniform(0, 0.2))  # a state is written meanwhile, on a thread
            os.kill(window.pid, signal.SIGKILL)
            window.communicate()
    with Live(view, ALL, {}, connection(broker), tmp_path) as live:
        catch_up(live)
        assert counted(live.fold) == truth(flights)  # type: ignore[arg-type]
        assert live.taken < len(flights)


def test_symbols_of_any_kind_make_safe_folders() -> None:
    from stockstream.consumers.live import folder_name

    name = folder_name(Selection(("../../etc", "^GSPC", "BTC-USD", "EURUSD=X"), "1m", None))
    assert "/" not in name
    assert name.endswith("@1m")
    assert folder_name(Selection(("B", "A"))) == folder_name(Selection(("A", "B")))
    assert len(folder_name(Selection(tuple(f"SYM{number}" for number in range(500))))) == 16
