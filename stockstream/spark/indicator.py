"""Job ``indicator``: any indicators over the bars of each series, with the values and corrections of a window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from stockstream.records import Series
from stockstream.spark.batch import Batch
from stockstream.spark.decoding import Reading
from stockstream.spark.indicator_states import AGAIN, IndicatorProcessor, columns
from stockstream.spark.job import Output
from stockstream.spark.packing import PACKED, packer, unpack
from stockstream.spark.schema import REASON, struct
from stockstream.spark.series_rows import NamedIndicator
from stockstream.spark.set_aside import divided, set_aside
from stockstream.tables.batches import Layout
from stockstream.tables.schema import DATE, OFFSET, PARTITION
from stockstream.topics import STOCKS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

KEEP: Final = 1_000
"""Newest bars of a series that can be corrected, by default."""


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
    packed = messages.mapInArrow(packer(reading, symbols), struct(PACKED))
    computed = packed.groupBy("bucket").transformWithStateInPandas(
        IndicatorProcessor(tuple(indicators), keep), struct(PACKED), "update", "none"
    )
    return computed.mapInArrow(unpack, struct(columns(indicators)))


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
        self._layout = Layout(table, schema, DATE, (*Series._fields, "time"), OFFSET, "time", lane=PARTITION)
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

    def outputs(self, batch: Batch) -> Iterator[Output]:
        """As that of `Job`."""
        adds = not pc.any(batch.rows[AGAIN]).as_py()
        yield from divided(batch.rows, self._layout, self._aside, batch.reading.topic_id, adds=adds)
