"""Overviews of a real cluster: its contents, its rates, and its absence."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from stockstream.errors import Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.monitor import Monitor
from stockstream.kafka.overview import GroupOverview, Overview, TopicOverview
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from stockstream.topics import Topic
from tests.kafka.streams import BARS, connection, own_topic, read_to_end, send_all, until


class Site:
    """A Kafka of our own with its data where the monitor looks for it."""

    def __init__(self, data: Path, broker: Broker) -> None:
        self.data = data
        self.bootstrap = broker.bootstrap_servers


@pytest.fixture
def monitor(site: Site) -> Iterator[Monitor]:
    with closing(Monitor(connection(site.bootstrap), site.data)) as monitor:
        yield monitor


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, kafka_jars: list[Path]) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("data")
    with Broker(data / "kafka", kafka_jars, port=free_port()) as broker:
        yield Site(data, broker)


@pytest.fixture
def topic(site: Site) -> Iterator[Topic[Bar]]:
    made = own_topic()
    send(site.bootstrap, made, BARS)
    yield made
    Admin(connection(site.bootstrap)).delete([made.name, made.dead_letters])


def of(overview: Overview, topic: Topic[Bar]) -> TopicOverview:
    return next(each for each in overview.topics if each.name == topic.name)


def group_of(overview: Overview, name: str) -> GroupOverview:
    return next(each for each in overview.groups if each.name == name)


def send(broker: str, topic: Topic[Bar], bars: list[Bar]) -> None:
    with Publisher(topic, connection(broker)) as publisher:
        send_all(publisher, bars)


def commit(broker: str, group: str, topic: Topic[Bar], positions: dict[int, int]) -> None:
    consumer = Consumer({**connection(broker), "group.id": group, "enable.auto.commit": False})
    places = [TopicPartition(topic.name, number, offset) for number, offset in positions.items()]
    consumer.commit(offsets=places, asynchronous=False)
    consumer.close()


def test_brokers_and_topics_with_what_is_in_them(monitor: Monitor, site: Site, topic: Topic[Bar]) -> None:
    overview = monitor.overview()
    assert overview.waiting is None
    assert overview.bootstrap_servers == site.bootstrap
    assert [f"{broker.host}:{broker.port}" for broker in overview.brokers] == [site.bootstrap]
    assert overview.controller == overview.brokers[0].id
    result = of(overview, topic)
    assert result.records == sum(partition.records or 0 for partition in result.partitions) == len(BARS)
    assert [partition.partition for partition in result.partitions] == [0, 1, 2]
    assert all(partition.in_sync == partition.replicas == (partition.leader,) for partition in result.partitions)
    assert result.newest is not None
    assert abs((datetime.now(UTC) - result.newest).total_seconds()) < 60
    assert not [each.name for each in overview.topics if each.name.startswith("__")]


def test_bytes_are_those_of_the_files(monitor: Monitor, site: Site, topic: Topic[Bar], tmp_path: Path) -> None:
    result = of(monitor.overview(), topic)
    by_partition = {
        number: sum(file.stat().st_size for file in (site.data / f"kafka/topics/{topic.name}-{number}").glob("*.log"))
        for number in range(3)
    }
    assert {partition.partition: partition.bytes for partition in result.partitions} == by_partition
    assert result.bytes == sum(by_partition.values()) > 0
    elsewhere = of(Monitor(connection(site.bootstrap), tmp_path).overview(), topic)
    assert elsewhere.bytes is None


def test_what_comes_in_is_reported_a_second(monitor: Monitor, site: Site, topic: Topic[Bar]) -> None:
    before = time.monotonic()
    assert of(monitor.overview(), topic).records_per_second is None
    begun = time.monotonic()
    send(site.bootstrap, topic, BARS[:300])
    ended = time.monotonic()
    rate = of(monitor.overview(), topic).records_per_second
    assert rate is not None
    # Each sample was taken at some moment of its call.
    assert 300 / (time.monotonic() - before) <= rate <= 300 / (ended - begun)


def test_a_lag_that_grows_and_then_shrinks(monitor: Monitor, site: Site, topic: Topic[Bar]) -> None:
    group = f"group-{topic.name}"
    busy = max(of(monitor.overview(), topic).partitions, key=lambda partition: partition.records or 0)
    assert busy.end is not None
    commit(site.bootstrap, group, topic, {busy.partition: busy.end})
    producer = Producer(connection(site.bootstrap))
    for _ in range(10):
        for _ in range(30):
            producer.produce(topic.name, topic.encode(BARS[0]), partition=busy.partition)
        producer.flush()
        result = group_of(monitor.overview(), group)
        time.sleep(0.3)
    assert (result.lag, result.trend) == (300, "growing")
    assert [(p.topic, p.partition, p.position, p.end, p.lag, p.trend) for p in result.partitions] == [
        (topic.name, busy.partition, busy.end, busy.end + 300, 300, "growing")
    ]
    with closing(Monitor(connection(site.bootstrap), site.data)) as later:
        for step in range(1, 13):
            commit(site.bootstrap, group, topic, {busy.partition: busy.end + 25 * step})
            result = group_of(later.overview(), group)
    assert (result.lag, result.trend) == (0, "shrinking")
    assert result.records_per_second is not None
    assert result.records_per_second > 0


def test_a_group_says_whether_it_has_members(monitor: Monitor, site: Site, topic: Topic[Bar]) -> None:
    group = f"members-{topic.name}"
    consumer = Consumer({**connection(site.bootstrap), "group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic.name])
    until(lambda: consumer.poll(0.2) is not None)
    result = group_of(monitor.overview(), group)
    assert result.state == "stable"
    consumer.close()
    result = group_of(monitor.overview(), group)
    assert result.state == "idle"


def test_a_reader_that_assigns_itself_its_partitions_runs_until_it_is_closed(
    monitor: Monitor, site: Site, topic: Topic[Bar]
) -> None:
    group = f"window-{topic.name}"

    def result() -> Any:
        return next((each for each in monitor.overview().groups if each.name == group), None)

    with Subscriber(topic, Bar, connection(site.bootstrap), group=group) as subscriber:
        subscriber.begin({})
        subscriber.commit(read_to_end(subscriber).positions)
        running = until(result)
        assert running.state == "running"
        assert {each.pid for each in running.readers} == {os.getpid()}
        assert {each.host for each in running.readers} == {socket.gethostname()}
        until(lambda: result().readers != running.readers)  # though its positions are the same
        assert result().state == "running"
    until(lambda: result().state == "idle")
    assert result().lag == 0


def test_dead_letters_are_counted_and_the_newest_says_why(monitor: Monitor, site: Site, topic: Topic[Bar]) -> None:
    def letters() -> tuple[int | None, str | None, str | None]:
        result = next(each for each in monitor.overview().dead_letters if each.topic == topic.dead_letters)
        return (
            result.records,
            result.newest.key if result.newest else None,
            result.newest.reason if result.newest else None,
        )

    assert letters() == (0, None, None)
    with Publisher(topic, connection(site.bootstrap)) as publisher:
        publisher.refuse("x.csv/7", b"1,2,x", "x.csv, line 7: not a number")
    assert letters() == (1, "x.csv/7", "x.csv, line 7: not a number")
    with Publisher(topic, connection(site.bootstrap)) as publisher:
        publisher.refuse("x.csv/8", b"1,2", "x.csv, line 8: cut off")
        publisher.refuse("x.csv/9", b"", "x.csv, line 9: empty")
    assert letters() == (3, "x.csv/9", "x.csv, line 9: empty")


def test_a_topic_made_anew_begins_anew(monitor: Monitor, site: Site, topic: Topic[Bar]) -> None:
    monitor.overview()
    Admin(connection(site.bootstrap)).delete([topic.name])
    until(lambda: topic.name not in {each.name for each in monitor.overview().topics})
    send(site.bootstrap, topic, BARS[:30])
    # For a moment nobody may lead its partitions, and nothing is known of them.
    assert until(lambda: of(monitor.overview(), topic).records) == 30


def test_topics_that_come_and_go_are_no_error(monitor: Monitor, site: Site) -> None:
    client = AdminClient(connection(site.bootstrap))
    for round_ in range(5):
        names = [f"fleeting-{round_}-{number}" for number in range(3)]
        made = client.create_topics([NewTopic(name, 3, 1) for name in names])
        assert monitor.overview().waiting is None
        for future in made.values():
            future.result()
        deleted = client.delete_topics(names)
        assert monitor.overview().waiting is None
        for future in deleted.values():
            future.result()


@pytest.mark.parametrize("rounds", [1, pytest.param(2, marks=pytest.mark.thorough)])
def test_it_waits_for_a_broker_that_is_away_and_continues(kafka_jars: list[Path], tmp_path: Path, rounds: int) -> None:
    port = free_port()
    where = f"127.0.0.1:{port}"
    with closing(Monitor(connection(where), tmp_path)) as monitor:
        overview = monitor.overview()
        assert (overview.waiting, overview.cluster, overview.brokers) == (f"broker {where}", None, ())
        for _ in range(rounds):
            with Broker(tmp_path / "kafka", kafka_jars, port=port):
                until(lambda: monitor.overview().waiting is None)
            assert monitor.overview().waiting == f"broker {where}"


@pytest.mark.parametrize("rounds", [1, pytest.param(3, marks=pytest.mark.thorough)])
def test_what_a_broker_says_while_it_shuts_down_does_no_harm(
    kafka_jars: list[Path], tmp_path: Path, rounds: int
) -> None:
    port = free_port()
    topic = own_topic()
    with closing(Monitor(connection(f"127.0.0.1:{port}"), tmp_path)) as monitor:
        for _ in range(rounds):
            with Broker(tmp_path / "kafka", kafka_jars, port=port) as broker:
                send(broker.bootstrap_servers, topic, BARS[:10])
                commit(broker.bootstrap_servers, "group", topic, {0: 0})
                until(lambda: [group.lag for group in monitor.overview().groups] not in ([], [None]))
                looking = looks_until_it_is_away(monitor)
            looking.join(120)
            assert not looking.is_alive()


def test_a_client_that_no_broker_answered_is_not_asked_again() -> None:
    """One that heard of no brokers while the last one shut down was seen to look for none ever after."""
    admin = Admin(connection(f"127.0.0.1:{free_port()}"), timeout=0.1)
    client = admin._client
    with pytest.raises(Unreachable):
        admin.names()
    assert admin._client is not client


def looks_until_it_is_away(monitor: Monitor) -> threading.Thread:
    """Look as often as is possible, on a thread."""

    def look() -> None:
        while monitor.overview().waiting is None:
            pass

    thread = threading.Thread(target=look)
    thread.start()
    return thread
