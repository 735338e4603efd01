"""Beats: which processes that raise alerts run, by the records in which they say so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from stockstream.records import Alert

LEVELS: Final = "levels"
"""A value of a beat: 1 where the process also watches the price levels of the settings."""

FORGOTTEN: Final = timedelta(days=7)
"""So long after its last beat nobody misses a process any more: its rules may have been given up."""


class Beats:
    """The last beat of each process, by the id of its record."""

    def __init__(self) -> None:
        self._last: dict[str, Alert] = {}

    def __bool__(self) -> bool:
        return bool(self._last)

    def take(self, record: Alert) -> bool:
        """Take a record; returns whether it is a beat."""
        is_beat = record.state in ("running", "stopped")
        if is_beat:
            self._last[record.id] = record
        return is_beat

    def silent(self, now: datetime) -> list[Alert]:
        """The last beats of processes that should have sent another one by now, the oldest first.

        Those of processes that were ended are left out, and those that are forgotten.
        """
        return [each for each in self._running() if _ends(each) < now <= _ends(each) + FORGOTTEN]

    def running(self, now: datetime) -> list[Alert]:
        """The last beats of processes that are at work, the oldest first."""
        return [each for each in self._running() if now <= _ends(each)]

    def _running(self) -> list[Alert]:
        return sorted((each for each in self._last.values() if each.state == "running"), key=lambda each: each.at)


def _ends(beat: Alert) -> datetime:
    return beat.until or beat.at
