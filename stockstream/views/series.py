"""Fold of bars: a history and indicators for each requested series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np

from stockstream.errors import SeriesError, StateError
from stockstream.indicators import Resampler
from stockstream.periods import add_up, intraday
from stockstream.records import READINGS, SIMULATED, Candle, Series
from stockstream.views.bar_batch import BarBatch, gather
from stockstream.views.bars import Bars, SavedBars
from stockstream.views.fold import FoldMaker, Identity, Selection
from stockstream.views.frame import Frame
from stockstream.views.history import History, Makers
from stockstream.views.indicator_series import AnyIndicator

_MIDNIGHT: Final = "00:00"
_STATE_VERSION: Final = 4


class _Versioned(msgspec.Struct):
    version: int


class _State(_Versioned):
    series: list[tuple[Series, int, int, SavedBars]]


class SeriesFold:
    """Bars by series, with indicators over each series.

    If a symbol has several series, the first one that arrived is shown, and the `ambiguity` of its identity is set.

    Parameters
    ----------
    makers
        Functions that make the indicators of a series.
    selection
        The symbols to keep (none for all), and their interval and feed (None for any). With ``resample``, only series
        that can be resampled to that interval are kept.
    """

    def __init__(self, makers: Makers, selection: Selection) -> None:
        self._makers = makers
        self._selection = selection
        self._histories: dict[tuple[str, str, str], History] = {}
        self._shown: dict[str, tuple[str, str, str]] = {}
        self._latest: datetime | None = None
        self._resampler()
        for make in makers.values():
            make()  # invalid parameters raise before any record arrives

    @classmethod
    def of(cls, indicator: Callable[..., AnyIndicator]) -> FoldMaker[Candle]:
        """A maker of folds over an indicator; the parameters of the view are passed to the indicator."""

        def make(selection: Selection, **parameters: Any) -> SeriesFold:
            return cls({"": lambda: indicator(**parameters)}, selection)

        return make

    def apply(self, records: Sequence[Candle] | Sequence[BarBatch]) -> bool:
        """Add the next bars, or batches that `gather` made of them; returns whether anything changed."""
        changed = False
        batches = [each for each in records if isinstance(each, BarBatch)]
        batches += gather([each for each in records if isinstance(each, Candle)])
        for batch in batches:
            series = batch.last.symbol, batch.last.interval, batch.last.feed
            if self._wanted(series):
                history = self._histories.get(series)
                if history is None:
                    history = self._histories[series] = self._history()
                    self._shown.setdefault(series[0], series)
                changed |= history.merge(batch)
                self._newest_of(history)
        return changed

    def _newest_of(self, history: History) -> None:
        """Keep the newest time of all: a bar is never taken away."""
        times = history.series.times
        if times and (self._latest is None or times[-1] > self._latest):
            self._latest = times[-1]

    def _history(self, series: Bars | None = None, corrections: int = 0, late: int = 0) -> History:
        return History(self._makers, series, corrections, late, self._resampler())

    def _resampler(self) -> Resampler | None:
        """A resampler of one series; raises ValueError for a time or a calendar that does not exist."""
        wanted = self._selection
        if wanted.resample is None:
            return None
        return Resampler(wanted.resample, opens=wanted.opens or _MIDNIGHT, calendar=wanted.calendar)

    def _wanted(self, series: tuple[str, str, str]) -> bool:
        symbol, interval, feed = series
        wanted = self._selection
        return (
            (not wanted.keys or symbol in wanted.keys)
            and (wanted.interval is None or interval == wanted.interval)
            and (wanted.feed is None or feed == wanted.feed)
            and (wanted.resample is None or add_up(interval, wanted.resample))
        )

    def keys(self) -> list[str]:
        """The symbols with bars, in the requested order, otherwise sorted."""
        order = self._selection.keys or sorted(self._shown)
        return [symbol for symbol in order if symbol in self._shown]

    def missing(self) -> list[str]:
        """The requested symbols without bars so far."""
        return [symbol for symbol in self._selection.keys if symbol not in self._shown]

    def known(self) -> list[str]:
        """The symbols with bars, sorted."""
        return sorted(self._shown)

    def frame(self, key: str) -> Frame:
        """The bars of a symbol and the values of its indicators; valid until the next `apply`."""
        return self._histories[self._shown[key]].frame()

    def identity(self, key: str) -> Identity:
        """The identity of a symbol's frame.

        The title has the series, and the currency or unit if it is known: ``AAPL 1m, USD``; ``AAPL 1h from 1m``.
        """
        symbol, interval, feed = self._shown[key]
        bar, resample = self._newest(key), self._selection.resample
        longer = f"{resample} from " if resample else ""
        unit = bar.currency or bar.unit
        return Identity(
            title=f"{symbol} {longer}{interval}" + (f", {unit}" if unit else ""),
            zone=(self._selection.tz or bar.tz) if intraday(resample or bar.interval) else None,
            simulated=feed == SIMULATED,
            measure=bar.unit or ("value" if feed == READINGS else None),
            ambiguity=self._ambiguity(key) if len(self._histories) > len(self._shown) else None,
        )

    def _ambiguity(self, symbol: str) -> SeriesError | None:
        several = [Series(*series) for series in self._histories if series[0] == symbol]
        if len(several) == 1:
            return None
        options = ", ".join(f"--interval {s.interval} --feed {s.feed}" for s in sorted(several))
        return SeriesError(f"{symbol} stands for {len(several)} series", hint=f"choose one of: {options}")

    def _newest(self, key: str) -> Candle:
        bar = self._histories[self._shown[key]].series.newest
        if bar is None:
            raise KeyError(key)
        return bar

    def latest(self) -> np.datetime64 | None:
        """The time of the newest bar."""
        return None if self._latest is None else np.datetime64(self._latest.replace(tzinfo=None), "us")

    def counts(self) -> Mapping[str, int]:
        """Number of corrections, late bars, doubtful bars, bars without open or volume, and series not shown."""
        histories = self._histories.values()
        counts = {
            "corrected": sum(history.corrections for history in histories),
            "late": sum(history.late for history in histories),
            "doubtful": sum(history.doubtful for history in histories),
            "without open": sum(history.without_open for history in histories),
            "without volume": sum(history.lacking for history in histories),
            "other series": len(self._histories) - len(self._shown),
        }
        return {name: count for name, count in counts.items() if count}

    def state(self) -> bytes:
        """All bars, with a version; indicators are computed again."""
        series = [
            (Series(*key), history.corrections, history.late, history.series.save())
            for key, history in self._histories.items()
        ]
        return msgspec.msgpack.encode(_State(_STATE_VERSION, series))

    def restore(self, state: bytes) -> None:
        """Continue from a `state`; raises `StateError` if it cannot be used."""
        try:
            version = msgspec.msgpack.decode(state, type=_Versioned).version
            saved = msgspec.msgpack.decode(state, type=_State) if version == _STATE_VERSION else None
        except msgspec.MsgspecError as error:
            raise StateError(f"a saved series state cannot be read: {error}") from error
        if saved is None:
            raise StateError(f"a saved series state has version {version}, not {_STATE_VERSION}")
        loaded = {series: Bars.load(bars) for series, _, _, bars in saved.series}
        self._histories.clear()
        self._shown.clear()
        self._latest = None
        for series, corrections, late, _ in saved.series:
            self._histories[series] = self._history(loaded[series], corrections, late)
            self._shown.setdefault(series.symbol, series)
            self._newest_of(self._histories[series])
