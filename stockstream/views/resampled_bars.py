"""Resampled bars: bars of a longer interval, updated as the bars of a series arrive."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from stockstream.indicators import Resampler
from stockstream.indicators.arrays import Column
from stockstream.indicators.segments import changes
from stockstream.records import IMPOSSIBLE, NUMBERS
from stockstream.views.bar_batch import BarBatch, microseconds, moment
from stockstream.views.bars import Bars, bits

_NEEDED: Final = bits("high", "low", "close")
_LARGEST: Final = 1e100
"""Numbers beyond it are not computed with."""


class ResampledBars:
    """The bars of a longer interval, made from those of a series by a `Resampler`, on demand.

    Only the periods that may have changed are made again. A bar with a doubtful high, low or close is left out, and a
    period of only such bars is marked impossible; a doubtful open or volume counts as unknown.

    Parameters
    ----------
    series
        The shorter bars, which add up to longer ones; call `back_to` after a change of one.
    resampler
        Makes the longer bars, of this series alone.

    Attributes
    ----------
    bars
        The longer bars, as they were at the last `refresh`.
    """

    def __init__(self, series: Bars, resampler: Resampler) -> None:
        self.bars = Bars()
        self._series = series
        self._resampler = resampler
        self._tz: str | None = None
        self._made = 0
        self._begins: list[int] = []
        """The place of each period's first bar in the series."""

    def begin_before(self, index: int) -> tuple[int, int]:
        """The last place, up to an index of the series, at which a period begins, and the index of that period."""
        period = bisect_right(self._begins, index) - 1
        return (self._begins[period], period) if period > 0 else (0, 0)

    def drop(self, count: int, longer: int) -> None:
        """Drop the bars of the first periods, as the series has dropped its first bars."""
        self.bars.drop(longer)
        self._made -= count
        self._begins = [place - count for place in self._begins[longer:]]

    def back_to(self, index: int) -> None:
        """Discard the bars made from the series from a place on."""
        self._made = min(self._made, index)

    def refresh(self) -> int:
        """Bring `bars` up to date; returns the place of the first changed bar."""
        newest = self._series.newest
        if newest is None or self._made == len(self._series):
            return len(self.bars)
        if newest.tz != self._tz:  # every session may have changed
            self._tz = newest.tz
            self._made = 0
        # A late bar may belong to the period before the next start of one.
        kept = max(0, bisect_right(self._begins, self._made) - 2)
        start = self._begins[kept] if kept else 0
        columns, left_out = self._columns(start)
        openings = self._resampler.openings(columns["time"], columns["tz"], newest.interval)
        begins = changes(openings)
        self._begins[kept:] = (start + begins).tolist()
        made = self._stretch(
            self._resampler.batch(columns, of=newest.interval, left_out=left_out),
            np.logical_and.reduceat(left_out, begins),
        )
        changed = kept + self._as_before(kept, made)
        self.bars.cut(kept)
        self.bars.follow(made)
        self._made = len(self._series)
        return changed

    def _as_before(self, index: int, made: BarBatch) -> int:
        """Number of the recomputed bars that equal those from an index on."""
        former = np.array([self.bars.column(name, index, len(self.bars)) for name in NUMBERS])
        both: int = min(former.shape[1], len(made))
        times = microseconds(made.instants[:both])
        for count in range(both):
            same = np.array_equal(former[:, count], made.numbers[:, count], equal_nan=True)
            flags = made.flags[count] if made.flags else ()
            time = times[count]
            if not same or self.bars.time(index + count) != time or self.bars.flags.get(time, ()) != flags:
                return count
        return both

    def _columns(self, start: int) -> tuple[dict[str, Column], NDArray[np.bool_]]:
        """The series from a place on as columns for a resampler, and a mask of the bars to leave out."""
        total = len(self._series)
        numbers = np.array([self._series.column(name, start, total) for name in NUMBERS])
        doubts = self._series.doubts()[start:]
        left_out = np.asarray((doubts & _NEEDED > 0) | (np.abs(numbers) > _LARGEST).any(axis=0))
        numbers = np.clip(numbers, -_LARGEST, _LARGEST)
        for name in ("open", "volume"):
            numbers[NUMBERS.index(name), (doubts & bits(name) > 0) & ~left_out] = np.nan
        final = np.ones(total - start, dtype=bool)
        final[-1] = self._series.final(total - 1)
        others = {name: self._series.column(name, start, total) for name in ("time", "tz")}
        return dict(zip(NUMBERS, numbers, strict=True)) | others | {"final": final}, left_out

    def _stretch(self, made: dict[str, Column], impossible: NDArray[np.bool_]) -> BarBatch:
        instants = made["time"].astype("M8[us]")
        numbers = np.array([made[name] for name in NUMBERS])
        flags = [(IMPOSSIBLE,) if each else () for each in impossible.tolist()]
        assert self._series.newest is not None
        last = structs.replace(
            self._series.newest,
            interval=self._resampler.interval,
            time=moment(instants[-1]),
            final=bool(made["final"][-1]),
        )
        return BarBatch.of(instants, numbers, tuple(flags), last)
