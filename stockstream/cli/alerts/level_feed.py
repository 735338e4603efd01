"""Level feed: the price levels that people set, read from the topic alerts while rules are evaluated."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from stockstream.alerts.watched_levels import Levels
from stockstream.connection import Connection
from stockstream.consumers.side_feed import SideFeed
from stockstream.records import Alert
from stockstream.topics import ALERTS


class LevelFeed:
    """Keeps `levels` as the topic has them, from one `tick` to the next."""

    def __init__(self, connection: Connection) -> None:
        self.levels = Levels()
        self._feed = SideFeed(ALERTS, connection, self._take, self.levels.clear)

    def __enter__(self) -> Self:
        self._feed.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._feed.__exit__(kind, error, trace)

    def tick(self) -> None:
        """Take new records, without waiting."""
        self._feed.tick()
        feed, levels = self._feed, self.levels
        levels.settled, levels.waiting, levels.error = feed.settled, feed.waiting, feed.error

    def _take(self, records: list[Alert], _: bool) -> bool:
        self.levels.take(records)
        return bool(records)
