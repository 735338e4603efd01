"""Chart: one symbol with indicators, as the page draws it: what to draw, and the columns, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final, Literal, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np
from numpy.typing import NDArray

from stockstream.codec import Json
from stockstream.consumers.chart import Configured, parts
from stockstream.indicators.arrays import Column
from stockstream.names import cut, harmless
from stockstream.present.formats import decimals
from stockstream.present.price_levels import names, watched
from stockstream.records import Bar, Series
from stockstream.views.bar_batch import BarBatch
from stockstream.views.fold import Fold, Identity, Selection
from stockstream.views.frame import Frame
from stockstream.views.marks import Mark, Panel
from stockstream.views.study import Part, chart
from stockstream.views.view import View

SNAPSHOT_ROWS: Final = 1_000
"""Rows that a page is sent first. It asks for older ones to show them: each row that it holds slows every change."""

MOST_STUDIES: Final = 20
_LONGEST_PERIOD: Final = 100_000
_RECENT: Final = 200
"""Number of closes from which the decimals of prices are derived."""


class ChartRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page asks for: a symbol, of which series, resampled to which interval, with which studies; or airlines.

    ``studies`` are written as for ``watch chart --with``: ``bollinger:period=50``. Raises msgspec.ValidationError
    where it is decoded.
    """

    symbol: str = ""
    interval: str | None = None
    feed: str | None = None
    resample: str | None = None
    opens: str | None = None
    calendar: str | None = None
    tz: str | None = None
    studies: tuple[str, ...] = ()
    view: Literal["chart", "flights"] = "chart"
    airlines: tuple[str, ...] = ()


class Drawing(Protocol):
    """Anything that the page draws from a frame and marks."""

    def frame(self) -> Frame | None:
        """All rows; None while there are none."""

    def description(self, frame: Frame) -> dict[str, Json]:
        """What to draw: title, zone, and the panels with their marks."""

    def undefined(self, frame: Frame) -> dict[str, str]:
        """Why columns are undefined at some rows, by their names."""

    @property
    def identity(self) -> Identity | None:
        """Zone and source of what is drawn; None while there are no rows."""

    def counts(self) -> Mapping[str, int]:
        """Numbers of irregular records, for the status bar."""


class Chart:
    """The fold and the view of a requested chart.

    Raises ValueError for unknown studies, parameters, intervals and zones, and for more than a page can need.

    Parameters
    ----------
    request
        What is asked for.
    series
        The series of it.
    configured
        Finds the settings' values of parameters.
    keep
        Bars to hold at least, as a window does; None for all.
    """

    def __init__(self, request: ChartRequest, series: Series, configured: Configured, keep: int | None = None) -> None:
        self.request = request
        self.series = series
        self.irregular: Mapping[str, int] = {}
        """Numbers of irregular bars before it was opened."""
        self._parts = parts(request.studies, configured)
        _refuse_excess(request, self._parts)
        self.view = chart(self._parts)
        selection = Selection(
            keys=(series.symbol,),
            interval=series.interval,
            feed=series.feed,
            resample=request.resample if request.resample != series.interval else None,
            opens=request.opens,
            calendar=request.calendar,
            tz=request.tz,
            keep=keep,
        )
        self._fold: Fold[BarBatch] = self.view.fold(selection, {})

    def take(self, batch: BarBatch) -> bool:
        """Add bars of its series; returns whether anything changed."""
        return self._fold.apply([batch])

    @property
    def key(self) -> str | None:
        """The symbol, once it has bars."""
        return next(iter(self._fold.keys()), None)

    def frame(self) -> Frame | None:
        """All bars and values; None while there are none."""
        return None if self.key is None else self._fold.frame(self.key)

    @property
    def identity(self) -> Identity | None:
        """What the chart shows; None while there are no bars."""
        return None if self.key is None else self._fold.identity(self.key)

    def counts(self) -> Mapping[str, int]:
        """Numbers of irregular bars, for the status bar."""
        own = self._fold.counts()
        names = [*own, *(name for name in self.irregular if name not in own)]
        return {name: own.get(name, 0) + self.irregular.get(name, 0) for name in names}

    def description(self, frame: Frame) -> dict[str, Json]:
        """What to draw: title, zone, and the panels with their marks."""
        identity = self.identity
        assert identity is not None
        titles = [part.title for part in self._parts if part.study.indicator is not None]
        return described_chart(self.view, titles, identity, self.series.symbol, frame)

    def undefined(self, frame: Frame) -> dict[str, str]:
        """Why columns are undefined at some rows, by their names."""
        return undefined(frame)


