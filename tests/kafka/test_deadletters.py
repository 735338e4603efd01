"""Unreadable messages are kept, and no message stops a reader, whatever its size and the broker's answer."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Sequence
from hashlib import sha256

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from stockstream.errors import AuthError, Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.deadletters import DeadLetters, Refused
from stockstream.kafka.known_letters import KnownLetters
from stockstream.kafka.letterbox import Choice, opened
from stockstream.kafka.letters import SHORTENED, WHOLE, Letter, letter
from stockstream.kafka.replay import Replay
from stockstream.kafka.subscriber import Subscriber
from stockstream.kafka.to_end import scan
from stockstream.records import Bar
from stockstream.topics import Topic
from tests.kafka.streams import BARS, connection, own_topic, put, read_to_end, until

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
        future.result(120)
    return topic


def put_large(broker: str, topic: Topic[Bar], value: bytes) -> None:
    producer = Producer(connection(broker) | {"message.max.bytes": 2_000_000})
    producer.produce(topic.name, value, b"AAPL")
    assert producer.flush(20) == 0


def dead_letters(broker: str, topic: Topic[Bar], count: int) -> list[Message]:
    consumer = Consumer({**connection(broker), "group.id": "test"})
    consumer.assign([TopicPartition(topic.dead_letters, 0, 0)])
    found = [message for message in (consumer.poll(60) for _ in range(count)) if message is not None]
    consumer.close()
    return found


def headers(message: Message) -> dict[str, bytes]:
    return {name: value for name, value in dict(message.headers() or ()).items() if isinstance(value, bytes)}


def test_a_letter_says_what_it_was_before_it_was_shortened() -> None:
    whole = bytes(range(256)) * 10_000
    result = letter("file.csv/7", whole, "r" * 5_000)
    assert (result.key, result.value) == ("file.csv/7", whole[:SHORTENED])
    assert dict(result.headers) == {
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


def read_all(broker: str, topic: Topic[Bar]) -> int:
    """Read a topic to its end; returns the number of unreadable messages."""
    with Subscriber(topic, Bar, connection(broker)) as subscriber:
        subscriber.begin({})
        read_to_end(subscriber)
        return subscriber.connection_status().dead


def places(broker: str, topic: Topic[Bar]) -> list[tuple[str, bytes | None]]:
    """Every dead letter ever written, in order: offset and bytes."""
    found = scan(topic.dead_letters, connection(broker))
    return [((each.key() or b"").decode().rpartition("/")[2], each.value()) for each in found]


def test_a_further_reader_writes_no_dead_letter_again(broker: str) -> None:
    topic = made_topic(broker, None)
    put(broker, topic.name, "AAPL", [b"{}", topic.encode(BARS[0]), b"[]"])
    assert read_all(broker, topic) == 2
    assert places(broker, topic) == [("0", b"{}"), ("2", b"[]")]
    assert read_all(broker, topic) == 2
    put(broker, topic.name, "AAPL", [b"nothing"])
    assert read_all(broker, topic) == 3
    assert read_all(broker, topic) == 3
    assert places(broker, topic) == [("0", b"{}"), ("2", b"[]"), ("3", b"nothing")]


def test_a_dead_letter_that_was_kept_shortened_is_not_written_again(broker: str) -> None:
    topic = made_topic(broker, 1_000_000)
    put_large(broker, topic, LARGEST)
    assert [read_all(broker, topic), read_all(broker, topic)] == [1, 1]
    assert places(broker, topic) == [("0", LARGEST[:SHORTENED])]


def test_other_bytes_at_the_same_place_are_kept_too(broker: str) -> None:
    topic = made_topic(broker, None)
    put(broker, topic.name, "AAPL", [b"{}", b"[]"])
    assert read_all(broker, topic) == 2
    admin = AdminClient(connection(broker))
    admin.delete_topics([topic.name])[topic.name].result(120)
    until(lambda: topic.name not in Admin(connection(broker)).names())
    admin.create_topics([NewTopic(topic.name, 1, 1)])[topic.name].result(120)
    put(broker, topic.name, "AAPL", [b"another", b"[]"])
    assert read_all(broker, topic) == 2
    assert places(broker, topic) == [("0", b"{}"), ("1", b"[]"), ("0", b"another")]


def test_the_same_bytes_in_topics_made_anew_are_kept_again_by_a_window_that_stays_open(broker: str) -> None:
    topic = made_topic(broker, None)
    put(broker, topic.name, "AAPL", [b"{}"])
    with Subscriber(topic, Bar, connection(broker)) as subscriber:
        first = until(lambda: subscriber.origin)
        subscriber.begin({})
        read_to_end(subscriber)
        Admin(connection(broker)).delete([topic.name, topic.dead_letters])
        until(lambda: str(subscriber.connection_status().waiting).startswith("topic"))
        Admin(connection(broker)).ensure(topic)
        put(broker, topic.name, "AAPL", [b"{}"])
        until(lambda: subscriber.origin != first)
        subscriber.begin({})
        read_to_end(subscriber)
        assert subscriber.connection_status().dead == 1
    assert places(broker, topic) == [("0", b"{}")]


def test_a_purged_dead_letter_is_written_again(broker: str) -> None:
    topic = made_topic(broker, None)
    put(broker, topic.name, "AAPL", [b"{}"])
    assert read_all(broker, topic) == 1
    box = opened(topic, connection(broker))
    Replay(box, connection(broker)).purge(box.chosen(Choice()))
    assert [read_all(broker, topic), read_all(broker, topic)] == [1, 1]
    assert places(broker, topic) == [("0", b"{}"), ("0", None), ("0", b"{}")]


def test_only_dead_letters_newer_than_the_message_are_looked_at_unless_it_says_nothing(broker: str) -> None:
    topic = made_topic(broker, None)
    hour, now = 3_600_000, int(1_000 * time.time())
    producer = Producer(connection(broker))
    moments = [now - 9 * hour, now - 8 * hour, now + hour // 2, now - 20 * hour]
    for moment in moments:
        producer.produce(topic.name, f"sent {moment}".encode(), b"AAPL", timestamp=moment)
    producer.flush()
    assert [read_all(broker, topic) for _ in range(3)] == [4] * 3
    assert [place for place, _ in places(broker, topic)] == ["0", "1", "2", "3"]


def test_a_broker_that_does_not_answer_is_asked_again_soon_so_that_a_window_can_close() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"127.0.0.1:{server.getsockname()[1]}"
        known = KnownLetters("any.dlq", connection(where))
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            known.missing([letter("any/0/0", b"{}", "a reason")])
    assert time.monotonic() - begun < 60


class Denied(KnownLetters):
    """The letters of a topic that may not be read."""

    def missing(self, letters: Sequence[Letter], since: int = 0) -> list[bool]:
        raise AuthError("not allowed")


def test_without_the_right_to_read_them_dead_letters_are_written_all_the_same(broker: str) -> None:
    topic = made_topic(broker, None)
    put(broker, topic.name, "AAPL", [b"{}"])
    letters = DeadLetters(topic, connection(broker), threading.Event())
    letters._known = Denied(topic.dead_letters, connection(broker), threading.Event())
    (message,) = scan(topic.name, connection(broker))
    assert letters.put([Refused(message, "unreadable")])
    assert places(broker, topic) == [("0", b"{}")]
