"""The periods that bars stand for: where one opens, and where the next one does."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from stockstream.records import INTERVALS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_QUARTER: Final = 900
_DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY: Final = date(1970, 1, 5)
_MONTHS: Final = {"1mo": 1, "1y": 12}


def intraday(interval: str) -> bool:
    """Whether a bar of the interval is shorter than a day, so that its time is an instant and no session's date.

    An interval that is not ours, which others may have sent, is taken for one.
    """
    return INTERVALS.get(interval, 0) < INTERVALS["1d"]


def off_grid(time: datetime, interval: str) -> bool:
    """Whether no bar of the interval opens at that instant, on any exchange.

    An exchange's hours begin at a quarter of an hour, so hourly bars may open at 13:30Z as well as at 13:00Z.

    >>> off_grid(datetime(2026, 3, 19, 13, 30, tzinfo=UTC), "1h")
    False
    >>> off_grid(datetime(2026, 3, 19, 13, 30, 41, tzinfo=UTC), "1m")
    True
    """
    if not intraday(interval):
        return False
    return bool((time - _EPOCH) % timedelta(seconds=min(INTERVALS[interval], _QUARTER)))


def opening(time: datetime, interval: str, anchor: datetime = _EPOCH) -> datetime:
    """When the period that holds an instant opened.

    ``anchor`` is any opening of the same session; weeks open on Monday, months and years on their first day, at 00:00Z.

    >>> str(opening(datetime(2026, 3, 19, 14, 12, tzinfo=UTC), "1h"))
    '2026-03-19 14:00:00+00:00'
    >>> str(opening(datetime(2026, 3, 19, 14, 12, tzinfo=UTC), "1wk"))
    '2026-03-16 00:00:00+00:00'
    """
    if intraday(interval):
        return time - (time - anchor) % timedelta(seconds=INTERVALS[interval])
    date = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if interval == "1wk":
        return date - date.weekday() * _DAY
    if interval == "1y":
        return date.replace(month=1, day=1)
    return date.replace(day=1) if interval == "1mo" else date


def openings(
    times: NDArray[np.datetime64], interval: str, anchors: NDArray[np.datetime64] | None = None
) -> NDArray[np.datetime64]:
    """`opening` of many instants at once: shape (n,) in microseconds, as are the instants and the anchors."""
    import numpy as np  # as late as here: loading it takes longer than most commands

    if intraday(interval):
        since = times - (np.datetime64(0, "us") if anchors is None else anchors)
        return times - since % np.timedelta64(INTERVALS[interval], "s")
    if interval == "1wk":
        days = times.astype("M8[D]")
        days -= (days - np.datetime64(_MONDAY)) % np.timedelta64(7, "D")
        return days.astype("M8[us]")
    return times.astype({"1d": "M8[D]", "1mo": "M8[M]", "1y": "M8[Y]"}[interval]).astype("M8[us]")


def add_up(finer: str, interval: str) -> bool:
    """Whether bars of the finer interval make whole bars of the other one.

    >>> add_up("2m", "5m"), add_up("1m", "1wk"), add_up("1wk", "1mo")
    (False, True, False)
    """
    if INTERVALS.get(finer, math.inf) >= INTERVALS[interval]:
        return False
    return INTERVALS[interval] % INTERVALS[finer] == 0 if intraday(interval) else finer != "1wk"


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
    if interval in _MONTHS:
        months = time.year * 12 + time.month - 1 - periods * _MONTHS[interval]
        return time.replace(year=months // 12, month=months % 12 + 1, day=1)
    return time - periods * timedelta(seconds=INTERVALS[interval])
