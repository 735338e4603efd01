"""Pictures of results: time on x, a line for each column of numbers, drawn as a window draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stockstream.cli.sql.cells import apart, numeric
from stockstream.errors import StockstreamError
from stockstream.indicators import SMA
from stockstream.names import cut, harmless
from stockstream.present.plot_data import PlotData
from stockstream.records import SIMULATED, Bar
from stockstream.tables.sql import Database
from stockstream.topics import STOCKS
from stockstream.views.frame import Frame
from stockstream.views.marks import Line, Panel
from stockstream.views.series import SeriesFold
from stockstream.views.view import View

_MOST: Final = 12
"""Lines that can be told apart."""

_PANELS: Final = 4
_TITLE: Final = 100
_FAR: Final = 10.0
"""Ratio of ranges from which columns get panels of their own: the smaller one would be a flat line."""


class PlotSink:
    """Draws a result once it is complete.

    Parameters
    ----------
    path
        The picture.
    database
        Says whether its bars may be simulated, and the zone of the axis.
    text
        The statement, which is the title.
    """

    def __init__(self, path: Path, database: Database, text: str) -> None:
        self._path = path
        self._text = text
        self._database = database

    def begin(self, schema: pa.Schema) -> None:
        """As `Sink.begin`. Raises `StockstreamError` for a result that has no time, or nothing to draw over it."""
        self._schema = schema
        self._batches: list[pa.RecordBatch] = []
        self._names = apart(schema.names)
        kinds = dict(zip(self._names, schema.types, strict=True))
        times = [name for name, kind in kinds.items() if pa.types.is_timestamp(kind) or pa.types.is_date(kind)]
        if not times:
            raise StockstreamError("a plot needs a column of times", hint="SELECT time, close FROM ...")
        self._time = times[0]
        self._numbers = [name for name, kind in kinds.items() if numeric(kind)]
        if not self._numbers:
            raise StockstreamError("a plot needs a column of numbers", hint="SELECT time, close FROM ...")

    def take(self, batch: pa.RecordBatch) -> None:
        """As `Sink.take`."""
        self._batches.append(batch)

    def finish(self) -> None:
        """As `Sink.finish`. Raises `StockstreamError` if there is nothing to draw, or more than can be told apart."""
        table = pa.Table.from_batches(self._batches, self._schema).rename_columns(self._names)
        table = table.filter(table[self._time].is_valid())
        if not len(table):
            raise StockstreamError("the result has no rows to draw")
        times = np.asarray(table[self._time].cast(pa.timestamp("us")).to_numpy())
        lines = _lines(table, times, self._numbers)
        if len(lines) > _MOST:
            raise StockstreamError(
                f"{len(lines)} lines are more than can be told apart", hint=f"choose up to {_MOST} columns and symbols"
            )
        instants = np.unique(times)
        frame = Frame("time", {"time": instants, **{name: _placed(instants, *line) for name, line in lines.items()}})
        title = harmless(cut(" ".join(self._text.split()), _TITLE))
        data = PlotData(title, "", frame, self._zone(instants), simulated=self._simulated(table))
        view = View("sql", title, STOCKS, Bar, SeriesFold.of(SMA), title, _panels(frame))
        from stockstream.charts.still import draw  # as late as here: matplotlib is slow to import

        draw(self._path, view, data, hint="name another file with --plot")

    def _zone(self, instants: NDArray[np.datetime64]) -> str | None:
        if (instants == instants.astype("M8[D]")).all():
            return None
        bars = self._database.snapshots.get("bars")
        return "UTC" if bars is None else str(bars.constants.get("tz") or "UTC")

    def _simulated(self, table: pa.Table) -> bool:
        """Whether some of it may be simulated: a result without a feed may be of any series of the table."""
        if "feed" in table.column_names:
            return SIMULATED in table["feed"].to_pylist()
        bars = self._database.snapshots.get("bars")
        return bars is not None and bars.has("feed", SIMULATED)


_Points: TypeAlias = tuple[NDArray[np.datetime64], NDArray[np.float64]]


def _lines(table: pa.Table, times: NDArray[np.datetime64], numbers: Sequence[str]) -> dict[str, _Points]:
    """The lines by name, one a column; where times repeat, one for each text, such as a symbol, of each column."""
    columns = {name: np.asarray(table[name].cast(pa.float64()).to_numpy(), dtype=np.float64) for name in numbers}
    texts = [name for name in table.column_names if pa.types.is_string(table.schema.field(name).type)]
    apart = [name for name in texts if len(table[name].unique()) > 1]
    if len(np.unique(times)) == len(times) or not apart:
        return {harmless(name): (times, values) for name, values in columns.items()}
    keys = np.array([" ".join(map(str, row)) for row in zip(*(table[name].to_pylist() for name in apart), strict=True)])
    found = {}
    for key in dict.fromkeys(keys.tolist()):
        rows = keys == key
        for name, values in columns.items():
            found[harmless(f"{name} {key}")] = (times[rows], values[rows])
    return found


def _placed(
    instants: NDArray[np.datetime64], times: NDArray[np.datetime64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The values at all instants, NaN where there is none; of several of one time the last."""
    column = np.full(len(instants), np.nan)
    column[np.searchsorted(instants, times)] = values
    return column


def _panels(frame: Frame) -> tuple[Panel, ...]:
    """Columns of like ranges share a panel."""
    groups: list[list[str]] = []
    ranges: list[tuple[float, float, float]] = []
    for name in frame:
        if name == frame.index:
            continue
        low, high, span = _range(frame[name])
        for place, (lowest, highest, least) in enumerate(ranges):
            joined = min(low, lowest), max(high, highest), min(span, least)
            if joined[1] - joined[0] <= _FAR * joined[2] or len(groups) == _PANELS:
                groups[place].append(name)
                ranges[place] = joined
                break
        else:
            groups.append([name])
            ranges.append((low, high, span))
    colors = {name: place for place, name in enumerate(name for group in groups for name in group)}
    return tuple(Panel(tuple(Line(name, name, color=colors[name]) for name in group), "") for group in groups)


def _range(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """The lowest and the highest value, and their distance, which is never 0."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    return low, high, max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-300)
