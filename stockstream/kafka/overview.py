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
    """A partition: ``records`` from offset ``first`` up to ``end``, which the next record gets.

    Where a topic is compacted, offsets count what was sent rather than what is left of it.
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
    """A topic: what came in a second over the last ten seconds, and when its newest record was sent.

    Totals are None where they are not known of every partition.
    """

    name: str
    records: int | None
    records_per_second: float | None
    bytes: int | None
    newest: datetime | None
    partitions: tuple[TopicPartition, ...]

    @property
    def is_dead_letters(self) -> bool:
        """Whether it holds what another topic's consumers and producers could not read."""
        return self.name.endswith(_DEAD_LETTERS)


class GroupPartition(msgspec.Struct, frozen=True, kw_only=True):
    """How far a group is with a partition: ``position`` is the offset of the next record it wants."""

    topic: str
    partition: int
    position: int
    end: int | None
    lag: int | None
    trend: Trend | None


class GroupOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer group: the lag of all its partitions, where that is going, and what it takes a second.

    ``state`` is ``running`` where a reader says that it runs, and ``idle`` where none does and Kafka knows of no
    members either; else it is Kafka's word. ``readers`` are those that said so last.
    """

    name: str
    state: str
    readers: tuple[Reader, ...] = ()
    lag: int | None
    trend: Trend | None
    records_per_second: float | None
    partitions: tuple[GroupPartition, ...]


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter: when it was sent, what it is the copy of, and why it is one."""

    sent: datetime
    key: str | None
    reason: str | None


class DeadLetterOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A topic of dead letters: how many were sent to it, and the newest."""

    topic: str
    records: int | None
    newest: Letter | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at one moment; ``waiting`` says for what where the broker is away, and then nothing else is known."""

    time: datetime
    bootstrap_servers: str
    waiting: str | None = None
    cluster: str | None = None
    controller: int | None = None
    brokers: tuple[Broker, ...] = ()
    topics: tuple[TopicOverview, ...] = ()
    groups: tuple[GroupOverview, ...] = ()
    dead_letters: tuple[DeadLetterOverview, ...] = ()
