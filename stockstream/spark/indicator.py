"""Job ``indicator``: any indicators over the bars of each series, with the values and corrections of a window.

Bars travel to the states packed: a row of the stream holds many bars, as Arrow's bytes, because Spark hands them to
Python one by one otherwise. Series are spread over a fixed number of buckets, the keys of the stateful operator, so
that many series with few new bars are worked on together; each series has a state of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final
from zlib import crc32

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stockstream.periods import intraday
from stockstream.records import NUMBERS, Series
from stockstream.spark.decoding import Batches, Reading, decoder
from stockstream.spark.job import Output
from stockstream.spark.schema import REASON, struct
from stockstream.spark.series_rows import Change, NamedIndicator, SeriesRows
from stockstream.spark.set_aside import divided, set_aside
from stockstream.tables.batches import Layout
from stockstream.tables.schema import DATE, INSTANT, OFFSET, PARTITION, SENT
from stockstream.tables.stored_bars import StoredBars
from stockstream.topics import STOCKS
from stockstream.views.numbering import numbered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.streaming import StatefulProcessorHandle

BUCKETS: Final = 64
"""Number of keys over which the series are spread; a checkpoint is of one number."""

KEEP: Final = 1_000
"""Newest bars of a series that can be corrected, by default."""

AGAIN: Final = "again"
"""Whether a row replaces one that was given before."""

_SERIES: Final = Series._fields
_PLACE: Final = (PARTITION, OFFSET, SENT)
_NEEDED: Final = (
    *_SERIES, "time", *NUMBERS, "final", "flags", "tz", "currency", "unit", "source", *_PLACE, REASON
)  # fmt: skip
_PACKED: Final = pa.schema([pa.field("bucket", pa.int32()), pa.field("rows", pa.binary())])

_TOO_LATE: Final = "too late: older than all bars that are kept"


def frame_columns(indicators: Sequence[NamedIndicator]) -> tuple[str, ...]:
    """The columns of a window's frame that a row has."""
    values = (name for each in indicators for name in each.columns)
    return ("time", *NUMBERS, *values, "final", "doubtful")


def columns(indicators: Sequence[NamedIndicator]) -> pa.Schema:
    """The columns of the job's rows.

    Those of a table of indicators, then whether a row replaces another one, and the reason of a bar that is set aside.
    """
    kinds = {"time": INSTANT, "final": pa.bool_(), "doubtful": pa.bool_()}
    return pa.schema(
        [
            *(pa.field(name, pa.string()) for name in _SERIES),
            *(pa.field(name, kinds.get(name, pa.float64())) for name in frame_columns(indicators)),
            pa.field(DATE, pa.date32()),
            pa.field(PARTITION, pa.int32()),
            pa.field(OFFSET, pa.int64()),
            pa.field(SENT, INSTANT),
            pa.field(AGAIN, pa.bool_()),
            pa.field(REASON, pa.string()),
        ]
    )


def indicator_rows(
    messages: DataFrame, reading: Reading, indicators: Sequence[NamedIndicator], keep: int, symbols: frozenset[str]
) -> DataFrame:
    """The stream of the job's rows, see `columns`.

    Parameters
    ----------
    messages
        The messages of the topic of bars.
    reading
        What they are.
    indicators
        The indicators.
    keep
        Newest bars of a series that can be corrected.
    symbols
        Those to compute; none for all.
    """
    packed = messages.mapInArrow(_packer(reading, symbols), struct(_PACKED))
    computed = packed.groupBy("bucket").transformWithStateInPandas(
        IndicatorProcessor(tuple(indicators), keep), struct(_PACKED), "update", "none"
    )
    return computed.mapInArrow(_unpack, struct(columns(indicators)))


def _packer(reading: Reading, symbols: frozenset[str]) -> Callable[[Batches], Batches]:
    """A function that decodes messages, and packs the bars of each bucket."""
    decode = decoder(reading)

    def pack(batches: Batches) -> Batches:
        for batch in decode(batches):
            wanted = batch.select(list(_NEEDED))
            if symbols:
                there = pc.fill_null(pc.is_in(wanted["symbol"], pa.array(sorted(symbols))), False)  # noqa: FBT003
                wanted = wanted.filter(pc.or_(there, pc.is_valid(wanted[REASON])))
            if wanted.num_rows:
                yield from _packed(wanted)

    return pack


