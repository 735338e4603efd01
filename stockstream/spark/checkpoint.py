"""Checkpoint of a job: the folder of Spark's, with a file beside that says what it is of."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from stockstream.errors import StateError
from stockstream.spark.hadoop import HadoopFiles
from stockstream.tables.claim import ANEW, Claim, differences
from stockstream.tables.location import Location
from stockstream.tables.objects import Objects

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FILE: Final = "job/job.json"
SPARK: Final = "spark"
"""The folder of Spark's."""

_BATCH: Final = re.compile(rf"{SPARK}/offsets/\d+")
"""A batch that Spark has begun."""

_OTHER: Final = "name another --checkpoint"


class JobIdentity(msgspec.Struct, frozen=True):
    """What a checkpoint is of.

    Attributes
    ----------
    job, topic, topic_id
        The job, and the topic that it reads.
    to
        Where its table is, and how it is written.
    parameters
        Those of the job.
    """

    job: str
    topic: str
    topic_id: str
    to: str
    parameters: dict[str, str]

    @property
    def made_of(self) -> dict[str, str]:
        """What the rows of its tables are computed of, by name."""
        return {"job": self.job, "topic": self.topic, "topic id": self.topic_id, **self.parameters}

    def differences(self, now: JobIdentity) -> str:
        """In words, in what another one differs; empty if in nothing."""
        return differences({**self.made_of, "to": self.to}, {**now.made_of, "to": now.to})


class _Saved(msgspec.Struct):
    writer: str
    identity: JobIdentity


class Files(Protocol):
    """The files below the folder of a checkpoint."""

    uri: str

    def names(self) -> set[str]:
        """Paths of all files, relative to the folder. Raises TableError."""

    def read(self, name: str) -> bytes:
        """The content of a file. Raises TableError."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, in place of one that is there. Raises TableError."""


def files_of(checkpoint: str, spark: SparkSession) -> Files:
    """The files of a checkpoint: a folder, or a place of Hadoop's file systems such as ``s3a://...``."""
    if "://" in checkpoint:
        return HadoopFiles(spark, checkpoint)
    place = Path(checkpoint).absolute()
    return Objects(Location(str(place.parent)), place.name)


def claim_of(files: Files, identity: JobIdentity) -> Claim:
    """Who writes with a checkpoint: the id that is saved in it, or a new one where Spark has not begun a batch yet.

    So an id is never that of a checkpoint that was deleted, whose numbers of batches begin again.

    Parameters
    ----------
    files
        Those of the checkpoint.
    identity
        What the job is.

    Raises
    ------
    StateError
        The checkpoint is of another job, of a topic that was made anew, or no job of ours.
    TableError
        It cannot be read or written.
    """
    names = files.names()
    if not any(_BATCH.fullmatch(name) for name in names):
        claim = Claim(str(uuid.uuid4()), identity.made_of)
        files.write(FILE, msgspec.json.encode(_Saved(claim.writer, identity)))
        return claim
    if FILE not in names:
        raise StateError(f"{files.uri} is the checkpoint of an unknown job: it lacks {FILE}", hint=_OTHER)
    try:
        saved = msgspec.json.decode(files.read(FILE), type=_Saved)
    except msgspec.MsgspecError as error:
        raise StateError(f"{files.uri}/{FILE} is damaged: {error}", hint=_OTHER) from error
    if other := saved.identity.differences(identity):
        raise StateError(f"{files.uri} is the checkpoint of another job: {other}", hint=ANEW)
    return Claim(saved.writer, identity.made_of, begun=True)
