"""Index of the rows that a topic holds, so that a producer sends only what is missing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from confluent_kafka import Message
from pyroaring import BitMap

from stockstream.codec import Decoder, Unreadable
from stockstream.connection import Connection
from stockstream.kafka.admin import Admin
from stockstream.kafka.to_end import ToEnd
from stockstream.records import FlightRow
from stockstream.topics import AnyTopic

_decode: Final = Decoder(FlightRow)


def sent_rows(
    connection: Connection,
    topic: AnyTopic,
    files: Collection[str],
    progress: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, BitMap]:
    """Find the rows of some files that a topic holds, up to its present end.

    Parameters
    ----------
    connection
        librdkafka's properties.
    topic
        A topic of records with a file and a row.
    files
        Identities of the files.
    progress
        Called with the number of messages read and the total, some times a second.

    Returns
    -------
    dict of str to BitMap
        Row numbers that the topic holds, for each file; all empty if the topic does not exist.

    Raises
    ------
    BrokerError
        `Unreachable`, also if the broker stops answering for ten seconds; `AuthError`.
    """
    rows: dict[str, BitMap] = {file: BitMap() for file in files}
    if topic.name not in Admin(connection).names():
        return rows
    done = 0
    with ToEnd(connection, topic.name) as reader:
        ranges = reader.ranges()
        total = sum(end - low for low, end in ranges.values())
        for messages in reader.messages(ranges):
            for identity in _identities(list(map(Message.value, messages))):
                if identity.file in rows:
                    rows[identity.file].add(identity.row)
            done += len(messages)
            progress(min(done, total), total)
    return rows


def _identities(values: list[bytes | None]) -> list[FlightRow]:
    try:
        return _decode.many(values)
    except Unreadable:
        return [identity for value in values for identity in _identity(value)]


def _identity(value: bytes | None) -> list[FlightRow]:
    try:
        return [_decode(value)]
    except Unreadable:
        return []  # not a row; consumers report it
