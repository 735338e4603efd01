"""Ends of partitions: how long the reading may wait for messages between two looks at them."""

from __future__ import annotations

from confluent_kafka import Consumer

from stockstream.kafka.broker import free_port
from stockstream.kafka.ends import Ends


def test_a_reading_waits_for_a_short_time_alone_after_messages_so_that_it_can_end_soon() -> None:
    now = 100.0
    connection = {"bootstrap.servers": f"127.0.0.1:{free_port()}"}
    consumer = Consumer({**connection, "group.id": "none", "log_level": 0})
    ends = Ends("none", consumer, connection, clock=lambda: now)
    ends.begin({0: 5}, as_of=now)
    assert ends.patience == 0.5
    ends.step([0], connected=True, fetching=True, arrived=True)
    assert ends.patience == 0.05
    now += 0.9
    ends.step([0], connected=True, fetching=True, arrived=False)
    assert ends.patience == 0.05
    now += 0.2
    assert ends.patience == 0.5
    consumer.close()


def test_a_reading_that_gets_nothing_has_stalled_unless_it_fetches_nothing_or_was_suspended() -> None:
    now = 100.0
    connection = {"bootstrap.servers": f"127.0.0.1:{free_port()}"}
    consumer = Consumer({**connection, "group.id": "none", "log_level": 0})
    ends = Ends("none", consumer, connection, clock=lambda: now)
    ends.begin({0: 5}, as_of=now)

    def passed(seconds: float, *, fetching: bool = True, arrived: bool = False) -> bool:
        nonlocal now
        for _ in range(int(seconds)):
            now += 1.0
            ends.step([0], connected=False, fetching=fetching, arrived=arrived)
        return ends.stalled

    assert not passed(9)
    assert passed(2)
    assert not passed(1, arrived=True)
    assert not passed(20, fetching=False)
    assert not passed(9)
    now += 60.0  # the machine slept
    ends.step([0], connected=False, fetching=True, arrived=False)
    assert not ends.stalled
    consumer.close()
