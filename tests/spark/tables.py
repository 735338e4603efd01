"""What jobs of Spark have written, as tests compare it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from stockstream.connection import Connection
from stockstream.spark.job import Job
from stockstream.spark.progress import BatchProgress
from stockstream.spark.run import AVAILABLE_NOW, RunOptions, Summary, awaited, run
from stockstream.tables.batches import parquet_rows
from stockstream.tables.location import Location

FORMATS: Final = ("delta", "parquet")


class Quiet:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.batches: list[BatchProgress] = []
        self.restarted: list[str] = []

    def batch(self, progress: BatchProgress) -> None:
        self.batches.append(progress)

    def waits(self, text: str) -> None:
        raise AssertionError(text)

    def restarts(self, text: str) -> None:
        self.restarted.append(text)


def done(
    job: Job,
    spark: object,
    folder: Path,
    connection: Connection,
    *,
    most: int | None = None,
    kind: str = "delta",
    observer: Quiet | None = None,
    checkpoint: str = "checkpoint",
    to: Location | None = None,
) -> Summary:
    """Run a job until it has done all that the topic holds; ``to`` in place of the folder."""
    options = RunOptions(str(folder / f"{checkpoint}-{job.name}-{kind}"), AVAILABLE_NOW, kind, most)
    observer = observer or Quiet()
    topic_id = awaited(job.topic, connection, options, observer, _never)
    assert topic_id is not None
    return run(job, topic_id, spark, to or Location.of(str(folder)), connection, options, observer, _never)


def written(folder: Path | Location, name: str, kind: str = "delta") -> pd.DataFrame:
    """The rows of a table."""
    location = folder if isinstance(folder, Location) else Location.of(str(folder))
    if kind == "parquet":
        table = parquet_rows(name, location)
    else:
        query = (
            QueryBuilder()
            .register("t", DeltaTable(location.uri(name), storage_options=location.storage_options()))
            .execute("SELECT * FROM t")
        )
        found = pa.table(query.read_all())
        table = found.cast(pa.schema([(field.name, _plain(field.type)) for field in found.schema]))
    return pd.DataFrame(table.to_pandas())


def _plain(kind: pa.DataType) -> pa.DataType:
    """A type that pandas takes."""
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    return pa.string() if pa.types.is_string_view(kind) else kind


def _never() -> bool:
    return False
