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
from stockstream.kafka.waiting import Awaited, Waiting
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
    forget
        Called when the topic is gone, or was made anew: the records of the former one count no more.
    keys
        Only records with these keys; None for all.

    Attributes
    ----------
    settled
        Whether all records are read that the topic held at the start, or there is no such topic, or it cannot be read.
    waiting
        What is waited for, if anything.
    error
        Why the topic is read no longer; None while it is.
    """

    def __init__(
        self,
        topic: Topic[R],
        connection: Connection,
        take: Callable[[list[R], bool], bool],
        forget: Callable[[], None],
        keys: Collection[str] | None = None,
    ) -> None:
        self.settled = False
        self.waiting: Waiting | None = None
        self.error: BrokerError | None = None
        self._name = topic.name
        self._give = take
        self._forget = forget
        self._subscriber = Subscriber(
            topic, topic.record, connection, group=f"stockstream-{topic.name}-shown", keys=keys, look_every=_LOOK_EVERY
        )
        self._origin: Origin | None = None
        self._positions: dict[int, int] = {}
        self._has_begun = False
        """Whether records of the present topic may have been handed on."""

    def __enter__(self) -> Self:
        self._subscriber.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._subscriber.__exit__(kind, error, trace)

    def tick(self) -> bool:
        """Take new records; returns whether anything shown has changed."""
        if self.error is not None:
            return False
        try:
            return self._take()
        except BrokerError as error:
            LOG.warning("the topic %s is not shown: %s", self._name, error)
            self.error, self.waiting, self.settled = error, None, True
            return False

    def _take(self) -> bool:
        subscriber, changed = self._subscriber, False
        if subscriber.origin is not None and subscriber.origin != self._origin:
            changed = self._leave()
            self._origin, self._has_begun = subscriber.origin, True
            subscriber.begin({})
        # Where the status says that the topic is gone, what arrived is all of it.
        status = subscriber.connection_status()
        batch = subscriber.arrived()
        self._positions |= batch.positions
        changed |= self._give(batch.records, self.settled)
        absent = status.waiting is not None and status.waiting.awaited is Awaited.TOPIC
        if absent:
            changed |= self._leave()
        self.waiting = status.waiting
        self.settled = self.settled or absent or status.reached(self._positions)
        return changed

    def _leave(self) -> bool:
        """Have the records of a topic forgotten that was read until now; returns whether there was one."""
        before, self._has_begun, self._positions = self._has_begun, False, {}
        if before:
            self._forget()
        return before
