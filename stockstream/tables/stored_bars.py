"""Bars of a table by series, as columns in the order of time, each bar at its last revision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stockstream.errors import SeriesError
from stockstream.records import NUMBERS, Candle, Series
from stockstream.tables.schema import OFFSET, PARTITION, SENT, TOPIC_ID
from stockstream.tables.snapshot import Snapshot
from stockstream.views.bar_batch import BarBatch, moment

_SERIES: Final = ("symbol", "interval", "feed")
_ORIGIN: Final = (TOPIC_ID, PARTITION, OFFSET, SENT)
_OF_LAST: Final = ("tz", "currency", "unit", "source")
"""What a window needs of the newest bar alone."""

_LISTED: Final = 10


@dataclass(frozen=True)
class Wanted:
    """The bars to read: None for any."""

    symbol: str | None = None
    interval: str | None = None
    feed: str | None = None

    def of(self) -> Iterator[tuple[str, str]]:
        """The columns that are chosen by, with their values."""
        for name in _SERIES:
            value = getattr(self, name)
            if value is not None:
                yield name, value

    def __str__(self) -> str:
        return " ".join(value for _, value in self.of()) or "any series"


@dataclass(frozen=True)
class StoredBars:
    """The bars of one series; at least one.

    Attributes
    ----------
    series
        The series.
    rows
        The bars in the order of their time, each once.
    constants
        Columns that are not among the rows because they have one value.
    """

    series: Series
    rows: pa.Table
    constants: Mapping[str, object]

    def last(self) -> Candle:
        """The newest bar."""
        [row] = self.rows.slice(len(self.rows) - 1).to_pylist()
        found = {name: row.get(name, self.constants.get(name)) for name in (*NUMBERS, "final", *_OF_LAST)}
        found["source"] = found["source"] or ""
        return Candle(
            **self.series._asdict(), **found, time=moment(instants(self.rows["time"][-1:])[0]),
            flags=tuple(row["flags"] or ()),
        )  # fmt: skip

    def times(self) -> NDArray[np.datetime64]:
        """Start times of the bars in UTC, shape (bars,)."""
        return instants(self.rows["time"])

    def flagged(self) -> list[int]:
        """Places of the bars that have flags."""
        lengths = pc.fill_null(pc.list_value_length(self.rows["flags"]), 0)
        return np.flatnonzero(lengths.to_numpy()).tolist() if pc.max(lengths).as_py() else []

    def batch(self) -> BarBatch:
        """The bars as a window takes them."""
        numbers = np.empty((len(NUMBERS), len(self.rows)))
        for column, name in zip(numbers, NUMBERS, strict=True):
            column[:] = self.rows[name].to_numpy()  # NULL is NaN
        batch = BarBatch.of(self.times(), numbers, self._flags(), self.last())
        if "final" in self.rows.column_names and not pc.all(self.rows["final"]).as_py():
            batch.finals = tuple(self.rows["final"].to_pylist())
        return batch

    def _flags(self) -> tuple[tuple[str, ...], ...] | None:
        """The flags of each bar; None if no bar has any."""
        places = self.flagged()
        if not places:
            return None
        flags: list[tuple[str, ...]] = [()] * len(self.rows)
        for place in places:
            flags[place] = tuple(self.rows["flags"][place].as_py())
        return tuple(flags)


def stored_series(snapshot: Snapshot, wanted: Wanted) -> Iterator[StoredBars]:
    """The bars of each series, in the order of symbol, interval and feed. Raises `SeriesError` if there are none."""
    table = _read(snapshot, wanted, [*NUMBERS, "time", "final", "flags", *_OF_LAST])
    if not len(table):
        raise SeriesError(f"the table {snapshot.name} holds nothing of {wanted}", hint=there_is(snapshot, wanted))
    for series, rows in _by_series(table, snapshot, wanted):
        yield StoredBars(series, _latest(rows, snapshot, series), snapshot.constants)


def _read(snapshot: Snapshot, wanted: Wanted, names: Sequence[str]) -> pa.Table:
    """Columns of the wanted bars, without those that are the same in all rows."""
    there = set(snapshot.dataset.schema.names) - set(snapshot.constants)
    chosen = [name for name in (*_SERIES, *names) if name in there and name not in dict(wanted.of())]
    chosen = [name for name in chosen if name not in _ORIGIN or name in names]
    expression = None
    for name, value in wanted.of():
        if name not in snapshot.constants:
            each = pc.field(name) == value
            expression = each if expression is None else expression & each
        elif snapshot.constants[name] != value:
            expression = pc.scalar(False)  # noqa: FBT003 - Arrow's own
            break
    return snapshot.dataset.scanner(columns=chosen, filter=expression).to_table()


def _by_series(table: pa.Table, snapshot: Snapshot, wanted: Wanted) -> Iterator[tuple[Series, pa.Table]]:
    """The rows of each series."""
    known = {name: value for name, value in snapshot.constants.items() if name in _SERIES} | dict(wanted.of())
    names = [name for name in _SERIES if name not in known]
    groups = table.select(names).group_by(names).aggregate([]).to_pylist() if names else [{}]
    for group in sorted(groups, key=lambda group: [group[name] for name in names]):
        rows = table
        for name, value in group.items():
            rows = rows.filter(pc.equal(rows[name], value)) if len(groups) > 1 else rows
        yield Series(**{**known, **group}), rows


def _latest(rows: pa.Table, snapshot: Snapshot, series: Series) -> pa.Table:
    """The rows in the order of time, of several of one time the last revision."""
    times = instants(rows["time"])
    if (times[1:] > times[:-1]).all():
        return rows
    order = np.argsort(times, kind="stable")
    if (np.diff(times[order]) > np.timedelta64(0)).all():
        return rows.take(order)
    # Only where bars were corrected it matters where a row stood in the topic.
    names = [name for name in rows.column_names if name not in _SERIES]
    full = _read(snapshot, Wanted(*series), [*names, *_ORIGIN])
    return full.take(last_revisions(full, snapshot.constants))


def last_revisions(rows: pa.Table, constants: Mapping[str, object]) -> NDArray[np.intp]:
    """The places of the last revision of each time, in the order of time.

    Of rows of one partition of a topic the last one has the highest offset; of those of several, it was sent last.
    """
    count = len(rows)

    def column(name: str) -> list[Any]:
        return [constants.get(name)] * count if name not in rows.column_names else rows[name].to_pylist()

    times = instants(rows["time"])
    offsets = np.asarray(rows[OFFSET])
    sent = instants(rows[SENT])
    homes = dict[tuple[Any, Any], int]()
    origins = zip(column(PARTITION), column(TOPIC_ID), strict=True)
    home = np.fromiter((homes.setdefault(origin, len(homes)) for origin in origins), np.int64, count)
    order = np.lexsort((offsets, home, times))
    last = np.append((times[order][1:] != times[order][:-1]) | (home[order][1:] != home[order][:-1]), np.True_)
    kept = order[last]
    if len(homes) > 1:
        partitions = np.asarray(column(PARTITION), dtype=np.int64)
        kept = kept[np.lexsort((partitions[kept], sent[kept], times[kept]))]
        kept = kept[np.append(times[kept][1:] != times[kept][:-1], np.True_)]
    return np.asarray(kept)


def instants(column: pa.ChunkedArray) -> NDArray[np.datetime64]:
    """A column of times as instants in UTC."""
    return np.asarray(column.cast(pa.timestamp("us")).to_numpy())


def there_is(snapshot: Snapshot, wanted: Wanted) -> str | None:
    """What the table holds in place of wanted bars that it does not hold; None if it holds some."""
    there = series_in(snapshot)
    if any(all(getattr(series, name) == value for name, value in wanted.of()) for series in there):
        return None
    same = [series for series in there if series.symbol == wanted.symbol]
    told = [str(series) for series in same] if same else sorted({series.symbol for series in there})
    if not told:
        return "it is empty"
    return "it holds " + ", ".join(told[:_LISTED]) + (f" and {len(told) - _LISTED} more" if len(told) > _LISTED else "")


def series_in(snapshot: Snapshot) -> list[Series]:
    """The series of the table, sorted."""
    if not snapshot.dataset.count_rows():
        return []
    table = _read(snapshot, Wanted(), [])
    known = {name: value for name, value in snapshot.constants.items() if name in _SERIES}
    names = [name for name in _SERIES if name not in known]
    groups = table.select(names).group_by(names).aggregate([]).to_pylist() if names else [{}]
    return sorted(Series(**{**known, **group}) for group in groups)
