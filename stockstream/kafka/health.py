"""Connection health of a client: whether the broker answers, and since when."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

import msgspec

_STALE: Final = 5.0
_MUTE_AFTER: Final = 3_000_000
"""Microseconds. While a topic is read, a broker answers every half second even without new records."""


class Health:
    """Reads librdkafka's statistics; nothing else reports that a connection was restored."""

    def __init__(self) -> None:
        self.since = datetime.now(UTC)
        self._connected = False
        self._heard = time.monotonic()

    @property
    def connected(self) -> bool:
        """Whether the broker answers, according to the last statistics.

        Statistics older than a few seconds count as no: if the process was suspended, they are out of date.
        """
        return self._connected and time.monotonic() - self._heard <= _STALE

    def hear(self, *, connected: bool) -> bool:
        """Take statistics; returns whether the connection was just established (again)."""
        now = time.monotonic()
        came = connected and not self.connected
        if connected != self._connected or now - self._heard > _STALE:
            self.since = datetime.now(UTC)
        self._connected = connected
        self._heard = now
        return came


class _Broker(msgspec.Struct):
    state: str
    nodeid: int = -1
    nodename: str = ""
    rxidle: int = 0
    waitresp_cnt: int = 0

    @property
    def mute(self) -> bool:
        """Whether requests are unanswered and the broker has sent nothing for some seconds, as a stopped process."""
        return self.waitresp_cnt > 0 and self.rxidle > _MUTE_AFTER


class _Partition(msgspec.Struct):
    leader: int = -1


class _Topic(msgspec.Struct):
    partitions: dict[str, _Partition]


class Statistics(msgspec.Struct):
    """The part of librdkafka's statistics that we read."""

    brokers: dict[str, _Broker] = msgspec.field(default_factory=dict)
    topics: dict[str, _Topic] = msgspec.field(default_factory=dict)

    @property
    def connected(self) -> bool:
        """Whether any broker answers, and none of those that lead what is read owes an answer."""
        brokers = self.brokers.values()
        leaders = {partition.leader for topic in self.topics.values() for partition in topic.partitions.values()} - {-1}
        # One of several that is stopped leads nothing soon: the others have taken over.
        awaited = [broker for broker in brokers if not leaders or broker.nodeid in leaders]
        return any(broker.state == "UP" for broker in brokers) and not any(broker.mute for broker in awaited)

    @property
    def advertised(self) -> set[str]:
        """Addresses, host:port, by which the brokers call themselves."""
        return {broker.nodename for broker in self.brokers.values() if broker.nodeid >= 0}

    def partitions(self, topic: str) -> set[int]:
        """Known partitions of a topic."""
        return {int(number) for number in self.topics[topic].partitions} - {-1} if topic in self.topics else set()


read_statistics = msgspec.json.Decoder(Statistics).decode
