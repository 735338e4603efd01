"""Batch of a subscriber: records with their offsets, and the status of the connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, cast

from confluent_kafka import Message

from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.kafka.client import address
from stockstream.kafka.waiting import Awaited, Waiting

R = TypeVar("R")


class Origin(NamedTuple):
    """Identity of a topic: a topic that was deleted and created again has another one."""

    cluster: str
    topic_id: str
    merged: bool = False
    """Whether it has to be read once more, in the order in which its records were sent: keys have moved."""


@dataclass
class Batch(Generic[R]):
    """Records that arrived since the last call, in the order of each partition, or what was gathered from them.

    ``count`` is the number of records. ``positions`` is, for each partition, the offset after the records delivered so
    far. ``sent`` is the time at which the last record was sent, in milliseconds since 1970 UTC. ``messages`` are the
    undecoded messages of the records, if the subscriber keeps them.
    """

    records: list[R] = field(default_factory=list)
    count: int = 0
    messages: list[Message] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)
    sent: int = 0

    def __len__(self) -> int:
        return self.count

    @property
    def raw(self) -> list[bytes]:
        """The bytes of each record."""
        return [message.value() or b"" for message in self.messages]

    @property
    def keys(self) -> list[bytes | None]:
        """The key of each record."""
        return [message.key() for message in self.messages]

    @property
    def partitions(self) -> list[int]:
        """Partition of each record."""
        return cast("list[int]", list(map(Message.partition, self.messages)))

    @property
    def offsets(self) -> list[int]:
        """Offset of each record in its partition."""
        return cast("list[int]", list(map(Message.offset, self.messages)))

    @property
    def timestamps(self) -> list[int]:
        """When each record was sent, in milliseconds since 1970 UTC."""
        return list(map(itemgetter(1), map(Message.timestamp, self.messages)))


Messages: TypeAlias = list[Message]
"""What a consumer of Kafka gives at once, not decoded yet."""

AnyBatch: TypeAlias = Batch[Any]
"""One of some record, as `stockstream.topics.AnyTopic`."""


@dataclass(frozen=True)
class ConnectionStatus:
    """Status of the connection that reads ``topic``.

    ``waiting`` is what it waits for, if anything. ``high`` is the end of each partition, None if it was last heard of
    too long ago; ``target`` its end when reading began, empty until then. ``dead`` counts messages that could not be
    decoded, ``skipped`` records that were deleted before they were read.
    """

    topic: str
    connected: bool
    since: datetime
    waiting: Waiting | None
    high: Mapping[int, int] | None
    target: Mapping[int, int]
    dead: int
    skipped: int

    def absence(self, connection: Connection) -> BrokerError:
        """The error if what is waited for does not come in time."""
        return (self.waiting or Waiting(Awaited.ANSWER, address(connection), self.topic)).error(connection)

    def reached(self, positions: Mapping[int, int]) -> bool:
        """Whether these positions reach the end that every partition had when reading began."""
        return bool(self.target) and all(positions.get(number, -1) >= end for number, end in self.target.items())

    def lag(self, positions: Mapping[int, int]) -> int | None:
        """Number of records between these positions and the end; None if that is not known."""
        if not self.target or not self.connected or self.high is None:
            return None
        return sum(max(0, end - positions.get(number, 0)) for number, end in self.high.items())
