"""Batches of a table: each is there once, whatever ends its writer."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder

from stockstream.errors import Overtaken, TableError
from stockstream.tables.batches import MANIFEST, BatchWriter, DeltaBatches, Layout, ParquetBatches, parquet_rows
from stockstream.tables.claim import Claim
from stockstream.tables.location import Location
from stockstream.tables.maintenance import Maintenance
from stockstream.tables.schema import TOPIC_ID

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
PLACED = Layout(
    "placed", SCHEMA.append(pa.field("partition", pa.int32())), "date", LATEST.key, "kafka_offset", "time", "partition"
)
MADE_OF = {"job": "indicator", "topic id": "abc", "with": "sma"}
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


def writer(
    kind: type[DeltaBatches | ParquetBatches], layout: Layout, folder: Path, claim: Claim | str = "me"
) -> BatchWriter:
    return kind(layout, Location.of(str(folder)), Claim(claim, MADE_OF) if isinstance(claim, str) else claim)


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
    for number in (0, 1, 1):
        writer(kind, layout, tmp_path).write(number, rows(range(number, number + 1), 1.0, number), adds=True)
    assert len(closes(layout, tmp_path, kind)) == 2


def test_delta_rows_of_another_writer_stay_and_are_not_repeated(tmp_path: Path) -> None:
    writer(DeltaBatches, LATEST, tmp_path).write(0, rows(range(4), 2.0, 7), adds=True)
    writer(DeltaBatches, LATEST, tmp_path, "another").write(0, rows(range(6), 1.0, 5), adds=True)
    assert closes(LATEST, tmp_path, DeltaBatches) == [2.0, 2.0, 2.0, 2.0, 1.0, 1.0]


@pytest.mark.parametrize("layout", [LATEST, ALL], ids=lambda layout: layout.name)
@pytest.mark.parametrize("kind", KINDS)
def test_an_older_copy_of_a_checkpoint_is_refused(
    kind: type[DeltaBatches | ParquetBatches], layout: Layout, tmp_path: Path
) -> None:
    write = writer(kind, layout, tmp_path).write
    write(0, rows(range(2), 1.0, 1), adds=True)
    write(3, rows(range(2, 4), 1.0, 3), adds=True)
    with pytest.raises(
        TableError, match=r"holds batch 3 of this checkpoint already, which is at batch 2: an older copy"
    ):
        write(2, rows(range(6), 1.0, 5), adds=True)


def test_two_writers_of_a_delta_table_never_repeat_a_row(tmp_path: Path) -> None:
    first = writer(DeltaBatches, LATEST, tmp_path, "first")
    first.write(0, rows(range(2), 1.0, 1), adds=True)
    second = writer(DeltaBatches, LATEST, tmp_path, "second")
    with pytest.raises(
        Overtaken, match=r"a job with another checkpoint writes to .*latest - go on with that checkpoint"
    ):
        first.write(1, rows(range(2, 4), 1.0, 3), adds=True)
    again = writer(
        DeltaBatches, LATEST, tmp_path, Claim("first", MADE_OF, begun=True)
    )  # the second has written nothing
    again.write(1, rows(range(2, 4), 1.0, 3), adds=True)
    with pytest.raises(Overtaken):
        second.write(0, rows(range(4), 1.0, 3), adds=True)
    third = writer(DeltaBatches, LATEST, tmp_path, "third")
    third.write(0, rows(range(5), 1.0, 4), adds=True)
    assert closes(LATEST, tmp_path, DeltaBatches) == [1.0] * 5
    with pytest.raises(Overtaken):
        writer(DeltaBatches, LATEST, tmp_path, Claim("first", MADE_OF, begun=True))


class Late(DeltaBatches):
    """Another writer takes the table just before the first commit of this one."""

    taken = False

    def _commit(self, number: int, rows: pa.Table, *, adds: bool) -> None:
        if not self.taken:
            self.taken = True
            DeltaBatches(self._layout, self._location, Claim("other", MADE_OF)).write(0, rows, adds=True)
        super()._commit(number, rows, adds=adds)


def test_a_commit_does_not_race_with_a_writer_that_takes_over(tmp_path: Path) -> None:
    late = Late(LATEST, Location.of(str(tmp_path)), Claim("late", MADE_OF), sleep=lambda seconds: None)
    with pytest.raises(Overtaken):
        late.write(0, rows(range(2), 1.0, 1), adds=True)
    assert closes(LATEST, tmp_path, DeltaBatches) == [1.0, 1.0]


class Slow(Claim):
    """Another writer claims the table, and writes, between the look at it and the claim of this one."""

    def refuse_missing(self, uri: str) -> None:
        folder = Path(uri.removeprefix("file://")).parent
        writer(DeltaBatches, LATEST, folder, "faster").write(0, rows(range(2), 1.0, 1), adds=True)


def test_a_claim_does_not_race_with_another_one(tmp_path: Path) -> None:
    writer(DeltaBatches, LATEST, tmp_path, "first")
    with pytest.raises(Overtaken, match=r"another job has just begun to write to .*latest - name another"):
        writer(DeltaBatches, LATEST, tmp_path, Slow("slow", MADE_OF))
    writer(DeltaBatches, LATEST, tmp_path, "slow").write(0, rows(range(3), 1.0, 2), adds=True)  # started again
    assert closes(LATEST, tmp_path, DeltaBatches) == [1.0] * 3


def placed(minutes: range, close: float, offset: int, partition: int) -> pa.Table:
    found = rows(minutes, close, offset)
    return found.append_column("partition", pa.array([partition] * len(found), pa.int32()))


def test_corrections_of_keys_that_have_moved_to_another_partition_count(tmp_path: Path) -> None:
    only = writer(DeltaBatches, PLACED, tmp_path)
    only.write(0, placed(range(3), 1.0, 900, 0), adds=True)
    only.write(1, placed(range(1, 4), 2.0, 4, 5), adds=False)  # a partition that was added, near its beginning
    assert closes(PLACED, tmp_path, DeltaBatches) == [1.0, 2.0, 2.0, 2.0]
    new = writer(DeltaBatches, PLACED, tmp_path, "new")  # a checkpoint that was lost: all is read again
    new.write(0, placed(range(3), 0.5, 300, 0), adds=True)
    new.write(1, placed(range(3), 1.0, 900, 0), adds=False)
    new.write(2, placed(range(1, 4), 2.0, 4, 5), adds=False)
    new.write(3, placed(range(2, 3), 3.0, 5, 5), adds=False)
    assert closes(PLACED, tmp_path, DeltaBatches) == [1.0, 2.0, 3.0, 2.0]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (MADE_OF | {"topic id": "def"}, "topic id was abc, is def"),
        (MADE_OF | {"with": "sma:period=50"}, "with was sma, is sma:period=50"),
    ],
    ids=["a topic that was made anew", "other parameters"],
)
def test_a_delta_table_of_another_job_is_refused(now: dict[str, str], told: str, tmp_path: Path) -> None:
    writer(DeltaBatches, LATEST, tmp_path).write(0, rows(range(2), 1.0, 1), adds=True)
    with pytest.raises(
        TableError, match=rf"latest holds the rows of another job: {told} - name another --to or --table"
    ):
        writer(DeltaBatches, LATEST, tmp_path, Claim("new", now))


def test_a_table_that_no_job_has_made_is_refused(tmp_path: Path) -> None:
    DeltaTable.create(str(tmp_path / "latest"), SCHEMA, description="mine")
    with pytest.raises(TableError, match=r"latest is another table: no job of Spark has made it"):
        writer(DeltaBatches, LATEST, tmp_path)


def test_a_topic_that_lost_its_beginning_does_not_replace_rows(tmp_path: Path) -> None:
    writer(DeltaBatches, LATEST, tmp_path, Claim("short", MADE_OF, lost=1_200))  # nothing is there yet
    writer(DeltaBatches, LATEST, tmp_path).write(0, rows(range(2), 1.0, 1), adds=True)
    with pytest.raises(
        TableError, match=r"the topic holds its first 1,200 messages no longer: rows without them would"
    ):
        writer(DeltaBatches, LATEST, tmp_path, Claim("new", MADE_OF, lost=1_200))


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_that_was_removed_is_not_begun_in_the_middle(
    kind: type[DeltaBatches | ParquetBatches], tmp_path: Path
) -> None:
    begun = Claim("me", MADE_OF, begun=True)
    writer(kind, LATEST, tmp_path)
    writer(kind, LATEST, tmp_path, begun)  # no rows, but there
    shutil.rmtree(tmp_path / "latest")
    with pytest.raises(TableError, match=r"latest is not there, or was made anew: its checkpoint has read a part"):
        writer(kind, LATEST, tmp_path, begun)
    writer(kind, LATEST, tmp_path, "other")
    with pytest.raises(TableError, match=r"latest is not there, or was made anew"):
        writer(kind, LATEST, tmp_path, begun)


def test_a_table_with_the_id_of_its_topic_has_rows_of_several_each_once(tmp_path: Path) -> None:
    layout = Layout("aside", SCHEMA.append(pa.field(TOPIC_ID, pa.string())), key=(TOPIC_ID, "kafka_offset"))
    for who, topic in (("first", "abc"), ("second", "abc"), ("third", "def")):
        claim = Claim(who, MADE_OF | {"topic id": topic}, lost=3)
        found = pa.concat_tables([rows(range(1), 1.0, offset) for offset in range(4)])
        found = found.append_column(TOPIC_ID, pa.array([topic] * 4))
        writer(DeltaBatches, layout, tmp_path, claim).write(0, found, adds=True)
    assert len(closes(layout, tmp_path, DeltaBatches)) == 8


def test_small_files_of_a_delta_table_are_joined(tmp_path: Path) -> None:
    location = Location.of(str(tmp_path))
    table = DeltaBatches(
        LATEST, location, Claim("me", MADE_OF), care=Maintenance(LATEST, location, after=4, keep_hours=168)
    )
    for number in range(5):
        table.write(number, rows(range(number, number + 1), 1.0, number), adds=number < 3)
        if number == 3:
            days = [file.rsplit("/", 2)[1] for file in DeltaTable(table.uri).file_uris()]
            assert sorted(days) == ["date=2026-03-02", "date=2026-03-03"]
    table.write(5, rows(range(6), 2.0, 9), adds=False)
    assert closes(LATEST, tmp_path, DeltaBatches) == [2.0] * 6


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
