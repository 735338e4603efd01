"""Checkpoint of a job: the folder of Spark's, with a file beside that says what it is of."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from stockstream.errors import StateError
from stockstream.tables.location import Location
from stockstream.tables.objects import Objects

FILE: Final = "job.json"


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

    def differences(self, other: JobIdentity) -> str:
        """In words, in what another one differs; empty if in nothing."""
        found = [
            f"{name.replace('_', ' ')} was {getattr(self, name)}, is {getattr(other, name)}"
            for name in ("job", "topic", "topic_id", "to")
            if getattr(self, name) != getattr(other, name)
        ]
        found += [
            f"{name} was {value}, is {other.parameters.get(name)}"
            for name, value in self.parameters.items()
            if value != other.parameters.get(name)
        ]
        return "; ".join(found)


class _Saved(msgspec.Struct):
    writer: str
    identity: JobIdentity


def writer_of(checkpoint: str, identity: JobIdentity) -> str:
    """The id under which a job with this checkpoint writes, made when it first runs.

    Parameters
    ----------
    checkpoint
        A folder, or a place of Hadoop's file systems such as ``s3a://...``, whose identity is not kept.
    identity
        What the job is.

    Raises
    ------
    StateError
        The checkpoint is of another job, or of a topic that was made anew.
    TableError
        It cannot be read or written.
    """
    if "://" in checkpoint:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, checkpoint))
    place = Objects(Location.of(checkpoint), "job")
    if FILE in place.names():
        try:
            saved = msgspec.json.decode(place.read(FILE), type=_Saved)
        except msgspec.MsgspecError as error:
            raise StateError(f"{place.uri}/{FILE} is damaged: {error}", hint="name another --checkpoint") from error
        if other := saved.identity.differences(identity):
            raise StateError(
                f"{checkpoint} is the checkpoint of another job: {other}", hint="name another --checkpoint"
            )
        return saved.writer
    writer = str(uuid.uuid4())
    place.write(FILE, msgspec.json.encode(_Saved(writer, identity)))
    return writer
