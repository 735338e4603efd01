"""The columns of the tables are the fields of the records."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from stockstream.tables.columns import records_of
from stockstream.tables.schema import BARS, FLIGHT_ROWS, INSTANT, OF_TOPICS, TABLES, Table, arrow_type
from stockstream.topics import NEWS, TOPICS
from tests.cli.records import flight
from tests.views.bars import walk

ADDED = ["date", "kafka_topic_id", "kafka_partition", "kafka_offset", "kafka_time"]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_has_a_column_for_each_field_of_its_record_and_its_own(table: Table[Any]) -> None:
    assert table.schema.names == [*table.topic.record.__struct_fields__, *ADDED]
    assert len(set(table.schema.names)) == len(table.schema.names)
    assert set(table.identity) <= set(table.fields)


def test_every_topic_of_data_has_a_table() -> None:
    assert {*OF_TOPICS, NEWS.name} == set(TOPICS)


@pytest.mark.parametrize(("table", "record"), [(BARS, walk(1)[0]), (FLIGHT_ROWS, flight(3))], ids=["bars", "flights"])
def test_a_column_holds_each_value_of_its_record_unchanged(table: Table[Any], record: Any) -> None:
    values = {name: [getattr(record, name)] for name in table.fields}
    schema = pa.schema([table.schema.field(name) for name in table.fields])
    (row,) = pa.table(values, schema=schema).to_pylist()
    assert (
        msgspec.convert({**row, **({"flags": tuple(row["flags"])} if "flags" in row else {})}, type(record)) == record
    )


def test_types_of_columns() -> None:
    assert BARS.schema.field("time").type == INSTANT
    assert BARS.schema.field("flags").type == pa.list_(pa.string())
    assert BARS.schema.field("open").type == pa.float64()
    assert FLIGHT_ROWS.schema.field("row").type == pa.int64()
    with pytest.raises(TypeError, match="no column holds"):
        arrow_type(set[str])


def dates(table: Table[Any], records: list[Any]) -> list[date | None]:
    """The partition of each record."""
    found: list[date | None] = table.dates(records_of(records, table)).to_pylist()
    return found


def test_a_bar_of_a_day_or_more_is_in_the_partition_of_its_year() -> None:
    bar = msgspec.structs.replace(walk(1)[0], time=datetime(2026, 3, 4, 23, 59, 59, 999_999, tzinfo=UTC))
    bars = [msgspec.structs.replace(bar, interval=each) for each in ("1m", "4h", "1d", "1wk", "1y")]
    day, year = date(2026, 3, 4), date(2026, 1, 1)
    assert dates(BARS, bars) == [day, day, year, year, year]
    assert dates(BARS, bars[:2]) == [day, day]
    old = [msgspec.structs.replace(each, time=datetime(1915, 12, 31, 23, 59, tzinfo=UTC)) for each in bars]
    assert dates(BARS, old[1:3]) == [date(1915, 12, 31), date(1915, 1, 1)]
    assert dates(BARS, []) == []


def test_a_flight_on_a_day_that_does_not_exist_is_in_no_partition_of_a_day() -> None:
    days = [(2015, 2, 28), (2015, 2, 30), (2016, 2, 29), (1900, 2, 29), (1968, 12, 31), (2015, 4, 31)]
    flights = [msgspec.structs.replace(flight(3), year=year, month=month, day=day) for year, month, day in days]
    assert dates(FLIGHT_ROWS, flights) == [date(2015, 2, 28), None, date(2016, 2, 29), None, date(1968, 12, 31), None]
    assert dates(FLIGHT_ROWS, []) == []
