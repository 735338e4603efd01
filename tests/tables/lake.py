"""Tables of tests: records as `stockstream store` would have written them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from stockstream.records import Alert, Bar, Flight
from stockstream.tables.schema import ALERT_STATES, BARS, DATE, FLIGHT_ROWS, OFFSET, PARTITION, SENT, TOPIC_ID, Table

SENT_AT = datetime(2026, 3, 3, tzinfo=UTC)


def row(table: Table[Any], record: Bar | Flight | Alert, offset: int, **others: object) -> dict[str, object]:
    """A record as a row; ``others`` replace where it stood in the topic."""
    fields = {name: getattr(record, name) for name in table.fields}
    fields |= {name: list(value.items()) for name, value in fields.items() if isinstance(value, dict)}
    origin = {TOPIC_ID: "one", PARTITION: 0, OFFSET: offset, SENT: SENT_AT + timedelta(milliseconds=offset)}
    return {**fields, **origin, **others}


def rows_with_dates(table: Table[Any], rows: Sequence[dict[str, object]]) -> pa.Table:
    """Rows as a table, with their partitions."""
    found = pa.Table.from_pylist(list(rows), schema=table.schema)
    return found.set_column(found.schema.get_field_index(DATE), DATE, table.dates(found))


def write(folder: Path, table: Table[Any], rows: Sequence[dict[str, object]]) -> None:
    """Append rows to a table in a folder."""
    found = rows_with_dates(table, rows)
    write_deltalake(str(folder / table.name), found, mode="append", partition_by=["date"])


def store_bars(folder: Path, bars: Sequence[Bar], start: int = 0, **others: object) -> None:
    """Append bars, with ascending offsets."""
    write(folder, BARS, [row(BARS, bar, start + place, **others) for place, bar in enumerate(bars)])


def store_flights(folder: Path, flights: Sequence[Flight], start: int = 0, **others: object) -> None:
    """Append flights, with ascending offsets."""
    write(folder, FLIGHT_ROWS, [row(FLIGHT_ROWS, each, start + place, **others) for place, each in enumerate(flights)])


def store_alerts(folder: Path, alerts: Sequence[Alert], start: int = 0, **others: object) -> None:
    """Append states of alerts, with ascending offsets."""
    write(folder, ALERT_STATES, [row(ALERT_STATES, each, start + place, **others) for place, each in enumerate(alerts)])
