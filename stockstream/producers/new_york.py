"""Regular trading hours of New York, for sources that do not tell them; without holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from stockstream.producers.bar_source import Session

NEW_YORK: Final = ZoneInfo("America/New_York")
OPENS, CLOSES = time(9, 30), time(16)

_WEEKEND: Final = 5


def regular_hours(now: datetime) -> Session:
    """The regular hours of today, or of the next weekday after a weekend; holidays it does not tell."""
    day: date = now.astimezone(NEW_YORK).date()
    while day.weekday() >= _WEEKEND:
        day += timedelta(days=1)
    start, end = (datetime.combine(day, each, NEW_YORK).astimezone(UTC) for each in (OPENS, CLOSES))
    return Session(start, end)


def is_open(now: datetime) -> bool:
    """Whether it is a time of trading; a holiday counts as one.

    >>> is_open(datetime(2026, 3, 19, 14, 0, tzinfo=UTC)), is_open(datetime(2026, 3, 22, 14, 0, tzinfo=UTC))
    (True, False)
    """
    hours = regular_hours(now)
    return hours.start <= now < hours.end
