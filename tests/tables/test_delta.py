"""The writer of a table: positions and rows in one commit, whatever others do at the same time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from stockstream.errors import Overtaken, TableError
from stockstream.tables.delta import DeltaWriter, opened
from stockstream.tables.location import Location
from stockstream.tables.maintenance import Care, Maintenance
from stockstream.tables.refusals import translation
from stockstream.tables.schema import BARS, OFFSET
from tests.tables.stored import asked, count, repeats


@pytest.fixture
def location(tmp_path: Path) -> Location:
    return Location.of(str(tmp_path))


def rows(start: int, end: int, *, partition: int = 0, day: int = 2, topic_id: str = "one") -> pa.Table:
    """Rows of these offsets, all in the partition of a day."""
    made = [
        {
            "symbol": "AAPL",
            "interval": "1m",
            "close": float(offset),
            "date": date(2026, 3, day),
            "kafka_topic_id": topic_id,
            "kafka_partition": partition,
            "kafka_offset": offset,
        }
        for offset in range(start, end)
    ]
    return pa.Table.from_pylist(made, schema=BARS.schema)


def test_a_writer_continues_where_the_table_ends(location: Location) -> None:
    writer = DeltaWriter(BARS, location, "one")
    assert (writer.position(0), writer.position(1)) == (None, None)
    writer.append(rows(0, 10), {0: 10})
    writer.append(rows(10, 15), {0: 15, 1: 3})
    again = DeltaWriter(BARS, location, "one")
    assert (again.position(0), again.position(1), again.position(2)) == (15, 3, None)
    assert DeltaWriter(BARS, location, "another").position(0) is None
    assert count(BARS, location) == 15


def test_a_call_that_is_repeated_stores_nothing_again(location: Location) -> None:
    """After Ctrl-C nobody knows whether the commit was made: the same call says it."""
    writer = DeltaWriter(BARS, location, "one")
    for _ in range(2):
        writer.append(rows(0, 10), {0: 10})
    assert count(BARS, location) == 20  # a caller that means other rows

    class Interrupted(DeltaWriter):
        def _commit(self, rows: pa.Table, ends: Any) -> None:
            super()._commit(rows, ends)
            raise KeyboardInterrupt

    interrupted = Interrupted(BARS, location, "two")
    with pytest.raises(KeyboardInterrupt):
        interrupted.append(rows(0, 10), {0: 10})
    interrupted.append(rows(0, 10), {0: 10})
    assert count(BARS, location) == 30


def test_a_writer_that_hung_is_refused(location: Location) -> None:
    zombie = DeltaWriter(BARS, location, "one", sleep=lambda _: None)
    zombie.append(rows(0, 10), {0: 10})
    living = DeltaWriter(BARS, location, "one")
    living.append(rows(10, 40), {0: 40})
    with pytest.raises(Overtaken, match=r"another process stores stocks in .*/bars"):
        zombie.append(rows(10, 30), {0: 30})
    assert count(BARS, location) == 40
    assert repeats(BARS, location) == 0
    with pytest.raises(
        Overtaken
    ):  # its handle was read again, and delta-rs would take its version below the present one
        zombie.append(rows(10, 30), {0: 30})
    assert count(BARS, location) == 40


def test_of_two_writers_in_step_one_is_refused(location: Location) -> None:
    """Both read the same records, so that the ends of the other one's commit are those of its own."""
    one, two = DeltaWriter(BARS, location, "one"), DeltaWriter(BARS, location, "one", sleep=lambda _: None)
    one.append(rows(0, 10), {0: 10})
    with pytest.raises(Overtaken, match="another process stores stocks"):
        two.append(rows(0, 10), {0: 10})
    with pytest.raises(Overtaken):
        two.confirm({0: 10})
    one.confirm({0: 12})
    one.append(rows(10, 12), {0: 12})
    assert (count(BARS, location), repeats(BARS, location)) == (12, 0)


@contextmanager
def failing(writer: DeltaWriter, error: Exception, *, committed: bool, times: int = 1) -> Iterator[None]:
    """The next commits fail, before or after they are made."""
    real: Callable[..., None] = writer._commit
    left = [times]

    def commit(rows: pa.Table, ends: Any) -> None:
        if left[0] and not committed:
            left[0] -= 1
            raise error
        real(rows, ends)
        if left[0]:
            left[0] -= 1
            raise error

    writer._commit = commit  # type: ignore[method-assign]
    yield
    del writer._commit


