"""Batches of raw records: the table of `stockstream store` without gaps; and what is set aside, each message once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from stockstream.errors import TableError
from stockstream.spark.batch import Batch
from stockstream.spark.checkpoint import Files
from stockstream.spark.decoding import Reading
from stockstream.spark.raw import RawJob, StoredBatches
from stockstream.spark.schema import REASON, rows
from stockstream.tables.batches import DeltaBatches
from stockstream.tables.claim import Claim
from stockstream.tables.location import Location
from stockstream.tables.maintenance import Maintenance
from stockstream.tables.schema import DATE, OFFSET, PARTITION, TOPIC_ID
from tests.spark.tables import written

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JOB = RawJob("stocks")
COLUMNS = rows(JOB.table)


def batch(offsets: range, *, unreadable: bool = False) -> pa.Table:
    """Rows of a partition, with the columns that count here."""
    count = len(offsets)
    found = {PARTITION: [0] * count, OFFSET: list(offsets), TOPIC_ID: ["abc"] * count, DATE: [None] * count}
    if unreadable:
        found |= {TOPIC_ID: [None] * count, REASON: ["no record"] * count}
    return pa.table([pa.array(found.get(each.name, [None] * count), each.type) for each in COLUMNS], COLUMNS)


def stored(folder: Path, claim: Claim) -> StoredBatches:
    location = Location.of(str(folder))
    return StoredBatches(JOB.table, location, claim, Maintenance(JOB.layouts[0], location, after=4, keep_hours=168))


def outputs(found: pa.Table) -> Iterator[pa.Table]:
    checkpoint, spark = cast("Files", None), cast("SparkSession", None)  # not used
    return (each.rows for each in JOB.outputs(Batch(0, found, Reading("stocks", "abc", ()), checkpoint, spark)))


def test_a_table_that_was_removed_is_not_begun_in_the_middle(tmp_path: Path) -> None:
    begun = Claim("me", begun=True)
    stored(tmp_path, Claim("me")).write(0, next(outputs(batch(range(3)))), adds=True)
    stored(tmp_path, begun).write(1, next(outputs(batch(range(3, 5)))), adds=True)
    stored(tmp_path, Claim("other")).write(0, next(outputs(batch(range(6)))), adds=True)
    assert sorted(written(tmp_path, JOB.table.name)[OFFSET]) == list(range(6))
    shutil.rmtree(tmp_path / JOB.table.name)
    with pytest.raises(TableError, match="is not there, or was made anew"):
        stored(tmp_path, begun)
    stored(tmp_path, Claim("other"))
    with pytest.raises(TableError, match="is not there, or was made anew"):
        stored(tmp_path, begun)


def test_what_is_set_aside_is_there_once_also_after_a_checkpoint_was_lost(tmp_path: Path) -> None:
    layout = JOB.layouts[1]
    for who in ("first", "second"):
        _, aside = outputs(pa.concat_tables([batch(range(3)), batch(range(3, 5), unreadable=True)]))
        DeltaBatches(layout, Location.of(str(tmp_path)), Claim(who)).write(0, aside, adds=True)
    found = written(tmp_path, layout.name)
    assert found[[TOPIC_ID, OFFSET, REASON]].to_numpy().tolist() == [["abc", 3, "no record"], ["abc", 4, "no record"]]


def test_small_files_are_joined(tmp_path: Path) -> None:
    batches = stored(tmp_path, Claim("me"))  # versions 0 and 1
    for number in range(3):
        batches.write(number, next(outputs(batch(range(number, number + 1)))), adds=True)
    assert len(DeltaTable(str(tmp_path / JOB.table.name)).file_uris()) == 1
    batches.write(3, next(outputs(batch(range(3, 4)))), adds=True)
    assert sorted(written(tmp_path, JOB.table.name)[OFFSET]) == list(range(4))
