"""Job ``moving-average``: the mean close of each series in windows of a minute, by Spark's own aggregates.

A bar that was sent again counts once, as sent last, and only if nobody doubts that close: the bars of a window are its
state until the watermark has passed it. The watermark is the newest time of all series less a delay; Spark drops what
comes for a window behind it. Those bars are set aside: a batch that has some is read again, and each of its bars is
compared with the watermark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from stockstream.records import Series, doubted
from stockstream.spark.batch import Batch
from stockstream.spark.decoding import Batches, Reading, decoder
from stockstream.spark.earliest import Earliest
from stockstream.spark.job import Output
from stockstream.spark.schema import REASON, rows, struct
from stockstream.spark.set_aside import TOO_LATE, set_aside, those_of
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
        pa.field(PARTITION, pa.int32()),
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
        self._layout = Layout(table, _COLUMNS, DATE, (*_SERIES, "time"), OFFSET, "time", lane=PARTITION)
        self._aside = set_aside(table)
        self._earliest: Earliest | None = None

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """The table of means, and that of bars that came too late."""
        return self._layout, self._aside

    @property
    def parameters(self) -> Mapping[str, str]:
        """Window, delay and symbols."""
        return {"window": self._window, "delay": self._delay, "symbols": ",".join(sorted(self._symbols)) or "all"}

    def rows(self, messages: DataFrame, reading: Reading) -> DataFrame:
        """As that of `Job`."""
        from pyspark.sql import functions as f  # an extra

        self._earliest = Earliest(messages.sparkSession)
        closes = messages.mapInArrow(_Closes(reading, self._symbols, self._earliest), struct(_CLOSES))
        bar = f.struct("time", PARTITION, OFFSET, SENT, "close", _USED)
        windows = (
            closes.withWatermark("time", self._delay)
            .groupBy(f.window("time", self._window), *_SERIES)
            .agg(f.collect_list(bar).alias("bars"))
        )
        return _newest(_with_last(windows)).select(
            *_SERIES,
            f.col("window.start").alias("time"),
            f.expr("aggregate(closes, 0D, (sum, close) -> sum + close) / nullif(size(closes), 0)").alias("average"),
            f.size("closes").alias("bars"),
            f.to_date("window.start").alias(DATE),
            f.col(f"last.{PARTITION}"),
            f.col(f"last.{OFFSET}"),
        )

    def outputs(self, batch: Batch) -> Iterator[Output]:
        """As that of `Job`."""
        yield Output(self._layout.name, batch.rows, adds=False)
        watermark = batch.watermark()
        if self._earliest is not None and self._earliest.taken() < watermark:
            yield those_of(self._late(batch, watermark).toArrow(), self._aside, batch.reading.topic_id)

    def _late(self, batch: Batch, watermark: int) -> DataFrame:
        """The bars of a batch whose windows had ended, with the reason."""
        from pyspark.sql import functions as f  # an extra

        bars = batch.messages().mapInArrow(decoder(batch.reading), struct(rows(BARS)))
        late = bars.filter(f.col(REASON).isNull())
        if self._symbols:
            late = late.filter(f.col("symbol").isin(*self._symbols))
        reason = f"{TOO_LATE}its window ended before the newest bar by {self._delay} or more"
        ended = f.window("time", self._window)["end"] <= f.timestamp_millis(f.lit(watermark))
        return late.filter(ended).withColumn(REASON, f.lit(reason))


def _with_last(windows: DataFrame) -> DataFrame:
    """With the place of the bar that was sent last: the end of a partition, of several that with the last time."""
    from pyspark.sql import functions as f  # an extra

    by_place, by_time = (
        ", ".join(f"'{name}', bar.{name}" for name in names)
        for names in ((PARTITION, OFFSET, SENT), (SENT, PARTITION, OFFSET))
    )
    return (
        windows.withColumn("ends", f.expr(f"array_sort(transform(bars, bar -> named_struct({by_place})))"))
        .withColumn("ends", f.expr(_last_of("ends", PARTITION)))
        .withColumn("last", f.expr(f"array_max(transform(ends, bar -> named_struct({by_time})))"))
    )


def _newest(windows: DataFrame) -> DataFrame:
    """With the closes that count, in the order of time.

    Of the bars of one time in a partition the one with the last offset, then of several partitions, where keys have
    moved, the one with the last time in Kafka; of these, those that are used.
    """
    from pyspark.sql import functions as f  # an extra

    by_time = f"named_struct('time', bar.time, 'sent', bar.{SENT}, 'close', bar.close, 'used', bar.{_USED})"
    return (
        windows.withColumn("bars", f.array_sort("bars"))
        .withColumn("bars", f.expr(_last_of("bars", "time", PARTITION)))
        .withColumn("bars", f.expr(f"array_sort(transform(bars, bar -> {by_time}))"))
        .withColumn("bars", f.expr(_last_of("bars", "time")))
        .withColumn("closes", f.expr("transform(filter(bars, bar -> bar.used), bar -> bar.close)"))
    )


def _last_of(bars: str, *names: str) -> str:
    """Of a column of sorted bars the last one of each of equal values."""
    differs = " OR ".join(f"bar.{name} != {bars}[place + 1].{name}" for name in names)
    return f"filter({bars}, (bar, place) -> place = size({bars}) - 1 OR {differs})"


class _Closes:
    """Function for ``mapInArrow``: the closes of messages that are bars, with whether a dashboard uses them."""

    def __init__(self, reading: Reading, symbols: frozenset[str], earliest: Earliest) -> None:
        self._decode = decoder(reading)
        self._symbols = symbols
        self._earliest = earliest

    def __call__(self, batches: Batches) -> Batches:
        for batch in self._decode(batches):
            self._earliest.show(batch["time"])
            flags = batch["flags"].to_pylist()
            used = pa.array([not (flagged and "close" in doubted(tuple(flagged))) for flagged in flags], pa.bool_())
            closes = pa.RecordBatch.from_arrays([*batch.select(list(_READ)).columns, used], schema=_CLOSES)
            columns = zip(batch["symbol"].to_pylist(), batch[REASON].to_pylist(), strict=True)
            wanted = [reason is None and (not self._symbols or symbol in self._symbols) for symbol, reason in columns]
            yield closes.filter(pa.array(wanted, pa.bool_()))
