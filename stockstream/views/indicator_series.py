"""Indicator series: an indicator over the bars of one series, and its points."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stockstream.indicators import InvalidBar
from stockstream.indicators.arrays import Column
from stockstream.indicators.base import AnyIndicator
from stockstream.indicators.compose.snapshots import Snapshots
from stockstream.indicators.compose.together import column
from stockstream.records import doubted
from stockstream.views.bar_batch import microseconds
from stockstream.views.bars import Bars, Row, bits, grown
from stockstream.views.frame import Undefined

LOG: Final = logging.getLogger(__name__)

_SNAPSHOT_EVERY: Final = 512
_SNAPSHOTS: Final = 8
_AT_ONCE_FROM: Final = 32

_BEFORE_ALL: Final = -(1 << 60)
"""A time, in microseconds since 1970, before any bar."""


class _DefectError(Exception):
    """An indicator failed in a way that is not permitted; its state is invalid."""


class IndicatorSeries:
    """An indicator's points, one for each bar, computed when they are asked for.

    Bars that the indicator cannot use are skipped: a bar that it refuses, or at which it fails in any other way (both
    are recorded), a bar with a doubtful field that it reads, and a bar without an open or a volume that it reads (for
    volumes this is recorded). Only the newest bar can be forming: its point is computed by `peek`.

    Parameters
    ----------
    name
        Name of the indicator among others, which `column` prefixes to its fields; empty if it is the only one.
    make
        Makes the indicator.
    bars
        The bars; call `back_to` after a change of one.
    base
        `Indicator.state` before the first of the bars, where older ones were dropped.

    Raises
    ------
    ValueError
        ``base`` is of an indicator of other parameters.

    Attributes
    ----------
    columns
        Names of a point's values.
    refused
        Times, in microseconds since 1970, of the bars that the indicator refused or failed at.
    lacking
        Times of bars without a volume, if it reads volumes.
    """

    def __init__(
        self, name: str, make: Callable[[], AnyIndicator], bars: Bars, base: Mapping[str, object] | None = None
    ) -> None:
        self.name = name
        self.refused: set[int] = set()
        self.lacking: set[int] = set()
        self._bars = bars
        self._indicator = make()
        self._began: int | None = None
        if base is not None:
            self._indicator.restore(base)
            if self._indicator.ready:
                self._began = _BEFORE_ALL
        self._base = self._began
        self._snapshots: Snapshots[AnyIndicator] = Snapshots(_SNAPSHOT_EVERY)
        self._computed = 0
        self._logged = False
        fields = self._indicator.fields
        self._doubts = bits(*self._indicator.inputs)
        self._may_lack = [field for field in ("open", "volume") if field in self._indicator.inputs]
        self.columns = tuple(column(name, self._indicator, field) if name else field for field in fields)
        self._points = np.empty((len(fields), 0))
        self._nothing = (np.nan,) * len(fields)

    @property
    def undefined(self) -> Undefined | None:
        """Reason why a point has no values; None while the indicator warms up."""
        if self._began is None:
            return None
        return Undefined(np.datetime64(self._began, "us"), self._indicator.undefined)

    def back_to(self, index: int) -> None:
        """Discard the points from an index on."""
        if index < self._computed:
            self._return(index)

    def _return(self, index: int) -> None:
        """Continue from the last snapshot up to an index."""
        self._computed, self._indicator = self._snapshots.back(index)
        known = self._bars.time(self._computed)
        if self._began is not None and self._began >= known:
            self._began = self._base
        self.refused = {time for time in self.refused if time < known}
        self.lacking = {time for time in self.lacking if time < known}

    def drop(self, count: int) -> dict[str, object]:
        """The indicator's state before the bar at an index; the caller drops all earlier bars next.

        The points of the others stay, and later points are the same as if nothing had been dropped.
        """
        while self._computed < count:
            self._settle(min(count, self._next_stop(count)))
        base, start = self._indicator, self._computed
        if start > count:
            start, base = self._snapshots.before(count)
            base = self._replayed(base, start, count)
        self._snapshots.cut(count, base)
        self._computed -= count
        self._points = self._points[:, count:].copy()
        first = self._bars.time(count)
        for times in (self.refused, self.lacking):
            times.difference_update([time for time in times if time < first])
        if base.ready:
            self._base = self._began = _BEFORE_ALL
        return base.state()

    def _replayed(self, indicator: AnyIndicator, start: int, end: int) -> AnyIndicator:
        """An indicator with the state before one bar, moved to a later one; it had already taken the bars between."""
        fed = self._fed(start, end)
        fed &= ~np.isin(self._bars.instants()[start:end].view(np.int64), list(self.refused))
        if fed.any():
            indicator.batch({name: values[fed] for name, values in self._inputs(start, end).items()})
        return indicator

    def points(self) -> NDArray[np.float64]:
        """The indicator's points, shape (columns, bars); NaN where it has none."""
        total = len(self._bars)
        settled = total - 1 if total and not self._bars.final(total - 1) else total
        self._points = grown(self._points, total)
        while self._computed < settled:
            self._settle(self._next_stop(settled))
        if settled < total:
            try:
                self._points[:, settled] = self._point(self._indicator.peek, settled)
            except _DefectError:
                self._points[:, settled] = np.nan
        return self._points[:, :total]

    def state(self) -> dict[str, object]:
        """The indicator's state after the last of the bars, which is final."""
        self.points()
        return self._indicator.state()

    def _next_stop(self, settled: int) -> int:
        """Corrections mostly concern recent bars: snapshots are taken only in the last ones."""
        recent = settled - _SNAPSHOTS * _SNAPSHOT_EVERY
        if self._computed < recent:
            return recent
        return min(settled, self._computed + _SNAPSHOT_EVERY)

    def _settle(self, end: int) -> None:
        """Compute up to an index; a bar at which the indicator fails is skipped."""
        self._points = grown(self._points, end)
        try:
            self._compute(end)
        except _DefectError:
            self._return(self._computed)
            self._compute_carefully(end)

    def _compute(self, end: int) -> None:
        start = self._computed
        self._snapshots.note(start, self._indicator)
        while end - start >= _AT_ONCE_FROM and not self._indicator.ready:
            self._points[:, start] = self._point(self._indicator.update, start)
            start += 1
        if start < end and (end - start < _AT_ONCE_FROM or not self._at_once(start, end)):
            self._one_by_one(start, end)
        self._computed = end

    def _one_by_one(self, start: int, end: int) -> None:
        """Compute a range of bars by updates."""
        times = microseconds(self._bars.instants()[start:end])
        rows = self._bars.rows(start, end)
        found = [self._taken(self._indicator.update, row, time) for row, time in zip(rows, times, strict=True)]
        self._points[:, start:end] = np.array(found).T

    def _compute_carefully(self, end: int) -> None:
        """The same for an indicator that fails at some bar: its state is copied before each bar."""
        for index in range(self._computed, end):
            former = self._indicator.copy()
            try:
                self._points[:, index] = self._point(self._indicator.update, index)
            except _DefectError:
                self._indicator = former
                self._points[:, index] = np.nan
        self._computed = end

    def _fed(self, start: int, end: int) -> NDArray[np.bool_]:
        """Mask of the bars of a range that have all fields that the indicator reads, without doubts about them."""
        doubtful = np.asarray(self._bars.doubts()[start:end] & self._doubts > 0)
        lacking = (np.isnan(self._bars.column(field, start, end)) for field in self._may_lack)
        return np.asarray(~np.logical_or.reduce([doubtful, *lacking]))

    def _inputs(self, start: int, end: int) -> dict[str, Column]:
        return {name: self._bars.column(name, start, end) for name in self._indicator.inputs}

    def _at_once(self, start: int, end: int) -> bool:
        """Compute a range of bars as arrays, without skipped ones; returns False if the indicator refuses a bar."""
        fed = self._fed(start, end)
        points = self._points[:, start:end]
        every = bool(fed.all())  # nearly always, and a mask takes longer than all the mathematics
        # Copies: an indicator may keep what it gets, and corrections change the bars in their place.
        columns = {name: values.copy() if every else values[fed] for name, values in self._inputs(start, end).items()}
        if not every:
            points[:] = np.nan
        if every or fed.any():
            try:
                found = list(self._indicator.batch(columns).values())
            except InvalidBar:
                return False
            except Exception as error:
                raise _DefectError from error
            for row, values in zip(points, found, strict=True):
                row[slice(None) if every else fed] = values
        if "volume" in self._may_lack:
            doubtful = np.asarray(self._bars.doubts()[start:end] & self._doubts > 0)
            lacking = np.isnan(self._bars.column("volume", start, end)) & ~doubtful
            self.lacking.update(microseconds(self._bars.instants()[start:end][lacking]))
        return True

    def _point(self, take: Callable[[Row], Any], index: int) -> Sequence[float]:
        """The point of the bar at an index."""
        (row,) = self._bars.rows(index, index + 1)
        return self._taken(take, row, self._bars.time(index))

    def _taken(self, take: Callable[[Row], Any], row: Row, time: int) -> Sequence[float]:
        """The point of a bar; NaN where it has none. ``time`` is its time in microseconds since 1970."""
        self.refused.discard(time)
        self.lacking.discard(time)
        flags = self._bars.flags.get(time)
        if flags and bits(*doubted(flags)) & self._doubts:
            return self._nothing
        for field in self._may_lack:
            if getattr(row, field) is None:
                if field == "volume":
                    self.lacking.add(time)
                return self._nothing
        try:
            point = take(row)
        except InvalidBar:
            self.refused.add(time)
            return self._nothing
        except Exception as error:
            self._tell(row, error)
            self.refused.add(time)
            raise _DefectError from error
        if point is None:
            return self._nothing
        if self._began is None or time < self._began:
            self._began = time
        return [np.nan if value is None else value for value in point]

    def _tell(self, row: Row, error: Exception) -> None:
        """Log the first failure of the indicator."""
        if not self._logged:
            self._logged = True
            name = type(self._indicator).__name__
            LOG.error("%s failed at the bar of %s, which is skipped", name, row.time, exc_info=error)
