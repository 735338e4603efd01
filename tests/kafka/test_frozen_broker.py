"""A stopped broker: `connected` and `lag` do not keep their former values."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from stockstream.errors import Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from stockstream.topics import FLIGHTS
from tests.cli.records import flight
from tests.kafka.streams import BARS, connection, own_topic, put, read_to_end, until
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")


@pytest.fixture(scope="module")
def stoppable(tmp_path_factory: pytest.TempPathFactory, kafka_jars: list[Path]) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("stopped"), kafka_jars, port=free_port()) as running:
        yield running


@contextmanager
def stopped(broker: Broker) -> Iterator[None]:
    """Let the broker run again afterwards, also if that happened already."""
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


def test_connected_and_lag_are_not_stale_while_the_broker_is_stopped(stoppable: Broker) -> None:
    topic = own_topic(partitions=1)
    where = stoppable.bootstrap_servers
    Admin(connection(where)).ensure(topic)
    put(where, topic.name, "AAPL", [topic.encode(each) for each in BARS[:5]])
    # It is known before any request times out.
    with Subscriber(topic, Bar, connection(where) | {"socket.timeout.ms": 290_000}) as subscriber:
        subscriber.begin({})
        positions = read_to_end(subscriber).positions
        until(lambda: subscriber.connection_status().lag(positions) == 0)
        with stopped(stoppable):
            until(lambda: not subscriber.connection_status().connected)
            assert subscriber.connection_status().lag(positions) is None
            time.sleep(2)
            assert not subscriber.connection_status().connected
        until(lambda: subscriber.connection_status().lag(positions) == 0)


def test_a_reader_ends_soon_although_the_broker_does_not_answer_its_last_commit(stoppable: Broker) -> None:
    topic = own_topic(partitions=1)
    where = stoppable.bootstrap_servers
    Admin(connection(where)).ensure(topic)
    put(where, topic.name, "AAPL", [topic.encode(each) for each in BARS[:5]])
    with ExitStack() as stack:
        with Subscriber(topic, Bar, connection(where)) as subscriber:
            subscriber.begin({})
            positions = read_to_end(subscriber).positions
            stack.enter_context(stopped(stoppable))
            subscriber.commit(positions)
            until(lambda: not subscriber.connection_status().connected)
            begun = time.monotonic()
        assert time.monotonic() - begun < 40.0


def test_a_broker_that_is_stopped_is_distinguished_from_none(stoppable: Broker) -> None:
    with (
        stopped(stoppable),
        pytest.raises(Unreachable, match=r"^the broker at .* accepts connections but has not answered for 1 s - it"),
    ):
        Admin(connection(stoppable.bootstrap_servers), timeout=1).names()


class Stopping(Admin):
    """Its broker answers once, and then not for some seconds: longer than one request of an admin's may take."""

    broker: Broker

    def names(self) -> set[str]:
        found = super().names()
        if self.broker.pid is not None:
            os.kill(self.broker.pid, signal.SIGSTOP)
            threading.Timer(3.0, os.kill, (self.broker.pid, signal.SIGCONT)).start()
            self.names = super().names  # type: ignore[method-assign]
        return found


def test_a_topic_is_made_although_the_broker_does_not_answer_for_a_while(stoppable: Broker) -> None:
    topic = own_topic(partitions=1)
    where = connection(stoppable.bootstrap_servers) | {"socket.timeout.ms": 1_000}
    admin = Stopping(where, timeout=60)
    admin.broker = stoppable
    with stopped(stoppable):
        os.kill(stoppable.pid or 0, signal.SIGCONT)
        admin.ensure(topic)
    assert Admin(where).partitions(topic.name) == 1


def test_the_end_is_known_while_nobody_takes_what_is_read(broker: str) -> None:
    topic = own_topic(partitions=1)
    value = topic.encode(BARS[0])
    many = 320_000
    Admin(connection(broker)).ensure(topic)
    put_many(broker, topic.name, value, many)
    with Subscriber(topic, Bar, connection(broker)) as subscriber:
        subscriber.begin({})
        until(lambda: len(subscriber._inbox) > 100_000, 60)
        put_many(broker, topic.name, value, 5_000)
        until(lambda: subscriber.connection_status().lag({}) == many + 5_000)


def put_many(broker: str, topic: str, value: bytes, count: int) -> None:
    for start in range(0, count, 50_000):
        put(broker, topic, "AAPL", [value] * min(50_000, count - start))


class Look(NamedTuple):
    """What a window says about itself; ``at`` is before it looked at anything."""

    at: float
    taken: int
    connected: bool
    lag: int | None


_WINDOW = """
import json, sys, time
from dataclasses import replace
from stockstream.consumers.flights import VIEW
from stockstream.consumers.live import Live
from stockstream.views.fold import Selection
view = replace(VIEW, topic=replace(VIEW.topic, name=sys.argv[2]))
with Live(view, Selection(), {}, {"bootstrap.servers": sys.argv[1]}, None) as running:
    while True:
        at = time.monotonic()
        running.tick()
        status = running.status()
        print(json.dumps([at, running.taken, status.connected, status.lag]), flush=True)
        time.sleep(0.05)
"""


@contextmanager
def window(broker: Broker, topic: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], Look]]]:
    """A window of another process, and its next status."""
    command = [sys.executable, "-c", _WINDOW, broker.bootstrap_servers, topic]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = process.stdout
            yield process, lambda: Look(*json.loads(lines.readline()))
        finally:
            process.kill()


def looks_until(look: Callable[[], Look], condition: Callable[[Look], object]) -> list[Look]:
    ends = time.monotonic() + PATIENCE
    looks = [look()]
    while not condition(looks[-1]):
        assert time.monotonic() < ends, looks[-1]
        looks.append(look())
    return looks


def test_a_window_that_was_stopped_says_what_is_true_when_it_goes_on(stoppable: Broker) -> None:
    topic, where = replace(FLIGHTS, name=own_topic().name), connection(stoppable.bootstrap_servers)

    def put_rows(first: int, end: int) -> None:
        with Publisher(topic, where) as publisher:
            for row in range(first, end):
                publisher.send(flight(row))

    put_rows(0, 1_000)
    with window(stoppable, topic.name) as (process, look):
        looks_until(look, lambda seen: seen.taken == 1_000 and seen.lag == 0)
        process.send_signal(signal.SIGSTOP)
        put_rows(1_000, 9_000)
        time.sleep(8)  # longer than the time-outs of its requests
        process.send_signal(signal.SIGCONT)
        goes_on = time.monotonic()
        after = looks_until(look, lambda seen: seen.taken == 9_000 and seen.lag == 0)
        assert not [seen for seen in after if seen.at > goes_on and seen.lag == 0 and seen.taken < 9_000]
        process.send_signal(signal.SIGSTOP)
        with stopped(stoppable):
            process.send_signal(signal.SIGCONT)
            looks_until(look, lambda seen: not seen.connected and seen.lag is None)
        looks_until(look, lambda seen: seen.connected and seen.lag == 0)
