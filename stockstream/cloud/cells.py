"""Results of Athena, which sends every cell as text, as Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from stockstream.cloud.athena import Column

Cell: TypeAlias = bool | int | float | str | date | datetime | Decimal

_WHOLE: Final = ("tinyint", "smallint", "integer", "int", "bigint")
_FLOATING: Final = ("float", "real", "double")
_DIGITS: Final = 38
"""Digits of a decimal, the most that Athena and Arrow have."""


def _instant(text: str) -> datetime:
    """A time with its zone: ``2026-03-02 14:30:00.000 UTC``, or ``+01:00`` in the place of UTC."""
    clock, _, zone = text.rpartition(" ")
    if zone.startswith(("+", "-")):
        return datetime.fromisoformat(clock + zone).astimezone(UTC)
    try:
        known = UTC if zone in ("UTC", "Z") else ZoneInfo(zone)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError(f"{text} is of no known time zone") from None
    return datetime.fromisoformat(clock).replace(tzinfo=known).astimezone(UTC)


_READERS: Final[Mapping[str, tuple[pa.DataType, Callable[[str], Cell]]]] = {
    **dict.fromkeys(_WHOLE, (pa.int64(), int)),
    **dict.fromkeys(_FLOATING, (pa.float64(), float)),
    "boolean": (pa.bool_(), lambda text: text == "true"),
    "date": (pa.date32(), date.fromisoformat),
    "timestamp": (pa.timestamp("us"), datetime.fromisoformat),
    "timestamp with time zone": (pa.timestamp("us", "UTC"), _instant),
}
"""By Athena's type that of Arrow, and what reads a cell; every other type stays text."""


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """The schema of a result. A name that was there before is numbered, so that no column is lost in JSON.

    >>> schema_of([Column("close", "double"), Column("tags", "array"), Column("close", "decimal", 2)])
    close: double
    tags: string
    close_1: decimal128(38, 2)
    """
    names = _numbered([each.name for each in columns])
    return pa.schema([pa.field(name, _reader(each)[0]) for name, each in zip(names, columns, strict=True)])


def batch_of(columns: Sequence[Column], rows: Sequence[Sequence[str | None]]) -> pa.RecordBatch:
    """The rows of a page; the last cells of a row may be left out. Raises ValueError for a cell of another type.

    >>> batch_of([Column("close", "double")], [["7.5"], [None], []]).to_pylist()
    [{'close': 7.5}, {'close': None}, {'close': None}]
    """
    schema = schema_of(columns)
    arrays = []
    for place, (column, field) in enumerate(zip(columns, schema, strict=True)):
        read = _reader(column)[1]
        texts = (row[place] if place < len(row) else None for row in rows)
        try:
            arrays.append(pa.array([None if text is None else read(text) for text in texts], field.type))
        except ArithmeticError as error:  # of a decimal, or of a number of more than 64 bits
            raise ValueError(f"a cell of {field.name} is no {column.type}") from error
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _reader(column: Column) -> tuple[pa.DataType, Callable[[str], Cell]]:
    if column.type == "decimal":
        return pa.decimal128(_DIGITS, column.scale), Decimal
    return _READERS.get(column.type, (pa.string(), str))


def _numbered(names: Sequence[str]) -> list[str]:
    """Names of which each is there once.

    >>> _numbered(["a", "a", "b", "a_1", "a"])
    ['a', 'a_2', 'b', 'a_1', 'a_3']
    """
    found: list[str] = []
    for name in names:
        new, number = name, 0
        while new in found or (number and new in names):
            number += 1
            new = f"{name}_{number}"
        found.append(new)
    return found
