"""Decoding of messages on Spark's workers: a typed row of what readers take, a dead letter of what none takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import pyarrow as pa

from stockstream.codec import Unreadable
from stockstream.connection import Property
from stockstream.kafka.deadletters import DeadLetters, Refused
from stockstream.spark.schema import REASON, rows
from stockstream.tables.columns import records_of
from stockstream.tables.schema import DATE, OF_TOPICS, OFFSET, PARTITION, SENT, TOPIC_ID
from stockstream.topics import TOPICS

Batches = Iterator[pa.RecordBatch]

_CREATED: Final = 1
"""The kind of a message's time: when it was made."""


class Reading(NamedTuple):
    """What is read: a topic, its id, and the properties of librdkafka by which dead letters are written."""

    topic: str
    topic_id: str
    connection: tuple[tuple[str, Property], ...]


class _Unread(NamedTuple):
    """A message as Spark has read it."""

    name: str
    number: int
    place: int
    content: bytes | None
    sent: datetime

    def topic(self) -> str:
        """Its topic."""
        return self.name

    def partition(self) -> int:
        """Its partition."""
        return self.number

    def offset(self) -> int:
        """Its offset."""
        return self.place

    def value(self) -> bytes | None:
        """Its bytes."""
        return self.content

    def timestamp(self) -> tuple[int, int]:
        """When it was sent, in milliseconds since 1970 UTC."""
        return _CREATED, int(self.sent.replace(tzinfo=UTC).timestamp() * 1_000)


@lru_cache(maxsize=4)
def _letters(topic: str, connection: tuple[tuple[str, Property], ...]) -> DeadLetters:
    """The dead letters of a topic; one for all tasks of a process."""
    return DeadLetters(TOPICS[topic], dict(connection), threading.Event())


def decoder(reading: Reading) -> Callable[[Batches], Batches]:
    """A function for ``mapInArrow``, from `schema.MESSAGES` to the columns of `schema.rows`.

    What is no record gives a row that has nothing but its place and the reason, after it was written to the dead
    letters. Rows of one batch of messages are in their order, those with a reason before the others.
    """

    def decode(batches: Batches) -> Batches:
        # Messages are read again after a failure, and by other jobs, which may have written their dead letters since.
        _letters(reading.topic, reading.connection).forget()
        for batch in batches:
            if batch.num_rows:
                yield from _decoded(batch, reading)

    return decode


def _decoded(batch: pa.RecordBatch, reading: Reading) -> Batches:
    table = OF_TOPICS[reading.topic]
    decode = table.topic.decoder()
    values = batch.column("value").to_pylist()
    bad: Mapping[int, str] = {}
    try:
        records: Sequence[object] = decode.many(values)
    except Unreadable:
        records, bad = _one_by_one(decode, values)
    good = batch
    if bad:
        places = sorted(bad)
        yield _dead(batch.take(pa.array(places)), [bad[place] for place in places], reading)
        good = batch.take(pa.array([place for place in range(len(values)) if place not in bad], pa.int64()))
    if len(records):
        fields = records_of(records, table)
        added = {
            DATE: table.dates(fields),
            TOPIC_ID: pa.array([reading.topic_id] * len(records), pa.string()),
            REASON: pa.nulls(len(records), pa.string()),
        } | _places(good)
        yield _batch(dict(zip(fields.column_names, fields.columns, strict=True)) | added, reading)


def _one_by_one(
    decode: Callable[[bytes | None], Any], values: Sequence[bytes | None]
) -> tuple[list[Any], dict[int, str]]:
    """The records, and the reason of each value that is none."""
    records, bad = [], {}
    for place, value in enumerate(values):
        try:
            records.append(decode(value))
        except Unreadable as error:
            bad[place] = str(error)
    return records, bad


def _dead(batch: pa.RecordBatch, reasons: Sequence[str], reading: Reading) -> pa.RecordBatch:
    """Rows of messages that are no records, which are dead letters then."""
    names = (PARTITION, OFFSET, "value", SENT)
    columns = zip(*(batch.column(name).to_pylist() for name in names), strict=True)
    unread = [_Unread(reading.topic, *each) for each in columns]
    _letters(reading.topic, reading.connection).put(list(map(Refused, unread, reasons)))
    added = {TOPIC_ID: pa.array([reading.topic_id] * len(reasons)), REASON: pa.array(reasons, pa.string())}
    return _batch(_places(batch) | added, reading)


def _places(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    return {name: batch.column(name) for name in (PARTITION, OFFSET, SENT)}


def _batch(columns: Mapping[str, Any], reading: Reading) -> pa.RecordBatch:
    schema = rows(OF_TOPICS[reading.topic])
    count = len(columns[OFFSET])
    found = [columns[field.name] if field.name in columns else pa.nulls(count, field.type) for field in schema]
    (batch,) = pa.table(
        [_whole(each).cast(field.type) for each, field in zip(found, schema, strict=True)], schema
    ).to_batches()
    return batch


def _whole(column: object) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
