"""Bar periods: when the period of a bar opens, and when the next one opens.

Minutes and hours are counted from the session's opening (without one, from 1970-01-01T00:00Z). Days and weeks are
counted from Monday 5 January 1970, so that weeks open on Mondays and 2wk on every other one. Months and years are
counted from January of the year 0, so that 3mo are quarters, 6mo halves of a year and 10y decades.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import gcd
from typing import TYPE_CHECKING, Final

from stockstream.intervals import parse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MINUTE: Final = 60
_QUARTER: Final = 900
_DAY: Final = timedelta(days=1)
_DAY_SECONDS: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY: Final = date(1970, 1, 5)
_EPOCH_MONTHS: Final = 1970 * 12


def intraday(interval: str) -> bool:
    """Whether a bar of the interval opens at an instant, and not on a session's date, as from a day on."""
    return parse(interval).intraday


def off_grid(time: datetime, interval: str) -> bool:
    """Whether no bar of the interval opens at that instant, on any exchange.

    An exchange's hours begin at a quarter of an hour, so hourly bars may open at 13:30Z as well as at 13:00Z.

    >>> off_grid(datetime(2026, 3, 19, 13, 30, tzinfo=UTC), "1h")
    False
    >>> off_grid(datetime(2026, 3, 19, 13, 30, 41, tzinfo=UTC), "1m")
    True
    """
    grid = _grid(interval)
    # It divides an hour, and offsets from UTC are quarters of one: the date does not matter.
    return bool(grid and (time.microsecond or (time.minute * 60 + time.second) % grid))


@lru_cache(maxsize=256)
def _grid(interval: str) -> int:
    """The seconds on whose multiples bars of an interval open; 0 from a day on."""
    length = parse(interval)
    return gcd(length.size, _QUARTER) if length.intraday else 0


def opening(time: datetime, interval: str, anchor: datetime = _EPOCH) -> datetime:
    """When the period that holds an instant opened.

    ``anchor`` is any opening of the same session; from a day on, periods open at 00:00Z.

    >>> str(opening(datetime(2026, 3, 19, 14, 12, tzinfo=UTC), "1h"))
    '2026-03-19 14:00:00+00:00'
    >>> str(opening(datetime(2026, 3, 19, 14, 12, tzinfo=UTC), "1wk"))
    '2026-03-16 00:00:00+00:00'
    >>> str(opening(datetime(2026, 3, 19, 14, 12, tzinfo=UTC), "3mo"))
    '2026-01-01 00:00:00+00:00'
    """
    length = parse(interval)
    if length.unit == "seconds":
        return time - (time - anchor) % timedelta(seconds=length.size)
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if length.unit == "days":
        return day - (day.date() - _MONDAY).days % length.size * _DAY
    return _month(day, (day.year * 12 + day.month - 1) // length.size * length.size)


def openings(
    times: NDArray[np.datetime64], interval: str, anchors: NDArray[np.datetime64] | None = None
) -> NDArray[np.datetime64]:
    """`opening` of many instants at once: shape (n,) in microseconds, as are the instants and the anchors."""
    import numpy as np  # as late as here: loading it takes longer than most commands

    length = parse(interval)
    if length.unit == "seconds":
        since = times - (np.datetime64(0, "us") if anchors is None else anchors)
        return times - since % np.timedelta64(length.size, "s")
    if length.unit == "days":
        days = times.astype("M8[D]")
        days -= (days - np.datetime64(_MONDAY)) % np.timedelta64(length.size, "D")
        return days.astype("M8[us]")
    months = times.astype("M8[M]").astype(np.int64) + _EPOCH_MONTHS
    return (months // length.size * length.size - _EPOCH_MONTHS).astype("M8[M]").astype("M8[us]")


def add_up(finer: str, interval: str) -> bool:
    """Whether bars of the finer interval make whole bars of the other one.

    >>> add_up("2m", "5m"), add_up("1m", "1wk"), add_up("1wk", "1mo"), add_up("1mo", "3mo")
    (False, True, False, True)
    """
    part, whole = parse(finer), parse(interval)
    if part.unit == whole.unit:
        return part.size < whole.size and whole.size % part.size == 0
    if part.intraday:
        return part.size < _DAY_SECONDS
    return part.size == 1 and part.unit == "days" and whole.unit == "months"


def longer(interval: str) -> str:
    """The interval itself, where there are shorter ones that it can be made of.

    Raises ValueError for one minute, for more than 24 hours, and for what is not an interval.
    """
    length = parse(interval)
    if length.intraday and length.size <= _MINUTE:
        raise ValueError(f"nothing is shorter than {interval}")
    if length.intraday and length.size > _DAY_SECONDS:
        raise ValueError(f"{interval} is longer than a session, at whose end hours end: say it in days, such as 2d")
    return interval


def following(time: datetime, interval: str) -> datetime:
    """When the period after the one that opens at ``time`` opens.

    >>> str(following(datetime(2026, 1, 1, tzinfo=UTC), "1mo"))
    '2026-02-01 00:00:00+00:00'
    """
    return preceding(time, interval, -1)


def preceding(time: datetime, interval: str, periods: int) -> datetime:
    """When the period opens that lies ``periods`` before the one that opens at ``time``.

    >>> str(preceding(datetime(2026, 1, 1, tzinfo=UTC), "1mo", 2))
    '2025-11-01 00:00:00+00:00'
    """
    length = parse(interval)
    if length.unit == "seconds":
        return time - periods * timedelta(seconds=length.size)
    if length.unit == "days":
        return time - periods * timedelta(days=length.size)
    return _month(time, time.year * 12 + time.month - 1 - periods * length.size)


def _month(time: datetime, months: int) -> datetime:
    """The first of a month, counted from January of the year 0, at the hour that ``time`` has."""
    return time.replace(year=months // 12, month=months % 12 + 1, day=1)
