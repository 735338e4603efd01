"""Sink of a job: a batch that Spark makes again within a run counts once, and a later failure has its own reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow as pa
import pytest

from stockstream.errors import TableError
from stockstream.spark.batch import Batch
from stockstream.spark.checkpoint import files_of
from stockstream.spark.decoding import Reading
from stockstream.spark.job import Output
from stockstream.spark.schema import REASON
from stockstream.spark.set_aside import TOO_LATE
from stockstream.spark.sink import Sink
from stockstream.tables.batches import Layout

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming import StreamingQuery

ROWS, ASIDE = "values", "values_set_aside"


class Found:
    """Rows of a batch: some values, and some reasons why a row is set aside."""

    def __init__(self, values: int, late: int) -> None:
        self._values = values
        self._late = late

    def toArrow(self) -> pa.Table:  # noqa: N802 - Spark's own
        reasons = [None] * self._values + [f"{TOO_LATE}by a day"] * self._late
        return pa.table({REASON: pa.array(reasons, pa.string())})


class Divided:
    """A job that divides its rows by their reason."""

    name, topic, mode = "values", "stocks", "update"
    layouts: tuple[Layout, ...] = ()
    parameters: Mapping[str, str] = {}

    def rows(self, messages: DataFrame, reading: Reading) -> DataFrame:
        assert reading
        return messages

    def outputs(self, batch: Batch) -> Iterator[Output]:
        aside = batch.rows.filter(batch.rows[REASON].is_valid())
        yield Output(ASIDE, aside)
        yield Output(ROWS, batch.rows.filter(batch.rows[REASON].is_null()))


class Table:
    """A table that cannot be written now and then."""

    def __init__(self) -> None:
        self.fails = False
        self.kept: dict[int, tuple[pa.Table, bool]] = {}

    def write(self, number: int, rows: pa.Table, *, adds: bool) -> None:
        if self.fails:
            raise TableError("the disk is full")
        self.kept[number] = rows, adds


def taken(sink: Sink, number: int, values: int, late: int) -> None:
    sink(cast("DataFrame", Found(values, late)), number)


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def sink(table: Table, tmp_path: Path) -> Sink:
    spark = cast("SparkSession", None)  # not reached
    files = files_of(str(tmp_path), spark)
    return Sink(Divided(), Reading("stocks", "id", ()), files, spark, {ROWS: table, ASIDE: Table()})


def test_a_batch_that_comes_again_counts_once(sink: Sink, table: Table) -> None:
    taken(sink, 0, 10, 1)
    taken(sink, 1, 20, 2)
    taken(sink, 1, 20, 2)  # its worker was killed before Spark's commit
    assert (sink.rows, sink.late) == ({ROWS: 30, ASIDE: 3}, {0: 1, 1: 2})
    table.fails = True
    with pytest.raises(TableError):
        taken(sink, 2, 30, 4)  # set aside, but not written
    table.fails = False
    taken(sink, 2, 30, 4)
    taken(sink, 3, 1, 0)
    assert (sink.rows[ROWS], sink.rows[ASIDE]) == (61, 7)
    assert +sink.late == {0: 1, 1: 2, 2: 4}


def test_what_ended_a_former_query_is_no_reason_of_the_next(sink: Sink, table: Table) -> None:
    table.fails = True
    with pytest.raises(TableError) as raised:
        taken(sink, 0, 1, 0)
    assert sink.error is raised.value
    query = cast("StreamingQuery", object())
    assert sink.start(lambda: query) is query
    assert sink.error is None
