"""Each record is acknowledged or reported."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, TopicPartition

from stockstream.errors import DeliveryError, Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
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
        assert len({place[0] for place, r in zip(batch.places, batch.records, strict=True) if r.symbol == symbol}) == 1


def test_the_topics_are_made_as_the_design_says(broker: str) -> None:
    topic = own_topic()
    with Publisher(topic, connection(broker)) as publisher:
        publisher.send(BARS[0])
    found = {summary.name: summary for summary in Admin(connection(broker)).summaries()}
    assert found[topic.name].partitions == 3
    assert found[topic.name].records == 1
    assert found[topic.name].newest is not None
    assert found[topic.dead_letters].partitions == 1


def test_what_is_refused_goes_to_the_dead_letters_byte_for_byte(broker: str) -> None:
    topic = own_topic()
    raw = bytes(range(256))
    with Publisher(topic, connection(broker)) as publisher:
        publisher.refuse("file/7", raw, "line 8, column MONTH: 13 is no month")
        publisher.flush()
        assert (publisher.sent, publisher.refused, publisher.delivered) == (0, 1, 1)
    consumer = Consumer({**connection(broker), "group.id": "test", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(topic.dead_letters, 0, 0)])
    message = consumer.poll(10)
    assert message is not None
    assert (message.key(), message.value()) == (b"file/7", raw)
    assert message.headers() == [("reason", b"line 8, column MONTH: 13 is no month")]
    consumer.close()


def test_without_a_broker_it_says_how_to_start_one() -> None:
    with (
        pytest.raises(Unreachable, match="no broker answers at") as told,
        Publisher(own_topic(), connection(f"127.0.0.1:{free_port()}")),
    ):
        pass
    assert told.value.hint is not None
    assert "stockstream broker" in told.value.hint


def test_a_record_that_is_too_large_is_told(broker: str) -> None:
    large = bar(0, 1.5, "X", source="x" * 2_000_000)
    with Publisher(own_topic(), connection(broker)) as publisher, pytest.raises(DeliveryError, match="2,000,"):
        publisher.send(large)


def test_a_broker_that_dies_is_a_delivery_error_that_counts(tmp_path: Path, kafka_jars: list[Path]) -> None:
    impatient = {"message.timeout.ms": 1500, "socket.timeout.ms": 1000}
    with Broker(tmp_path, kafka_jars, port=free_port()) as running:
        publisher = Publisher(own_topic(), connection(running.bootstrap_servers) | impatient)
        with pytest.raises(DeliveryError, match="7 of 17 records") as told, publisher:  # noqa: PT012 - leaving raises, too
            for record in BARS[:10]:
                publisher.send(record)
            publisher.flush()
            running.stop()
            for record in BARS[10:17]:
                publisher.send(record)
            publisher.flush()
        assert publisher.delivered == 10
        assert told.value.hint is not None


def test_leaving_reports_what_was_not_acknowledged(tmp_path: Path, kafka_jars: list[Path]) -> None:
    impatient = {"message.timeout.ms": 1500, "socket.timeout.ms": 1000}
    with Broker(tmp_path, kafka_jars, port=free_port()) as running:
        publisher = Publisher(own_topic(), connection(running.bootstrap_servers) | impatient)
        with pytest.raises(DeliveryError, match="1 of 1 records"), publisher:  # noqa: PT012 - leaving raises
            running.stop()
            publisher.send(BARS[0])


def test_a_bar_s_bytes_hold_every_field(broker: str) -> None:
    topic = own_topic()
    with Publisher(topic, connection(broker)) as publisher:
        publisher.send(BARS[0])
    with Subscriber(topic, Bar, connection(broker), messages=True) as subscriber:
        subscriber.begin({})
        raw = read_to_end(subscriber).raw[0]
    assert set(msgspec.json.decode(raw)) == set(Bar.__struct_fields__)
