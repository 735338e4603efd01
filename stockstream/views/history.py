"""History of one series: its bars, with corrections and a forming bar, and the indicators over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stockstream.errors import StateError
from stockstream.indicators import Resampler
from stockstream.indicators.arrays import Column
from stockstream.indicators.base import AnyIndicator
from stockstream.records import NUMBERS, Candle
from stockstream.views.bar_batch import BarBatch
from stockstream.views.bars import Bars, bits
from stockstream.views.frame import Frame
from stockstream.views.gaps import gaps
from stockstream.views.indicator_series import IndicatorSeries
from stockstream.views.resampled_bars import ResampledBars

Makers: TypeAlias = Mapping[str, Callable[[], AnyIndicator]]
"""Factories of indicators by name; without a name, an indicator's fields keep their names."""

Bases: TypeAlias = Mapping[str, Mapping[str, object]]
"""`Indicator.state` of each indicator by name, as it was before the first bar that is held."""

_ALL: Final = bits(*NUMBERS)


class Leaving(Protocol):
    """Receives the bars that a history drops."""

    def __call__(self, frame: Frame, /) -> None:
        """Take them, with the indicators' values."""


class Outdated(Protocol):
    """Receives the bars that a history does not take."""

    def __call__(self, places: NDArray[np.intp], /) -> None:
        """Take their indexes in the batch that is being merged."""


