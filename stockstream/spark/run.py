"""Run of a job: from the messages of a topic to its tables, batch by batch, each once."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from stockstream.connection import Connection
from stockstream.errors import BrokerError, SparkError, StockstreamError, Unreachable
from stockstream.kafka.admin import Admin
from stockstream.spark.checkpoint import SPARK, JobIdentity, claim_of, files_of
from stockstream.spark.decoding import Reading
from stockstream.spark.following import Following, Observer
from stockstream.spark.job import Job
from stockstream.spark.messages import messages
from stockstream.spark.raw import RawJob, StoredBatches
from stockstream.spark.sink import Sink
from stockstream.tables.batches import BatchWriter, DeltaBatches, Layout, ParquetBatches
from stockstream.tables.claim import ANEW, Claim
from stockstream.tables.location import Location
from stockstream.tables.maintenance import Maintenance

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DELTA: Final = "delta"
PARQUET: Final = "parquet"
AVAILABLE_NOW: Final = "available-now"

_BEAT: Final = 0.2
_OURS: Final = re.compile(r"stockstream\.errors\.(\w+): (.+)")
_LOST: Final = re.compile(
    r"offset.{1,200}(?:out of range|changed from|lost)|data (?:was|may be|might be) (?:lost|missed)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class RunOptions:
    """How a job runs.

    Attributes
    ----------
    checkpoint
        Folder of the positions and states.
    trigger
        Time between two batches, as Spark writes it: ``10 seconds``; or ``available-now``, to end when all is done that
        the topic holds at the start.
    format
        ``delta`` or ``parquet``.
    most
        Messages of a batch at the most.
    compact_after, keep_hours
        As those of `stockstream.tables.maintenance.Maintenance`, of Delta tables.
    patience
        Seconds that ``available-now`` waits for a broker or a topic.
    """

    checkpoint: str
    trigger: str = "10 seconds"
    format: str = DELTA
    most: int | None = 500_000
    compact_after: int = 100
    keep_hours: float = 168.0
    patience: float = 10.0


class Summary(NamedTuple):
    """Result of a run: batches, messages, and rows written by table."""

    batches: int
    messages: int
    rows: Mapping[str, int]


def run(
    job: Job,
    topic_id: str,
    spark: SparkSession,
    location: Location,
    connection: Connection,
    options: RunOptions,
    observer: Observer,
    stopped: Callable[[], bool],
) -> Summary:
    """Run a job until ``stopped``, or until all is done with the trigger ``available-now``.

    Parameters
    ----------
    job
        The job.
    topic_id
        The id of its topic, see `awaited`.
    spark
        The session.
    location
        Folder of the tables.
    connection
        librdkafka's properties.
    options
        How it runs.
    observer
        Is told of each batch.
    stopped
        Whether to end.

    Raises
    ------
    StateError
        The checkpoint is of another job.
    BrokerError
        The broker does not say what the topic holds.
    TableError
        A table cannot be written, or is that of another job; what was committed stays.
    SparkError
        The job fails otherwise.
    """
    place = f"{location.uri(job.layouts[0].name)} ({options.format})"
    identity = JobIdentity(job.name, job.topic, topic_id, place, dict(job.parameters))
    files = files_of(options.checkpoint, spark)
    claim = claim_of(files, identity)
    if not claim.begun:
        lost = sum(Admin(connection).first_offsets(job.topic).values())
        claim = dataclasses.replace(claim, lost=lost)
    writers = {each.name: _writer(job, each, location, options, claim) for each in job.layouts}
    reading = Reading(job.topic, topic_id, tuple(sorted(connection.items())))
    sink = Sink(job, reading, files, spark, writers)
    rows = job.rows(messages(spark, job.topic, connection, most=options.most), reading)
    stream = (
        rows.writeStream.foreachBatch(sink)
        .outputMode(job.mode)
        .queryName(job.name)
        .option("checkpointLocation", f"{options.checkpoint.rstrip('/')}/{SPARK}")
        .trigger(**_trigger(options.trigger))
    )
    following = Following(sink.late, observer, stopped)
    try:
        following.all(partial(sink.start, stream.start))
    except Exception as error:
        raise _translated(error, sink.error, job, options.checkpoint) from error
    return Summary(following.batches, following.messages, sink.rows)


def _trigger(text: str) -> dict[str, object]:
    return {"availableNow": True} if text == AVAILABLE_NOW else {"processingTime": text}


def _writer(job: Job, layout: Layout, location: Location, options: RunOptions, claim: Claim) -> BatchWriter:
    if options.format == PARQUET:
        return ParquetBatches(layout, location, claim)
    care = Maintenance(layout, location, after=options.compact_after, keep_hours=options.keep_hours)
    if isinstance(job, RawJob) and layout.name == job.table.name:
        return StoredBatches(job.table, location, claim, care)
    return DeltaBatches(layout, location, claim, care=care)


def awaited(
    topic: str, connection: Connection, options: RunOptions, observer: Observer, stopped: Callable[[], bool]
) -> str | None:
    """The id of the topic, as soon as there is one; None if stopped before.

    Raises BrokerError with the trigger ``available-now`` if there is no broker or no topic in time.
    """
    ends = time.monotonic() + options.patience
    error: BrokerError
    while not stopped():
        try:
            found = Admin(connection, timeout=5).topic_id(topic)
            if found is not None:
                return found
            error = BrokerError(
                f"there is no topic {topic}", hint="`stockstream produce` creates it with the first record"
            )
        except Unreachable as unreachable:
            error = unreachable
        if options.trigger == AVAILABLE_NOW and time.monotonic() > ends:
            raise error
        observer.waits(str(error.message))
        time.sleep(_BEAT)
    return None


def _translated(error: Exception, cause: Exception | None, job: Job, checkpoint: str) -> StockstreamError:
    """What failed, in a line: an error of ours, wherever it was raised, or of Spark."""
    if isinstance(cause, StockstreamError):
        return cause
    text = str(error)
    ours = _OURS.findall(text)
    if ours:
        return SparkError(f"the job {job.name} failed: {ours[-1][1].strip()}")
    if _LOST.search(text):
        return SparkError(
            f"the topic {job.topic} no longer holds what the checkpoint {checkpoint} has not read yet",
            hint="start anew with another --checkpoint" if isinstance(job, RawJob) else f"start anew: {ANEW}",
        )
    reason = str(cause) if cause is not None else next(iter(text.strip().splitlines()), type(error).__name__)
    return SparkError(f"the job {job.name} failed: {reason}", hint="the log of Spark says more")
