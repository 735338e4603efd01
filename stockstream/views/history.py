"""The bars of one series, with corrections and a forming bar, and indicators over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stockstream.records import Candle
from stockstream.views.bars import Bars
from stockstream.views.frame import Frame
from stockstream.views.gaps import gaps
from stockstream.views.longer import Longer
from stockstream.views.stretch import NUMBERS, Stretch
from stockstream.views.track import AnyIndicator, Track

Makers: TypeAlias = Mapping[str, Callable[[], AnyIndicator]]
"""What makes each indicator, by its name among them; the fields of one without a name keep theirs."""


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
        self._longer = None if interval is None else Longer(self.series, interval)
        self.bars = self.series if self._longer is None else self._longer.bars
        self.corrections = corrections
        self.late = late
        self._gaps = np.empty(0, dtype=bool)
        self._tracks = [Track(name, make, self.bars) for name, make in makers.items()]

    @property
    def doubtful(self) -> int:
        """Bars that are marked impossible, or that an indicator has refused."""
        if self._longer is None:
            return int(np.count_nonzero(self._doubtful()))
        return int(np.count_nonzero(self.series.impossible())) + len(self._refused())

    def _doubtful(self) -> NDArray[np.bool_]:
        doubtful = self.bars.impossible()
        for time in self._refused():
            doubtful[self.bars.place(time)] = True
        return doubtful

    def _refused(self) -> set[datetime]:
        return set[datetime]().union(*(track.refused for track in self._tracks))

    @property
    def lacking(self) -> int:
        """Bars without a volume, where an indicator reads it."""
        return len(set[datetime]().union(*(track.lacking for track in self._tracks)))

    def take(self, bars: Sequence[Candle]) -> bool:
        """`merge` of bars that are not gathered yet."""
        return bool(bars) and self.merge(Stretch(bars))

    def merge(self, stretch: Stretch) -> bool:
        """Merge the next bars; True where anything changed. Points are computed when they are asked for."""
        if self.series.follow(stretch):
            return True
        changed = False
        for bar in stretch.bars():
            newest = self.series.newest
            if newest is None or bar.time > newest.time:
                self.series.append(bar)
                changed = True
            else:
                changed |= self._correct(bar)
        return changed

    def _correct(self, bar: Candle) -> bool:
        place = self.series.place(bar.time)
        if self.series.holds(place, bar):
            return False
        if self.series.times[place] != bar.time:
            self.late += 1
        elif self.series.final(place):  # else it is simply the next form of one that was still forming
            self.corrections += 1
        self.series.put(place, bar)
        if self._longer is None:
            self._back_to(place)
        else:
            self._longer.back_to(place)
        return True

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
        return Frame(
            "time",
            {name: self.bars.column(name, 0, total) for name in ("time", *NUMBERS)}
            | points
            | {"final": final, "doubtful": self._doubtful(), "gap": self._gapped()},
        )

    def _gapped(self) -> NDArray[np.bool_]:
        """Which bars have others missing before them. No bar ever goes, so their number tells whether any came."""
        newest = self.bars.newest
        if newest is not None and len(self._gaps) != len(self.bars):
            self._gaps = gaps(self.bars.instants(), newest.interval, newest.tz)
        return self._gaps