def most_kept(keep: int) -> int:
    """Number of bars at which a history drops those that are older than the newest ``keep``."""
    return keep + max(1, keep // 4)


class History:
    """The bars of one series in time order, and the points of indicators over them.

    A bar that arrives again replaces the former one, and all values from it on are computed again. Indicators
    are independent: others may use a bar that one cannot use. The final form of a forming bar may never arrive: once a
    later bar has arrived, it counts as it is.

    With ``keep`` it holds the newest bars only: at a quarter more it drops the oldest ones, and keeps the
    indicators' states in their place, so that the points of all others are the same, bit for bit. A bar that is older
    than the first one held is counted and not taken.

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
    keep
        Bars to hold at least; None for all.
    bases
        The indicators' states before the initial bars, if older ones were dropped.
    older
        Initial count.
    leaving
        Receives the dropped bars.
    outdated
        Receives the bars that are older than the first one held.

    Raises
    ------
    StateError
        The bases are those of other indicators.

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
    older
        Number of bars that arrived and were older than all held bars, after some had been dropped.
    bases
        The indicators' states before the first bar that is held, after some had been dropped.
    """

    def __init__(
        self,
        makers: Makers,
        series: Bars | None = None,
        corrections: int = 0,
        late: int = 0,
        resampler: Resampler | None = None,
        *,
        keep: int | None = None,
        bases: Bases | None = None,
        older: int = 0,
        leaving: Leaving | None = None,
        outdated: Outdated | None = None,
    ) -> None:
        self.series = Bars() if series is None else series
        self._longer = None if resampler is None else ResampledBars(self.series, resampler)
        self.bars = self.series if self._longer is None else self._longer.bars
        self.corrections = corrections
        self.late = late
        self.older = older
        self.bases = bases or {}
        self._leaving = leaving
        self._outdated = outdated
        self._keep = keep
        self._limit = self._most
        self._gaps = np.empty(0, dtype=bool)
        self._tracks = [self._track(name, make) for name, make in makers.items()]

    def _track(self, name: str, make: Callable[[], AnyIndicator]) -> IndicatorSeries:
        if not self.series.dropped:
            return IndicatorSeries(name, make, self.bars)
        try:
            return IndicatorSeries(name, make, self.bars, self.bases[name])
        except KeyError:
            raise StateError("it holds the newest bars only, and another indicator needs all") from None
        except ValueError as error:
            raise StateError(f"it holds the newest bars only, and the parameters are others ({error})") from error

    @property
    def _most(self) -> float:
        return inf if self._keep is None else most_kept(self._keep)

    @property
    def doubtful(self) -> int:
        """Number of bars with a doubtful field, or refused by an indicator."""
        if self._longer is None:
            return int(np.count_nonzero(self._doubts()))
        return int(np.count_nonzero(self.series.doubts())) + len(self._refused())

    def _doubts(self) -> NDArray[np.uint8]:
        """Doubtful fields of each bar shown; all fields of a bar that an indicator refused."""
        doubts = self.bars.doubts()
        if refused := self._refused():
            doubts[self.bars.places(refused)] = _ALL
        return doubts

    def _refused(self) -> set[int]:
        return set[int]().union(*self.refusals().values())

    def refusals(self) -> dict[str, set[int]]:
        """Times, in microseconds since 1970, of the held bars that each indicator refused, as of the last `frame`."""
        return {track.name: track.refused for track in self._tracks}

    @property
    def without_open(self) -> int:
        """Number of bars with an unknown open."""
        return int(np.count_nonzero(np.isnan(self.series.column("open", 0, len(self.series)))))

    @property
    def lacking(self) -> int:
        """Number of bars without a volume, if an indicator reads it."""
        return len(set[int]().union(*(track.lacking for track in self._tracks)))

    def take(self, bars: Sequence[Candle]) -> bool:
        """`merge` for bars that are not in a batch yet."""
        return bool(bars) and self.merge(BarBatch(bars))

    def merge(self, batch: BarBatch) -> bool:
        """Merge a batch of bars; returns whether anything changed. Points are computed on demand.

        The dropped bars do not depend on how bars are divided into batches.
        """
        changed, first = False, 0
        while first < len(batch):
            room = max(1, min(len(batch) - first, self._limit - len(self.series)))
            changed |= self._merge(batch.part(first, first + int(room)), first)
            first += int(room)
            self._let_go()
        return changed

    def _merge(self, batch: BarBatch, first: int) -> bool:
        """Merge a part of a batch, which begins there at an index."""
        if self.series.follow(batch):
            return True
        if self.series.dropped:
            old = batch.instants < self.series.instants()[0]
            if old.any():
                self.older += int(np.count_nonzero(old))
                if self._outdated is not None:
                    self._outdated(first + np.flatnonzero(old))
                if old.all():
                    return False
                batch = batch.pick(np.flatnonzero(~old))
        held = len(self.series)
        merged = self.series.merge(batch)
        self.late += merged.late
        self.corrections += merged.corrections
        if self._longer is None:
            self._back_to(merged.place)
        else:
            self._longer.back_to(merged.place)
        return merged.place < held or len(self.series) > held

    def _let_go(self) -> None:
        """Drop the oldest bars, if there are more than enough."""
        if self._keep is None or len(self.series) < self._limit:
            return
        count = longer = len(self.series) - self._keep
        if self._longer is not None:
            self._back_to(self._longer.refresh())
            count, longer = self._longer.begin_before(count)
        if count:
            if self._leaving is not None:
                self._leaving(self.frame().slice(slice(0, longer)))
            self.bases = {track.name: track.drop(longer) for track in self._tracks}
            self.series.drop(count)
            if self._longer is not None:
                self._longer.drop(count, longer)
            self._gaps = self._gaps[:0]
        self._limit = max(self._most, len(self.series) + self._most - self._keep)

    def ends(self) -> dict[str, dict[str, object]] | None:
        """The indicators' states after the last bar, from which those of later bars follow; None while it is forming.

        With them as the ``bases`` of a history without bars, later bars have the same points as here.
        """
        if not len(self.bars) or not self.bars.final(len(self.bars) - 1):
            return None
        return {track.name: track.state() for track in self._tracks}

    def _back_to(self, index: int) -> None:
        for track in self._tracks:
            track.back_to(index)

    def frame(self) -> Frame:
        """All bars with the indicators' values, by time; valid until the next `take`."""
        columns, doubts = self._columns()
        return Frame(
            "time",
            columns | {"gap": self._gapped()},
            doubts,
            {name: why for track in self._tracks if (why := track.undefined) for name in track.columns},
        )

    def columns(self) -> dict[str, Column]:
        """The columns of `frame` without ``gap``, which of few bars takes as long as an indicator; valid as that is."""
        return self._columns()[0]

    def _columns(self) -> tuple[dict[str, Column], NDArray[np.uint8]]:
        """The columns, and the doubtful fields of each bar."""
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
        columns = {name: self.bars.column(name, 0, total) for name in ("time", *NUMBERS)}
        return columns | points | {"final": final, "doubtful": doubts > 0}, doubts

    def _gapped(self) -> NDArray[np.bool_]:
        """Which bars follow a gap. Their number shows whether any were added: a drop empties what is kept here."""
        newest = self.bars.newest
        if newest is not None and len(self._gaps) != len(self.bars):
            self._gaps = gaps(self.bars.instants(), newest.interval, newest.tz)
        return self._gaps
