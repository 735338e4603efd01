"""Each record is acknowledged or reported."""

from __future__ import annotations

import random
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from stockstream.errors import DeliveryError, TooLarge, Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.letters import SHORTENED
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.producers.produce import produce
from stockstream.records import Bar
from stockstream.topics import Topic
from tests.kafka.streams import BARS, connection, own_topic, read_to_end
from tests.views.bars import bar


def test_records_arrive_in_order_a_symbol_in_one_partition(broker: str) -> None:
    topic = own_topic()
    with Publisher(topic, connection(broker)) as publisher:
        for record in BARS:
            publisher.send(record)
        publisher.flush()
        assert publisher.sent == publisher.delivered == len(BARS)
    with Subscriber(topic, Bar, connection(broker), messages=True) as subscriber:
        subscriber.begin({})
        batch = read_to_end(subscriber)
    for symbol in ("AAPL", "MSFT", "GOOG"):
        assert [r for r in batch.records if r.symbol == symbol] == [r for r in BARS if r.symbol == symbol]
        homes = {number for number, r in zip(batch.partitions, batch.records, strict=True) if r.symbol == symbol}
        assert len(homes) == 1


class Forgetful(Publisher[Bar]):
    """The report of one record never comes."""

    forgotten = False

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if self.forgotten:
            super()._on_delivery(error, message)
        self.forgotten = True


def test_a_record_of_which_no_report_comes_ends_the_producer(broker: str) -> None:
    publisher = Forgetful(own_topic(), connection(broker))
    with pytest.raises(DeliveryError, match=r"1 of .* were not acknowledged by .*: no report of them came"), publisher:
        produce(iter(BARS), publisher)


def test_the_topics_are_made_as_the_design_says(broker: str) -> None:
    topic = own_topic()
    with Publisher(topic, connection(broker)) as publisher:
        publisher.send(BARS[0])
    found = {summary.name: summary for summary in Admin(connection(broker)).summaries()}
    assert found[topic.name].partitions == 3
    assert found[topic.name].records == 1
    assert found[topic.name].newest is not None
    assert found[topic.dead_letters].partitions == 1


def letters(broker: str, topic: Topic[Bar]) -> list[Message]:
    """All that stands on the dead-letter topic."""
    consumer = Consumer(
        {
            **connection(broker),
            "group.id": "test",
            "auto.offset.reset": "earliest",
            "fetch.message.max.bytes": 4_000_000,
        }
    )
    consumer.assign([TopicPartition(topic.dead_letters, 0, 0)])
    found: list[Message] = []
    _, end = consumer.get_watermark_offsets(TopicPartition(topic.dead_letters, 0))
    while len(found) < end:
        found += consumer.consume(100, 0.1)
    consumer.close()
    return found


def test_what_is_refused_goes_to_the_dead_letters_byte_for_byte(broker: str) -> None:
    topic = own_topic()
    raw = bytes(range(256))
    with Publisher(topic, connection(broker)) as publisher:
        publisher.refuse("file/7", raw, "line 8, column MONTH: 13 is not a month")
        publisher.flush()
        assert (publisher.sent, publisher.refused, publisher.delivered) == (0, 1, 1)
    (message,) = letters(broker, topic)
    assert (message.key(), message.value()) == (b"file/7", raw)
    assert message.headers() == [("reason", b"line 8, column MONTH: 13 is not a month")]


@pytest.mark.parametrize("length", [1_048_400, 1_900_000])
def test_a_row_larger_than_any_record_is_kept_whole(broker: str, length: int) -> None:
    topic = own_topic()
    with Publisher(topic, connection(broker)) as publisher:
        publisher.refuse("file/7", random.randbytes(length), "too long")
    (message,) = letters(broker, topic)
    assert len(message.value() or b"") == length


def test_a_row_that_no_topic_takes_is_kept_shortened_with_its_length_and_hash(broker: str) -> None:
    topic = own_topic()
    raw = random.randbytes(5_000_000)
    with Publisher(topic, connection(broker)) as publisher:
        publisher.refuse("file/7", raw, "too long " * 1_000)
        publisher.send(BARS[0])
        publisher.flush()
        assert (publisher.sent, publisher.refused, publisher.delivered) == (1, 1, 2)
    (message,) = letters(broker, topic)
    assert message.value() == raw[:SHORTENED]
    found = dict(message.headers() or ())
    assert found["length"] == b"5000000"
    assert found["sha256"] == sha256(raw).hexdigest().encode()
    assert len(found["reason"] or b"") < 1_100