AWAY = OSError("Generic S3 error: Error performing PUT in 3s - HTTP error: error sending request: operation timed out")
BUSY = OSError(
    "Generic S3 error ↳ Error performing PUT http://127.0.0.1/x in 3s, after 10 retries - Server returned non-2xx"
    " status code ↳ 503 Service Unavailable ↳ <Error><Code>SlowDown</Code></Error>"
)
DENIED = OSError(
    "Generic S3 error ↳ Error performing PUT http://127.0.0.1/x in 3ms - Server returned non-2xx status code"
    " ↳ 403 Forbidden ↳ <Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
)
FULL = OSError('Generic LocalFileSystem error: Unable to write: Os { code: 28, message: "No space left on device" }')


@pytest.mark.parametrize("error", [AWAY, BUSY], ids=["away", "busy"])
@pytest.mark.parametrize("committed", [False, True])
def test_a_failure_that_passes_is_tried_again_and_a_lost_answer_is_no_second_commit(
    location: Location, error: Exception, *, committed: bool
) -> None:
    pauses: list[float] = []
    writer = DeltaWriter(BARS, location, "one", sleep=pauses.append)
    with failing(writer, error, committed=committed, times=3):
        writer.append(rows(0, 10), {0: 10})
    writer.append(rows(10, 12), {0: 12})
    assert (count(BARS, location), repeats(BARS, location)) == (12, 0)
    assert pauses == ([0.5] if committed else [0.5, 1.0, 2.0])


class Unread(DeltaWriter):
    """Its log cannot be read for a while."""

    left = 2

    def _is_among_new_commits(self) -> bool:
        if self.left:
            self.left -= 1
            raise AWAY
        return super()._is_among_new_commits()


def test_a_log_that_cannot_be_read_after_a_lost_answer_is_read_again(location: Location) -> None:
    pauses: list[float] = []
    writer = Unread(BARS, location, "one", sleep=pauses.append)
    with failing(writer, BUSY, committed=True):
        writer.append(rows(0, 10), {0: 10})
    assert (count(BARS, location), pauses) == (10, [0.5, 1.0, 2.0])
    writer.left = 1
    writer._known -= 1
    writer._positions = {0: None}
    with pytest.raises(TableError, match=r"cannot read the log of .*bars: S3 does not answer"):
        writer.confirm({0: 10})


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (DENIED, "S3 answered 403 Forbidden AccessDenied - AWS credentials come from"),
        (FULL, "no space left on device"),
    ],
    ids=["denied", "full"],
)
def test_a_failure_that_stays_ends_it_in_one_line(location: Location, error: Exception, result: str) -> None:
    pauses: list[float] = []
    writer = DeltaWriter(BARS, location, "one", sleep=pauses.append)
    with failing(writer, error, committed=False), pytest.raises(TableError) as caught:
        writer.append(rows(0, 10), {0: 10})
    assert str(caught.value).startswith(f"cannot write to the table {location.uri('bars')}: {result}")
    assert pauses == []
    with failing(writer, error, committed=True):
        writer.append(rows(0, 10), {0: 10})  # made all the same: it is what comes after a commit that failed
    assert count(BARS, location) == 10


def test_a_service_that_stays_away_ends_it(location: Location) -> None:
    pauses: list[float] = []
    writer = DeltaWriter(BARS, location, "one", sleep=pauses.append)
    with failing(writer, BUSY, committed=False, times=100), pytest.raises(TableError, match=r"503 .*SlowDown"):
        writer.append(rows(0, 10), {0: 10})
    assert len(pauses) == 4


def test_errors_are_reported_in_one_line_without_colours() -> None:
    for error in (AWAY, BUSY, DENIED, FULL, OSError("\x1b[31m↳\x1b[0m odd\n thing")):
        text = str(translation(error, "write to the table", "s3://shares/bars"))
        assert "\n" not in text
        assert "\x1b" not in text
        assert text.startswith("cannot write to the table s3://shares/bars: ")


