"""Fold of bars: a history and indicators for each requested series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np

from stockstream.errors import SeriesError, StateError
from stockstream.indicators import Resampler
from stockstream.indicators.base import AnyIndicator
from stockstream.periods import add_up, intraday
from stockstream.records import READINGS, SIMULATED, Candle, Series
from stockstream.views.bar_batch import BarBatch, gather
from stockstream.views.bars import BarPage, Bars
from stockstream.views.fold import FoldMaker, Identity, Pages, Parameters, Selection
from stockstream.views.frame import Frame
from stockstream.views.history import Bases, History, Leaving, Makers

_MIDNIGHT: Final = "00:00"
_STATE_VERSION: Final = 5
_META: Final = "version"

Key: TypeAlias = tuple[str, str, str]
"""Symbol, interval and feed of a series."""


class Head(msgspec.Struct):
    """The part of a saved state for a series beside its bars. ``dropped`` is the number of dropped bars."""

    series: Series
    newest: Candle
    dropped: int
    corrections: int
    late: int
    older: int


class Base(msgspec.Struct):
    """The replacement of dropped bars: the indicators' states, and a view's summary of them."""

    indicators: dict[str, dict[str, object]]
    shown: tuple[str | None, str | None, str | None]
    """Interval, opening and calendar to which the bars are resampled."""

    summary: object = None


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
        self._resampler()
        self._latest: int | None = None
        self._histories: dict[Key, History] = {}
        self._shown: dict[str, Key] = {}
        self._unsaved: set[Key] = set()
        self._saved_bases: dict[Key, Bases] = {}
        for make in makers.values():
            make().require()  # invalid parameters, and packages that are missing, raise before any record arrives

    @classmethod
    def of(cls, indicator: Callable[..., AnyIndicator]) -> FoldMaker[Candle]:
        """A maker of folds over an indicator; the parameters of the view are passed to the indicator."""

        def make(selection: Selection, parameters: Parameters) -> SeriesFold:
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
                    history = self._histories[series] = self._history(series)
                    self._shown.setdefault(series[0], series)
                self._unsaved.add(series)
                changed |= history.merge(batch)
                self._newest_of(history)
        return changed

    def _newest_of(self, history: History) -> None:
        """Keep the newest time of all: the newest bar is never taken away."""
        if len(history.series):
            newest = history.series.time(-1)
            self._latest = newest if self._latest is None else max(self._latest, newest)

    def _resampler(self) -> Resampler | None:
        """A resampler of one series; raises ValueError for a time or a calendar that does not exist."""
        wanted = self._selection
        if wanted.resample is None:
            return None
        return Resampler(wanted.resample, opens=wanted.opens or _MIDNIGHT, calendar=wanted.calendar)

    def _history(
        self, key: Key, bars: Bars | None = None, head: Head | None = None, base: Base | None = None
    ) -> History:
        counts = (head.corrections, head.late) if head else (0, 0)
        return History(
            self._makers, bars, *counts, self._resampler(), keep=self._selection.keep,
            bases=base.indicators if base else None, older=head.older if head else 0, leaving=self._leaving(key),
        )  # fmt: skip

    @property
    def _resampled(self) -> tuple[str | None, str | None, str | None]:
        return self._selection.resample, self._selection.opens, self._selection.calendar

    def _leaving(self, key: Key) -> Leaving | None:  # noqa: ARG002 - for subclasses
        """The receiver of the dropped bars of a series."""
        return None

    def _summary(self, key: Key) -> Any:  # noqa: ARG002 - for subclasses
        """The saved summary of a series' dropped bars, beside the indicators' states."""
        return None

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
        bar, resample = self.newest_bar(key), self._selection.resample
        longer = f"{resample} from " if resample else ""
        unit = bar.currency or bar.unit
        return Identity(
            title=f"{symbol} {longer}{interval}" + (f", {unit}" if unit else ""),
            zone=(self._selection.tz or bar.tz) if intraday(resample or bar.interval) else None,
            simulated=feed == SIMULATED,
            source="" if feed == SIMULATED else bar.source,
            measure=bar.unit or ("value" if feed == READINGS else None),
            ambiguity=self._ambiguity(key) if len(self._histories) > len(self._shown) else None,
        )

    def _ambiguity(self, symbol: str) -> SeriesError | None:
        several = [Series(*series) for series in self._histories if series[0] == symbol]
        if len(several) == 1:
            return None
        options = ", ".join(f"--interval {s.interval} --feed {s.feed}" for s in sorted(several))
        return SeriesError(f"{symbol} stands for {len(several)} series", hint=f"choose one of: {options}")

    def newest_bar(self, key: str) -> Candle:
        """The newest bar of a symbol, as it arrived. Raises KeyError for a symbol without bars."""
        bar = self._histories[self._shown[key]].series.newest
        if bar is None:
            raise KeyError(key)
        return bar

    def latest(self) -> np.datetime64 | None:
        """The time of the newest bar."""
        return None if self._latest is None else np.datetime64(self._latest, "us")

    def counts(self) -> Mapping[str, int]:
        """Number of corrections, late bars, doubtful bars, bars without open or volume, and series not shown."""
        histories = self._histories.values()
        counts = {
            "corrected": sum(history.corrections for history in histories),
            "late": sum(history.late for history in histories),
            "older than kept": sum(history.older for history in histories),
            "doubtful": sum(history.doubtful for history in histories),
            "without open": sum(history.without_open for history in histories),
            "without volume": sum(history.lacking for history in histories),
            "other series": len(self._histories) - len(self._shown),
        }
        return {name: count for name, count in counts.items() if count}

    def pages(self, *, changed: bool = False) -> Pages:
        """Every bar, with a version; values are computed from them again."""
        encode = msgspec.msgpack.encode
        found: dict[str, bytes | None] = {} if changed else {_META: encode(_STATE_VERSION)}
        for number, (key, history) in enumerate(self._histories.items()):
            if changed and key not in self._unsaved:
                continue
            bars = history.series
            if bars.newest is None:
                continue
            head = Head(Series(*key), bars.newest, bars.dropped, history.corrections, history.late, history.older)
            found[f"{number}/head"] = encode(head)
            if bars.dropped and not (changed and self._saved_bases.get(key) is history.bases):
                found[f"{number}/base"] = encode(
                    {"indicators": history.bases, "shown": self._resampled, "summary": self._summary(key)}
                )
                self._saved_bases[key] = history.bases
            for place, page in bars.pages(changed=changed):
                found[f"{number}/{place}"] = None if page is None else encode(page)
        self._unsaved.clear()
        return found

    def restore(self, pages: Mapping[str, bytes]) -> None:
        """Go on from all `pages`; raises `StateError` where they cannot be used."""
        try:
            version = msgspec.msgpack.decode(pages.get(_META, b""), type=int)
            if version != _STATE_VERSION:
                raise StateError(f"a saved series state has version {version}, not {_STATE_VERSION}")
            saved = list(_saved_series(pages))
        except msgspec.MsgspecError as error:
            raise StateError(f"a saved series state cannot be read: {error}") from error
        self._histories.clear()
        self._shown.clear()
        self._latest = None
        self._unsaved.clear()
        self._saved_bases.clear()
        for head, base, bars in saved:
            self._refuse_fewer(head, bars)
            self._take_up(head.series, head, base, bars)

    def _refuse_fewer(self, head: Head, bars: Bars) -> None:
        keep = self._selection.keep
        if bars.dropped and (keep is None or keep > len(bars)):
            wanted = "all" if keep is None else f"{keep:,}"
            raise StateError(f"it holds the newest {len(bars):,} bars of {head.series}, not {wanted}")

    def _take_up(self, key: Key, head: Head, base: Base | None, bars: Bars) -> None:
        """Go on with a series that was saved."""
        if base is not None and base.shown != self._resampled:
            raise StateError("it holds the newest bars only, and was resampled otherwise")
        history = self._histories[key] = self._history(key, bars, head, base)
        self._shown.setdefault(key[0], key)
        self._saved_bases[key] = history.bases
        self._newest_of(history)


def _saved_series(pages: Mapping[str, bytes]) -> Iterator[tuple[Head, Base | None, Bars]]:
    """The series of a saved state, in the order in which they first came."""
    parts: defaultdict[int, dict[str, bytes]] = defaultdict(dict)
    for name, page in pages.items():
        number, _, part = name.partition("/")
        if part:
            parts[int(number)][part] = page
    decode = msgspec.msgpack.decode
    for _, found in sorted(parts.items()):
        head = decode(found.pop("head", b""), type=Head)
        base = decode(found.pop("base"), type=Base) if "base" in found else None
        bars = (decode(page, type=BarPage) for page in found.values())
        yield head, base, Bars.load(head.newest, head.dropped, bars)