def _refuse_excess(request: ChartRequest, found: Sequence[Part]) -> None:
    """Raise ValueError for a zone that does not exist, too many studies, or a period that no topic fills."""
    if len(found) > MOST_STUDIES:
        raise ValueError(f"a chart has {MOST_STUDIES} studies at most")
    for part in found:
        for name, value in part.parameters.items():
            if isinstance(value, int | float) and value > _LONGEST_PERIOD:
                raise ValueError(f"{part.study.name}: {name} is {_LONGEST_PERIOD:,} at most here")
    if request.tz is not None:
        try:
            ZoneInfo(request.tz)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {cut(request.tz)!r}") from None


def described_chart(
    view: View[Bar], titles: Sequence[str], identity: Identity, symbol: str, frame: Frame
) -> dict[str, Json]:
    """A chart as plain data: what its panels draw, and how its numbers and times are written."""
    return {
        "title": harmless(" - ".join((identity.title, *titles[:1]))),
        "symbol": harmless(symbol),
        "zone": identity.zone,
        "simulated": identity.simulated,
        "measure": identity.measure,
        "decimals": decimals(frame["close"][-_RECENT:]),
        "panels": [described(panel) for panel in view.panels],
        "names": names(view.panels),
        "watched": [watched(panel) for panel in view.panels],
        "undefined": undefined(frame),
    }


def undefined(frame: Frame) -> dict[str, str]:
    """Why columns are undefined at some rows, by their names."""
    return {name: why.why for name, why in frame.undefined.items() if frame.reason(name)}


def described(panel: Panel) -> dict[str, Json]:
    """A panel as plain data."""
    data = {name: value for name, value in asdict(panel).items() if name not in ("marks", "needs")}
    return {**data, "marks": [_mark(mark) for mark in panel.marks]}


def _mark(mark: Mark) -> dict[str, Json]:
    return {"kind": type(mark).__name__.lower(), **asdict(mark)}


def columns(frame: Frame, rows: slice) -> dict[str, Json]:
    """Columns of some rows: times in microseconds since 1970, numbers (NaN as null when it is written), 0 or 1."""
    return {name: _plain(frame[name][rows]) for name in frame}


def _plain(column: Column) -> Json:
    if column.dtype.kind == "M":
        values: list[Json] = column.astype("M8[us]").astype(np.int64).tolist()
        return values
    if column.dtype.kind == "b":
        return [*map(int, column.tolist())]
    found: list[Json] = column.tolist()
    return found


def first_difference(before: Frame, after: Frame) -> int:
    """Index of the first row that differs, or that one of the two lacks.

    >>> old = Frame("time", {"time": np.array([1, 2], "M8[us]"), "close": np.array([1.0, np.nan])})
    >>> new = Frame("time", {"time": np.array([1, 2, 3], "M8[us]"), "close": np.array([1.0, np.nan, 4.0])})
    >>> first_difference(old, new)
    2
    """
    shared = min(len(before), len(after))
    if list(before) != list(after):
        return 0
    differs = np.zeros(shared, dtype=bool)
    for name in after:
        differs |= _differing(before[name][:shared], after[name][:shared])
    return int(np.argmax(differs)) if differs.any() else shared


def _differing(one: Column, other: Column) -> NDArray[np.bool_]:
    unequal = one != other
    if one.dtype.kind == "f":
        unequal &= ~(np.isnan(one) & np.isnan(other))
    return np.asarray(unequal)
