"""Period of readings: the state of one bar while its readings arrive, in any order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from stockstream.periods import following, intraday, opening
from stockstream.records import Bar

Totals: TypeAlias = tuple[int, date]
"""Key of cumulative volumes that belong together: the number of an uninterrupted run, and a local day."""

_MICROSECOND = timedelta(microseconds=1)


class Bounds(NamedTuple):
    """A period: ``time`` as its bar has it, and the instants from ``begin`` up to ``end`` that it covers.

    From a day on the time is the local date at 00:00Z, and the instants are those of local midnights.
    """

    time: datetime
    begin: datetime
    end: datetime


def bounds(time: datetime, interval: str, zone: ZoneInfo | None = None, anchor: datetime | None = None) -> Bounds:
    """The period of an interval that covers an instant.

    ``anchor`` is any opening of the same session, from which minutes and hours are counted; 1970-01-01T00:00Z
    without one.

    >>> bounds(datetime(2026, 3, 20, 3, 30, tzinfo=UTC), "1d", ZoneInfo("America/New_York")).time.isoformat()
    '2026-03-19T00:00:00+00:00'
    """
    if intraday(interval):
        begin = opening(time, interval, anchor) if anchor else opening(time, interval)
        return Bounds(begin, begin, following(begin, interval))
    local = time.astimezone(zone or UTC)
    first = opening(local.replace(tzinfo=UTC), interval)
    return Bounds(first, _midnight(first, zone), _midnight(following(first, interval), zone))


def local_day(time: datetime, zone: ZoneInfo | None) -> date:
    """The date that a clock of the zone shows; of UTC without one."""
    return time.astimezone(zone or UTC).date()


def _midnight(day: datetime, zone: ZoneInfo | None) -> datetime:
    return day.replace(tzinfo=zone).astimezone(UTC) if zone else day


class Period:
    """One bar while its readings arrive.

    Attributes
    ----------
    bounds
        Time and limits of the period.
    low, high, count
        Lowest and highest value and number of its readings.
    totals
        The lowest and the highest cumulative volume of each run.
    day
        Its local day; None if it covers several.
    final, partial
        Whether the period is over, and whether some of its readings were missed.
    sent
        The bar as it was last yielded.
    """

    __slots__ = (
        "_close",
        "_closed_at",
        "_open",
        "_opened_at",
        "begin",
        "bounds",
        "count",
        "day",
        "end",
        "final",
        "high",
        "low",
        "partial",
        "sent",
        "totals",
    )

    def __init__(self, bounds: Bounds, zone: ZoneInfo | None, time: datetime, value: float) -> None:
        self.bounds = bounds
        self.begin = bounds.begin
        self.end = bounds.end
        day = local_day(bounds.begin, zone)
        self.day = day if day == local_day(bounds.end - _MICROSECOND, zone) else None
        self._open = self._close = self.low = self.high = value
        self._opened_at = self._closed_at = time
        self.count = 0
        self.totals: dict[Totals, list[float]] = {}
        self.final = False
        self.partial = False
        self.sent: Bar | None = None

    def add(self, time: datetime, value: float) -> None:
        """Take a reading. The earliest one opens; of those at the latest time the one that came last closes."""
        self.count += 1
        if time >= self._closed_at:
            self._close = value
            self._closed_at = time
        elif time < self._opened_at:
            self._open = value
            self._opened_at = time
        if value > self.high:
            self.high = value
        elif value < self.low:
            self.low = value

    def add_total(self, run: Totals, total: float) -> None:
        """Take the cumulative volume of a reading."""
        span = self.totals.get(run)
        if span is None:
            self.totals[run] = [total, total]
        elif total > span[1]:
            span[1] = total
        elif total < span[0]:
            span[0] = total

    @property
    def open(self) -> float:
        """The value of its earliest reading."""
        return self._open

    @property
    def close(self) -> float:
        """The value of its latest reading."""
        return self._close
