"""Batch of a subscriber: records with their offsets, and the status of the connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from confluent_kafka import Message

R = TypeVar("R")


class Origin(NamedTuple):
    """Which topic it is that is read: deleted and made anew, it is another one."""

    cluster: str
    topic_id: str


@dataclass
class Batch(Generic[R]):
    """What arrived since the last look: records in the order of each partition, or what was gathered of them.

    ``count`` is how many records they were. ``positions`` is, for each partition, the offset that follows what was
    handed out so far. ``sent`` is when the last of the records was sent, in milliseconds since 1970 UTC. ``messages``
    are what the records were decoded from, one each, where the subscriber keeps them.
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
    def places(self) -> list[tuple[int, int]]:
        """Partition and offset of each record."""
        return [(message.partition() or 0, message.offset() or 0) for message in self.messages]

    @property
    def timestamps(self) -> list[int]:
        """When each record was sent, in milliseconds since 1970 UTC."""
        return [message.timestamp()[1] for message in self.messages]


@dataclass(frozen=True)
class ConnectionStatus:
    """How the connection stands.

    ``high`` is the end of each partition as last heard; ``target`` its end when reading began, empty until then.
    ``dead`` counts messages that could not be decoded, ``skipped`` records that were gone before they were read.
    """

    connected: bool
    since: datetime
    waiting: str | None
    high: Mapping[int, int]
    target: Mapping[int, int]
    dead: int
    skipped: int

    def reached(self, positions: Mapping[int, int]) -> bool:
        """Whether these positions are where every partition ended when reading began."""
        return bool(self.target) and all(positions.get(number, -1) >= end for number, end in self.target.items())

    def lag(self, positions: Mapping[int, int]) -> int | None:
        """Records between these positions and the topic's end as last heard; None before reading began."""
        if not self.target:
            return None
        return sum(max(0, end - positions.get(number, 0)) for number, end in self.high.items())
