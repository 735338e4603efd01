"""Alert book: the alerts of the topic as windows show them, and whether the process that raises them runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import numpy as np

from stockstream.names import harmless
from stockstream.present.beats import LEVELS, Beats
from stockstream.present.formats import moment
from stockstream.present.row_notes import RowNote, RowNotes
from stockstream.records import Alert
from stockstream.views.frame import Frame

MOST_LISTED: Final = 20
"""Number of alerts in a list."""

_MOST: Final = 10_000
_STATES: Final = {"raised": "alert", "acknowledged": "seen", "withdrawn": "withdrawn"}
"""States of which windows show a mark, and its kind."""


class AlertBook:
    """The newest alerts, by id: of one id the later record counts.

    Attributes
    ----------
    version
        Changes with each change of an alert.
    """

    def __init__(self, most: int = _MOST) -> None:
        self.version = 0
        self._most = most
        self._alerts: dict[str, Alert] = {}
        self._fresh: list[Alert] = []
        self._beats = Beats()
        self._by_symbol: dict[str, list[Alert]] = {}
        self._indexed = 0

    def take(self, alerts: Iterable[Alert], *, fresh: bool = True) -> bool:
        """Take records in their order; ``fresh`` if they came just now. Returns whether anything shown has changed."""
        before = self.version
        for alert in alerts:
            if self._beats.take(alert):
                continue
            if alert.state in _STATES and self._alerts.get(alert.id) != alert:
                known = self._alerts.pop(alert.id, None)
                self._alerts[alert.id] = alert
                self.version += 1
                if fresh and alert.state != "acknowledged" and (known is None or known.state != alert.state):
                    self._fresh.append(alert)
        while len(self._alerts) > self._most:
            del self._alerts[next(iter(self._alerts))]
        return self.version != before

    def clear(self) -> None:
        """Forget all: the topic is gone, or was made anew."""
        self._alerts.clear()
        self._fresh.clear()
        self._beats.clear()
        self.version += 1

    def fresh(self) -> list[Alert]:
        """The alerts that came, or were withdrawn, since the last call."""
        found, self._fresh = self._fresh, []
        return found

    def newest(self, count: int) -> list[Alert]:
        """The newest alerts, the last one that changed first."""
        return list(reversed(self._alerts.values()))[:count]

    def of(self, symbol: str) -> list[Alert]:
        """The alerts of a symbol, by time."""
        if self._indexed != self.version:
            self._indexed = self.version
            self._by_symbol = {}
            for alert in sorted(self._alerts.values(), key=lambda alert: alert.time):
                self._by_symbol.setdefault(alert.symbol, []).append(alert)
        return self._by_symbol.get(symbol, [])

    def notes(self, symbol: str, frame: Frame, *, simulated: bool) -> RowNotes:
        """The alerts of a symbol at the rows of its frame; those outside of it are left out.

        An alert over bars of another interval is at the row that holds its time.
        """
        shown = [alert for alert in self.of(symbol) if alert.simulated == simulated]
        if not shown or not len(frame):
            return RowNotes()
        times = np.array([alert.time.replace(tzinfo=None) for alert in shown], "M8[us]")
        rows = np.searchsorted(frame.instants, times, side="right") - 1
        return RowNotes.of(
            RowNote(row, told(alert), _STATES[alert.state])  # type: ignore[arg-type]
            for row, alert in zip(rows.tolist(), shown, strict=True)
            if row >= 0
        )

    def unseen(self, symbol: str, *, simulated: bool) -> int:
        """Number of alerts of a symbol that nobody has acknowledged."""
        return sum(alert.state == "raised" and alert.simulated == simulated for alert in self.of(symbol))

    def runs(self, now: datetime) -> bool:
        """Whether a process is at work that also raises the alerts of the settings' price levels."""
        return any(beat.values.get(LEVELS) for beat in self._beats.running(now))

    def silent_since(self, now: datetime) -> datetime | None:
        """When a process that raises alerts was last heard of, if it should have been since; it was not stopped."""
        silent = self._beats.silent(now)
        return silent[0].at if silent else None


def told(alert: Alert) -> str:
    """An alert as a sentence on one line."""
    return harmless(" ".join(alert.text.split()))


def listed(alert: Alert) -> str:
    """An alert in a list: when, what, and what became of it."""
    daily = alert.interval.endswith(("d", "wk", "mo", "y"))
    when = moment(np.datetime64(alert.time.replace(tzinfo=None)), alert.tz, daily=daily)
    ending = "" if alert.state in ("raised", "withdrawn") else f" ({alert.state})"
    return f"{when}  {'SIMULATED ' if alert.simulated else ''}{told(alert)}{ending}"
