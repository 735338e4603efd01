"""Alert feed: reads the topic of alerts beside a view."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Final, Self

from stockstream.connection import Connection
from stockstream.errors import BrokerError
from stockstream.kafka.batch import Origin
from stockstream.kafka.subscriber import Subscriber
from stockstream.kafka.waiting import Awaited
from stockstream.present.alert_book import AlertBook
from stockstream.records import Alert
from stockstream.topics import ALERTS

LOG: Final = logging.getLogger(__name__)

_LOOK_EVERY: Final = 3.0
"""Seconds between two looks for the topic, which most brokers do not have."""


class AlertFeed:
    """Keeps a book of the alerts in the topic. Where they cannot be read, this is logged, and the view goes on.

    Attributes
    ----------
    book
        The alerts.
    settled
        Whether all alerts are read that the topic held at the start, or there is no such topic.
    """

    def __init__(self, connection: Connection) -> None:
        self.book = AlertBook()
        self.settled = False
        self._subscriber = Subscriber(
            ALERTS, Alert, connection, group="stockstream-alerts-shown", look_every=_LOOK_EVERY
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
        """Take new alerts; returns whether anything shown has changed."""
        if self._failed:
            return False
        try:
            return self._take()
        except BrokerError as error:
            LOG.warning("alerts are not shown: %s", error)
            self._failed = self.settled = True
            return False

    def _take(self) -> bool:
        subscriber = self._subscriber
        if subscriber.origin is not None and subscriber.origin != self._origin:
            self._origin, self._positions = subscriber.origin, {}
            subscriber.begin({})
        batch = subscriber.arrived()
        self._positions |= batch.positions
        changed = self.book.take(batch.records, fresh=self.settled)
        status = subscriber.connection_status()
        absent = status.waiting is not None and status.waiting.awaited is not Awaited.ANSWER
        self.settled = self.settled or absent or status.reached(self._positions)
        return changed
