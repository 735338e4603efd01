"""A source that is faster than the broker is slowed, in bounded memory; if nothing goes on, it ends in bounded time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import psutil
import pytest
from confluent_kafka import Consumer

from chaos.brokers import ProxiedBroker
from stockstream.errors import DeliveryError
from stockstream.kafka.bounds import bounds
from stockstream.kafka.client import settings
from stockstream.kafka.publisher import Publisher
from tests.kafka.streams import BARS, connection, own_topic

QUEUE: Final = 200_000
"""Records that wait for the broker at most."""


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory, kafka_jars: list[Path]) -> Iterator[ProxiedBroker]:
    with ProxiedBroker(tmp_path_factory.mktemp("slow"), kafka_jars) as running:
        yield running


def test_a_source_that_is_faster_than_the_broker_is_slowed_and_loses_nothing(proxied: ProxiedBroker) -> None:
    topic = own_topic(partitions=1)
    with Publisher(topic, connection(proxied.address) | {"queue.buffering.max.messages": 200}) as publisher:
        with proxied.proxy.slow(20_000):
            began = time.monotonic()
            for bar in BARS:
                publisher.send(bar)
                assert publisher.sent - publisher.delivered <= 200
            assert time.monotonic() - began > 1, "it was not slowed"
        publisher.flush()
        assert publisher.delivered == len(BARS)
    consumer = Consumer(settings(connection(proxied.address), group_id="test"))
    assert bounds(consumer, topic.name, 10) == {0: (0, len(BARS))}
    consumer.close()


def test_a_broker_that_takes_nothing_ends_a_source_in_bounded_time_and_memory(proxied: ProxiedBroker) -> None:
    topic = own_topic(partitions=1)
    publisher = Publisher(topic, connection(proxied.address) | {"message.timeout.ms": 4_000})
    process = psutil.Process()
    with pytest.raises(DeliveryError, match="were not acknowledged by") as told, publisher, proxied.proxy.hanging():  # noqa: PT012
        began, before = time.monotonic(), process.memory_info().rss
        for bar in islice(cycle(BARS), 10 * QUEUE):
            publisher.send(bar)
    assert time.monotonic() - began < 200
    assert process.memory_info().rss - before < 250e6
    assert publisher.delivered == 0
    assert publisher.sent <= QUEUE
    assert told.value.hint is not None
