"""Side feeds: small topics that a view reads beside its own, such as alerts and headlines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.kafka.batch import Origin
from stockstream.kafka.subscriber import Subscriber
from stockstream.kafka.waiting import Awaited
from stockstream.topics import Topic

R = TypeVar("R")

LOG: Final = logging.getLogger(__name__)

_LOOK_EVERY: Final = 3.0
"""Seconds between two looks for a topic, which most brokers do not have."""


class SideFeed(Generic[R]):
    """Reads a topic from its start. Where it cannot be read, this is logged, and the view goes on.

    Parameters
    ----------
    topic
        The topic.
    connection
        librdkafka's properties.
    take
        Takes new records, and whether they came after the start; returns whether anything shown has changed.
    keys
        Only records with these keys; None for all.

    Attributes
    ----------
    settled
        Whether all records are read that the topic held at the start, or there is no such topic.
    """

    def __init__(
        self,
        topic: Topic[R],
        connection: Connection,
        take: Callable[[list[R], bool], bool],
        keys: Collection[str] | None = None,
    ) -> None:
        self.settled = False
        self._name = topic.name
        self._give = take
        self._subscriber = Subscriber(
            topic, topic.record, connection, group=f"stockstream-{topic.name}-shown", keys=keys, look_every=_LOOK_EVERY
        )
        self._origin: Origin | None = None
        self._positions: dict[int, int] = {}
        self._failed = False

    def __enter__(self) -> Self:
        self._subscriber.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._subscriber.__exit__(kind, error, trace)

    def tick(self) -> bool:
        """Take new records; returns whether anything shown has changed."""
        if self._failed:
            return False
        try:
            return self._take()
        except BrokerError as error:
            LOG.warning("the topic %s is not shown: %s", self._name, error)
            self._failed = self.settled = True
            return False

    def _take(self) -> bool:
        subscriber = self._subscriber
        if subscriber.origin is not None and subscriber.origin != self._origin:
            self._origin, self._positions = subscriber.origin, {}
            subscriber.begin({})
        batch = subscriber.arrived()
        self._positions |= batch.positions
        changed = self._give(batch.records, self.settled)
        status = subscriber.connection_status()
        absent = status.waiting is not None and status.waiting.awaited is Awaited.TOPIC
        self.settled = self.settled or absent or status.reached(self._positions)
        return changed
