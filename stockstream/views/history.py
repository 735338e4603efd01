"""History of one series: its bars, with corrections and a forming bar, and the indicators over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stockstream.records import NUMBERS, Candle
from stockstream.views.bar_batch import BarBatch
from stockstream.views.bars import Bars, bits
from stockstream.views.frame import Frame
from stockstream.views.gaps import gaps
from stockstream.views.indicator_series import AnyIndicator, IndicatorSeries
from stockstream.views.resampled_bars import ResampledBars

Makers: TypeAlias = Mapping[str, Callable[[], AnyIndicator]]
"""What makes each indicator, by its name among them; the fields of one without a name keep theirs."""

_ALL: Final = bits(*NUMBERS)


class History:
    """The bars of one series in the order of their time, and the points of indicators over them.

    A bar that comes again replaces the former one, and what was computed from it on is computed again. Each indicator
    goes its own way: what one of them cannot compute with, others may. The final form of a forming bar may never come:
    once time has passed it, it counts as it stands.

    Parameters
    ----------
    makers
        Make the indicators.
    series
        The bars to begin with.
    corrections, late
        What happened to them.
    interval
        Show bars of this interval, made of the series'; None shows these.

    Attributes
    ----------
    series
        The bars that came.
    bars
        Those that are shown.
    corrections
        Bars that came again, and otherwise than before.
    late
        Bars that came after newer ones.
    """

    def __init__(
        self,
        makers: Makers,
        series: Bars | None = None,
        corrections: int = 0,
        late: int = 0,
        interval: str | None = None,
    ) -> None:
        self.series = series or Bars()
        self._longer = None if interval is None else ResampledBars(self.series, interval)
        self.bars = self.series if self._longer is None else self._longer.bars
        self.corrections = corrections
        self.late = late
        self._gaps = np.empty(0, dtype=bool)
        self._tracks = [IndicatorSeries(name, make, self.bars) for name, make in makers.items()]

    @property
    def doubtful(self) -> int:
        """Bars of which any field is in doubt, or that an indicator has refused."""
        if self._longer is None:
            return int(np.count_nonzero(self._doubts()))
        return int(np.count_nonzero(self.series.doubts())) + len(self._refused())

    def _doubts(self) -> NDArray[np.uint8]:
        """The fields in doubt of each bar that is shown; all of one that an indicator has refused."""
        doubts = self.bars.doubts()
        for time in self._refused():
            doubts[self.bars.place(time)] = _ALL
        return doubts

    def _refused(self) -> set[datetime]:
        return set[datetime]().union(*(track.refused for track in self._tracks))

    @property
    def without_open(self) -> int:
        """Bars of which the open is not known."""
        return int(np.count_nonzero(np.isnan(self.series.column("open", 0, len(self.series)))))

    @property
    def lacking(self) -> int:
        """Bars without a volume, where an indicator reads it."""
        return len(set[datetime]().union(*(track.lacking for track in self._tracks)))

    def take(self, bars: Sequence[Candle]) -> bool:
        """`merge` of bars that are not gathered yet."""
        return bool(bars) and self.merge(BarBatch(bars))

    def merge(self, stretch: BarBatch) -> bool:
        """Merge the next bars; True where anything changed. Points are computed when they are asked for."""
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

    def _back_to(self, place: int) -> None:
        for track in self._tracks:
            track.back_to(place)

    def frame(self) -> Frame:
        """All bars with the indicators' values, by time; good until the next `take`."""
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
        """Which bars have others missing before them. No bar ever goes, so their number tells whether any came."""
        newest = self.bars.newest
        if newest is not None and len(self._gaps) != len(self.bars):
            self._gaps = gaps(self.bars.instants(), newest.interval, newest.tz)
        return self._gaps
