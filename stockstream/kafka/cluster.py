"""All of a cluster at one moment: brokers, topics with their partitions, consumer groups with their positions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Node,
    TopicCollection,
    TopicPartition,
    TopicPartitionInfo,
)
from confluent_kafka.admin import OffsetSpec, TopicDescription

from stockstream.errors import BrokerError
from stockstream.kafka.admin import Admin, instant

K = TypeVar("K")
T = TypeVar("T")

_PASSING: Final = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_TOPIC_ID,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.GROUP_ID_NOT_FOUND,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
    }
)
"""What a topic or group answers that is being made, moved or deleted: the next look knows better."""


@dataclass(frozen=True)
class BrokerNode:
    """A broker."""

    id: int
    host: str
    port: int


@dataclass(frozen=True)
class Partition:
    """A partition: its offsets from ``first`` up to ``end``, which the next record gets; None while nobody leads it."""

    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]
    first: int | None
    end: int | None


@dataclass(frozen=True)
class TopicState:
    """A topic, which is another one when its ``id`` is; ``newest`` is when its newest record was sent."""

    id: str
    partitions: Mapping[int, Partition]
    newest: datetime | None


@dataclass(frozen=True)
class GroupState:
    """A consumer group, and the offsets that it committed by topic and partition: it has taken what is before them."""

    state: str
    members: int
    positions: Mapping[tuple[str, int], int]


@dataclass(frozen=True)
class Look:
    """The cluster at one moment: ``at`` is of the monotonic clock. Topics and groups by name, without Kafka's own."""

    at: float
    cluster: str
    controller: int | None
    brokers: tuple[BrokerNode, ...]
    topics: Mapping[str, TopicState]
    groups: Mapping[str, GroupState]


class Cluster(Admin):
    """Looks at a cluster as a whole; what comes or goes meanwhile is left out, not an error."""

    def look(self) -> Look:
        """All there is now. Raises `Unreachable` and `AuthError`."""
        about = self._result(self._client.describe_cluster(request_timeout=self._timeout))
        # Positions before ends: so a lag is never less than nothing.
        groups = self._groups()
        topics = self._described()
        return Look(
            at=time.monotonic(),
            cluster=str(about.cluster_id),
            controller=about.controller.id if about.controller else None,
            brokers=tuple(sorted((BrokerNode(n.id, n.host, n.port) for n in about.nodes), key=lambda node: node.id)),
            topics=topics,
            groups=groups,
        )

    def _described(self) -> dict[str, TopicState]:
        names = sorted(name for name in self._topics() if not name.startswith("__"))
        if not names:
            return {}
        told = self._each(self._client.describe_topics(TopicCollection(names), request_timeout=self._timeout))
        led = [
            TopicPartition(name, p.id)
            for name, topic in told.items()
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
            for name, topic in told.items()
        }

    def _ends(self, partitions: Iterable[TopicPartition], spec: OffsetSpec) -> dict[tuple[str, int], tuple[int, int]]:
        asked = dict.fromkeys(partitions, spec)
        if not asked:
            return {}
        found = self._each(self._client.list_offsets(asked, request_timeout=self._timeout))
        return {(p.topic, p.partition): (result.offset, result.timestamp) for p, result in found.items()}

    def _groups(self) -> dict[str, GroupState]:
        names = [group.group_id for group in self._result(self._client.list_consumer_groups(**self._patience)).valid]
        if not names:
            return {}
        described = self._each(self._client.describe_consumer_groups(names, **self._patience))
        asked: dict[str, Future[Any]] = {}
        for name in names:  # librdkafka takes one group a request; they are under way all at once
            asked |= self._client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)], **self._patience)
        committed = self._each(asked)
        return {
            name: GroupState(
                state=described[name].state.name.lower(),
                members=len(described[name].members),
                positions={
                    (place.topic, place.partition): place.offset
                    for place in committed[name].topic_partitions
                    if place.offset >= 0
                },
            )
            for name in sorted(described.keys() & committed.keys())
        }

    @property
    def _patience(self) -> dict[str, float]:
        return {"request_timeout": self._timeout}

    def _each(self, futures: Mapping[K, Future[T]]) -> dict[K, T]:
        """The results that there are."""
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
    first: Mapping[tuple[str, int], tuple[int, int]],
    end: Mapping[tuple[str, int], tuple[int, int]],
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
