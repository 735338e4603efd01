"""Results of Athena, which sends every cell as text, as Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import pyarrow as pa

from stockstream.cloud.athena import Column

Cell: TypeAlias = bool | int | float | str | date | datetime

_WHOLE: Final = ("tinyint", "smallint", "integer", "int", "bigint")
_DECIMAL: Final = ("float", "real", "double")


def _instant(text: str) -> datetime:
    """A time with its zone: ``2026-03-02 14:30:00.000 UTC``."""
    clock, _, zone = text.rpartition(" ")
    known = UTC if zone in ("UTC", "Z") else ZoneInfo(zone)
    return datetime.fromisoformat(clock).replace(tzinfo=known).astimezone(UTC)


_READERS: Final[Mapping[str, tuple[pa.DataType, Callable[[str], Cell]]]] = {
    **dict.fromkeys(_WHOLE, (pa.int64(), int)),
    **dict.fromkeys(_DECIMAL, (pa.float64(), float)),
    "boolean": (pa.bool_(), lambda text: text == "true"),
    "date": (pa.date32(), date.fromisoformat),
    "timestamp": (pa.timestamp("us"), datetime.fromisoformat),
    "timestamp with time zone": (pa.timestamp("us", "UTC"), _instant),
}
"""By Athena's type that of Arrow, and what reads a cell; every other type stays text."""


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """The schema of a result.

    >>> schema_of([Column("close", "double"), Column("tags", "array")]).types
    [DataType(double), DataType(string)]
    """
    return pa.schema([pa.field(each.name, _READERS.get(each.type, (pa.string(), str))[0]) for each in columns])


def batch_of(columns: Sequence[Column], rows: Sequence[Sequence[str | None]]) -> pa.RecordBatch:
    """The rows of a page. Raises ValueError for a cell that is none of its column's type.

    >>> batch_of([Column("close", "double")], [["7.5"], [None]]).to_pylist()
    [{'close': 7.5}, {'close': None}]
    """
    schema = schema_of(columns)
    arrays = []
    for place, (column, field) in enumerate(zip(columns, schema, strict=True)):
        read = _READERS.get(column.type, (pa.string(), str))[1]
        cells = [None if row[place] is None else read(str(row[place])) for row in rows]
        arrays.append(pa.array(cells, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
