"""Unreadable messages are kept, and no message stops a reader, whatever its size and the broker's answer."""

from __future__ import annotations

import logging
from hashlib import sha256

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from stockstream.kafka.admin import Admin
from stockstream.kafka.letters import SHORTENED, WHOLE, letter
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from stockstream.topics import Topic
from tests.kafka.streams import BARS, connection, own_topic, put, read_to_end

LARGEST = b"x" * 1_048_400
"""As large as a topic of Kafka's own limits takes it: with key and headers it is more than that."""


def made_topic(broker: str, limit: int | None) -> Topic[Bar]:
    """A topic of one partition; with a limit its dead letters' topic is there already, and takes so many bytes."""
    topic = own_topic(partitions=1)
    admin = AdminClient(connection(broker))
    wanted = [NewTopic(topic.name, 1, 1)]
    if limit is not None:
        wanted.append(NewTopic(topic.dead_letters, 1, 1, config={"max.message.bytes": str(limit)}))
    for future in admin.create_topics(wanted).values():
        future.result(20)
    return topic


def put_large(broker: str, topic: Topic[Bar], value: bytes) -> None:
    producer = Producer(connection(broker) | {"message.max.bytes": 2_000_000})
    producer.produce(topic.name, value, b"AAPL")
    assert producer.flush(20) == 0


def dead_letters(broker: str, topic: Topic[Bar], count: int) -> list[Message]:
    consumer = Consumer({**connection(broker), "group.id": "test"})
    consumer.assign([TopicPartition(topic.dead_letters, 0, 0)])
    found = [message for message in (consumer.poll(10) for _ in range(count)) if message is not None]
    consumer.close()
    return found


def headers(message: Message) -> dict[str, bytes]:
    return {name: value for name, value in dict(message.headers() or ()).items() if isinstance(value, bytes)}


def test_a_letter_says_what_it_was_before_it_was_shortened() -> None:
    whole = bytes(range(256)) * 10_000
    told = letter("file.csv/7", whole, "r" * 5_000)
    assert (told.key, told.value) == ("file.csv/7", whole[:SHORTENED])
    assert dict(told.headers) == {
        "reason": b"r" * 1_000 + b"...",
        "length": b"2560000",
        "sha256": sha256(whole).hexdigest().encode(),
        "position": b"file.csv/7",
    }
    assert letter("file.csv/7", whole[:WHOLE], "r").value == whole[:WHOLE]
    assert letter("file.csv/7", None, "r") == ("file.csv/7", b"", [("reason", b"r")])


def test_what_its_own_topic_took_is_kept_whole(broker: str) -> None:
    topic = made_topic(broker, None)
    put_large(broker, topic, LARGEST)
    put(broker, topic.name, "AAPL", [topic.encode(BARS[0])])
    with Subscriber(topic, Bar, connection(broker)) as subscriber:
        subscriber.begin({})
        assert read_to_end(subscriber).records == BARS[:1]
        assert subscriber.connection_status().dead == 1
    (found,) = dead_letters(broker, topic, 1)
    assert found.value() == LARGEST
    assert set(headers(found)) == {"reason"}


def test_what_does_not_fit_is_kept_shortened(broker: str) -> None:
    topic = made_topic(broker, 1_000_000)
    put_large(broker, topic, LARGEST)
    put(broker, topic.name, "AAPL", [b"{}", topic.encode(BARS[0])])
    with Subscriber(topic, Bar, connection(broker)) as subscriber:
        subscriber.begin({})
        assert read_to_end(subscriber).records == BARS[:1]
        assert subscriber.connection_status().dead == 2
    found = {message.key(): message for message in dead_letters(broker, topic, 2)}
    assert found[f"{topic.name}/0/1".encode()].value() == b"{}"
    large = found[f"{topic.name}/0/0".encode()]
    assert large.value() == LARGEST[:SHORTENED]
    assert headers(large)["length"] == b"1048400"
    assert headers(large)["sha256"] == sha256(LARGEST).hexdigest().encode()
    assert headers(large)["position"] == f"{topic.name}/0/0".encode()


def test_what_the_broker_never_takes_is_said_once_and_passed(broker: str, caplog: pytest.LogCaptureFixture) -> None:
    topic = made_topic(broker, 500)
    good = topic.encode(BARS[0])
    put(broker, topic.name, "AAPL", [LARGEST[:5_000], good, LARGEST[:5_000], LARGEST[:5_000], good])
    with caplog.at_level(logging.ERROR, "stockstream.kafka"), Subscriber(topic, Bar, connection(broker)) as subscriber:
        subscriber.begin({})
        assert read_to_end(subscriber).records == [BARS[0]] * 2
        assert subscriber.connection_status().dead == 3
    (said,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert f"cannot be kept on {topic.dead_letters}" in said


def test_a_reader_makes_no_topic_but_that_of_the_dead_letters(broker: str) -> None:
    topic = own_topic()
    Admin(connection(broker)).ensure_dead_letters(topic)
    assert {topic.name, topic.dead_letters} & Admin(connection(broker)).names() == {topic.dead_letters}
