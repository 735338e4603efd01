"""Alert feed: the topic alerts beside the bars of a window: the alerts, and the price levels that are watched."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from stockstream.alerts.watched_levels import Levels
from stockstream.connection import Connection
from stockstream.consumers.side_feed import SideFeed
from stockstream.present.alert_book import AlertBook
from stockstream.records import Alert
from stockstream.topics import ALERTS


class AlertFeed:
    """Keeps a book and levels as the topic has them, from one `tick` to the next.

    Parameters
    ----------
    connection
        librdkafka's properties.
    book
        Takes the alerts.
    levels
        Take the levels; None where they are not needed.
    """

    def __init__(self, connection: Connection, book: AlertBook, levels: Levels | None = None) -> None:
        self._book = book
        self._levels = levels
        self._feed = SideFeed(ALERTS, connection, self._take, self._forget)

    def __enter__(self) -> Self:
        self._feed.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._feed.__exit__(kind, error, trace)

    @property
    def settled(self) -> bool:
        """Whether all is read that was there at the start."""
        return self._feed.settled

    def tick(self) -> bool:
        """Take new records, without waiting; returns whether anything shown has changed."""
        changed = self._feed.tick()
        if self._levels is not None:
            self._levels.settled, self._levels.error = self._feed.settled, self._feed.error
        return changed

    def _take(self, records: list[Alert], fresh: bool) -> bool:
        if self._levels is not None:
            self._levels.take(records)
        return self._book.take(records, fresh=fresh)

    def _forget(self) -> None:
        self._book.clear()
        if self._levels is not None:
            self._levels.clear()
