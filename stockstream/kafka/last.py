"""The last bar of a series, found from a topic's end backwards."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from stockstream.errors import Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.bounds import bounds
from stockstream.kafka.client import START_BROKER, address, refused, settings, translate
from stockstream.records import Bar, Series
from stockstream.topics import Topic

_FIRST_STRETCH: Final = 500
_LONGEST_STRETCH: Final = 100_000
_AT_ONCE: Final = 1_000
_SILENCE: Final = 10.0


def last_bars(connection: Mapping[str, Any], topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, Bar]:
    """Find the last record of each series.

    Each partition is read backwards in stretches that grow, until every series is found: a live series costs some
    hundred messages, one that the topic does not hold costs reading all of it.

    Parameters
    ----------
    connection
        librdkafka's properties.
    topic
        A topic of bars; there need not be one.
    wanted
        The series.

    Returns
    -------
    dict of Series to Bar
        Without those that the topic does not hold.

    Raises
    ------
    BrokerError
        `Unreachable`, also where the broker falls silent for ten seconds; `AuthError`.
    """
    if not wanted or topic.name not in Admin(connection).names():
        return {}
    consumer = Consumer(
        settings(
            connection,
            group_id="stockstream",
            enable_auto_commit=False,
            enable_auto_offset_store=False,
            enable_partition_eof=True,
            auto_offset_reset="earliest",
        )
    )
    with closing(consumer):
        try:
            return _search(consumer, topic, set(wanted))
        except KafkaException as error:
            raise translate(error, connection) from error
        except TimeoutError:
            raise Unreachable(f"{address(connection)} stopped answering", hint=START_BROKER) from None


def _search(consumer: Consumer, topic: Topic[Bar], wanted: set[Series]) -> dict[Series, Bar]:
    found: dict[Series, Bar] = {}
    decode = topic.decoder()
    stretch = _FIRST_STRETCH
    left = bounds(consumer, topic.name, _SILENCE)
    while wanted and (left := {number: (low, end) for number, (low, end) in left.items() if low < end}):
        starts = {number: max(low, end - stretch) for number, (low, end) in left.items()}
        keys = {series.symbol.encode() for series in wanted}
        for message in _read(consumer, topic.name, starts, {number: end for number, (_, end) in left.items()}):
            if message.key() not in keys:
                continue
            try:
                bar = decode(message.value() or b"")
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # no bar; whoever shows the topic reports it
            if bar.series in wanted:
                found[bar.series] = bar
        wanted -= found.keys()
        left = {number: (low, starts[number]) for number, (low, _) in left.items()}
        stretch = min(4 * stretch, _LONGEST_STRETCH)
    return found


def _read(consumer: Consumer, topic: str, starts: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[Message]:
    """The messages of a stretch of each partition. Raises KafkaException, and TimeoutError for a silent broker."""
    unread = set(starts)
    consumer.assign([TopicPartition(topic, number, start) for number, start in starts.items()])
    heard = time.monotonic()
    while unread:
        messages = consumer.consume(_AT_ONCE, 0.1)
        if messages:
            heard = time.monotonic()
        elif time.monotonic() - heard > _SILENCE:
            raise TimeoutError
        for message in messages:
            number, offset = message.partition() or 0, message.offset() or 0
            error = message.error()
            if error is None and offset < ends[number]:
                yield message
            elif error is not None and (error.fatal() or refused(error)):
                raise KafkaException(error)
            if offset >= ends[number] - 1 or (error is not None and error.code() == KafkaError._PARTITION_EOF):
                unread.discard(number)
