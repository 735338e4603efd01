"""History of one series: its bars, with corrections and a forming bar, and the indicators over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stockstream.indicators import Resampler
from stockstream.records import NUMBERS, Candle
from stockstream.views.bar_batch import BarBatch
from stockstream.views.bars import Bars, bits
from stockstream.views.frame import Frame
from stockstream.views.gaps import gaps
from stockstream.views.indicator_series import AnyIndicator, IndicatorSeries
from stockstream.views.resampled_bars import ResampledBars

Makers: TypeAlias = Mapping[str, Callable[[], AnyIndicator]]
"""Factories of indicators by name; without a name, an indicator's fields keep their names."""

_ALL: Final = bits(*NUMBERS)


class History:
    """The bars of one series in time order, and the points of indicators over them.

    A bar that arrives again replaces the former one, and all that was computed from it on is computed again. Indicators
    are independent: a bar that one cannot use, others may. The final form of a forming bar may never arrive: once a
    later bar has arrived, it counts as it is.

    Parameters
    ----------
    makers
        Factories of the indicators.
    series
        The initial bars.
    corrections, late
        Initial counts.
    resampler
        Makes the bars that are shown; None shows them as they arrive.

    Attributes
    ----------
    series
        The bars that arrived.
    bars
        The bars that are shown.
    corrections
        Number of bars that arrived again with other values.
    late
        Number of bars that arrived after newer ones.
    """

    def __init__(
        self,
        makers: Makers,
        series: Bars | None = None,
        corrections: int = 0,
        late: int = 0,
        resampler: Resampler | None = None,
    ) -> None:
        self.series = series or Bars()
        self._longer = None if resampler is None else ResampledBars(self.series, resampler)
        self.bars = self.series if self._longer is None else self._longer.bars
        self.corrections = corrections
        self.late = late
        self._gaps = np.empty(0, dtype=bool)
        self._tracks = [IndicatorSeries(name, make, self.bars) for name, make in makers.items()]

    @property
    def doubtful(self) -> int:
        """Number of bars with a doubtful field, or refused by an indicator."""
        if self._longer is None:
            return int(np.count_nonzero(self._doubts()))
        return int(np.count_nonzero(self.series.doubts())) + len(self._refused())

    def _doubts(self) -> NDArray[np.uint8]:
        """Doubtful fields of each bar shown; all fields of a bar that an indicator refused."""
        doubts = self.bars.doubts()
        for time in self._refused():
            doubts[self.bars.place(time)] = _ALL
        return doubts

    def _refused(self) -> set[datetime]:
        return set[datetime]().union(*(track.refused for track in self._tracks))

    @property
    def without_open(self) -> int:
        """Number of bars with an unknown open."""
        return int(np.count_nonzero(np.isnan(self.series.column("open", 0, len(self.series)))))

    @property
    def lacking(self) -> int:
        """Number of bars without a volume, if an indicator reads it."""
        return len(set[datetime]().union(*(track.lacking for track in self._tracks)))

    def take(self, bars: Sequence[Candle]) -> bool:
        """As `merge`, of bars that are not in a batch yet."""
        return bool(bars) and self.merge(BarBatch(bars))

    def merge(self, stretch: BarBatch) -> bool:
        """Merge a batch of bars; returns whether anything changed. Points are computed on demand."""
        if self.series.follow(stretch):
            return True
        held = len(self.series)
        merged = self.series.merge(stretch)
        self.late += merged.late
        self.corrections += merged.corrections
        if self._longer is None:
            self._back_to(merged.place)
        else:
            self._longer.back_to(merged.place)
        return merged.place < held or len(self.series) > held

    def _back_to(self, index: int) -> None:
        for track in self._tracks:
            track.back_to(index)

    def frame(self) -> Frame:
        """All bars with the indicators' values, by time; valid until the next `take`."""
        if self._longer is not None:
            self._back_to(self._longer.refresh())
        total = len(self.bars)
        points = {
            name: values for track in self._tracks for name, values in zip(track.columns, track.points(), strict=True)
        }
        final = np.ones(total, dtype=bool)
        if total:
            final[-1] = self.bars.final(total - 1)
        doubts = self._doubts()
        return Frame(
            "time",
            {name: self.bars.column(name, 0, total) for name in ("time", *NUMBERS)}
            | points
            | {"final": final, "doubtful": doubts > 0, "gap": self._gapped()},
            doubts,
            {name: why for track in self._tracks if (why := track.undefined) for name in track.columns},
        )

    def _gapped(self) -> NDArray[np.bool_]:
        """Which bars follow a gap. Bars are never removed, so their number tells whether any were added."""
        newest = self.bars.newest
        if newest is not None and len(self._gaps) != len(self.bars):
            self._gaps = gaps(self.bars.instants(), newest.interval, newest.tz)
        return self._gaps
