"""Bar store: the bars of all series of the topic, from which charts begin and to which they listen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from stockstream.errors import SeriesError
from stockstream.names import cut
from stockstream.records import NUMBERS, SIMULATED, Candle, Series
from stockstream.topics import STOCKS
from stockstream.views.bar_batch import BarBatch, gather
from stockstream.views.bars import Bars
from stockstream.views.fold import Selection
from stockstream.views.series import SeriesFold
from stockstream.views.view import View


class Listener(Protocol):
    """Receives the bars of all series as they arrive."""

    def __call__(self, series: Series, batch: BarBatch, /) -> None:
        """Take the next bars of a series."""


@dataclass(frozen=True)
class Quote:
    """The newest bar of a series: its close, the change from the close before, and its start in UTC."""

    series: Series
    close: float
    change: float | None
    time: np.datetime64
    bars: int
    simulated: bool
    zone: str | None
    currency: str | None


class BarStore(SeriesFold):
    """Keeps all bars of every series, from which indicators begin as in windows; passes each batch to a listener."""

    def __init__(self, listener: Listener) -> None:
        super().__init__({}, Selection())
        self._listener = listener

    def _ambiguity(self, symbol: str) -> SeriesError | None:  # noqa: ARG002 - every series can be chosen
        return None

    def apply(self, records: Sequence[Candle] | Sequence[BarBatch]) -> bool:
        """Add the next bars; returns whether anything changed."""
        batches = [each for each in records if isinstance(each, BarBatch)]
        batches += gather([each for each in records if isinstance(each, Candle)])
        changed = super().apply(batches)
        for batch in batches:
            self._listener(Series(batch.last.symbol, batch.last.interval, batch.last.feed), batch)
        return changed

    def quotes(self) -> list[Quote]:
        """The newest bar of each series, by name."""
        return [_quote(Series(*key), history.series) for key, history in sorted(self._histories.items())]

    def batch(self, series: Series) -> BarBatch:
        """All bars of a series. Raises `SeriesError` for an unknown one."""
        history = self._histories.get(series)
        if history is None:
            raise SeriesError(f"there is no series {cut(str(series))}")
        return _batch(history.series)

    def newest(self, series: Series) -> Candle:
        """The newest bar of a series. Raises KeyError for an unknown one."""
        newest = self._histories[series].series.newest
        assert newest is not None
        return newest

    def irregular(self, series: Series) -> Mapping[str, int]:
        """Numbers of corrected and late bars of a series. Raises KeyError for an unknown one."""
        history = self._histories[series]
        return {"corrected": history.corrections, "late": history.late}

    def find(self, symbol: str, interval: str | None, feed: str | None) -> Series:
        """The series of a symbol, of the interval and feed if they are given. Raises `SeriesError` for none."""
        wanted = [
            Series(*key)
            for key in self._histories
            if key[0] == symbol and interval in (None, key[1]) and feed in (None, key[2])
        ]
        if not wanted:
            raise SeriesError(f"there is no series of {cut(symbol)} {interval or ''} {feed or ''}".strip())
        return wanted[0]


def _quote(series: Series, bars: Bars) -> Quote:
    newest = bars.newest
    assert newest is not None
    closes = bars.column("close", max(0, len(bars) - 2), len(bars))
    change = float(closes[1] / closes[0] - 1) if len(closes) > 1 and closes[0] > 0 else None
    time = bars.instants()[-1]
    simulated = series.feed == SIMULATED
    return Quote(series, float(closes[-1]), change, time, len(bars), simulated, newest.tz, newest.currency)


def _batch(bars: Bars) -> BarBatch:
    newest = bars.newest
    assert newest is not None
    instants = bars.instants()
    flags = None
    if bars.flags:
        flags = tuple(bars.flags.get(time, ()) for time in instants.astype(np.int64).tolist())
    numbers = np.array([bars.column(name, 0, len(bars)) for name in NUMBERS])
    return BarBatch.of(instants.copy(), numbers, flags, newest)


def store_view(listener: Listener) -> View[Candle]:
    """The view of a store: what `stockstream.consumers.live.Live` runs."""
    return View(
        name="web",
        help="All bars, for the page.",
        topic=STOCKS,
        record=Candle,
        gather=gather,
        fold=lambda _selection, _parameters: BarStore(listener),
        title="bars",
        keyed=False,
    )
