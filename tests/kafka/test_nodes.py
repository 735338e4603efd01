"""Three real brokers as one cluster: killed, stopped, joined, and never two of them at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from stockstream.connection import Connection
from stockstream.credentials import credentials, folder_of
from stockstream.errors import BrokerError
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import free_port, is_free
from stockstream.kafka.cluster import Cluster
from stockstream.kafka.guard import Guard
from stockstream.kafka.joining import Joined
from stockstream.kafka.nodes import Nodes
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from stockstream.topics import STOCKS, Topic
from tests.kafka.streams import BARS, connection, own_topic, put, send_all, until
from tests.patience import PATIENCE
from tests.views.bars import walk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Kafka does not run there")

MANY = walk(4_000, 7, "AAPL")


class Running:
    """A cluster, and its reports."""

    def __init__(self, nodes: Nodes, result: list[str], monitor: Connection | None = None) -> None:
        self.nodes = nodes
        self.reported = result
        self._monitor = monitor or self.connection

    @property
    def connection(self) -> dict[str, Any]:
        return connection(self.nodes.bootstrap_servers)

    def until(self, condition: Any, seconds: float = PATIENCE) -> None:
        """Look after the nodes until something is true."""
        ends = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends, self.reported
            self.nodes.wait(0.1)

    def whole(self) -> bool:
        """Whether each record of each partition has its three copies."""
        cluster = Cluster(self._monitor)
        try:
            look = cluster.snapshot()
        except BrokerError:
            return False
        finally:
            cluster.close()
        partitions = [each for topic in look.topics.values() for each in topic.partitions.values()]
        return len(look.brokers) >= 3 and all(len(each.in_sync) == 3 for each in partitions)


def free_ports() -> int:
    """The first of three ports in a row."""
    while True:
        port = free_port()
        if all(is_free(port + more) for more in (1, 2)):
            return port


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, kafka_jars: list[Path]) -> Iterator[Running]:
    result: list[str] = []
    with Nodes(tmp_path_factory.mktemp("nodes"), kafka_jars, port=free_ports(), report=result.append) as nodes:
        yield Running(nodes, result)


@pytest.fixture
def running(cluster: Running) -> Running:
    cluster.until(cluster.whole, 120)
    cluster.reported.clear()
    return cluster


def setting(running: Running, topic: str, name: str) -> str:
    admin = AdminClient(running.connection)
    resource = ConfigResource(ResourceType.TOPIC, topic)
    return str(admin.describe_configs([resource])[resource].result(120)[name].value)


@contextmanager
def sending(topic: Topic[Bar], where: Connection, bars: list[Bar]) -> Iterator[Future[int]]:
    """Send bars meanwhile, some hundred a second, and yield how many will have been acknowledged, or the error.

    The first ones are acknowledged when the block begins: the topic is there, and all its leaders are.
    """
    flows = threading.Event()

    def send() -> int:
        with Publisher(topic, where) as publisher:
            for bar in bars:
                publisher.send(bar)
                publisher.poll()
                if publisher.delivered:
                    flows.set()
                time.sleep(0.002)
        return publisher.delivered

    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send)
        until(lambda: flows.is_set() or sent.done(), 120)
        yield sent


def test_whatever_topic_has_three_copies_of_which_two_must_be_there(running: Running) -> None:
    topic = own_topic()
    with Publisher(topic, running.connection) as publisher:
        send_all(publisher, BARS[:10])
    with Subscriber(topic, Bar, running.connection) as subscriber:
        subscriber.begin({})
        running.until(lambda: subscriber.connection_status().lag({}) is not None)
        subscriber.commit({0: 1})
        running.until(lambda: "__consumer_offsets" in Admin(running.connection).names())
    topics = AdminClient(running.connection).list_topics(timeout=60).topics
    for name in (topic.name, topic.dead_letters, "__consumer_offsets"):
        assert {len(each.replicas) for each in topics[name].partitions.values()} == {3}, name
        assert setting(running, name, "min.insync.replicas") == "2", name


def test_a_node_that_is_killed_under_load_costs_nothing_and_comes_back(running: Running) -> None:
    topic = own_topic(partitions=1)
    Admin(running.connection).ensure(topic)
    seen: list[Bar] = []
    with Subscriber(topic, Bar, running.connection) as subscriber, sending(topic, running.connection, MANY) as sent:
        subscriber.begin({})

        def arrived() -> bool:
            seen.extend(subscriber.arrived().records)
            return len(seen) >= 500

        running.until(arrived)
        leader = (
            AdminClient(running.connection).list_topics(topic.name, timeout=60).topics[topic.name].partitions[0].leader
        )
        victim = running.nodes.brokers[leader - 1]
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        running.until(lambda: any("is back" in line for line in running.reported))
        running.until(sent.done)
        running.until(lambda: not arrived() or subscriber.connection_status().lag({0: len(seen)}) == 0)
        assert subscriber.connection_status().connected
    assert sent.result() == len(MANY)
    assert seen == MANY
    assert running.reported[0] == f"node {leader}: Kafka ended (killed by SIGKILL), and is started again"
    assert running.reported[-1] == f"node {leader} is back, at {victim.bootstrap_servers}"


def test_a_node_that_is_stopped_is_not_waited_for_once_the_others_have_taken_over(running: Running) -> None:
    topic = own_topic(partitions=3)
    Admin(running.connection).ensure(topic)
    value = topic.encode(BARS[0])
    put(running.nodes.bootstrap_servers, topic.name, "AAPL", [value] * 10)
    with Subscriber(topic, Bar, running.connection) as subscriber:
        subscriber.begin({})
        positions: dict[int, int] = {}

        def caught_up() -> bool:
            positions.update(subscriber.arrived().positions)
            return subscriber.connection_status().lag(positions) == 0

        def connected(pause: float) -> bool:
            time.sleep(pause)
            return subscriber.connection_status().connected

        until(caught_up)
        victim = running.nodes.brokers[0]
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGSTOP)
        try:
            until(lambda: _leaders(running, topic) == {2, 3}, 60)
            others = ",".join(each.bootstrap_servers for each in running.nodes.brokers[1:])
            put(others, topic.name, "AAPL", [value] * 10)
            until(lambda: caught_up() and sum(positions.values()) == 20, 60)
            until(lambda: all(map(connected, [0.1] * 20)), 60)
        finally:
            os.kill(victim.pid, signal.SIGCONT)


def _leaders(running: Running, topic: Topic[Bar]) -> set[int]:
    others = ",".join(each.bootstrap_servers for each in running.nodes.brokers[1:])
    found = AdminClient(connection(others)).list_topics(topic.name, timeout=60).topics[topic.name]
    return {each.leader for each in found.partitions.values()}


def test_a_fourth_broker_joins_and_is_the_same_one_the_next_time(
    running: Running, tmp_path: Path, kafka_jars: list[Path]
) -> None:
    found = Joined.find(running.connection)
    assert (found.copies, len(found.controllers), found.numbers) == (3, 3, frozenset({1, 2, 3}))
    fourth = found.broker(tmp_path, kafka_jars, port=None, heap="256m")
    assert fourth.port > max(running.nodes.ports)
    with fourth:
        topic = own_topic(partitions=4)
        Admin(connection(fourth.bootstrap_servers)).ensure(topic)
        held = AdminClient(running.connection).list_topics(topic.name, timeout=60).topics[topic.name].partitions
        assert any(4 in each.replicas for each in held.values())
        with Publisher(topic, running.connection) as publisher:
            send_all(publisher, BARS)
        assert Admin(running.connection).summaries({topic.name})[0].records == len(BARS)
    # It is away, and still no other one gets its number; in its own directory it is itself again.
    again = Joined.find(running.connection)
    assert again.numbers == {1, 2, 3, 4}
    member = again.broker(tmp_path, kafka_jars, port=None, heap="256m").member
    assert member is not None
    assert member.node.number == 4
    Admin(running.connection).delete([topic.name, topic.dead_letters])  # a part is away with the fourth


def test_what_is_no_cluster_here_cannot_be_joined(broker: str) -> None:
    with pytest.raises(BrokerError, match=r"is one by itself - start it with --nodes 3"):
        Joined.find(connection(broker))
    with pytest.raises(BrokerError, match="is secure, and takes no further brokers"):
        Joined.find(connection(broker) | {"security.protocol": "SASL_SSL"})


def test_a_directory_of_another_kind_is_named(running: Running, tmp_path: Path, kafka_jars: list[Path]) -> None:
    with pytest.raises(BrokerError, match=r"is in use by other nodes, process \d+ - "):
        Nodes(running.nodes.data, kafka_jars, port=free_ports()).start()
    (tmp_path / "alone" / "topics").mkdir(parents=True)
    with pytest.raises(BrokerError, match=r"holds the topics of a broker by itself - .*topics copy"):
        Nodes(tmp_path / "alone", kafka_jars, port=free_ports()).start()
    (tmp_path / "three" / "node-1" / "topics").mkdir(parents=True)
    (tmp_path / "three" / "node-1" / "topics" / "meta.properties").write_text("node.id=1\ncluster.id=x\n")
    (tmp_path / "three" / "controllers").write_text("15001 15002 15003")
    with pytest.raises(BrokerError, match="holds 3 nodes - start it with --nodes 3"):
        Nodes(tmp_path / "three", kafka_jars, count=5, port=free_ports()).start()


def test_ended_and_started_again_it_has_what_it_had_and_the_same_controllers(
    running: Running, kafka_jars: list[Path]
) -> None:
    topic = own_topic(partitions=1)
    with Publisher(topic, running.connection) as publisher:
        send_all(publisher, BARS)
    controllers = [broker.member.node.controllers for broker in running.nodes.brokers if broker.member]
    clients = folder_of(running.nodes.data) / "nodes"
    assert clients.read_text() == running.nodes.bootstrap_servers
    running.nodes.stop()
    assert not clients.exists()
    assert {broker.pid for broker in running.nodes.brokers} == {None}
    running.nodes.start()
    assert Admin(running.connection).summaries({topic.name})[0].records == len(BARS)
    assert [broker.member.node.controllers for broker in running.nodes.brokers if broker.member] == controllers


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_a_secure_cluster_outlives_each_of_its_nodes(tmp_path: Path, kafka_jars: list[Path]) -> None:
    result: list[str] = []
    with Nodes(tmp_path, kafka_jars, port=free_ports(), guard=Guard(tmp_path), report=result.append) as nodes:
        running = Running(nodes, result, credentials(folder_of(tmp_path), "monitor"))
        producer = credentials(folder_of(tmp_path), "producer")
        assert producer is not None
        assert producer["bootstrap.servers"] == nodes.bootstrap_servers
        with pytest.raises(BrokerError):
            Admin(running.connection, timeout=3).names()
        with sending(STOCKS, producer, MANY) as sent:
            for number, broker in enumerate(nodes.brokers, 1):
                running.until(running.whole)  # a cluster of three outlives the loss of one, not of two
                assert broker.pid is not None
                os.kill(broker.pid, signal.SIGKILL)
                running.until(lambda number=number: f"node {number} is back" in " ".join(result))
            running.until(sent.done)
        assert sent.result() == len(MANY)
        assert not nodes.renew()
