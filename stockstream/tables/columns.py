"""Records of a batch as rows of a table: the fields of the record, its partition, and where it stood in Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Final, TypeVar

import pyarrow as pa

from stockstream.kafka.batch import Batch
from stockstream.tables.schema import DATE, OFFSET, PARTITION, SENT, TOPIC_ID, Table

R = TypeVar("R")

_FIRST: Final = -62_135_596_800_000
_LAST: Final = 253_370_764_800_000
"""The years 1 and 9999 in milliseconds since 1970: a producer may write any time into a message."""


def rows_of(batch: Batch[R], table: Table[R], topic_id: str) -> pa.Table:
    """The rows of a batch that holds its messages, too, in their order; a row a record.

    Parameters
    ----------
    batch
        Records and messages of the table's topic.
    table
        The table.
    topic_id
        Id of the topic.

    Returns
    -------
    pyarrow.Table
        With the columns of the table.
    """
    places = batch.offsets
    schema = table.schema
    columns = _fields(batch.records, table)
    added: dict[str, Sequence[object]] = {
        DATE: list(map(table.date, batch.records)),
        TOPIC_ID: [topic_id] * len(places),
        PARTITION: [partition for partition, _ in places],
        OFFSET: [offset for _, offset in places],
        SENT: [1_000 * min(max(sent, _FIRST), _LAST) for sent in batch.timestamps],
    }
    columns += [_column(values, schema.field(name).type) for name, values in added.items()]
    return pa.Table.from_arrays(columns, schema=schema)


def records_of(records: Sequence[R], table: Table[R]) -> pa.Table:
    """Records alone as rows: the fields of the record, without the columns of the table that are not of the record."""
    schema = pa.schema([table.schema.field(name) for name in table.fields])
    return pa.Table.from_arrays(_fields(records, table), schema=schema)


def _fields(records: Sequence[R], table: Table[R]) -> list[pa.Array]:
    types = [table.schema.field(name).type for name in table.fields]
    names = zip(table.fields, types, strict=True)
    return [_column(list(map(attrgetter(name), records)), kind) for name, kind in names]


def _column(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    if pa.types.is_list(kind) and not any(values):
        return pa.array([()], kind).take(pa.array([0] * len(values))) if values else pa.array([], kind)
    return pa.array(values, kind)