def _packed(batch: pa.RecordBatch) -> Batches:
    names = [pc.fill_null(batch[name], "") for name in _SERIES]
    found = pc.binary_join_element_wise(*names, "/").dictionary_encode()
    of_series = np.array([crc32(name.encode()) % BUCKETS for name in found.dictionary.to_pylist()], np.int32)
    buckets = of_series[found.indices.to_numpy()]
    order = np.argsort(buckets, kind="stable")
    sorted_rows, keys = batch.take(pa.array(order)), buckets[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    parts = [
        _bytes(sorted_rows.slice(start, end - start))
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(keys)], strict=True)
    ]
    yield pa.record_batch([pa.array(keys[starts]), pa.array(parts, pa.binary())], schema=_PACKED)


def _bytes(rows: pa.RecordBatch | pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write(rows)
    return bytes(sink.getvalue())


def _table(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()


def _unpack(batches: Batches) -> Batches:
    for batch in batches:
        for content in batch.column("rows").to_pylist():
            yield from _table(content).to_batches()


class IndicatorProcessor:
    """Spark's stateful operator: takes the bars of a bucket's series, and keeps a state for each series.

    It has the methods of ``pyspark.sql.streaming.StatefulProcessor``, and loads no PySpark before it is used.

    Parameters
    ----------
    indicators
        The indicators.
    keep
        Newest bars of a series that can be corrected.
    """

    def __init__(self, indicators: tuple[NamedIndicator, ...], keep: int) -> None:
        self._indicators = indicators
        self._keep = keep

    def init(self, handle: StatefulProcessorHandle) -> None:
        """Open the states."""
        key = struct(pa.schema([pa.field(name, pa.string()) for name in _SERIES]))
        self._states = handle.getMapState("series", key, struct(pa.schema([pa.field("state", pa.binary())])))
        self._makers = {each.label: each.make for each in self._indicators}
        self._names = frame_columns(self._indicators)
        self._schema = columns(self._indicators)

    def handleInputRows(  # noqa: N802 - Spark's own
        self,
        key: object,
        rows: Iterator[pd.DataFrame],
        timerValues: object,  # noqa: N803, ARG002
    ) -> Iterator[pd.DataFrame]:
        """Take the bars of a bucket; gives one row with what they change."""
        bars = pa.concat_tables([_table(content) for frame in rows for content in frame["rows"]])
        found = [self._set_aside(bars.filter(pc.is_valid(bars[REASON])))]
        found += [each for series, part in _by_series(bars) for each in self._taken(series, part)]
        changed = pa.concat_tables([each for each in found if len(each)] or found[:1])
        if len(changed):
            yield pd.DataFrame({"bucket": np.array(key, np.int32), "rows": pd.Series([_bytes(changed)], dtype=object)})

    def close(self) -> None:
        """Nothing is open."""

    def _set_aside(self, rows: pa.Table) -> pa.Table:
        """Rows with a reason, with the columns of the job."""
        return self._filled({name: rows[name] for name in self._schema.names if name in rows.column_names}, len(rows))

    def _filled(self, found: Mapping[str, object], count: int) -> pa.Table:
        return pa.table(
            [found[field.name] if field.name in found else pa.nulls(count, field.type) for field in self._schema],
            self._schema,
        )

    def _taken(self, series: Series, bars: pa.Table) -> Iterator[pa.Table]:
        """The rows of a series that its next bars change, and those bars that are set aside."""
        saved = self._states.getValue(series)
        state = SeriesRows(series, self._makers, self._names, self._keep, None if saved is None else saved[0])
        change = state.take(StoredBars(series, bars, {}).batch())
        self._states.updateValue(series, (state.saved(),))
        yield self._changed(series, change, bars)
        if len(change.outdated):
            late = bars.take(pa.array(change.outdated))
            yield self._set_aside(
                late.set_column(late.column_names.index(REASON), REASON, _texts(_TOO_LATE, len(late)))
            )
        if change.refused:
            yield self._refused(bars, change)

    def _changed(self, series: Series, change: Change, bars: pa.Table) -> pa.Table:
        count = len(change.again)
        instants = change.columns["time"]
        days = instants.astype("M8[D]" if intraday(series.interval) else "M8[Y]").astype("M8[D]")
        found: dict[str, object] = {name: _texts(value, count) for name, value in zip(_SERIES, series, strict=True)}
        for name, values in change.columns.items():
            kind = self._schema.field(name).type
            found[name] = pa.array(values).cast(kind) if name == "time" else pa.array(values, kind, from_pandas=True)
        found |= {name: pa.repeat(bars[name][-1], count) for name in _PLACE}  # the cause is one of these bars
        return self._filled(found | {DATE: pa.array(days), AGAIN: pa.array(change.again)}, count)

    def _refused(self, bars: pa.Table, change: Change) -> pa.Table:
        """Bars of this batch that indicators refuse, each with the names of these."""
        reasons: dict[int, list[str]] = {}
        for time, label in sorted(change.refused):
            reasons.setdefault(time, []).append(label)
        times = pc.cast(bars["time"], pa.int64()).to_numpy()
        places = {time: int(np.flatnonzero(times == time)[-1]) for time in reasons if (times == time).any()}
        rows = bars.take(pa.array(list(places.values()), pa.int64()))
        texts = pa.array([f"refused by {', '.join(reasons[time])}" for time in places], pa.string())
        return self._set_aside(rows.set_column(rows.column_names.index(REASON), REASON, texts))


def _texts(value: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), count)


def _by_series(bars: pa.Table) -> Iterator[tuple[Series, pa.Table]]:
    """The bars of each series, in the order in which they were sent."""
    bars = bars.filter(pc.is_null(bars[REASON]))
    if not len(bars):
        return
    bars = bars.take(pa.array(_sent_order(*(bars[name].to_numpy() for name in (PARTITION, OFFSET, SENT)))))
    names = zip(*(bars[name].to_pylist() for name in _SERIES), strict=True)
    numbers, found = numbered(names, len(bars))
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers))
    bars = bars.take(pa.array(order)).combine_chunks()
    for series, start, end in zip(found, [0, *ends.tolist()], ends.tolist(), strict=False):
        yield Series(*series), bars.slice(start, end - start)


