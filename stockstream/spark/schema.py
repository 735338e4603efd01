"""Columns of the streams as Spark's types, made from the types of the records: the same as those of the tables.

On the wire fields at their default are left out, and what is no record has to be refused as everywhere. So a message is
decoded by `stockstream.codec`, never by Spark's ``from_json``, and these are the types of what it gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from stockstream.tables.schema import INSTANT, OFFSET, PARTITION, SENT, AnyTable

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

REASON: Final = "reason"
"""Why a record is set aside; NULL for one that is used."""

_KAFKA: Final = (
    pa.field(PARTITION, pa.int32()),
    pa.field(OFFSET, pa.int64()),
    pa.field(SENT, INSTANT),
)

MESSAGES: Final = pa.schema([pa.field("value", pa.binary()), *_KAFKA])
"""Messages of a topic, as `stockstream.spark.messages` reads them."""


def rows(table: AnyTable) -> pa.Schema:
    """The columns of decoded records: those of their table, and the reason."""
    return table.schema.append(pa.field(REASON, pa.string()))


def struct(columns: pa.Schema) -> StructType:
    """The same columns as Spark's types."""
    from pyspark.sql.pandas.types import from_arrow_schema  # an extra

    return from_arrow_schema(columns)
