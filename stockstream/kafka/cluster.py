"""Snapshot of a cluster: brokers, topics with partitions, consumer groups with positions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from confluent_kafka import (
    KafkaError,
    KafkaException,
    Node,
    TopicCollection,
    TopicPartition,
    TopicPartitionInfo,
)
from confluent_kafka.admin import OffsetSpec, TopicDescription

from stockstream.connection import Connection
from stockstream.errors import BrokerError, Unreachable
from stockstream.kafka.admin import TIMEOUT, Admin
from stockstream.kafka.bounds import UNSETTLED
from stockstream.kafka.client import START_BROKER, address, instant, translate
from stockstream.kafka.positions import PartitionId, Positions
from stockstream.kafka.readers import Reader
from stockstream.kafka.refusals import Deed

K = TypeVar("K")
T = TypeVar("T")

_PASSING: Final = UNSETTLED | {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.UNKNOWN_TOPIC_ID, KafkaError._NOENT}
"""Temporary errors of a topic that is being created, moved or deleted."""


@dataclass(frozen=True)
class BrokerNode:
    """A broker."""

    id: int
    host: str
    port: int


@dataclass(frozen=True)
class Partition:
    """A partition: its offsets from ``first`` up to ``end``, that of the next record; None while it has no leader."""

    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]
    first: int | None
    end: int | None


@dataclass(frozen=True)
class TopicState:
    """A topic, identified by its ``id``; ``newest`` is when its newest record was sent."""

    id: str
    partitions: Mapping[int, Partition]
    newest: datetime | None


@dataclass(frozen=True)
class GroupState:
    """A consumer group, its committed offsets, and the process that committed them, if known."""

    state: str
    positions: Mapping[PartitionId, int]
    readers: tuple[Reader, ...]


@dataclass(frozen=True)
class Snapshot:
    """The cluster at one moment; ``at`` is of the monotonic clock. Topics and groups by name, without Kafka's own."""

    at: float
    cluster: str
    controller: int | None
    brokers: tuple[BrokerNode, ...]
    topics: Mapping[str, TopicState]
    groups: Mapping[str, GroupState]


class Cluster(Admin):
    """Takes snapshots of a cluster; topics or groups that appear or vanish meanwhile are left out, not an error."""

    def __init__(self, connection: Connection, *, timeout: float = TIMEOUT) -> None:
        super().__init__(connection, timeout=timeout)
        self._positions = Positions(connection, timeout)

    def close(self) -> None:
        """Close all connections."""
        self._positions.close()

    def snapshot(self) -> Snapshot:
        """Take a snapshot. Raises `Unreachable` and `AuthError`."""
        about = self._metadata()
        if not about.brokers:
            raise Unreachable(f"the broker at {address(self._connection)} is shutting down", hint=START_BROKER)
        topics = self._described(about.topics)
        states = self._states()
        # Positions before ends, so that a lag is never negative.
        partitions = [(name, p.id) for name, topic in topics.items() for p in topic.partitions]
        committed = self._positions.of(states.keys(), partitions)
        return Snapshot(
            at=time.monotonic(),
            cluster=str(about.cluster_id),
            controller=about.controller_id if about.controller_id in about.brokers else None,
            brokers=tuple(
                BrokerNode(number, str(node.host), node.port) for number, node in sorted(about.brokers.items())
            ),
            topics=self._measured(topics),
            groups={name: GroupState(states[name], *committed[name]) for name in sorted(states)},
        )

    def _described(self, topics: Iterable[str]) -> dict[str, TopicDescription]:
        names = sorted(name for name in topics if not name.startswith("__"))
        if not names:
            return {}
        return self._each(self._client.describe_topics(TopicCollection(names), request_timeout=self._timeout))

    def _measured(self, topics: Mapping[str, TopicDescription]) -> dict[str, TopicState]:
        led = [
            TopicPartition(name, p.id)
            for name, topic in topics.items()
            for p in topic.partitions
            if _leader(p) is not None
        ]
        first, end, newest = (
            self._ends(led, spec) for spec in (OffsetSpec.earliest(), OffsetSpec.latest(), OffsetSpec.max_timestamp())
        )
        return {
            name: TopicState(
                id=str(topic.topic_id),
                partitions=_partitions(name, topic, first, end),
                newest=max(
                    (instant(sent) for p in topic.partitions if (sent := newest.get((name, p.id), (0, 0))[1]) > 0),
                    default=None,
                ),
            )
            for name, topic in topics.items()
        }

    def _ends(self, partitions: Iterable[TopicPartition], spec: OffsetSpec) -> dict[PartitionId, tuple[int, int]]:
        asked = dict.fromkeys(partitions, spec)
        if not asked:
            return {}
        found = self._each(self._client.list_offsets(asked, request_timeout=self._timeout))
        return {(p.topic, p.partition): (result.offset, result.timestamp) for p, result in found.items()}

    def _states(self) -> dict[str, str]:
        """The state of each consumer group."""
        listed = self._result(self._client.list_consumer_groups(request_timeout=self._timeout))
        if listed.errors and not listed.valid:
            raise translate(listed.errors[0], self._connection, Deed("Describe", "cluster"))
        return {group.group_id: group.state.name.lower() for group in listed.valid}

    def _each(self, futures: Mapping[K, Future[T]]) -> dict[K, T]:
        """Results without errors."""
        found: dict[K, T] = {}
        for key, future in futures.items():
            try:
                found[key] = self._result(future)
            except BrokerError as error:
                if not _passes(error):
                    raise
        return found


def _passes(error: BrokerError) -> bool:
    cause = error.__cause__
    return isinstance(cause, KafkaException) and cause.args[0].code() in _PASSING


def _leader(partition: TopicPartitionInfo) -> int | None:
    leader: Node | None = partition.leader
    return None if leader is None else leader.id


def _partitions(
    name: str,
    topic: TopicDescription,
    first: Mapping[PartitionId, tuple[int, int]],
    end: Mapping[PartitionId, tuple[int, int]],
) -> dict[int, Partition]:
    return {
        p.id: Partition(
            leader=_leader(p),
            replicas=tuple(node.id for node in p.replicas),
            in_sync=tuple(node.id for node in p.isr),
            first=first.get((name, p.id), (None, 0))[0],
            end=end.get((name, p.id), (None, 0))[0],
        )
        for p in sorted(topic.partitions, key=lambda p: int(p.id))
    }
