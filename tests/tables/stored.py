"""What a table holds, asked by DataFusion on the Delta log; a look into its folder would find orphans, too."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from deltalake import QueryBuilder

from stockstream.tables.delta import Described, opened
from stockstream.tables.location import Location
from stockstream.tables.schema import Table


def asked(table: Described, location: Location, query: str) -> list[dict[str, Any]]:
    """The rows of a query on a table, under its name; none where the table does not exist."""
    handle = opened(table, location)
    if handle is None:
        return []
    found: list[dict[str, Any]] = pa.table(
        QueryBuilder().register(table.name, handle).execute(query).read_all()
    ).to_pylist()
    return found


def count(table: Described, location: Location) -> int:
    return sum(row["n"] for row in asked(table, location, f"SELECT count(*) AS n FROM {table.name}"))


def repeats(table: Table[Any], location: Location) -> int:
    """How many rows are there beyond one a message."""
    places = "kafka_topic_id, kafka_partition, kafka_offset"
    once = f"SELECT DISTINCT {places} FROM {table.name}"
    (row,) = asked(
        table, location, f"SELECT (SELECT count(*) FROM {table.name}) - (SELECT count(*) FROM ({once})) AS n"
    )
    return int(row["n"])
