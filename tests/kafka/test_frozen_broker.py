"""A stopped broker: `connected` and `lag` do not keep their former values."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from stockstream.errors import Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from tests.kafka.streams import BARS, connection, own_topic, put, read_to_end, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")


def test_connected_and_lag_are_not_stale_while_the_broker_is_stopped(tmp_path: Path, kafka_jars: list[Path]) -> None:
    topic = own_topic(partitions=1)
    with Broker(tmp_path, kafka_jars, port=free_port()) as broker:
        where = broker.bootstrap_servers
        Admin(connection(where)).ensure(topic)
        put(where, topic.name, "AAPL", [topic.encode(each) for each in BARS[:5]])
        with Subscriber(topic, Bar, connection(where)) as subscriber:
            subscriber.begin({})
            positions = read_to_end(subscriber).positions
            until(lambda: subscriber.connection_status().lag(positions) == 0)
            assert broker.pid is not None
            os.kill(broker.pid, signal.SIGSTOP)
            stopped = time.monotonic()
            try:
                until(lambda: not subscriber.connection_status().connected, 15)
                assert time.monotonic() - stopped < 6.0, "before requests time out"
                assert subscriber.connection_status().lag(positions) is None
                time.sleep(2)
                assert not subscriber.connection_status().connected
            finally:
                os.kill(broker.pid, signal.SIGCONT)
            until(lambda: subscriber.connection_status().lag(positions) == 0)


def test_a_broker_that_is_stopped_is_told_from_none(tmp_path: Path, kafka_jars: list[Path]) -> None:
    with Broker(tmp_path, kafka_jars, port=free_port()) as broker:
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            with pytest.raises(
                Unreachable, match=r"^the broker at .* accepts connections but has not answered for 1 s - it may be"
            ):
                Admin(connection(broker.bootstrap_servers), timeout=1).names()
        finally:
            os.kill(broker.pid, signal.SIGCONT)


def test_the_end_is_known_while_nobody_takes_what_is_read(broker: str) -> None:
    topic = own_topic(partitions=1)
    value = topic.encode(BARS[0])
    many = 320_000
    Admin(connection(broker)).ensure(topic)
    put_many(broker, topic.name, value, many)
    with Subscriber(topic, Bar, connection(broker)) as subscriber:
        subscriber.begin({})
        until(lambda: len(subscriber._batch) > 100_000, 60)
        put_many(broker, topic.name, value, 5_000)
        until(lambda: subscriber.connection_status().lag({}) == many + 5_000)


def put_many(broker: str, topic: str, value: bytes, count: int) -> None:
    for start in range(0, count, 50_000):
        put(broker, topic, "AAPL", [value] * min(50_000, count - start))
