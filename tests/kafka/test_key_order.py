"""Added partitions: for a key that moved, the record that was sent later counts, in any order of reading."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic
from msgspec import structs

from stockstream.consumers import registry
from stockstream.consumers.live import Live
from stockstream.kafka import key_order
from stockstream.kafka.key_order import KeyOrder, OutOfOrder, SendOrder, restored_reading, saved_reading, sent_order
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from stockstream.topics import Topic
from stockstream.views.fold import Selection
from tests.kafka.streams import connection, own_topic, until
from tests.patience import PATIENCE
from tests.views.bars import bar, walk

OLD, NEW = 1.0, 2.0
SENT = 1_780_000_000_000


class Grown:
    """A topic in which a symbol's bars stand in one partition, and their corrections, sent later, in another."""

    def __init__(self, broker: str, *, bars: int, olds: int, news: int) -> None:
        self.topic: Topic[Bar] = own_topic(partitions=2)
        self.connection = connection(broker)
        self.bars = [bar(minute, OLD) for minute in range(bars)]
        admin = AdminClient(self.connection)
        for future in admin.create_topics([NewTopic(self.topic.name, 2, 1)]).values():
            future.result(120)
        self.send(olds, self.bars, SENT)
        self.send(news, [bar(minute, NEW) for minute in range(0, bars, 2)], SENT + 1_000_000)

    def send(self, partition: int, bars: list[Bar], sent: int) -> None:
        producer = Producer(self.connection)
        for number, each in enumerate(bars):
            producer.produce(
                self.topic.name, self.topic.encode(each), each.symbol, partition=partition, timestamp=sent + number
            )
            producer.poll(0)
        assert producer.flush(20) == 0

    def closes(self) -> dict[Any, float]:
        return {each.time: NEW if number % 2 == 0 else OLD for number, each in enumerate(self.bars)}


def read(topic: Topic[Bar], connection: dict[str, Any], **choice: Any) -> dict[Any, float]:
    """The last close of each time, as it is read."""
    origin = None
    closes: dict[Any, float] = {}
    positions: dict[int, int] = {}
    ends = time.monotonic() + PATIENCE
    with Subscriber(topic, Bar, connection, ordered=True, **choice) as subscriber:
        while time.monotonic() < ends:
            if subscriber.origin != origin:
                origin = subscriber.origin
                closes.clear()
                positions.clear()
                subscriber.begin({})
            batch = subscriber.arrived()
            closes.update({each.time: each.close for each in batch.records})
            positions.update(batch.positions)
            if subscriber.connection_status().reached(positions):
                return closes
            time.sleep(0.01)
    raise AssertionError("it did not come to the end")


@pytest.mark.parametrize(("olds", "news"), [(0, 1), (1, 0)])
@pytest.mark.parametrize("keys", [None, ["AAPL"]])
def test_what_was_sent_later_is_read_later(broker: str, olds: int, news: int, keys: list[str] | None) -> None:
    grown = Grown(broker, bars=3_000, olds=olds, news=news)
    for _ in range(5):
        assert read(grown.topic, grown.connection, keys=keys) == grown.closes()


def test_a_partition_that_is_far_ahead_waits(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_order, "_MOST", 200)
    monkeypatch.setattr(key_order, "_FEW", 50)
    grown = Grown(broker, bars=20_000, olds=1, news=0)
    assert read(grown.topic, grown.connection) == grown.closes()


def window(grown: Grown, folder: Path | None) -> dict[Any, float]:
    """The closes that a window shows once it has read all; with a folder it goes on from its state."""
    view = replace(registry.VIEWS["rsi"], topic=grown.topic)
    with Live(view, Selection(("AAPL",)), {"period": 14}, grown.connection, folder) as live:
        until(lambda: (live.tick(), live.settled)[1])
        frame = live.fold.frame("AAPL")
        return dict(zip(frame.columns["time"].tolist(), frame.columns["close"].tolist(), strict=True))


def shown(closes: dict[Any, float]) -> dict[Any, float]:
    return {time.replace(tzinfo=None): close for time, close in closes.items()}


def test_windows_show_what_was_sent_later_and_go_on_from_that(broker: str, tmp_path: Path) -> None:
    grown = Grown(broker, bars=3_000, olds=1, news=0)
    for number in range(5):
        assert window(grown, tmp_path / str(number)) == shown(grown.closes())
        assert window(grown, tmp_path / str(number)) == shown(grown.closes())
    # More of it came while the window was shut: the older again out of the partition that is no longer used.
    grown.send(1, [bar(3_000, OLD)], SENT + 2_000_000)
    grown.send(0, [bar(3_000, NEW)], SENT + 3_000_000)
    for number in range(5):
        assert window(grown, tmp_path / str(number))[bar(3_000, 1.0).time.replace(tzinfo=None)] == NEW


