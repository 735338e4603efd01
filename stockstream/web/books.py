"""Books: the alerts and the headlines that charts show beside the bars."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from typing import NamedTuple

from stockstream.alerts.watched_levels import Levels
from stockstream.connection import Connection
from stockstream.consumers.side_feed import SideFeed
from stockstream.present.alert_book import MOST_LISTED, AlertBook
from stockstream.present.headline_book import HeadlineBook
from stockstream.present.row_notes import RowNotes
from stockstream.records import Alert, News
from stockstream.topics import ALERTS, NEWS
from stockstream.views.frame import Frame


class WatchedLevels(NamedTuple):
    """Price levels of a person or of all, and whether a process watches them now."""

    levels: list[Alert]
    runs: bool


class Books:
    """Reads the topics of alerts and of news, where they exist.

    Attributes
    ----------
    version
        Changes with each change of either.
    """

    def __init__(self, connection: Connection) -> None:
        self.version = 0
        self._connection = connection
        self._alerts = AlertBook()
        self._headlines = HeadlineBook()
        self._levels = Levels()
        self._feeds: tuple[SideFeed[Alert], SideFeed[News]] | None = None

    def open(self, stack: ExitStack) -> None:
        """Begin to read, until the stack ends."""
        alerts = SideFeed(ALERTS, self._connection, self._take_alerts, self._forget_alerts)
        headlines = self._headlines
        news = SideFeed(NEWS, self._connection, lambda found, _: headlines.take(found), headlines.clear)
        self._feeds = stack.enter_context(alerts), stack.enter_context(news)

    def _take_alerts(self, alerts: list[Alert], fresh: bool) -> bool:
        self._levels.take(alerts)
        return self._alerts.take(alerts, fresh=fresh)

    def _forget_alerts(self) -> None:
        self._levels.clear()
        self._alerts.clear()

    def tick(self) -> bool:
        """Take new records; returns whether anything changed."""
        changed = False
        for feed in self._feeds or ():
            changed |= feed.tick()
        self.version += changed
        return changed

    def notes(self, symbol: str, frame: Frame, *, simulated: bool) -> RowNotes:
        """The alerts and headlines of a symbol at the rows of its frame."""
        return self._alerts.notes(symbol, frame, simulated=simulated) + self._headlines.notes(symbol, frame)

    def newest(self) -> list[Alert]:
        """The newest alerts, the last one that changed first."""
        return self._alerts.newest(MOST_LISTED)

    def find(self, identity: str) -> Alert | None:
        """An alert by its id."""
        return next((each for each in self._alerts.newest(10_000) if each.id == identity), None)

    def levels(self, owner: str | None, now: datetime) -> WatchedLevels:
        """The price levels of a person, or of everybody, that the alerts process watches where it runs."""
        return WatchedLevels(self._levels.of(owner), self._alerts.runs(now))

    def silent(self, now: datetime) -> str:
        """That the process of the alerts is silent, in words; empty if it is not, or was stopped, or there is none."""
        since = self._alerts.silent_since(now)
        return f"the alerts process is silent since {since.astimezone():%H:%M:%S}" if since else ""
