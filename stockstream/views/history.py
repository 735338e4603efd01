"""The bars of one series, with corrections and a forming bar, and an indicator over them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from operator import attrgetter, lt
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from stockstream.indicators import Indicator, InvalidBar
from stockstream.records import IMPOSSIBLE, Bar
from stockstream.views.frame import Frame

AnyIndicator: TypeAlias = Indicator[Any, Any]

_SNAPSHOT_EVERY: Final = 512
_SNAPSHOTS: Final = 8
_AT_ONCE_FROM: Final = 32
_PRICES: Final = ("open", "high", "low", "close", "volume")
_time_of = attrgetter("time")


class History:
    """The bars of one series in the order of their time, and an indicator's points over them.

    A bar that comes again replaces the former one, and what was computed from it on is computed again, from the
    nearest snapshot of the indicator's state before it. A bar that is marked impossible, or that the indicator
    refuses, stays in the history and is not computed with. Only the newest bar can be forming: it is peeked at.
    """

    def __init__(self, make: Callable[[], AnyIndicator]) -> None:
        self.bars: list[Bar] = []
        self.corrections = 0
        self._make = make
        self._indicator = make()
        self._snapshots: list[tuple[int, dict[str, Any]]] = []
        self._doubtful: set[datetime] = set()
        self._computed = 0
        self._filled = 0
        self._points = np.empty((0, len(self._indicator.fields)))
        self._prices = np.empty((0, len(_PRICES)))
        self._times = np.empty(0, dtype="M8[us]")

    @property
    def doubtful(self) -> int:
        """Bars that are not computed with."""
        return len(self._doubtful)

    def take(self, bars: Sequence[Bar]) -> bool:
        """Merge the next bars; True where anything changed. Points are computed when they are asked for."""
        mine = self.bars
        if bars and self._follows(bars):
            mine.extend(bars)
            return True
        changed = False
        for bar in bars:
            if not mine or bar.time > mine[-1].time:
                if mine and not mine[-1].final:
                    # Its final form may never come: now that time has passed it, it counts as it stands.
                    self._back_to(len(mine) - 1)
                mine.append(bar)
                changed = True
            else:
                changed |= self._correct(bar)
        return changed

    def _follows(self, bars: Sequence[Bar]) -> bool:
        """Whether the bars simply go on from what there is, as nearly always when a topic is caught up with."""
        times = list(map(_time_of, (*self.bars[-1:], *bars)))
        return all(map(lt, times, islice(times, 1, None)))

    def _correct(self, bar: Bar) -> bool:
        place = bisect_left(self.bars, bar.time, key=_time_of)
        if self.bars[place].time == bar.time:
            held = self.bars[place]
            # A producer that starts again counts revisions anew: the number alone is no change.
            if held == bar or held == msgspec.structs.replace(bar, revision=held.revision):
                return False
            self.bars[place] = bar
            self.corrections += held.final
        else:
            self.bars.insert(place, bar)
            self.corrections += 1
        self._back_to(place)
        return True

    def _back_to(self, place: int) -> None:
        """Forget what was computed from a place on."""
        self._filled = min(self._filled, place)
        if place >= self._computed:
            return
        while self._snapshots and self._snapshots[-1][0] > place:
            self._snapshots.pop()
        self._computed = 0
        self._indicator = self._make()
        if self._snapshots:
            self._computed, state = self._snapshots[-1]
            self._indicator.restore(state)
        self._doubtful = {time for time in self._doubtful if time < self.bars[self._computed].time}

    def points(self) -> NDArray[np.float64]:
        """The indicator's points, shape (bars, fields), NaN where there is none."""
        total = len(self.bars)
        self._points = _grown(self._points, total)
        settled = total - 1 if total and not self.bars[-1].final else total
        while self._computed < settled:
            self._compute(self._next_stop(settled))
        if settled < total:
            self._points[settled] = self._point(self._indicator.peek, self.bars[settled])
        return self._points[:total]

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
        bars = self.bars[start:end]
        if not self._at_once(bars, start, end):
            for place, bar in enumerate(bars, start):
                self._points[place] = self._point(self._indicator.update, bar)
        self._computed = end

    def _at_once(self, bars: list[Bar], start: int, end: int) -> bool:
        if len(bars) < _AT_ONCE_FROM or any(map(attrgetter("flags"), bars)):
            return False
        columns = {name: _column(bars, name) for name in self._indicator.inputs}
        try:
            points = self._indicator.batch(columns)
        except InvalidBar:
            return False
        for number, name in enumerate(self._indicator.fields):
            self._points[start:end, number] = points[name]
        return True

    def _point(self, take: Callable[[Bar], Any], bar: Bar) -> Any:
        self._doubtful.discard(bar.time)
        if IMPOSSIBLE not in bar.flags:
            try:
                point = take(bar)
            except InvalidBar:
                pass
            else:
                return np.nan if point is None else [np.nan if value is None else value for value in point]
        self._doubtful.add(bar.time)
        return np.nan

    def frame(self) -> Frame:
        """All bars with the indicator's values, by time; good until the next `take`."""
        total = len(self.bars)
        points = self.points()
        self._fill(total)
        final = np.ones(total, dtype=bool)
        if total:
            final[-1] = self.bars[-1].final
        doubtful = np.zeros(total, dtype=bool)
        for time in self._doubtful:
            doubtful[bisect_left(self.bars, time, key=_time_of)] = True
        return Frame(
            "time",
            {"time": self._times[:total]}
            | {name: self._prices[:total, number] for number, name in enumerate(_PRICES)}
            | {name: points[:, number] for number, name in enumerate(self._indicator.fields)}
            | {"final": final, "doubtful": doubtful},
        )

    def _fill(self, total: int) -> None:
        """Bring the columns of times and prices up to the bars."""
        self._prices = _grown(self._prices, total)
        self._times = _grown(self._times, total)
        fresh = self.bars[self._filled :]
        for number, name in enumerate(_PRICES):
            self._prices[self._filled : total, number] = _column(fresh, name)
        seconds = np.fromiter(map(datetime.timestamp, map(_time_of, fresh)), np.float64, len(fresh))
        self._times[self._filled : total] = (seconds * 1e6).round().astype("M8[us]")
        self._filled = total


def _column(bars: Sequence[Bar], name: str) -> NDArray[np.float64]:
    try:
        return np.fromiter(map(attrgetter(name), bars), np.float64, len(bars))
    except TypeError:  # a volume that is not known; this takes twice the time and makes it NaN
        return np.array(list(map(attrgetter(name), bars)), dtype=np.float64)


def _grown(store: NDArray[Any], rows: int) -> NDArray[Any]:
    """The store with room for that many rows, its contents kept."""
    if len(store) >= rows:
        return store
    larger = np.empty((max(rows, 2 * len(store), 256), *store.shape[1:]), dtype=store.dtype)
    larger[: len(store)] = store
    return larger