def test_what_the_dead_letters_hold_is_not_written_again(broker: str) -> None:
    topic = own_topic()
    rows = [(f"file/{number}", f"row {number}".encode()) for number in range(5)]
    for extra in ((), (), (("file/3", b"corrected"),)):
        with Publisher(topic, connection(broker)) as publisher:
            for key, raw in (*rows, *extra):
                publisher.refuse(key, raw, "wrong")
            publisher.flush()
            assert publisher.refused == publisher.delivered == 5 + len(extra)
    assert [message.value() for message in letters(broker, topic)] == [*(raw for _, raw in rows), b"corrected"]


def test_a_topic_of_dead_letters_that_takes_less_is_given_shortened_ones(broker: str) -> None:
    topic = own_topic()
    admin = AdminClient(connection(broker))
    admin.create_topics([NewTopic(topic.dead_letters, 1, 1)])[topic.dead_letters].result(120)
    raw = random.randbytes(1_500_000)
    for _ in range(2):  # the second time it holds them already
        with Publisher(topic, connection(broker)) as publisher:
            publisher.refuse("file/7", raw, "too long")
            publisher.refuse("file/8", b"short", "wrong")
            publisher.flush()
            assert publisher.delivered == 2
    found = {message.key(): message for message in letters(broker, topic)}
    assert len(letters(broker, topic)) == 2
    assert found[b"file/8"].value() == b"short"
    assert found[b"file/7"].value() == raw[:SHORTENED]
    assert dict(found[b"file/7"].headers() or ())["sha256"] == sha256(raw).hexdigest().encode()


def test_without_a_broker_it_says_how_to_start_one() -> None:
    with (
        pytest.raises(Unreachable, match="no broker answers at") as caught,
        Publisher(own_topic(), connection(f"127.0.0.1:{free_port()}")),
    ):
        pass
    assert caught.value.hint is not None
    assert "stockstream broker" in caught.value.hint


def test_a_record_that_is_too_large_is_reported_and_the_next_one_is_sent(broker: str) -> None:
    topic = own_topic()
    large = bar(0, 1.5, "X", source="x" * 2_000_000)
    with Publisher(topic, connection(broker)) as publisher:
        with pytest.raises(TooLarge, match=r"2,000,\d+ bytes, and a record for \S+ has at most 1,000,000") as caught:
            publisher.send(large)
        publisher.send(BARS[0])
        publisher.flush()
        assert publisher.delivered == 1
    assert (caught.value.key, caught.value.raw) == ("X", topic.encode(large))


def test_a_broker_that_dies_is_a_delivery_error_that_counts(tmp_path: Path, kafka_jars: list[Path]) -> None:
    impatient = {"message.timeout.ms": 1500, "socket.timeout.ms": 1000}
    with Broker(tmp_path, kafka_jars, port=free_port()) as running:
        publisher = Publisher(own_topic(), connection(running.bootstrap_servers) | impatient)
        with pytest.raises(DeliveryError, match="7 of 17 records") as caught, publisher:  # noqa: PT012 - leaving raises, too
            for record in BARS[:10]:
                publisher.send(record)
            publisher.flush()
            running.stop()
            for record in BARS[10:17]:
                publisher.send(record)
            publisher.flush()
        assert publisher.delivered == 10
        assert caught.value.hint is not None


def test_leaving_reports_what_was_not_acknowledged(tmp_path: Path, kafka_jars: list[Path]) -> None:
    impatient = {"message.timeout.ms": 1500, "socket.timeout.ms": 1000}
    with Broker(tmp_path, kafka_jars, port=free_port()) as running:
        publisher = Publisher(own_topic(), connection(running.bootstrap_servers) | impatient)
        with pytest.raises(DeliveryError, match="1 of 1 records"), publisher:  # noqa: PT012 - leaving raises
            running.stop()
            publisher.send(BARS[0])


def test_a_bar_s_bytes_hold_what_is_not_at_its_default(broker: str) -> None:
    topic = own_topic()
    with Publisher(topic, connection(broker)) as publisher:
        publisher.send(BARS[0])
    with Subscriber(topic, Bar, connection(broker), messages=True) as subscriber:
        subscriber.begin({})
        raw = read_to_end(subscriber).raw[0]
    assert set(msgspec.json.decode(raw)) == {
        "symbol",
        "interval",
        "time",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "source",
    }
