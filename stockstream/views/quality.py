"""Quality of the bars of each series: gaps, repeats, corrections, flags, and how fresh they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from stockstream.periods import following, intraday
from stockstream.records import CLOSING, DIVIDEND, EXTENDED, SPLIT, Bar, Series

Opens = Callable[[datetime], bool]
"""Whether an exchange trades at an instant, or on a date at 00:00Z."""

EVENTS = frozenset({EXTENDED, CLOSING, SPLIT, DIVIDEND})
"""Flags that describe an event, not a doubt."""

LONGEST = 20_000
"""Maximum number of periods that are checked in one hole; a longer one counts as this many."""


@dataclass
class SeriesQuality:
    """Quality of one series.

    Attributes
    ----------
    series
        Which one.
    bars
        Number of different times.
    messages
        Number of messages.
    repeats
        Messages that repeated a bar unchanged.
    revisions
        Messages that changed a bar that was final.
    forming
        Whether the newest bar is forming.
    first, last
        Times of the earliest and the latest bar.
    arrived
        When the latest message was sent.
    flags
        By reason the number of bars that have it now; ``impossible`` by field.
    currencies, zones
        All that occurred.
    missing
        Bars that the calendar expects and that are not there; None if there is no calendar.
    holes
        The first of each run of missing bars, with its length.
    """

    series: Series
    bars: int = 0
    messages: int = 0
    repeats: int = 0
    revisions: int = 0
    forming: bool = False
    first: datetime | None = None
    last: datetime | None = None
    arrived: datetime | None = None
    flags: Counter[str] = field(default_factory=Counter)
    currencies: set[str] = field(default_factory=set)
    zones: set[str] = field(default_factory=set)
    missing: int | None = None
    holes: list[tuple[datetime, int]] = field(default_factory=list)

    def reasons(self) -> list[str]:
        """The failed criteria, by their names in `CRITERIA`."""
        found = [name for name, is_so in CRITERIA.items() if is_so(self)]
        return [*found, *sorted(self.flags.keys() - EVENTS)]


CRITERIA: dict[str, Callable[[SeriesQuality], bool]] = {
    "gaps": lambda found: bool(found.missing),
    "duplicates": lambda found: bool(found.repeats),
    "revisions": lambda found: bool(found.revisions),
    "flags": lambda found: bool(found.flags.keys() - EVENTS),
    "currency": lambda found: len(found.currencies) > 1,
    "zone": lambda found: len(found.zones) > 1,
}
"""Possible failures of a series, by name."""


class Quality:
    """Takes the bars of a topic in order and reports the quality of each series."""

    def __init__(self) -> None:
        self._found: dict[Series, SeriesQuality] = {}
        self._bars: dict[Series, dict[datetime, Bar]] = {}

    def add(self, bar: Bar, sent: datetime | None = None) -> None:
        """Take the next bar, and when it was sent."""
        series = bar.series
        found = self._found.setdefault(series, SeriesQuality(series))
        bars = self._bars.setdefault(series, {})
        found.messages += 1
        former = bars.get(bar.time)
        if former is not None:
            if msgspec.structs.replace(former, revision=bar.revision) == bar:
                found.repeats += 1
            elif former.final:
                found.revisions += 1
        bars[bar.time] = bar
        if bar.currency is not None:
            found.currencies.add(bar.currency)
        if bar.tz is not None:
            found.zones.add(bar.tz)
        if sent is not None:
            found.arrived = sent if found.arrived is None else max(found.arrived, sent)

    def report(self, calendar_of: Callable[[Series, Iterable[Bar]], Opens | None]) -> list[SeriesQuality]:
        """The quality of each series, by name; ``calendar_of`` returns the calendar for its gaps, if any."""
        for series, bars in self._bars.items():
            found = self._found[series]
            times = sorted(bars)
            found.bars, found.first, found.last = len(times), times[0], times[-1]
            found.forming = not bars[times[-1]].final
            found.flags = Counter(reason for bar in bars.values() for flag in bar.flags for reason in _reasons(flag))
            opens = calendar_of(series, bars.values())
            if opens is not None:
                found.holes = list(holes(times, series.interval, opens))
                found.missing = sum(count for _, count in found.holes)
        return [self._found[series] for series in sorted(self._found)]

    def times(self, series: Series) -> list[datetime]:
        """The times of a series' bars, ascending."""
        return sorted(self._bars[series])


def holes(times: list[datetime], interval: str, opens: Opens) -> Iterable[tuple[datetime, int]]:
    """The runs of bars that are missing between the first and the last: when each begins, and how many bars it lacks.

    >>> from datetime import UTC
    >>> minutes = [datetime(2026, 3, 19, 14, minute, tzinfo=UTC) for minute in (30, 31, 35)]
    >>> [(time.minute, count) for time, count in holes(minutes, "1m", lambda time: True)]
    [(32, 3)]
    """
    for before, after in pairwise(times):
        time, count, start, looked = following(before, interval), 0, None, 0
        while time < after and looked < LONGEST:
            looked += 1
            if opens(time):
                start, count = start or time, count + 1
            time = following(time, interval)
        if start is not None:
            yield start, count


def _reasons(flag: str) -> list[str]:
    kind, _, detail = flag.partition(":")
    return [f"{kind}:{each}" for each in detail.split(",")] if kind == "impossible" and detail else [kind]


def freshness(found: SeriesQuality, now: datetime) -> timedelta | None:
    """How old the newest bar's period is: the time since it ended, or since its beginning while it forms."""
    if found.last is None:
        return None
    end = (
        found.last
        if found.forming or not intraday(found.series.interval)
        else following(found.last, found.series.interval)
    )
    return max(timedelta(), now - end)
