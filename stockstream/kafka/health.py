"""Connection health of a client: whether the broker answers, and since when."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

_STALE: Final = 5.0


class Health:
    """Listens to librdkafka's statistics: the only word it gives on a connection that came back."""

    def __init__(self) -> None:
        self.since = datetime.now(UTC)
        self._connected = False
        self._heard = time.monotonic()

    @property
    def connected(self) -> bool:
        """Whether the broker answers, as far as is known.

        News of more than a few seconds ago counts as no: when the process was stopped, what it last heard is false.
        """
        return self._connected and time.monotonic() - self._heard <= _STALE

    def hear(self, *, connected: bool) -> bool:
        """Take news; True where the connection has just come (back)."""
        now = time.monotonic()
        came = connected and not self.connected
        if connected != self._connected or now - self._heard > _STALE:
            self.since = datetime.now(UTC)
        self._connected = connected
        self._heard = now
        return came


class _Broker(msgspec.Struct):
    state: str


class _Topic(msgspec.Struct):
    partitions: dict[str, dict[str, Any]]


class Statistics(msgspec.Struct):
    """What we read of librdkafka's statistics."""

    brokers: dict[str, _Broker] = msgspec.field(default_factory=dict)
    topics: dict[str, _Topic] = msgspec.field(default_factory=dict)

    @property
    def connected(self) -> bool:
        """Whether any broker answers."""
        return any(broker.state == "UP" for broker in self.brokers.values())

    def partitions(self, topic: str) -> set[int]:
        """The partitions of a topic, as far as they are known here."""
        return {int(number) for number in self.topics[topic].partitions} - {-1} if topic in self.topics else set()


read_statistics = msgspec.json.Decoder(Statistics).decode
