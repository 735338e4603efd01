"""What the tables hold: rows, series, times, files, and how far they lag behind their topics."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, QueryBuilder

from stockstream.connection import Connection
from stockstream.kafka.admin import Admin
from stockstream.kafka.to_end import ToEnd
from stockstream.tables.delta import application, opened
from stockstream.tables.location import Location
from stockstream.tables.refusals import translated
from stockstream.tables.schema import ALERT_STATES, BARS, FLIGHT_ROWS, AnyTable

_PARTS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    BARS.name: (("symbol", "interval", "feed"), "time"),
    FLIGHT_ROWS.name: (("file",), "date"),
    ALERT_STATES.name: (("rule",), "at"),
}
"""By table the columns that name its parts, and the one with their times."""


class Part(NamedTuple):
    """A series of bars, a file of flights, or a rule of alerts: its name, rows, and first and last time or day."""

    name: Mapping[str, str]
    rows: int
    first: datetime | date | None
    last: datetime | date | None


class Holding(NamedTuple):
    """What a table holds: its parts by name, and the number and bytes of its present files."""

    table: str
    topic: str
    uri: str
    version: int
    rows: int
    parts: tuple[Part, ...]
    files: int
    size: int

    @property
    def first(self) -> datetime | date | None:
        """The first time or day."""
        return min((part.first for part in self.parts if part.first is not None), default=None)

    @property
    def last(self) -> datetime | date | None:
        """The last time or day."""
        return max((part.last for part in self.parts if part.last is not None), default=None)


def holding(table: AnyTable, location: Location) -> Holding | None:
    """What a table holds now; None if it does not exist. Raises TableError."""
    handle = opened(table, location)
    if handle is None:
        return None
    uri = location.uri(table.name)
    with translated("read the table", uri):
        parts = _parts(table, handle)
        files = pa.table(handle.get_add_actions(flatten=True))
    return Holding(
        table.name,
        table.topic.name,
        uri,
        handle.version(),
        sum(part.rows for part in parts),
        parts,
        files.num_rows,
        pc.sum(files["size_bytes"]).as_py() or 0,
    )


def lag(table: AnyTable, location: Location, connection: Connection, *, timeout: float) -> int | None:
    """Number of offsets of the topic that are not stored yet; None if there is no topic.

    Raises BrokerError if no broker answers within ``timeout`` seconds, TableError.
    """
    name = table.topic.name
    topic_id = Admin(connection, timeout=timeout).topic_id(name)
    if topic_id is None:
        return None
    handle = opened(table, location)
    with ToEnd(connection, name, patience=timeout) as reading:
        bounds = reading.bounds()
    behind = 0
    for number, (low, end) in bounds.items():
        stored = None if handle is None else handle.transaction_version(application(name, topic_id, number))
        behind += max(0, end - (low if stored is None else max(low, stored)))
    return behind


def _parts(table: AnyTable, handle: DeltaTable) -> tuple[Part, ...]:
    names, time = _PARTS[table.name]
    columns = ", ".join(f'"{name}"' for name in names)
    query = f'SELECT {columns}, count(*), min("{time}"), max("{time}") FROM held GROUP BY {columns} ORDER BY {columns}'
    found = pa.table(QueryBuilder().register("held", handle).execute(query).read_all())
    rows = zip(*(column.to_pylist() for column in found.columns), strict=True)
    return tuple(Part(dict(zip(names, row, strict=False)), *row[len(names) :]) for row in rows)
