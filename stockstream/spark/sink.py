"""Sink of a job: the rows of each batch go to their tables, and count once, however often Spark makes the batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from stockstream.spark.batch import Batch
from stockstream.spark.checkpoint import Files
from stockstream.spark.decoding import Reading
from stockstream.spark.job import Job
from stockstream.spark.set_aside import late_rows
from stockstream.tables.batches import BatchWriter

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming import StreamingQuery


class Sink:
    """Writes the rows of each batch; Spark calls it again for a batch that was not committed.

    Parameters
    ----------
    job
        Divides a batch's rows between its tables.
    reading
        What the rows were made of.
    files
        Those of the checkpoint.
    spark
        The session.
    writers
        The tables, by name.

    Attributes
    ----------
    late
        Rows that came too late, by batch; who tells a batch takes them out.
    error
        What has ended the query that was started last; None if that was not here.
    """

    def __init__(
        self, job: Job, reading: Reading, files: Files, spark: SparkSession, writers: Mapping[str, BatchWriter]
    ) -> None:
        self._job = job
        self._reading = reading
        self._files = files
        self._spark = spark
        self._writers = writers
        self._before: Counter[str] = Counter()
        self._number: int | None = None
        self._newest: Counter[str] = Counter()
        self.late: Counter[int] = Counter()
        self.error: Exception | None = None

    @property
    def rows(self) -> Mapping[str, int]:
        """Rows that were written, by table."""
        return self._before + self._newest

    def start(self, query: Callable[[], StreamingQuery]) -> StreamingQuery:
        """Start a query that writes here; what has ended a former one is forgotten."""
        self.error = None
        return query()

    def __call__(self, found: DataFrame, number: int) -> None:
        """Write the rows of a batch. Raises what ends the query, and keeps it."""
        try:
            self._count(number)
            batch = Batch(number, found.toArrow(), self._reading, self._files, self._spark)
            for output in self._job.outputs(batch):
                self._writers[output.table].write(number, output.rows, adds=output.adds)
                self._newest[output.table] += len(output.rows)
                self.late[number] += late_rows(output.rows)
        except Exception as error:
            self.error = error
            raise

    def _count(self, number: int) -> None:
        """Count the rows of a batch from 0; only the newest can come again: Spark commits each before the next."""
        if number != self._number:
            self._before += self._newest
        self._number, self._newest = number, Counter()
        self.late.pop(number, None)
