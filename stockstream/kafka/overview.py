"""Overview of a cluster at one moment; its JSON has the documented keys of ``stockstream monitor --json``.

None is what is not known, or not known yet.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from stockstream.kafka.readers import Reader

Trend: TypeAlias = Literal["growing", "shrinking", "steady"]

_DEAD_LETTERS: Final = ".dlq"


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """A broker of the cluster."""

    id: int
    host: str
    port: int


class TopicPartition(msgspec.Struct, frozen=True, kw_only=True):
    """A partition: ``records`` from offset ``first`` up to ``end``, that of the next record.

    In a compacted topic, offsets count the records that were sent, not those that are left.
    """

    partition: int
    first: int | None
    end: int | None
    records: int | None
    bytes: int | None
    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


class TopicOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A topic: records per second over the last ten seconds, and when its newest record was sent.

    Totals are None unless they are known for every partition.
    """

    name: str
    records: int | None
    records_per_second: float | None
    bytes: int | None
    newest: datetime | None
    partitions: tuple[TopicPartition, ...]

    @property
    def is_dead_letters(self) -> bool:
        """Whether it is a dead-letter topic."""
        return self.name.endswith(_DEAD_LETTERS)


class GroupPartition(msgspec.Struct, frozen=True, kw_only=True):
    """Progress of a group in a partition: ``position`` is the offset of the next record that it reads."""

    topic: str
    partition: int
    position: int
    end: int | None
    lag: int | None
    trend: Trend | None


class GroupOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer group: its lag over all partitions, the trend of that, and records per second.

    ``state`` is ``running`` if a reader commits that it runs, ``idle`` if none does and Kafka knows no members,
    otherwise Kafka's state. ``readers`` are the processes that committed last.
    """

    name: str
    state: str
    readers: tuple[Reader, ...] = ()
    lag: int | None
    trend: Trend | None
    records_per_second: float | None
    partitions: tuple[GroupPartition, ...]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter: when it was sent, its original position, and the reason."""

    sent: datetime
    key: str | None
    reason: str | None


class DeadLetterOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A dead-letter topic: the number of letters sent to it, and the newest."""

    topic: str
    records: int | None
    newest: Letter | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster at one moment; if the broker is unavailable, ``waiting`` names it and nothing else is known."""

    time: datetime
    bootstrap_servers: str
    waiting: str | None = None
    cluster: str | None = None
    controller: int | None = None
    brokers: tuple[Broker, ...] = ()
    topics: tuple[TopicOverview, ...] = ()
    groups: tuple[GroupOverview, ...] = ()
    dead_letters: tuple[DeadLetterOverview, ...] = ()
