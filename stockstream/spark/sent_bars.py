"""Bars of several series, each in the order in which its bars were sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stockstream.records import NUMBERS, Candle, Series
from stockstream.tables.schema import OFFSET, PARTITION, SENT
from stockstream.tables.stored_bars import instants
from stockstream.views.bar_batch import BarBatch
from stockstream.views.numbering import numbered

_SERIES: Final = Series._fields
_OF_LAST: Final = ("time", *NUMBERS, "final", "flags", "tz", "currency", "unit", "source")


class SentSeries(NamedTuple):
    """The bars of a series: the index of the first one among all, and that behind the last."""

    series: Series
    start: int
    end: int


class SentBars:
    """Bars as rows, sorted by series.

    Columns become arrays for all series at once: many series with few bars each would spend their time there.

    Parameters
    ----------
    rows
        The bars, as their table has them.

    Attributes
    ----------
    rows
        The bars of one series after another.
    """

    def __init__(self, rows: pa.Table) -> None:
        order = sent_order(*(rows[name].to_numpy() for name in (PARTITION, OFFSET, SENT)))
        rows = rows.take(pa.array(order))
        names = zip(*(rows[name].to_pylist() for name in _SERIES), strict=True)
        numbers, found = numbered(names, len(rows))
        self.rows = rows = rows.take(pa.array(np.argsort(numbers, kind="stable"))).combine_chunks()
        ends = np.cumsum(np.bincount(numbers)).tolist() if len(rows) else []
        self._parts = [
            SentSeries(Series(*name), start, end) for name, start, end in zip(found, [0, *ends], ends, strict=False)
        ]
        self._last = rows.take(pa.array([end - 1 for end in ends], pa.int64())).select(_OF_LAST).to_pylist()
        self._instants = instants(rows["time"])
        self._numbers = np.array([rows[name].to_numpy() for name in NUMBERS])  # NULL is NaN
        self._flags = _flags(rows["flags"])
        self._finals = None if pc.all(rows["final"]).as_py() is not False else rows["final"].to_pylist()

    def __iter__(self) -> Iterator[tuple[SentSeries, BarBatch]]:
        for part, last in zip(self._parts, self._last, strict=True):
            yield part, self._batch(part, last)

    def __len__(self) -> int:
        return len(self._parts)

    def _batch(self, part: SentSeries, last: dict[str, Any]) -> BarBatch:
        """The bars of a series as a window takes them."""
        bars = slice(part.start, part.end)
        newest = Candle(**part.series._asdict(), **{**last, "source": last["source"] or "", "flags": ()})
        flags = None if self._flags is None else tuple(self._flags[bars])
        batch = BarBatch.of(self._instants[bars], self._numbers[:, bars], flags, newest)
        if self._finals is not None:
            batch.finals = tuple(self._finals[bars])
        return batch


def _flags(column: pa.ChunkedArray) -> list[tuple[str, ...]] | None:
    """The flags of each bar; None if no bar has any."""
    lengths = pc.fill_null(pc.list_value_length(column), 0)
    return list(map(tuple, column.to_pylist())) if pc.max(lengths).as_py() else None


def sent_order(
    partitions: NDArray[np.int32], offsets: NDArray[np.int64], sent: NDArray[np.datetime64]
) -> NDArray[np.intp]:
    """The order of messages: that of their partition, and of several partitions, where keys have moved, of the time.

    >>> times = np.array([3, 1, 2], "M8[ms]")
    >>> sent_order(np.array([0, 1, 1]), np.array([7, 5, 4]), times).tolist()
    [2, 1, 0]
    """
    order = np.lexsort((offsets, partitions))
    if len(partitions) and partitions.min() == partitions.max():
        return np.asarray(order)
    # Within a partition a message counts as sent no earlier than the one before it.
    times = sent[order].view(np.int64).copy()
    starts = np.flatnonzero(np.append(True, np.diff(partitions[order]) != 0))
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        np.maximum.accumulate(times[start:end], out=times[start:end])
    return np.asarray(order[np.lexsort((partitions[order], times))])
