"""The last bar of each series, at any distance from the topic's end."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from confluent_kafka import Producer

from stockstream.kafka.admin import Admin
from stockstream.kafka.latest_bars import first_times, latest_bars
from stockstream.kafka.publisher import Publisher
from stockstream.records import Bar, Series
from stockstream.topics import Topic
from tests.kafka.streams import connection, own_topic, send_all
from tests.views.bars import walk

AAPL, MSFT, KO = (
    walk(count, seed, name) for seed, (count, name) in enumerate([(3_000, "AAPL"), (40, "MSFT"), (1, "KO")])
)


@pytest.fixture
def topic(broker: str) -> Iterator[Topic[Bar]]:
    topic = own_topic()
    yield topic
    Admin(connection(broker)).delete(Admin(connection(broker)).names() & {topic.name, topic.dead_letters})


def send(broker: str, topic: Topic[Bar], bars: list[Bar]) -> None:
    with Publisher(topic, connection(broker)) as publisher:
        send_all(publisher, bars)


def test_the_last_of_each_near_and_far(broker: str, topic: Topic[Bar]) -> None:
    send(broker, topic, KO + MSFT + AAPL)
    wanted = {bars[-1].series: bars[-1] for bars in (AAPL, MSFT, KO)}
    assert latest_bars(connection(broker), topic, wanted) == wanted


def test_series_of_one_symbol_are_distinguished(broker: str, topic: Topic[Bar]) -> None:
    simulated = [msgspec.structs.replace(bar, feed="simulated") for bar in AAPL[:700]]
    daily = [msgspec.structs.replace(bar, interval="1d") for bar in AAPL[:3]]
    send(broker, topic, daily + simulated + AAPL[:2_000])
    wanted = {bars[-1].series: bars[-1] for bars in (simulated, daily, AAPL[:2_000])}
    assert latest_bars(connection(broker), topic, wanted) == wanted


def test_when_the_earliest_of_each_opens_whatever_the_order(broker: str, topic: Topic[Bar]) -> None:
    simulated = [msgspec.structs.replace(bar, feed="simulated") for bar in AAPL[:3]]
    send(broker, topic, simulated + AAPL[500:] + AAPL[100:500] + MSFT)
    wanted = {AAPL[0].series: AAPL[100].time, MSFT[0].series: MSFT[0].time}
    assert first_times(connection(broker), topic, [*wanted, KO[0].series]) == wanted


def test_what_the_topic_does_not_hold_is_left_out(broker: str, topic: Topic[Bar]) -> None:
    nobody = Series("NOBODY", "1m")
    assert latest_bars(connection(broker), topic, [nobody]) == {}
    assert topic.name not in Admin(connection(broker)).names(), "reading made the topic"
    send(broker, topic, AAPL)
    assert latest_bars(connection(broker), topic, [nobody, AAPL[-1].series]) == {AAPL[-1].series: AAPL[-1]}


def test_what_is_no_bar_is_passed_over(broker: str, topic: Topic[Bar]) -> None:
    send(broker, topic, AAPL[:5])
    producer = Producer(connection(broker))
    producer.produce(topic.name, b"no bar", "AAPL")
    producer.produce(topic.name, None, "AAPL")
    producer.flush()
    assert latest_bars(connection(broker), topic, [AAPL[4].series]) == {AAPL[4].series: AAPL[4]}


def test_of_a_series_in_two_partitions_the_bar_that_was_sent_later_is_the_last(broker: str, topic: Topic[Bar]) -> None:
    """Keys have moved: the later bar is far from the end of its partition, the older one is the last of another."""
    Admin(connection(broker)).ensure(topic)
    Admin(connection(broker)).await_leaders(topic)
    older, newer = AAPL[0], AAPL[1]
    producer = Producer(connection(broker))

    def put(partition: int, bar: Bar, sent: int) -> None:
        producer.produce(topic.name, topic.encode(bar), bar.symbol, partition=partition, timestamp=sent)

    for home, former in ((0, 2), (2, 1)):  # whichever is read first
        put(former, older, 1_000_000 + home)
        put(home, newer, 2_000_000 + home)
        for number in range(1_500):
            put(home, MSFT[number % 40], 2_000_010 + number)
    producer.flush()
    assert latest_bars(connection(broker), topic, [newer.series, KO[0].series]) == {newer.series: newer}
    # Of two of the same millisecond it is the one in the partition with the higher number.
    put(0, newer, 9_000_000)
    put(1, older, 9_000_000)
    producer.flush()
    assert latest_bars(connection(broker), topic, [newer.series]) == {newer.series: older}