def test_a_window_that_saw_the_newer_alone_before_it_was_shut_is_not_taken_in(broker: str, tmp_path: Path) -> None:
    """Its state says in which partition the key was read, and until when that was sent."""
    looks = KeyOrder()
    grown = Grown(broker, bars=10, olds=1, news=0)
    messages = held(grown, 0)
    looks.look(messages, [0] * len(messages), {0: {b"AAPL"}})
    again = KeyOrder(restored_reading(saved_reading(looks, 0)))
    older = held(grown, 1)
    with pytest.raises(OutOfOrder, match="AAPL"):
        again.look(older, [1] * len(older), {1: {b"AAPL"}})
    KeyOrder(restored_reading(saved_reading(looks, 0))).look(older, [1] * len(older), {1: {b"MSFT"}})


def held(grown: Grown, partition: int) -> list[Any]:
    consumer = Consumer({**grown.connection, "group.id": "test", "enable.partition.eof": True})
    consumer.assign([TopicPartition(grown.topic.name, partition, 0)])
    found = []
    while (message := consumer.poll(60)) is not None and message.error() is None:
        found.append(message)
    consumer.close()
    return found


def test_a_key_that_moves_while_a_window_looks_on_costs_it_nothing(broker: str) -> None:
    topic = own_topic(partitions=3)
    admin = AdminClient(connection(broker))
    for future in admin.create_topics([NewTopic(topic.name, 3, 1)]).values():
        future.result(120)
    names = [f"S{number}" for number in range(20)]

    def send(close: float) -> None:
        producer = Producer(connection(broker))
        for name in names:
            producer.produce(topic.name, topic.encode(structs.replace(bar(0, close), symbol=name)), name)
        assert producer.flush(20) == 0

    send(OLD)
    closes: dict[str, float] = {}
    with Subscriber(topic, Bar, connection(broker), ordered=True) as subscriber:
        origin = until(lambda: subscriber.origin)
        subscriber.begin({})

        def all_are(close: float) -> bool:
            closes.update({each.symbol: each.close for each in subscriber.arrived().records})
            return closes == dict.fromkeys(names, close)

        until(lambda: all_are(OLD))
        admin.create_partitions([NewPartitions(topic.name, 6)])[topic.name].result(120)
        time.sleep(1)
        send(NEW)
        until(lambda: all_are(NEW))
        assert subscriber.origin == origin


class Paused:
    """A consumer of which partitions are paused."""

    def __init__(self) -> None:
        self.reported: list[tuple[str, int]] = []

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.reported += [("pause", each.partition) for each in partitions]

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.reported += [("resume", each.partition) for each in partitions]


@pytest.fixture
def grown(broker: str) -> Grown:
    return Grown(broker, bars=40, olds=0, news=1)


def test_messages_are_handed_on_by_when_they_were_sent(grown: Grown) -> None:
    older, newer = held(grown, 0), held(grown, 1)
    order = SendOrder(grown.topic.name, Paused(), {0: 0, 1: 0}, {0: 40, 1: 20})  # type: ignore[arg-type]
    assert order.take(newer) == []
    assert order.take(older[:30]) == older[:30]
    assert order.take(older[30:]) == [*older[30:], *newer]
    # All was read that there was at the start: what comes now is handed on at once.
    assert order.take(newer[:1]) == newer[:1]


def test_walks_of_several_symbols_are_read_as_before(broker: str) -> None:
    topic = own_topic(partitions=3)
    grown = Grown(broker, bars=1, olds=0, news=0)
    admin = AdminClient(grown.connection)
    for future in admin.create_topics([NewTopic(topic.name, 3, 1)]).values():
        future.result(120)
    producer = Producer(grown.connection)
    for each in walk(500, 1, "AAPL") + walk(500, 2, "MSFT"):
        producer.produce(topic.name, topic.encode(each), each.symbol)
    assert producer.flush(20) == 0
    with Subscriber(topic, Bar, grown.connection, ordered=True) as subscriber:
        origin = until(lambda: subscriber.origin)
        subscriber.begin({})
        until(lambda: len(subscriber.arrived()) or subscriber.connection_status().target)
        time.sleep(0.5)
        assert subscriber.origin == origin


def test_read_gives_what_was_sent_later_though_a_partition_ends_without_a_record(grown: Grown) -> None:
    older, newer = held(grown, 0), held(grown, 1)
    ranges = {0: (0, 41), 1: (0, 20)}  # the last offset of the first holds nothing
    batches = list(sent_order(grown.topic.name, ranges, [newer, older]))
    assert [message for batch in batches for message in batch] == [*older, *newer]
