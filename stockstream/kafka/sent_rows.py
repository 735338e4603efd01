"""Which rows of which files a topic holds already, so that a producer sends only what is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from typing import Annotated, Any, Final

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from pyroaring import BitMap

from stockstream.codec import Decoder, Unreadable
from stockstream.errors import BrokerError
from stockstream.kafka.admin import Admin
from stockstream.kafka.bounds import bounds
from stockstream.kafka.client import refused, settings, translate
from stockstream.topics import Topic

_AT_ONCE: Final = 2_000
_SILENCE: Final = 10.0


class _Identity(msgspec.Struct, gc=False):
    file: str
    row: Annotated[int, msgspec.Meta(ge=0, lt=1 << 32)]


_decode: Final = Decoder(_Identity)


def sent_rows(
    connection: Mapping[str, Any],
    topic: Topic[Any],
    files: Collection[str],
    progress: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, BitMap]:
    """Read a topic up to its present end for the rows of some files.

    Parameters
    ----------
    connection
        librdkafka's properties.
    topic
        A topic of records with a file and a row.
    files
        The identities to look for.
    progress
        Told messages read and messages in all, some times a second.

    Returns
    -------
    dict of str to BitMap
        For each of the files the rows that the topic holds, all empty where it does not exist.

    Raises
    ------
    BrokerError
        `Unreachable`, also where the broker falls silent for ten seconds; `AuthError`.
    """
    rows: dict[str, BitMap] = {file: BitMap() for file in files}
    if topic.name not in Admin(connection).names():
        return rows
    consumer = Consumer(
        settings(
            connection,
            group_id="stockstream",
            enable_auto_commit=False,
            enable_auto_offset_store=False,
            enable_partition_eof=True,
            auto_offset_reset="earliest",
            fetch_queue_backoff_ms=5,
            queued_min_messages=200_000,
        )
    )
    with closing(consumer):
        try:
            _read(consumer, topic.name, rows, progress)
        except KafkaException as error:
            raise translate(error, connection) from error
        except TimeoutError:
            raise BrokerError(f"the broker fell silent while {topic.name} was read", hint="run it again") from None
    return rows


def _read(consumer: Consumer, topic: str, rows: dict[str, BitMap], progress: Callable[[int, int], None]) -> None:
    begins, ends = _bounds(consumer, topic)
    total = sum(ends.values()) - sum(begins.values())
    consumer.assign([TopicPartition(topic, number, low) for number, low in begins.items()])
    done = 0
    heard = time.monotonic()
    while ends:
        messages = consumer.consume(_AT_ONCE, 0.1)
        if messages:
            heard = time.monotonic()
        elif time.monotonic() - heard > _SILENCE:
            raise TimeoutError
        values = [message.value() for message in messages if message.error() is None]
        for identity in _identities(values):
            if identity.file in rows:
                rows[identity.file].add(identity.row)
        done += len(values)
        progress(min(done, total), total)
        if len(values) < len(messages):
            _heed(messages, ends)
        # What others send meanwhile keeps the partition's end from coming.
        for partition in consumer.position([TopicPartition(topic, number) for number in ends]):
            if partition.offset >= ends[partition.partition]:
                del ends[partition.partition]


def _bounds(consumer: Consumer, topic: str) -> tuple[dict[int, int], dict[int, int]]:
    """By partition the first offset and the one behind the last, of those that hold anything."""
    filled = {number: each for number, each in bounds(consumer, topic, _SILENCE).items() if each[0] < each[1]}
    return {number: low for number, (low, _) in filled.items()}, {number: high for number, (_, high) in filled.items()}


def _heed(messages: list[Message], ends: dict[int, int]) -> None:
    """Take out the partitions that are read to their end; raise what will not mend by itself."""
    for message in messages:
        error = message.error()
        if error is None:
            continue
        if error.code() == KafkaError._PARTITION_EOF:
            ends.pop(message.partition() or 0, None)
        elif error.fatal() or refused(error):
            raise KafkaException(error)


def _identities(values: list[bytes | None]) -> list[_Identity]:
    try:
        return _decode.many(values)
    except Unreadable:
        return [identity for value in values for identity in _identity(value)]


def _identity(value: bytes | None) -> list[_Identity]:
    try:
        return [_decode(value)]
    except Unreadable:
        return []  # no row of any file; whoever shows the topic reports it
