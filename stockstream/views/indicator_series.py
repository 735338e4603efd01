"""Indicator series: an indicator over the bars of one series, and its points."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stockstream.indicators import Indicator, InvalidBar
from stockstream.indicators.compose.snapshots import Snapshots
from stockstream.indicators.compose.together import column
from stockstream.records import doubted
from stockstream.views.bars import Bars, Row, bits, grown
from stockstream.views.frame import Undefined

AnyIndicator: TypeAlias = Indicator[Any, Any]

_SNAPSHOT_EVERY: Final = 512
_SNAPSHOTS: Final = 8
_AT_ONCE_FROM: Final = 32


class IndicatorSeries:
    """An indicator's points, one for each bar, computed when they are asked for.

    Bars that the indicator cannot use are skipped: a bar that it refuses (this is recorded), a bar with a doubtful
    field that it reads, and a bar without an open or a volume that it reads (for volumes this is recorded). Only the
    newest bar can be forming: its point is computed by `peek`.

    Parameters
    ----------
    name
        Name of the indicator among others, which `column` prefixes to its fields; empty if it is the only one.
    make
        Makes the indicator.
    bars
        The bars; call `back_to` after a change of one.

    Attributes
    ----------
    columns
        Names of a point's values.
    refused
        Times of the bars that the indicator refused.
    lacking
        Times of bars without a volume, if it reads volumes.
    """

    def __init__(self, name: str, make: Callable[[], AnyIndicator], bars: Bars) -> None:
        self.refused: set[datetime] = set()
        self.lacking: set[datetime] = set()
        self._bars = bars
        self._indicator = make()
        self._snapshots: Snapshots[AnyIndicator] = Snapshots(_SNAPSHOT_EVERY)
        self._computed = 0
        fields = self._indicator.fields
        self._doubts = bits(*self._indicator.inputs)
        self._may_lack = [field for field in ("open", "volume") if field in self._indicator.inputs]
        self._began: datetime | None = None
        self.columns = tuple(column(name, self._indicator, field) if name else field for field in fields)
        self._points = np.empty((len(fields), 0))

    @property
    def undefined(self) -> Undefined | None:
        """Reason why a point has no values; None while the indicator warms up."""
        if self._began is None:
            return None
        return Undefined(np.datetime64(self._began.replace(tzinfo=None), "us"), self._indicator.undefined)

    def back_to(self, index: int) -> None:
        """Discard the points from an index on."""
        if index >= self._computed:
            return
        self._computed, self._indicator = self._snapshots.back(index)
        known = self._bars.times[self._computed]
        if self._began is not None and self._began >= known:
            self._began = None
        self.refused = {time for time in self.refused if time < known}
        self.lacking = {time for time in self.lacking if time < known}

    def points(self) -> NDArray[np.float64]:
        """The indicator's points, shape (columns, bars); NaN where it has none."""
        total = len(self._bars)
        self._points = grown(self._points, total)
        settled = total - 1 if total and not self._bars.final(total - 1) else total
        while self._computed < settled:
            self._compute(self._next_stop(settled))
        if settled < total:
            self._points[:, settled] = self._point(self._indicator.peek, settled)
        return self._points[:, :total]

    def _next_stop(self, settled: int) -> int:
        """Corrections mostly concern recent bars: snapshots are taken only in the last ones."""
        recent = settled - _SNAPSHOTS * _SNAPSHOT_EVERY
        if self._computed < recent:
            return recent
        return min(settled, self._computed + _SNAPSHOT_EVERY)

    def _compute(self, end: int) -> None:
        start = self._computed
        self._snapshots.note(start, self._indicator)
        while start < end and not self._indicator.ready:
            self._points[:, start] = self._point(self._indicator.update, start)
            start += 1
        if end - start < _AT_ONCE_FROM or not self._at_once(start, end):
            for index in range(start, end):
                self._points[:, index] = self._point(self._indicator.update, index)
        self._computed = end

    def _at_once(self, start: int, end: int) -> bool:
        """Compute a range of bars as arrays, without skipped ones; returns False if the indicator refuses a bar."""
        doubtful = np.asarray(self._bars.doubts()[start:end] & self._doubts > 0)
        lacking = {field: np.isnan(self._bars.column(field, start, end)) for field in self._may_lack}
        fed = ~np.logical_or.reduce([doubtful, *lacking.values()])
        columns = {name: self._bars.column(name, start, end)[fed] for name in self._indicator.inputs}
        points = np.full((len(self.columns), end - start), np.nan)
        if fed.any():
            try:
                points[:, fed] = list(self._indicator.batch(columns).values())
            except InvalidBar:
                return False
        self._points[:, start:end] = points
        times = self._bars.times
        if "volume" in lacking:
            self.lacking.update(times[start + index] for index in np.flatnonzero(lacking["volume"] & ~doubtful))
        return True

    def _point(self, take: Callable[[Row], Any], index: int) -> Any:
        time = self._bars.times[index]
        self.refused.discard(time)
        self.lacking.discard(time)
        flags = self._bars.flags.get(time)
        if flags and bits(*doubted(flags)) & self._doubts:
            return np.nan
        row = self._bars.row(index)
        for field in self._may_lack:
            if getattr(row, field) is None:
                if field == "volume":
                    self.lacking.add(time)
                return np.nan
        try:
            point = take(row)
        except InvalidBar:
            self.refused.add(time)
            return np.nan
        if point is None:
            return np.nan
        if self._began is None or time < self._began:
            self._began = time
        return [np.nan if value is None else value for value in point]
