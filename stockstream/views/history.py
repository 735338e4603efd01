"""The bars of one series, with corrections and a forming bar, and an indicator over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stockstream.indicators import Indicator, InvalidBar
from stockstream.records import IMPOSSIBLE, Bar
from stockstream.views.bars import NUMBERS, Bars, Row, grown
from stockstream.views.frame import Frame

AnyIndicator: TypeAlias = Indicator[Any, Any]

_SNAPSHOT_EVERY: Final = 512
_SNAPSHOTS: Final = 8
_AT_ONCE_FROM: Final = 32


class History:
    """The bars of one series in the order of their time, and an indicator's points over them.

    A bar that comes again replaces the former one, and what was computed from it on is computed again, from the
    nearest snapshot of the indicator's state before it. A bar that is marked impossible, or that the indicator
    refuses, stays in the history and is not computed with. Only the newest bar can be forming: it is peeked at. The
    final form of another may never come: once time has passed it, it counts as it stands.
    """

    def __init__(self, make: Callable[[], AnyIndicator], bars: Bars | None = None, corrections: int = 0) -> None:
        self.bars = bars or Bars()
        self.corrections = corrections
        self._make = make
        self._indicator = make()
        self._snapshots: list[tuple[int, dict[str, Any]]] = []
        self._doubtful: set[datetime] = set()
        self._computed = 0
        self._points = np.empty((len(self._indicator.fields), 0))

    @property
    def doubtful(self) -> int:
        """Bars that are not computed with."""
        return len(self._doubtful)

    def take(self, bars: Sequence[Bar]) -> bool:
        """Merge the next bars; True where anything changed. Points are computed when they are asked for."""
        if bars and self.bars.follow(bars):
            return True
        changed = False
        for bar in bars:
            newest = self.bars.newest
            if newest is None or bar.time > newest.time:
                self.bars.append(bar)
                changed = True
            else:
                changed |= self._correct(bar)
        return changed

    def _correct(self, bar: Bar) -> bool:
        place = self.bars.place(bar.time)
        if self.bars.holds(place, bar):
            return False
        # Of a bar that was still forming it is simply the next form.
        self.corrections += self.bars.times[place] != bar.time or self.bars.final(place)
        self.bars.put(place, bar)
        self._back_to(place)
        return True

    def _back_to(self, place: int) -> None:
        """Forget what was computed from a place on."""
        if place >= self._computed:
            return
        while self._snapshots and self._snapshots[-1][0] > place:
            self._snapshots.pop()
        self._computed = 0
        self._indicator = self._make()
        if self._snapshots:
            self._computed, state = self._snapshots[-1]
            self._indicator.restore(state)
        self._doubtful = {time for time in self._doubtful if time < self.bars.times[self._computed]}

    def points(self) -> NDArray[np.float64]:
        """The indicator's points, shape (fields, bars), NaN where there is none."""
        total = len(self.bars)
        self._points = grown(self._points, total)
        settled = total - 1 if total and not self.bars.final(total - 1) else total
        while self._computed < settled:
            self._compute(self._next_stop(settled))
        if settled < total:
            self._points[:, settled] = self._point(self._indicator.peek, settled)
        return self._points[:, :total]

    def _next_stop(self, settled: int) -> int:
        """Corrections are mostly of recent bars: snapshots are made over the last stretches, the rest goes at once."""
        recent = settled - _SNAPSHOTS * _SNAPSHOT_EVERY
        if self._computed < recent:
            return recent
        return min(settled, self._computed + _SNAPSHOT_EVERY)

    def _compute(self, end: int) -> None:
        start = self._computed
        if start and (not self._snapshots or self._snapshots[-1][0] + _SNAPSHOT_EVERY <= start):
            self._snapshots.append((start, self._indicator.state()))
        if not self._at_once(start, end):
            for place in range(start, end):
                self._points[:, place] = self._point(self._indicator.update, place)
        self._computed = end

    def _at_once(self, start: int, end: int) -> bool:
        times = self.bars.times
        flagged = any(times[start] <= time <= times[end - 1] for time in self.bars.flags)
        if end - start < _AT_ONCE_FROM or flagged:
            return False
        columns = {name: self.bars.column(name, start, end) for name in self._indicator.inputs}
        try:
            points = self._indicator.batch(columns)
        except InvalidBar:
            return False
        for number, name in enumerate(self._indicator.fields):
            self._points[number, start:end] = points[name]
        return True

    def _point(self, take: Callable[[Row], Any], place: int) -> Any:
        time = self.bars.times[place]
        self._doubtful.discard(time)
        if IMPOSSIBLE not in self.bars.flags.get(time, ()):
            try:
                point = take(self.bars.row(place))
            except InvalidBar:
                pass
            else:
                return np.nan if point is None else [np.nan if value is None else value for value in point]
        self._doubtful.add(time)
        return np.nan

    def frame(self) -> Frame:
        """All bars with the indicator's values, by time; good until the next `take`."""
        total = len(self.bars)
        points = self.points()
        final = np.ones(total, dtype=bool)
        if total:
            final[-1] = self.bars.final(total - 1)
        doubtful = np.zeros(total, dtype=bool)
        for time in self._doubtful:
            doubtful[self.bars.place(time)] = True
        return Frame(
            "time",
            {name: self.bars.column(name, 0, total) for name in ("time", *NUMBERS)}
            | dict(zip(self._indicator.fields, points, strict=True))
            | {"final": final, "doubtful": doubtful},
        )
