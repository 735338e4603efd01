"""The last bar of a series, found from a topic's end backwards; and when its first one opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any, Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from stockstream.codec import Unreadable
from stockstream.errors import Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.bounds import bounds
from stockstream.kafka.client import START_BROKER, address, refused, settings, translate
from stockstream.records import Bar, Series
from stockstream.topics import Topic

T = TypeVar("T")

_FIRST_STRETCH: Final = 500
_LONGEST_STRETCH: Final = 100_000
_AT_ONCE: Final = 1_000
_SILENCE: Final = 10.0


def latest_bars(connection: Mapping[str, Any], topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, Bar]:
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
    return _searched(connection, topic, wanted, _last)


def first_times(connection: Mapping[str, Any], topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, datetime]:
    """Find when the earliest bar of each series opens, which costs reading all of the topic.

    Parameters, what is returned and raised are as for `latest_bars`.
    """
    return _searched(connection, topic, wanted, _first)


def _searched(
    connection: Mapping[str, Any],
    topic: Topic[Bar],
    wanted: Collection[Series],
    search: Callable[[Consumer, Topic[Bar], set[Series]], dict[Series, T]],
) -> dict[Series, T]:
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
            return search(consumer, topic, set(wanted))
        except KafkaException as error:
            raise translate(error, connection) from error
        except TimeoutError:
            raise Unreachable(f"{address(connection)} stopped answering", hint=START_BROKER) from None


def _last(consumer: Consumer, topic: Topic[Bar], wanted: set[Series]) -> dict[Series, Bar]:
    found: dict[Series, Bar] = {}
    stretch = _FIRST_STRETCH
    left = bounds(consumer, topic.name, _SILENCE)
    while wanted and (left := {number: (low, end) for number, (low, end) in left.items() if low < end}):
        starts = {number: max(low, end - stretch) for number, (low, end) in left.items()}
        ends = {number: end for number, (_, end) in left.items()}
        found |= {bar.series: bar for bar in _bars(consumer, topic, wanted, starts, ends)}
        wanted -= found.keys()
        left = {number: (low, starts[number]) for number, (low, _) in left.items()}
        stretch = min(4 * stretch, _LONGEST_STRETCH)
    return found


def _first(consumer: Consumer, topic: Topic[Bar], wanted: set[Series]) -> dict[Series, datetime]:
    held = {number: each for number, each in bounds(consumer, topic.name, _SILENCE).items() if each[0] < each[1]}
    starts, ends = ({number: each[side] for number, each in held.items()} for side in (0, 1))
    found: dict[Series, datetime] = {}
    for bar in _bars(consumer, topic, wanted, starts, ends):
        found[bar.series] = min(bar.time, found.get(bar.series, bar.time))
    return found


def _bars(
    consumer: Consumer,
    topic: Topic[Bar],
    wanted: Collection[Series],
    starts: Mapping[int, int],
    ends: Mapping[int, int],
) -> Iterator[Bar]:
    """The bars of some series in a stretch of each partition."""
    keys = {series.symbol.encode() for series in wanted}
    decode = topic.decoder()
    for message in _read(consumer, topic.name, starts, ends):
        if message.key() not in keys:
            continue
        try:
            bar = decode(message.value() or b"")
        except Unreadable:
            continue  # no bar; whoever shows the topic reports it
        if bar.series in wanted:
            yield bar


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
