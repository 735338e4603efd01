"""Joining a broker to a cluster on this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.kafka.broker import Broker, Member, is_free
from stockstream.kafka.client import address, answer, made, settings, translate
from stockstream.kafka.meta_properties import formatted_as
from stockstream.kafka.server_properties import HOST, Node

_WITHIN: Final = 10.0
_VOTER: Final = re.compile(r"(\d+)@([^,]+):(\d+)")
_VOTERS: Final = "controller.quorum.voters"
_COPIES: Final = "default.replication.factor"
_HERE: Final = (HOST, "localhost")


@dataclass(frozen=True)
class Joined:
    """Facts about a cluster that a broker needs to join it.

    Parameters
    ----------
    cluster
        The cluster's id.
    controllers
        The controllers' ports, by their nodes' numbers.
    copies
        Number of replicas of each record.
    numbers
        The numbers of all known nodes, including stopped ones.
    last_port
        The highest port of a node.
    """

    cluster: str
    controllers: Mapping[int, int]
    copies: int
    numbers: frozenset[int]
    last_port: int

    @classmethod
    def find(cls, connection: Connection) -> Self:
        """Query a cluster of several nodes on this machine. Raises `BrokerError` if there is none, or another cluster.

        A broker-only node needs only the controllers' addresses, which are in each node's settings.
        """
        where = address(connection)
        if str(connection.get("security.protocol", "plaintext")).lower() != "plaintext":
            raise BrokerError(
                f"the cluster at {where} is secure, and takes no further brokers",
                hint="its certificate stays with its own nodes",
            )
        client = made(AdminClient, settings(connection))
        try:
            metadata = client.list_topics(timeout=_WITHIN)
            first = min(metadata.brokers)
            asked = ConfigResource(ResourceType.BROKER, str(first))
            (described,) = client.describe_configs([asked], request_timeout=_WITHIN).values()
            values = {name: str(entry.value) for name, entry in answer(described, _WITHIN, connection).items()}
        except KafkaException as error:
            raise translate(error, connection) from error
        voters = _VOTER.findall(values.get(_VOTERS, ""))
        if len(voters) < 2:
            raise BrokerError(f"the broker at {where} is one by itself", hint="start it with --nodes 3")
        if any(host not in _HERE for _, host, _ in voters):
            raise BrokerError(
                f"the cluster at {where} is not on this machine", hint="a broker that joins serves this machine alone"
            )
        replicas = {
            number
            for topic in metadata.topics.values()
            for partition in topic.partitions.values()
            for number in partition.replicas
        }
        controllers = {int(number): int(port) for number, _, port in voters}
        return cls(
            cluster=str(metadata.cluster_id),
            controllers=controllers,
            copies=int(values.get(_COPIES, "1")),
            numbers=frozenset({*metadata.brokers, *replicas, *controllers}),
            last_port=max(broker.port for broker in metadata.brokers.values()),
        )

    def broker(self, data: Path, classpath: Sequence[Path], *, port: int | None, heap: str) -> Broker:
        """One more broker, not yet started; with a directory that was used before it is the same node as then.

        Without a port it gets the next free one after those of the others.
        """
        data = data.absolute()
        known = formatted_as(data, "node.id") if formatted_as(data, "cluster.id") == self.cluster else None
        node = Node(int(known) if known else max(self.numbers) + 1, self.controllers, self.copies)
        if port is None:
            port = self.last_port + 1
            while not is_free(port):
                port += 1
        return Broker(data, classpath, port=port, heap=heap, member=Member(node, self.cluster))
