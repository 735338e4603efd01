"""Job ``moving-average``: the mean close of each series in windows of a minute, by Spark's own aggregates.

A bar that was sent again counts once, as sent last, and only if nobody doubts that close: the bars of a window are its
state until the watermark has passed it. The watermark is the newest time of all series less a delay; what comes for a
window behind it is dropped, and counted as late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from stockstream.records import Series, doubted
from stockstream.spark.decoding import Batches, Reading, decoder
from stockstream.spark.job import Output
from stockstream.spark.schema import REASON, struct
from stockstream.tables.batches import Layout
from stockstream.tables.schema import BARS, DATE, INSTANT, OFFSET, PARTITION, SENT
from stockstream.topics import STOCKS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SERIES: Final = Series._fields
_USED: Final = "used"
"""Whether a close is used: not one in doubt, which still takes the place of a former one."""

_READ: Final = (*_SERIES, "time", "close", SENT, PARTITION, OFFSET)
_CLOSES: Final = pa.schema([*(BARS.schema.field(name) for name in _READ), pa.field(_USED, pa.bool_())])

_COLUMNS: Final = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in _SERIES),
        pa.field("time", INSTANT),
        pa.field("average", pa.float64()),
        pa.field("bars", pa.int32()),
        pa.field(DATE, pa.date32()),
        pa.field(OFFSET, pa.int64()),
    ]
)


class MovingAverageJob:
    """Job ``moving-average``; see the module.

    Parameters
    ----------
    window
        Length of the windows, as Spark writes it.
    delay
        How much later than the newest bar a bar may come.
    symbols
        Those to compute; none for all.
    table
        Name of the table.
    """

    name = "moving-average"
    topic = STOCKS.name
    mode = "update"

    def __init__(
        self,
        window: str = "1 minute",
        delay: str = "10 minutes",
        symbols: frozenset[str] = frozenset(),
        table: str = "moving_average",
    ) -> None:
        self._window = window
        self._delay = delay
        self._symbols = symbols
        self._layout = Layout(table, _COLUMNS, DATE, (*_SERIES, "time"), OFFSET, "time")

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """The table of means."""
        return (self._layout,)

    @property
    def parameters(self) -> Mapping[str, str]:
        """Window, delay and symbols."""
        return {"window": self._window, "delay": self._delay, "symbols": ",".join(sorted(self._symbols)) or "all"}

    def rows(self, messages: DataFrame, reading: Reading) -> DataFrame:
        """As that of `Job`."""
        from pyspark.sql import functions as f  # an extra

        closes = messages.mapInArrow(_Closes(reading, self._symbols), struct(_CLOSES))
        bar = f.struct("time", PARTITION, OFFSET, SENT, "close", _USED)
        windows = (
            closes.withWatermark("time", self._delay)
            .groupBy(f.window("time", self._window), *_SERIES)
            .agg(f.collect_list(bar).alias("bars"), f.max(OFFSET).alias(OFFSET))
        )
        return _newest(windows).select(
            *_SERIES,
            f.col("window.start").alias("time"),
            f.expr("aggregate(closes, 0D, (sum, close) -> sum + close) / nullif(size(closes), 0)").alias("average"),
            f.size("closes").alias("bars"),
            f.to_date("window.start").alias(DATE),
            OFFSET,
        )

    def outputs(self, rows: pa.Table, topic_id: str) -> Iterator[Output]:  # noqa: ARG002 - as the protocol has it
        """As that of `Job`."""
        yield Output(self._layout.name, rows, adds=False)


def _newest(windows: DataFrame) -> DataFrame:
    """With the closes that count, in the order of time.

    Of the bars of one time in a partition the one with the last offset, then of several partitions, where keys have
    moved, the one with the last time in Kafka; of these, those that are used.
    """
    from pyspark.sql import functions as f  # an extra

    by_time = f"named_struct('time', bar.time, 'sent', bar.{SENT}, 'close', bar.close, 'used', bar.{_USED})"
    return (
        windows.withColumn("bars", f.array_sort("bars"))
        .withColumn("bars", f.expr(_last_of("time", PARTITION)))
        .withColumn("bars", f.expr(f"array_sort(transform(bars, bar -> {by_time}))"))
        .withColumn("bars", f.expr(_last_of("time")))
        .withColumn("closes", f.expr("transform(filter(bars, bar -> bar.used), bar -> bar.close)"))
    )


def _last_of(*names: str) -> str:
    """Of sorted bars the last one of each of equal values."""
    differs = " OR ".join(f"bar.{name} != bars[place + 1].{name}" for name in names)
    return f"filter(bars, (bar, place) -> place = size(bars) - 1 OR {differs})"


class _Closes:
    """Function for ``mapInArrow``: the closes of messages that are bars, with whether a dashboard uses them."""

    def __init__(self, reading: Reading, symbols: frozenset[str]) -> None:
        self._decode = decoder(reading)
        self._symbols = symbols

    def __call__(self, batches: Batches) -> Batches:
        for batch in self._decode(batches):
            flags = batch["flags"].to_pylist()
            used = pa.array([not (flagged and "close" in doubted(tuple(flagged))) for flagged in flags], pa.bool_())
            closes = pa.RecordBatch.from_arrays([*batch.select(list(_READ)).columns, used], schema=_CLOSES)
            columns = zip(batch["symbol"].to_pylist(), batch[REASON].to_pylist(), strict=True)
            wanted = [reason is None and (not self._symbols or symbol in self._symbols) for symbol, reason in columns]
            yield closes.filter(pa.array(wanted, pa.bool_()))
