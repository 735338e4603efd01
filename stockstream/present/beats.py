"""Beats: which processes that raise alerts run, by the records in which they say so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from stockstream.records import Alert

LEVELS: Final = "levels"
"""A value of a beat: 1 where the process also watches the price levels of the settings."""

RULES: Final = "rules"
SINCE: Final = "since"
"""Values of a beat: the number of the process's rules, and when it began, in seconds since 1970 UTC."""

BEGINNING: Final = "the alerts process ("
"""Begins the text of a beat; then comes the process, in parentheses."""

MISSED: Final = 3
"""Number of beats that may be missed before the process counts as silent."""

ENDED_FOR: Final = timedelta(days=1)
"""So long a process is told of after it was ended."""

FORGOTTEN: Final = timedelta(days=7)
"""So long after its last beat nobody misses a process any more: its rules may have been given up."""


@dataclass(frozen=True)
class AlertsRun:
    """A process that raises alerts: where it runs, its state, since when, the number of its rules if it said so.

    ``state`` is running, silent or ended; ``since`` is when it began, its last beat, or its end.
    """

    process: str
    state: str
    since: datetime
    rules: int | None


class Beats:
    """The last beat of each process, by the id of its record."""

    def __init__(self, records: Iterable[Alert] = ()) -> None:
        self._last: dict[str, Alert] = {}
        for each in records:
            self.take(each)

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

    def runs(self, now: datetime) -> list[AlertsRun]:
        """The processes that run, are silent, or were ended within a day, in this order."""
        ended = sorted((each for each in self._last.values() if each.state == "stopped"), key=lambda each: each.at)
        return [
            *(_run(each, "running", _began(each)) for each in self.running(now)),
            *(_run(each, "silent", each.at) for each in self.silent(now)),
            *(_run(each, "ended", each.at) for each in ended if now - each.at <= ENDED_FOR),
        ]

    def clear(self) -> None:
        """Forget all."""
        self._last.clear()

    def _running(self) -> list[Alert]:
        return sorted((each for each in self._last.values() if each.state == "running"), key=lambda each: each.at)


def process_of(beat: Alert) -> str:
    """Where the process of a beat runs: its host and its number."""
    return beat.text.removeprefix(BEGINNING).partition(")")[0]


def interval_of(beat: Alert) -> float:
    """Seconds between two beats of a process that is running."""
    return (_ends(beat) - beat.at).total_seconds() / MISSED


def _run(beat: Alert, state: str, since: datetime) -> AlertsRun:
    rules = beat.values.get(RULES)
    return AlertsRun(process_of(beat), state, since, None if rules is None else int(rules))


def _began(beat: Alert) -> datetime:
    since = beat.values.get(SINCE)
    return beat.at if since is None else datetime.fromtimestamp(since, UTC)


def _ends(beat: Alert) -> datetime:
    return beat.until or beat.at
