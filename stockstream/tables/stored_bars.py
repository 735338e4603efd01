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


def stored_series(snapshot: Snapshot, wanted: Wanted) -> Iterator[tuple[Series, BarBatch]]:
    """The bars of each series, in the order of symbol, interval and feed. Raises `SeriesError` if there are none."""
    table = _read(snapshot, wanted, [*NUMBERS, "time", "final", "flags", *_OF_LAST])
    if not len(table):
        raise SeriesError(f"the table {snapshot.name} holds nothing of {wanted}", hint=there_is(snapshot, wanted))
    for series, rows in _by_series(table, snapshot, wanted):
        yield series, _batch(series, _latest(rows, snapshot, series), snapshot)


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


def last_revisions(rows: pa.Table, constants: Mapping[str, Any]) -> NDArray[np.intp]:
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


def _batch(series: Series, rows: pa.Table, snapshot: Snapshot) -> BarBatch:
    """The rows, in the order of time, as a batch of a window."""
    numbers = np.array([np.asarray(rows[name].to_numpy(), dtype=np.float64) for name in NUMBERS])
    times = instants(rows["time"])
    of_last = {
        name: rows[name][-1].as_py() if name in rows.column_names else snapshot.constants.get(name) for name in _OF_LAST
    }
    first, high, low, close, volume = numbers[:, -1].tolist()
    finals = rows["final"]
    last = Candle(
        **series._asdict(), time=moment(times[-1]), open=_known(first), high=high, low=low, close=close,
        volume=_known(volume), final=finals[-1].as_py(), **(of_last | {"source": of_last["source"] or ""}),
    )  # fmt: skip
    batch = BarBatch.of(times, numbers, _flags(rows["flags"]), last)
    if not pc.all(finals).as_py():
        batch.finals = tuple(finals.to_pylist())
    return batch


def _known(number: float) -> float | None:
    return number if number == number else None


def _flags(column: pa.ChunkedArray) -> tuple[tuple[str, ...], ...] | None:
    """The flags of each bar; None if no bar has any."""
    places = np.flatnonzero(pc.fill_null(pc.list_value_length(column), 0).to_numpy()).tolist()
    if not places:
        return None
    flags: list[tuple[str, ...]] = [()] * len(column)
    for place in places:
        flags[place] = tuple(column[place].as_py())
    return tuple(flags)


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
