"""Gap detection: missing bars that nights, weekends, holidays and pauses do not explain."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stockstream.indicators.arrays import Column
from stockstream.intervals import Interval, parse
from stockstream.views.clock import Instants, local

Truths = NDArray[np.bool_]

_LONGEST_HOLIDAY: Final = 7
"""Maximum number of consecutive trading days without bars: no exchange is known to have closed longer but in a war."""

_PAUSE_ON: Final = 2
"""Number of days on which a hole must have the same hours, without a bar there on any other, to be a pause."""

_WEEKEND: Final = np.isin(np.arange(7), (4, 5, 6))
"""Friday, Saturday and Sunday: all exchanges are closed on one or two of them."""

_WEEK: Final = 7


def gaps(instants: Instants, interval: str, zone: str | None) -> Truths:
    """Mask of rows before which bars are missing.

    Parameters
    ----------
    instants
        Times of the bars, ascending: UTC, or dates for a day and longer; shape (bars,).
    interval
        One of `stockstream.intervals`.
    zone
        The exchange's zone; None for UTC.

    The trading hours are not known; they are derived from the rows. A hole in the times is a gap

    - within one local day, unless it is a pause: the same hours on two days or more, without a bar there on any day;
    - anywhere, in a market that trades over midnight, unless it is a pause, or includes a whole day of a weekend that
      never has bars;
    - in days (or between the days of shorter bars), if more than seven consecutive trading days are missing, or any day
      if there are bars on all seven days of the week; a trading day is a day of the week with bars in these rows;
    - in periods of two to six days, if more than seven consecutive weekdays are missing;
    - in weeks, months or years, if more than one week, or any longer period, is missing.

    Bars missing at the start or end of a day, and days that could be a short holiday, cannot be recognised.

    >>> minutes = np.array(["2026-03-02T14:30", "2026-03-02T14:31", "2026-03-02T14:41"], "M8[us]")
    >>> gaps(minutes, "1m", "America/New_York").tolist()
    [False, False, True]
    """
    none = np.zeros(len(instants), dtype=bool)
    length = parse(interval)
    if len(instants) < 2:
        return none
    if not length.intraday and length != parse("1d"):
        return _marked(none, np.flatnonzero(_leaps(instants, length)) + 1)
    step = np.timedelta64(length.seconds, "s")
    holes = np.flatnonzero(instants[1:] - instants[:-1] > step) + 1
    if not len(holes):
        return none
    clock = local(instants, zone if length.intraday else None)
    days = clock.astype("M8[D]")
    week = _week(days)
    long = _too_long(days[holes - 1], days[holes], week)
    if not length.intraday:
        return _marked(none, holes[long])
    slots = ((clock - days) // step).astype(np.intp)
    same_day = days[holes - 1] == days[holes]
    broken = same_day | long
    if _around_the_clock(days, same_day):
        broken |= ~_rests(days[holes - 1], days[holes], week)
    pauses = _pauses(days, slots, holes, -int(-np.timedelta64(1, "D") // step))
    return _marked(none, holes[broken & ~pauses])


def _leaps(instants: Instants, length: Interval) -> Truths:
    """Mask of bars of several days, or of months, whose distance to the previous bar is longer than a holiday."""
    if length.unit == "months":
        months = instants.astype("M8[M]").astype(np.int64) // length.size
        return np.asarray(np.diff(months) > 1)
    days = instants.astype("M8[D]")
    if length.size % _WEEK == 0:
        ahead = np.diff(days.astype(np.int64)) // _WEEK
        return np.asarray(ahead > max(length.size // _WEEK, 2))
    return np.asarray(np.busday_count(days[:-1] + length.size, days[1:]) > _LONGEST_HOLIDAY)


def _marked(none: Truths, rows: NDArray[np.intp]) -> Truths:
    none[rows] = True
    return none


def _week(days: Column) -> Truths:
    """Days of the week with bars, from Monday on; one or two special sessions do not count."""
    weekday = (np.unique(days).astype(np.int64) + 3) % 7
    counts = np.bincount(weekday, minlength=7)
    return np.asarray(counts > 0.2 * counts.max())


def _too_long(before: Column, after: Column, week: Truths) -> Truths:
    """Mask of pairs of days between which more days are missing than a holiday has."""
    missing = np.busday_count(before + 1, after, weekmask=week)
    return np.asarray(missing > (0 if week.all() else _LONGEST_HOLIDAY))


def _around_the_clock(days: Column, same_day: Truths) -> bool:
    """Whether most days have bars up to midnight and after it."""
    turns = np.count_nonzero(np.diff(days))
    nights = np.count_nonzero(~same_day)
    return bool(2 * (turns - nights) > turns)


def _rests(before: Column, after: Column, week: Truths) -> Truths:
    """Mask of pairs of days between which there is a weekend day that never has bars."""
    rest = _WEEKEND & ~week
    if not rest.any():
        return np.zeros(len(before), dtype=bool)
    return np.asarray(np.busday_count(before + 1, after, weekmask=rest) > 0)


def _pauses(days: Column, slots: NDArray[np.intp], holes: NDArray[np.intp], a_day: int) -> Truths:
    """Mask of holes with the same hours on several days, without a bar there on any day."""
    filled = np.concatenate(([0], np.cumsum(np.bincount(slots, minlength=a_day))))
    begin, end = slots[holes - 1] + 1, slots[holes]
    nights = (days[holes] - days[holes - 1]).astype(np.int64)
    inside = np.where(nights == 0, filled[end] - filled[begin], filled[a_day] - filled[begin] + filled[end])
    empty = (inside == 0) & (nights <= 1)
    _, which, count = np.unique((begin * a_day + end)[empty], return_inverse=True, return_counts=True)
    pauses = np.zeros(len(holes), dtype=bool)
    pauses[empty] = count[which] >= _PAUSE_ON
    return pauses