def _sent_order(
    partitions: NDArray[np.int32], offsets: NDArray[np.int64], sent: NDArray[np.datetime64]
) -> NDArray[np.intp]:
    """The order of messages: that of their partition, and of several partitions, where keys have moved, of the time.

    >>> times = np.array([3, 1, 2], "M8[ms]")
    >>> _sent_order(np.array([0, 1, 1]), np.array([7, 5, 4]), times).tolist()
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


class IndicatorJob:
    """Job ``indicator``; see the module.

    Parameters
    ----------
    indicators
        The indicators, at least one.
    table
        Name of the table.
    keep
        Newest bars of a series that can be corrected.
    symbols
        Those to compute; none for all.
    """

    name = "indicator"
    topic = STOCKS.name
    mode = "update"

    def __init__(
        self,
        indicators: Sequence[NamedIndicator],
        table: str = "indicators",
        *,
        keep: int = KEEP,
        symbols: frozenset[str] = frozenset(),
    ) -> None:
        self._indicators = tuple(indicators)
        self._keep = keep
        self._symbols = symbols
        names = [name for name in columns(indicators).names if name not in (AGAIN, REASON)]
        schema = pa.schema([columns(indicators).field(name) for name in names])
        self._layout = Layout(table, schema, DATE, (*_SERIES, "time"), OFFSET, "time")
        self._aside = set_aside(table)

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """The table of values, and that of bars that are set aside."""
        return self._layout, self._aside

    @property
    def parameters(self) -> Mapping[str, str]:
        """Indicators, kept bars and symbols."""
        return {
            "with": "; ".join(map(str, self._indicators)),
            "keep": str(self._keep),
            "symbols": ",".join(sorted(self._symbols)) or "all",
        }

    def rows(self, messages: DataFrame, reading: Reading) -> DataFrame:
        """As that of `Job`."""
        return indicator_rows(messages, reading, self._indicators, self._keep, self._symbols)

    def outputs(self, rows: pa.Table, topic_id: str) -> Iterator[Output]:  # noqa: ARG002 - as the protocol has it
        """As that of `Job`."""
        adds = not pc.any(rows[AGAIN]).as_py()
        yield from divided(rows, self._layout, self._aside, adds=adds)
