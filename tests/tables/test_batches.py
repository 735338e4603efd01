"""Batches of a table: each is there once, whatever ends its writer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder

from stockstream.errors import TableError
from stockstream.tables.batches import MANIFEST, BatchWriter, DeltaBatches, Layout, ParquetBatches, parquet_rows
from stockstream.tables.location import Location

KINDS = (DeltaBatches, ParquetBatches)
SCHEMA = pa.schema(
    [
        pa.field("symbol", pa.string()),
        pa.field("time", pa.timestamp("us", "UTC")),
        pa.field("close", pa.float64()),
        pa.field("date", pa.date32()),
        pa.field("kafka_offset", pa.int64()),
    ]
)
LATEST = Layout("latest", SCHEMA, "date", ("symbol", "time"), "kafka_offset", "time")
ALL = Layout("all", SCHEMA, "date")
START = datetime(2026, 3, 2, 23, 58, tzinfo=UTC)


def rows(minutes: range, close: float, offset: int) -> pa.Table:
    """A row a minute, over midnight."""
    times = [START + timedelta(minutes=minute) for minute in minutes]
    found = [("A", time, close, time.date(), offset) for time in times]
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in found], schema=SCHEMA)


def closes(layout: Layout, folder: Path, kind: type[BatchWriter]) -> list[float]:
    location = Location.of(str(folder))
    if kind is ParquetBatches:
        table = parquet_rows(layout.name, location).sort_by([("time", "ascending"), ("kafka_offset", "ascending")])
    else:
        query = QueryBuilder().register("t", DeltaTable(location.uri(layout.name)))
        table = pa.table(query.execute("SELECT close FROM t ORDER BY time, kafka_offset").read_all())
    found: list[float] = table["close"].to_pylist()
    return found


def writer(kind: type[DeltaBatches | ParquetBatches], layout: Layout, folder: Path, who: str = "me") -> BatchWriter:
    return kind(layout, Location.of(str(folder)), who)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_takes_the_place_of_the_former_one(kind: type[DeltaBatches | ParquetBatches], tmp_path: Path) -> None:
    write = writer(kind, LATEST, tmp_path).write
    write(0, rows(range(4), 1.0, 3), adds=True)
    write(1, rows(range(2, 6), 2.0, 7), adds=False)
    write(5, rows(range(3, 4), 3.0, 9), adds=False)
    assert closes(LATEST, tmp_path, kind) == [1.0, 1.0, 2.0, 3.0, 2.0, 2.0]


@pytest.mark.parametrize("layout", [LATEST, ALL], ids=lambda layout: layout.name)
@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_that_is_written_again_is_there_once(
    kind: type[DeltaBatches | ParquetBatches], layout: Layout, tmp_path: Path
) -> None:
    for number in (0, 1, 1, 0):
        writer(kind, layout, tmp_path).write(number, rows(range(number, number + 1), 1.0, number), adds=True)
    assert len(closes(layout, tmp_path, kind)) == 2


def test_delta_rows_of_another_writer_stay_and_are_not_repeated(tmp_path: Path) -> None:
    writer(DeltaBatches, LATEST, tmp_path).write(0, rows(range(4), 2.0, 7), adds=True)
    writer(DeltaBatches, LATEST, tmp_path, "another").write(0, rows(range(6), 1.0, 5), adds=True)
    assert closes(LATEST, tmp_path, DeltaBatches) == [2.0, 2.0, 2.0, 2.0, 1.0, 1.0]


def test_a_parquet_file_that_is_not_named_yet_is_not_read_and_replaced(tmp_path: Path) -> None:
    write = writer(ParquetBatches, ALL, tmp_path).write
    write(0, rows(range(2), 1.0, 1), adds=True)
    manifest = (tmp_path / "all" / MANIFEST).read_bytes()
    write(1, rows(range(2, 4), 2.0, 3), adds=True)
    (tmp_path / "all" / MANIFEST).write_bytes(manifest)  # as after a crash between the two files
    assert closes(ALL, tmp_path, ParquetBatches) == [1.0, 1.0]
    writer(ParquetBatches, ALL, tmp_path).write(1, rows(range(2, 5), 3.0, 4), adds=True)
    assert closes(ALL, tmp_path, ParquetBatches) == [1.0, 1.0, 3.0, 3.0, 3.0]


def test_parquet_of_another_checkpoint_is_refused(tmp_path: Path) -> None:
    writer(ParquetBatches, ALL, tmp_path).write(0, rows(range(2), 1.0, 1), adds=True)
    with pytest.raises(TableError, match=r"all was written with another checkpoint - go on with that, or name another"):
        writer(ParquetBatches, ALL, tmp_path, "another")
    (tmp_path / "all" / MANIFEST).write_bytes(b"{")
    with pytest.raises(TableError, match=r"manifest.json is damaged"):
        writer(ParquetBatches, ALL, tmp_path)


def test_without_a_manifest_there_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"all holds no table - a table has a manifest.json"):
        parquet_rows("all", Location.of(str(tmp_path)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_other_columns_is_refused(kind: type[DeltaBatches | ParquetBatches], tmp_path: Path) -> None:
    writer(kind, ALL, tmp_path).write(0, rows(range(2), 1.0, 1), adds=True)
    wider = Layout("all", SCHEMA.append(pa.field("open", pa.float64())), "date")
    with pytest.raises(TableError, match=r"all is another table: it has no open - name another with --table"):
        writer(kind, wider, tmp_path)
    narrow = Layout("all", SCHEMA.set(2, pa.field("close", pa.string())), "date")
    with pytest.raises(TableError, match=r"its column close is of type double, not string"):
        writer(kind, narrow, tmp_path)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TableError, match="cannot"):
        writer(DeltaBatches, ALL, tmp_path / "file")
    with pytest.raises(TableError, match="cannot"):
        writer(ParquetBatches, ALL, tmp_path / "file").write(0, rows(range(2), 1.0, 1), adds=True)