def test_new_columns_are_added_without_writing_files_again(location: Location) -> None:
    older = pa.schema([field for field in BARS.schema if field.name not in ("unit", "close_usd")])
    made = DeltaTable.create(location.uri("bars"), older, partition_by=["date"])
    write_deltalake(made, rows(0, 5).select(older.names), mode="append")
    files = opened(BARS, location).file_uris()  # type: ignore[union-attr]
    writer = DeltaWriter(BARS, location, "one")
    writer.append(rows(5, 8), {0: 8})
    now = opened(BARS, location)
    assert now is not None
    assert set(files) < set(now.file_uris())
    assert set(pa.schema(now.schema().to_arrow()).names) == set(BARS.schema.names)
    assert [row["unit"] for row in asked(BARS, location, "SELECT unit FROM bars")] == [None] * 8


def test_columns_of_a_newer_version_stay(location: Location) -> None:
    newer = BARS.schema.append(pa.field("mood", pa.string()))
    DeltaTable.create(location.uri("bars"), newer, partition_by=["date"])
    DeltaWriter(BARS, location, "one").append(rows(0, 3), {0: 3})
    assert [row["mood"] for row in asked(BARS, location, "SELECT mood FROM bars")] == [None] * 3


def test_writers_on_partitions_of_their_own_do_not_refuse_each_other(location: Location) -> None:
    writers, commits = 6, 3
    made = [DeltaWriter(BARS, location, "one") for _ in range(writers)]
    failures: list[BaseException] = []

    def run(partition: int) -> None:
        try:
            for n in range(commits):
                made[partition].append(rows(5 * n, 5 * n + 5, partition=partition), {partition: 5 * n + 5})
        except BaseException as error:  # noqa: BLE001 - reported by the test's thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (count(BARS, location), repeats(BARS, location)) == (5 * writers * commits, 0)
    again = DeltaWriter(BARS, location, "one")
    assert [again.position(number) for number in range(writers)] == [5 * commits] * writers


def test_small_files_are_joined_on_schedule_and_replaced_ones_deleted_when_they_are_old(location: Location) -> None:
    writer = DeltaWriter(BARS, location, "one")
    care = Maintenance(BARS, location, after=10, keep_hours=24)
    done = []
    for n in range(25):
        before = writer.version
        writer.append(rows(n, n + 1, day=1 + n % 2), {0: n + 1})
        done.append(care.after_commit(before, writer.version))
    joined = [each for each in done if each != Care()]
    assert [(each.made, each.deleted) for each in joined] == [(2, 0)] * len(joined)
    assert len(joined) >= 2
    handle = opened(BARS, location)
    assert handle is not None
    assert len(handle.file_uris()) < 12
    assert (count(BARS, location), repeats(BARS, location)) == (25, 0)
    assert DeltaWriter(BARS, location, "one").position(0) == 25
    orphan = Path(location.uri("bars"), "date=2026-03-01", "part-of-a-killed-writer.parquet")
    orphan.write_bytes(b"some")
    assert Maintenance(BARS, location, after=10, keep_hours=24).run().deleted == 0
    os.utime(orphan, (0, 0))
    assert Maintenance(BARS, location, after=10, keep_hours=24).run().deleted == 1
    assert not orphan.exists()
    assert Maintenance(BARS, location, after=10, keep_hours=0).run().deleted > 10
    assert count(BARS, location) == 25


def test_files_are_encoded_alike_before_and_after_they_are_joined(location: Location) -> None:
    writer = DeltaWriter(BARS, location, "one")

    def layouts() -> set[tuple[str, bool]]:
        handle = opened(BARS, location)
        assert handle is not None
        groups = [pq.ParquetFile(uri).metadata.row_group(0).to_dict() for uri in handle.file_uris()]
        columns = [each for group in groups for each in group["columns"] if each["path_in_schema"] == OFFSET]
        return {(each["compression"], "DELTA_BINARY_PACKED" in each["encodings"]) for each in columns}

    for n in range(3):
        writer.append(rows(n, n + 1), {0: n + 1})
    assert layouts() == {("SNAPPY", True)}
    assert Maintenance(BARS, location, after=1, keep_hours=24).run().made == 1
    assert layouts() == {("SNAPPY", True)}


def test_a_table_has_checkpoints(location: Location) -> None:
    writer = DeltaWriter(BARS, location, "one")
    for n in range(101):
        writer.append(rows(n, n + 1), {0: n + 1})
    log = Path(location.uri("bars"), "_delta_log")
    assert list(log.glob("*.checkpoint.parquet"))
    assert DeltaWriter(BARS, location, "one").position(0) == 101
