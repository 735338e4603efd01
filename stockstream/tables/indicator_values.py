"""Values of an indicator over stored bars: all at once where no bar is special, else by the history of a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stockstream.indicators import Resampler
from stockstream.indicators.arrays import Column
from stockstream.indicators.base import AnyIndicator
from stockstream.records import NUMBERS
from stockstream.tables.schema import INSTANT
from stockstream.tables.stored_bars import StoredBars
from stockstream.views.history import History

Columns: TypeAlias = Mapping[str, pa.Array]
"""Columns by name: ``time``, `NUMBERS`, the fields of the indicator, ``final`` and ``doubtful``; NaN is NULL."""

_MAY_LACK: Final = ("open", "volume")


def values_over(bars: StoredBars, make: Callable[[], AnyIndicator], resampler: Resampler | None = None) -> Columns:
    """The bars with the values of an indicator, bit for bit those of its window.

    Parameters
    ----------
    bars
        The bars of a series.
    make
        Makes the indicator.
    resampler
        Makes longer bars of them; None for none.
    """
    points = None if resampler is not None else _points(bars, make())
    if points is not None:
        return _as_stored(bars) | {name: _numbers(values) for name, values in points.items()}
    history = History({"": make}, resampler=resampler)
    history.merge(bars.batch())
    frame = history.frame()
    columns = {name: _numbers(frame[name]) for name in frame if frame[name].dtype.kind == "f"}
    truths = {name: pa.array(frame[name]) for name in ("final", "doubtful")}
    return columns | truths | {"time": pa.array(frame["time"]).cast(INSTANT)}


def _points(bars: StoredBars, indicator: AnyIndicator) -> dict[str, NDArray[np.float64]] | None:
    """The values by one call of `Indicator.batch`; None where a bar has flags, lacks a number or is refused.

    By the contract of indicators the division of bars makes no difference. All that a `History` then does besides
    is to leave out the last bar while it is forming, and to look at it.
    """
    rows = bars.rows
    if bars.flagged() or any(rows[name].null_count for name in _MAY_LACK if name in indicator.inputs):
        return None
    if any(pc.any(pc.is_nan(rows[name])).as_py() for name in NUMBERS):
        return None  # of another program: no record has NaN
    last = bars.last()
    settled = len(rows) if last.final else len(rows) - 1
    try:
        found = indicator.batch({name: _input(bars, name)[:settled] for name in indicator.inputs})
        point = None if last.final else indicator.peek(last)
    except Exception:  # noqa: BLE001 - a history finds the bar at which it fails, leaves it out and logs it
        return None
    if not last.final:
        values = [None] * len(found) if point is None else list(point)
        found = {
            name: np.append(column, np.nan if value is None else value)
            for (name, column), value in zip(found.items(), values, strict=True)
        }
    return dict(zip(indicator.fields, found.values(), strict=True))


def _input(bars: StoredBars, name: str) -> Column:
    if name == "time":
        return bars.times()
    if name == "tz":
        return np.full(len(bars.rows), bars.last().tz)
    return np.asarray(bars.rows[name].to_numpy())


def _as_stored(bars: StoredBars) -> dict[str, pa.Array]:
    """The columns of the bars themselves, none of which is doubtful, without a conversion."""
    count = len(bars.rows)
    finals = pa.array([bars.last().final])
    columns = {name: bars.rows[name].combine_chunks() for name in ("time", *NUMBERS)}
    return columns | {
        "final": pa.concat_arrays([pa.repeat(pa.scalar(value=True), count - 1), finals]),
        "doubtful": pa.repeat(pa.scalar(value=False), count),
    }


def _numbers(values: NDArray[np.float64]) -> pa.Array:
    """Numbers as a column, NaN as NULL, without copying them, which takes twice the time."""
    known = np.packbits(~np.isnan(values), bitorder="little")
    contiguous = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.float64(), len(values), [pa.py_buffer(known), pa.py_buffer(contiguous)])
