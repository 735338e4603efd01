"""Acknowledged records of a producer have an offset of the broker, and are in the topic.

Kafka before 4.5 accepts a producer's first request for a partition with any sequence number (KAFKA-15591), and
librdkafka reports the earlier ones as delivered: see docs/reliability.md.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from stockstream.errors import DeliveryError
from stockstream.kafka.admin import Admin
from stockstream.kafka.deadletters import DeadLetters, Refused
from stockstream.kafka.publisher import Publisher
from stockstream.records import Bar
from stockstream.topics import Topic
from tests.kafka.mock_cluster import NOT_LEADER, MockCluster, mock_cluster
from tests.kafka.streams import connection, own_topic, put, until
from tests.views.bars import walk

RECORDS = walk(10)
MANY = [bar for moment in zip(*(walk(25, seed, f"S{seed}") for seed in range(40)), strict=True) for bar in moment]
SLOW = 300
"""Milliseconds until an answer: several requests are sent meanwhile, where that is allowed."""


@pytest.fixture
def mock() -> Iterator[MockCluster]:
    with mock_cluster() as cluster:
        yield cluster


def mock_topic(mock: MockCluster) -> Topic[Bar]:
    topic = own_topic()
    mock.make(topic.name)
    mock.make(topic.dead_letters)
    return topic


def overtake(mock: MockCluster, publisher: Publisher[Bar]) -> None:
    """Send each record in a request of its own as far as that is allowed, of which the first is refused."""
    publisher.send(RECORDS[0])
    publisher.flush()
    mock.answer_after(SLOW)
    mock.refuse_next(NOT_LEADER)
    for record in RECORDS[1:]:
        publisher.send(record)
        publisher.poll(0.06)
    publisher.flush()


def held(bootstrap_servers: str, topic: str) -> int:
    consumer = Consumer({**connection(bootstrap_servers), "group.id": "test"})
    try:
        partitions = consumer.list_topics(topic, timeout=60).topics[topic].partitions
        bounds = [consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=60) for number in partitions]
    finally:
        consumer.close()
    return sum(end - first for first, end in bounds)


def messages(bootstrap_servers: str, topic: str) -> list[Message]:
    """All that the only partition of a topic holds."""
    count = held(bootstrap_servers, topic)
    consumer = Consumer({**connection(bootstrap_servers), "group.id": "test"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = [message for message in (consumer.poll(60) for _ in range(count)) if message is not None]
    consumer.close()
    assert len(found) == count
    return found


def test_live_data_is_not_overtaken_by_what_follows_it(mock: MockCluster) -> None:
    topic = mock_topic(mock)
    with Publisher(topic, connection(mock.bootstrap_servers), linger_ms=5) as publisher:
        overtake(mock, publisher)
        assert publisher.delivered == len(RECORDS)
    assert held(mock.bootstrap_servers, topic.name) == len(RECORDS)


def test_a_replay_s_records_that_are_overtaken_are_reported_as_missing(mock: MockCluster) -> None:
    topic = mock_topic(mock)
    with (
        pytest.raises(DeliveryError, match=r"[1-9] of \d+ records .* gave no offset, first at key AAPL"),
        Publisher(topic, connection(mock.bootstrap_servers), linger_ms=50) as publisher,
    ):
        overtake(mock, publisher)
    assert publisher.delivered == held(mock.bootstrap_servers, topic.name) < publisher.sent


def test_librdkafka_calls_delivered_what_was_refused_and_overtaken(mock: MockCluster) -> None:
    """Once this fails, librdkafka is mended, and one request at a time is no longer needed for its sake."""
    topic = mock_topic(mock).name
    outcomes: list[tuple[KafkaError | None, int | None]] = []

    def note(error: KafkaError | None, message: Message) -> None:
        outcomes.append((error, message.offset()))

    settings: dict[str, Any] = {"enable.idempotence": True, "linger.ms": 5, "on_delivery": note}
    producer = Producer({**connection(mock.bootstrap_servers), **settings})
    producer.produce(topic, b"0")
    producer.flush()
    mock.answer_after(SLOW)
    mock.refuse_next(NOT_LEADER)
    for number in range(1, 10):
        producer.produce(topic, str(number).encode())
        producer.poll(0.02)
    producer.flush()
    assert [error for error, _ in outcomes] == [None] * 10
    assert [offset for _, offset in outcomes].count(None) == 10 - held(mock.bootstrap_servers, topic) > 0


def test_a_dead_letter_that_is_overtaken_is_written_again(mock: MockCluster) -> None:
    topic = mock_topic(mock)
    put(mock.bootstrap_servers, topic.name, "AAPL", [str(number).encode() for number in range(8)])
    refused = [Refused(message, "no bar") for message in messages(mock.bootstrap_servers, topic.name)]
    # A request for each, all of them under way at a time.
    several = {"batch.num.messages": 1, "max.in.flight": 5}
    letters = DeadLetters(topic, connection(mock.bootstrap_servers) | several, threading.Event())
    assert letters.put(refused[:1])
    mock.answer_after(SLOW)
    mock.refuse_next(NOT_LEADER)
    assert letters.put(refused[1:])
    mock.answer_after(0)
    kept = {message.key() for message in messages(mock.bootstrap_servers, topic.dead_letters)}
    assert kept == {each.place.encode() for each in refused}


def test_nothing_is_sent_before_every_partition_has_a_leader(broker: str) -> None:
    topic = own_topic(partitions=100)
    with Publisher(topic, connection(broker)):
        # Raises where a partition has none.
        assert held(broker, topic.name) == 0


@pytest.mark.parametrize("linger_ms", [5, 50])
def test_a_topic_made_anew_holds_all_that_was_sent_at_once(broker: str, linger_ms: int) -> None:
    topic, admin = own_topic(partitions=150), Admin(connection(broker))
    for _ in range(2):
        publisher = Publisher(topic, connection(broker), linger_ms=linger_ms)
        publisher.poll(1.0)  # until it has its producer id, which otherwise delays the first request
        with publisher:
            for record in MANY:
                publisher.send(record)
                publisher.poll(0.001)
        assert publisher.delivered == publisher.sent == held(broker, topic.name) == len(MANY)
        admin.delete([topic.name, topic.dead_letters])
        _await_gone(admin, topic.name)


def _await_gone(admin: Admin, name: str) -> None:
    until(lambda: name not in admin.names())
