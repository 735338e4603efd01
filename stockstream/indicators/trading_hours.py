"""Trading hours of an exchange, as the package exchange_calendars has them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final, NamedTuple

from stockstream.indicators.calendars import exchange_calendar

ALWAYS: Final = "24/7"
"""The calendar of a market that never closes; it needs no package."""


class Hours(NamedTuple):
    """Whether an exchange trades at an instant, or at any from one up to another, and how long between these; whether
    it has a session on a date; and from when to when it is known.

    Without ``since`` and ``until`` it is always known.
    """

    trades_at: Callable[[datetime], bool]
    trades_between: Callable[[datetime, datetime], bool]
    open_for: Callable[[datetime, datetime], timedelta]
    has_session: Callable[[datetime], bool]
    since: datetime | None
    until: datetime | None

    def covers(self, instant: datetime) -> bool:
        """Whether it is known whether the exchange trades at an instant."""
        return (self.since is None or self.since <= instant) and (self.until is None or instant < self.until)


@lru_cache
def trading_hours(name: str) -> Hours:
    """The hours of a calendar: a name such as XNYS, or `ALWAYS`.

    Raises ValueError for a calendar that does not exist, and where exchange_calendars is missing.

    >>> trading_hours("24/7").trades_at(datetime(2026, 3, 22, tzinfo=UTC))
    True
    """
    if name == ALWAYS:
        return Hours(lambda _: True, lambda *_: True, lambda begin, end: end - begin, lambda _: True, None, None)
    return _hours(exchange_calendar(name))


def _hours(calendar: Any) -> Hours:
    opens, closes = _instants(calendar.opens), _instants(calendar.closes)
    breaks = list(zip(_instants(calendar.break_starts), _instants(calendar.break_ends), strict=True))
    dates = {datetime(day.year, day.month, day.day, tzinfo=UTC) for day in calendar.sessions}

    def trades_at(instant: datetime) -> bool:
        index = bisect_right(opens, instant) - 1
        if index < 0 or instant >= closes[index]:
            return False
        pause, end = breaks[index]
        return not pause <= instant < end

    def trades_between(begin: datetime, end: datetime) -> bool:
        index = bisect_left(opens, end) - 1
        if index < 0 or begin >= closes[index]:
            return False
        pause, resumed = breaks[index]
        return not (pause <= begin and end <= resumed)

    parts = [
        part
        for opened, closed, (pause, resumed) in zip(opens, closes, breaks, strict=True)
        for part in (((opened, pause), (resumed, closed)) if opened < pause else ((opened, closed),))
    ]
    begins = [begin for begin, _ in parts]
    sums = list(accumulate((end - begin for begin, end in parts), initial=timedelta(0)))

    def open_until(instant: datetime) -> timedelta:
        index = bisect_right(begins, instant) - 1
        if index < 0:
            return timedelta(0)
        begin, end = parts[index]
        return sums[index] + min(instant, end) - begin

    def open_for(begin: datetime, end: datetime) -> timedelta:
        return open_until(end) - open_until(begin)

    return Hours(trades_at, trades_between, open_for, dates.__contains__, opens[0], closes[-1])


def _instants(column: Any) -> list[datetime]:
    """The column's instants; one that is missing lies before all others."""
    never = datetime(1, 1, 1, tzinfo=UTC)
    return [each.to_pydatetime().astimezone(UTC) if each == each else never for each in column]
