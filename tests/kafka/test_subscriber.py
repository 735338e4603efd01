"""A subscriber waits, recovers by itself, delivers everything once, and skips nothing silently."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from stockstream.codec import encode
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.cluster import Cluster
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.kafka.to_end import scan
from stockstream.kafka.waiting import Awaited, Waiting
from stockstream.records import Bar
from stockstream.topics import Topic
from tests.kafka.streams import BARS, connection, own_topic, read_to_end, send_all, until


@pytest.fixture
def filled(broker: str) -> Iterator[Topic[Bar]]:
    topic = own_topic()
    with Publisher(topic, connection(broker)) as publisher:
        send_all(publisher, BARS)
    yield topic
    Admin(connection(broker)).delete([topic.name, topic.dead_letters])


def send(broker: str, topic: Topic[Bar], bars: list[Bar]) -> None:
    with Publisher(topic, connection(broker)) as publisher:
        send_all(publisher, bars)


def test_it_begins_where_it_is_reported(broker: str, filled: Topic[Bar]) -> None:
    with Subscriber(filled, Bar, connection(broker)) as subscriber:
        subscriber.begin({})
        whole = read_to_end(subscriber)
        assert len(whole) == len(BARS)
        assert subscriber.connection_status().connected
        assert subscriber.connection_status().waiting is None
    start = {number: end - 10 for number, end in whole.positions.items() if end >= 10}
    with Subscriber(filled, Bar, connection(broker)) as subscriber:
        subscriber.begin({0: 0, 1: 0, 2: 0} | start)
        rest = read_to_end(subscriber)
    assert len(rest) == 10 * len(start)
    assert rest.positions == whole.positions


def test_offsets_beyond_the_end_read_what_comes(broker: str, filled: Topic[Bar]) -> None:
    with Subscriber(filled, Bar, connection(broker)) as subscriber:
        subscriber.begin(dict.fromkeys(range(3), 1_000_000))
        assert len(read_to_end(subscriber)) == 0
        send(broker, filled, BARS[:1])
        assert until(subscriber.arrived).records == BARS[:1]


def test_the_end_is_reached_where_the_last_offsets_hold_no_record(broker: str) -> None:
    topic = own_topic(partitions=1)
    Admin(connection(broker)).ensure(topic)
    producer = Producer({**connection(broker), "transactional.id": topic.name})
    producer.init_transactions(30)
    for bars, end in ((BARS[:5], producer.commit_transaction), (BARS[5:8], producer.abort_transaction)):
        producer.begin_transaction()
        for bar in bars:
            producer.produce(topic.name, encode(bar), bar.symbol)
        producer.flush()
        end(30)
    with Subscriber(topic, Bar, connection(broker)) as subscriber:
        subscriber.begin({})
        whole = read_to_end(subscriber)
    assert whole.records == BARS[:5]
    # Five records and the mark of their transaction, three that were taken back and the mark of theirs.
    assert whole.positions == {0: 10}
    assert [message.offset() for message in scan(topic.name, connection(broker))] == [0, 1, 2, 3, 4]
    Admin(connection(broker)).delete([topic.name])


def test_only_the_keys_asked_for(broker: str, filled: Topic[Bar]) -> None:
    with Subscriber(filled, Bar, connection(broker), keys=["MSFT"]) as subscriber:
        subscriber.begin({})
        whole = read_to_end(subscriber)
    assert whole.records == BARS[500:1000]
    assert sum(whole.positions.values()) == len(BARS)


def test_it_waits_for_broker_and_topic(kafka_jars: list[Path], tmp_path: Path) -> None:
    port = free_port()
    topic = own_topic()
    where = f"127.0.0.1:{port}"
    with Subscriber(topic, Bar, connection(where)) as subscriber:
        until(lambda: subscriber.connection_status().waiting == Waiting(Awaited.BROKER, where, topic.name))
        assert subscriber.origin is None
        assert not subscriber.connection_status().connected
        assert len(subscriber.arrived()) == 0
        with Broker(tmp_path, kafka_jars, port=port):
            until(lambda: subscriber.connection_status().waiting == Waiting(Awaited.TOPIC, where, topic.name))
            assert subscriber.connection_status().connected
            send(where, topic, BARS[:5])
            until(lambda: subscriber.origin)
            subscriber.begin({})
            assert read_to_end(subscriber).records == BARS[:5]


def test_a_topic_that_exists_is_not_waited_for(broker: str, filled: Topic[Bar]) -> None:
    seen: list[Awaited | None] = []
    with Subscriber(filled, Bar, connection(broker)) as subscriber:

        def look(done: Callable[[], object]) -> object:
            seen.append(awaited(subscriber))
            return done()

        until(lambda: look(lambda: subscriber.origin))
        seen += [awaited(subscriber) for _ in range(1_000)]
        subscriber.begin({})
        until(lambda: look(lambda: subscriber.connection_status().target))
    assert set(seen) <= {None, Awaited.BROKER}
    assert seen[-1] is None


def test_it_continues_after_the_broker_was_killed(kafka_jars: list[Path], tmp_path: Path) -> None:
    port = free_port()
    topic = own_topic()
    where = f"127.0.0.1:{port}"
    with Broker(tmp_path, kafka_jars, port=port) as running:
        send(where, topic, BARS[:50])
        subscriber = Subscriber(topic, Bar, connection(where))
        with subscriber:
            until(lambda: subscriber.origin)
            origin = subscriber.origin
            subscriber.begin({})
            whole = read_to_end(subscriber)
            assert running.pid is not None
            os.kill(running.pid, signal.SIGKILL)
            gone = until(lambda: not subscriber.connection_status().connected and subscriber.connection_status())
            assert gone.waiting == Waiting(Awaited.BROKER, where, topic.name)
            running.stop()
            with Broker(tmp_path, kafka_jars, port=port):
                send(where, topic, BARS[50:90])
                until(lambda: len(whole.records) == 90 or read_more(subscriber, whole.records))
                assert whole.records == BARS[:90]
                back = until(lambda: subscriber.connection_status().connected and subscriber.connection_status())
                assert back.since > gone.since
                assert subscriber.origin == origin


def read_more(subscriber: Subscriber[Bar], records: list[Bar]) -> bool:
    records += subscriber.arrived().records
    return False


def test_a_topic_made_anew_is_another_one(broker: str) -> None:
    topic = own_topic()
    send(broker, topic, BARS[:50])
    with Subscriber(topic, Bar, connection(broker)) as subscriber:
        first = until(lambda: subscriber.origin)
        subscriber.begin({})
        assert len(read_to_end(subscriber)) == 50
        Admin(connection(broker)).delete([topic.name])
        until(lambda: awaited(subscriber) is Awaited.TOPIC)
        send(broker, topic, BARS[100:103])
        until(lambda: subscriber.origin != first)
        assert len(subscriber.arrived()) == 0
        subscriber.begin({})
        assert read_to_end(subscriber).records == BARS[100:103]


def test_new_partitions_are_read(broker: str) -> None:
    from confluent_kafka.admin import AdminClient, NewPartitions

    topic = own_topic(partitions=1)
    send(broker, topic, BARS[:5])
    with Subscriber(topic, Bar, connection(broker) | {"topic.metadata.refresh.interval.ms": 500}) as subscriber:
        subscriber.begin({})
        assert len(read_to_end(subscriber)) == 5
        admin = AdminClient(connection(broker))
        admin.create_partitions([NewPartitions(topic.name, 4)])[topic.name].result()
        send(broker, topic, BARS)
        records: list[Bar] = []
        until(lambda: len(records) == len(BARS) or read_more(subscriber, records))


def test_it_does_not_read_without_end_when_nobody_takes(broker: str) -> None:
    topic = own_topic()
    many = 130_000
    producer = Producer({**connection(broker), "linger.ms": 50})
    Admin(connection(broker)).ensure(topic)
    value = topic.encode(BARS[0])
    for number in range(many):
        producer.produce(topic.name, value, str(number % 50))
        if number % 10_000 == 0:
            producer.flush()
    producer.flush()
    with Subscriber(topic, Bar, connection(broker)) as subscriber:
        subscriber.begin({})
        until(lambda: len(subscriber._inbox) > 100_000)
        time.sleep(0.5)
        held = len(subscriber._inbox)
        assert 100_000 < held <= 102_100
        assert len(read_to_end(subscriber)) == many


def dead_letters(broker: str, topic: Topic[Bar]) -> dict[bytes | None, tuple[bytes | None, str]]:
    consumer = Consumer({**connection(broker), "group.id": "test", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic.dead_letters, 0, 0)])
    found = {}
    while (message := consumer.poll(60)) is not None and message.error() is None:
        found[message.key()] = (message.value(), str(message.headers()))
    consumer.close()
    return found


def test_what_cannot_be_decoded_becomes_a_dead_letter_and_the_rest_continues(broker: str) -> None:
    topic = own_topic(partitions=1)
    send(broker, topic, BARS[:3])
    producer = Producer(connection(broker))
    poison = [b"not JSON", b'{"symbol": "AAPL"}', b"\xff\xfe\x00", b"{}", b"1"]
    for value in poison:
        producer.produce(topic.name, value, b"AAPL")
    producer.produce(topic.name, None, b"AAPL")
    producer.flush()
    send(broker, topic, BARS[3:6])
    for _ in range(2):
        with Subscriber(topic, Bar, connection(broker)) as subscriber:
            subscriber.begin({})
            assert read_to_end(subscriber).records == BARS[:6]
            assert subscriber.connection_status().dead == 6
    letters = dead_letters(broker, topic)
    assert [letters[f"{topic.name}/0/{number}".encode()][0] for number in range(3, 9)] == [*poison, b""]
    assert len(letters) == 6
    assert "malformed" in letters[f"{topic.name}/0/3".encode()][1]
    assert "missing required field" in letters[f"{topic.name}/0/4".encode()][1]


def committed(broker: str, group: str, topic: Topic[Bar]) -> dict[int, int]:
    groups = Cluster(connection(broker)).snapshot().groups
    positions = groups[group].positions if group in groups else {}
    return {number: offset for (name, number), offset in positions.items() if name == topic.name}


def test_monitors_are_reported_the_position_while_it_reads_and_at_the_end(broker: str, filled: Topic[Bar]) -> None:
    with Subscriber(filled, Bar, connection(broker), group=filled.name) as subscriber:
        subscriber.begin({})
        positions = read_to_end(subscriber).positions
        subscriber.commit(positions)
        until(lambda: committed(broker, filled.name, filled) == positions)
        subscriber.commit({0: 1})
    assert committed(broker, filled.name, filled) == positions | {0: 1}


def test_statistics_of_before_the_first_connection_do_not_say_that_it_is_gone() -> None:
    subscriber = Subscriber(own_topic(), Bar, connection("127.0.0.1:1"))
    subscriber._health.hear(connected=True)  # as the look for the topic does
    early, up, down = (f'{{"brokers": {{"a": {{"state": "{state}"}}}}}}' for state in ("TRY_CONNECT", "UP", "DOWN"))
    for text, expected in ((early, True), (up, True), (down, False)):
        subscriber._on_statistics(text)
        assert subscriber.connection_status().connected is expected
    subscriber._consumer.close()


@pytest.mark.parametrize("waits", [None, *Awaited])
@pytest.mark.parametrize("connected", [True, False])
def test_it_is_never_connected_and_waiting_for_the_broker(connected: bool, waits: Awaited | None) -> None:
    subscriber = Subscriber(own_topic(), Bar, connection("127.0.0.1:1"))
    subscriber._health.hear(connected=connected)
    subscriber._waiting = None if waits is None else Waiting(waits, "127.0.0.1:1", "x")
    assert subscriber.connection_status().connected == connected
    assert connected == (awaited(subscriber) is not Awaited.BROKER)
    if waits is not Awaited.TOPIC:
        assert awaited(subscriber) is not Awaited.TOPIC, "which would say that the topic does not exist"


def awaited(subscriber: Subscriber[Bar]) -> Awaited | None:
    waiting = subscriber.connection_status().waiting
    return None if waiting is None else waiting.awaited
