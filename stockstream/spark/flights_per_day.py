"""Job ``flights-per-day``: the flights of each airline and day, by Spark's own aggregates, each row of a file once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from stockstream.spark.batch import Batch
from stockstream.spark.decoding import Batches, Reading, decoder
from stockstream.spark.job import Output
from stockstream.spark.schema import struct
from stockstream.tables.batches import Layout
from stockstream.tables.schema import DATE, FLIGHT_ROWS
from stockstream.topics import FLIGHTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FLIGHTS_COLUMN: Final = "flights"

_ROWS: Final = pa.schema([FLIGHT_ROWS.schema.field(name) for name in ("file", "row", "airline", DATE)])
_COLUMNS: Final = pa.schema(
    [pa.field("airline", pa.string()), pa.field(DATE, pa.date32()), pa.field(FLIGHTS_COLUMN, pa.int64())]
)


class FlightsPerDayJob:
    """Job ``flights-per-day``; see the module. Rows without an airline, or of a day that no calendar has, do not count.

    Parameters
    ----------
    table
        Name of the table.
    """

    name = "flights-per-day"
    topic = FLIGHTS.name
    mode = "update"

    def __init__(self, table: str = "flights_per_day") -> None:
        # A count of one topic only grows: a table belongs to one.
        self._layout = Layout(table, _COLUMNS, key=("airline", DATE), order=FLIGHTS_COLUMN)

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """The table of counts."""
        return (self._layout,)

    @property
    def parameters(self) -> Mapping[str, str]:
        """None."""
        return {}

    def rows(self, messages: DataFrame, reading: Reading) -> DataFrame:
        """As that of `Job`."""
        from pyspark.sql import functions as f  # an extra

        flights = messages.mapInArrow(_Rows(reading), struct(_ROWS))
        counted = flights.dropDuplicates(["file", "row"]).groupBy("airline", DATE)
        return counted.agg(f.count("*").alias(FLIGHTS_COLUMN))

    def outputs(self, batch: Batch) -> Iterator[Output]:
        """As that of `Job`."""
        yield Output(self._layout.name, batch.rows, adds=False)


class _Rows:
    """Function for ``mapInArrow``: what counts of messages that are flights."""

    def __init__(self, reading: Reading) -> None:
        self._decode = decoder(reading)

    def __call__(self, batches: Batches) -> Batches:
        for batch in self._decode(batches):
            used = pc.and_(pc.is_valid(batch[DATE]), pc.fill_null(pc.not_equal(batch["airline"], ""), False))  # noqa: FBT003
            yield batch.select(_ROWS.names).filter(used)
