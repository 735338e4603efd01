"""Bars of a series in a topic: the latest, searched from the end backwards, the time of the first, or all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from confluent_kafka import Message

from stockstream.codec import Unreadable
from stockstream.connection import Connection
from stockstream.kafka.admin import Admin
from stockstream.kafka.to_end import ToEnd
from stockstream.records import Bar, Series
from stockstream.topics import Topic

T = TypeVar("T")

_FIRST_CHUNK: Final = 500
_LONGEST_CHUNK: Final = 100_000


class _Sent(NamedTuple):
    """Place of a message in the order of sending, as `key_order` has it."""

    time: int
    partition: int
    offset: int


def latest_bars(connection: Connection, topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, Bar]:
    """Find the last record of each series.

    Each partition is read backwards in growing chunks until every series is found: a live series costs some hundred
    messages, a series that the topic does not hold costs reading all of it.

    Parameters
    ----------
    connection
        librdkafka's properties.
    topic
        A topic of bars; it need not exist.
    wanted
        The series.

    Returns
    -------
    dict of Series to Bar
        Without series that the topic does not hold.

    Raises
    ------
    BrokerError
        `Unreachable`, also if the broker stops answering for ten seconds; `AuthError`.
    """
    return _searched(connection, topic, wanted, _last)


def first_times(connection: Connection, topic: Topic[Bar], wanted: Collection[Series]) -> dict[Series, datetime]:
    """Find the time of the earliest bar of each series; reads the whole topic.

    Parameters and errors are those of `latest_bars`.
    """
    return _searched(connection, topic, wanted, _first)


def held_bars(
    connection: Connection, topic: Topic[Bar], wanted: Collection[Series]
) -> dict[Series, dict[datetime, Bar]]:
    """Find all bars of each series by time, each in its last version; reads the whole topic.

    Parameters and errors are those of `latest_bars`.
    """
    return _searched(connection, topic, wanted, _all)


def _searched(
    connection: Connection,
    topic: Topic[Bar],
    wanted: Collection[Series],
    search: Callable[[ToEnd, Topic[Bar], set[Series]], dict[Series, T]],
) -> dict[Series, T]:
    if not wanted or topic.name not in Admin(connection).names():
        return {}
    with ToEnd(connection, topic.name) as reader:
        return search(reader, topic, set(wanted))


def _last(reader: ToEnd, topic: Topic[Bar], wanted: set[Series]) -> dict[Series, Bar]:
    found: dict[Series, tuple[_Sent, Bar]] = {}
    chunk = _FIRST_CHUNK
    left = reader.ranges()
    unsettled = wanted
    while unsettled and left:
        ranges = {number: (max(low, end - chunk), end) for number, (low, end) in left.items()}
        oldest: dict[int, int] = {}
        for messages in reader.messages(ranges):
            for message in messages:
                number, sent = message.partition() or 0, message.timestamp()[1]
                oldest[number] = min(sent, oldest.get(number, sent))
            for place, bar in _bars(messages, topic, unsettled):
                if bar.series not in found or place > found[bar.series][0]:
                    found[bar.series] = place, bar
        left = {number: (low, ranges[number][0]) for number, (low, _) in left.items() if low < ranges[number][0]}
        # If partitions were added, a series may be in several: a later bar of it may be where less was read back.
        unread = [oldest.get(number) for number in left]
        unsettled = {each for each in unsettled if each not in found or not _before(unread, found[each][0].time)}
        chunk = min(4 * chunk, _LONGEST_CHUNK)
    return {series: bar for series, (_, bar) in found.items()}


def _before(unread: Collection[int | None], time: int) -> bool:
    """Whether all that is unread was sent before that time; None is a partition of which nothing is known."""
    return all(oldest is not None and oldest <= time for oldest in unread)


def _first(reader: ToEnd, topic: Topic[Bar], wanted: set[Series]) -> dict[Series, datetime]:
    found: dict[Series, datetime] = {}
    for messages in reader.messages(reader.ranges()):
        for _, bar in _bars(messages, topic, wanted):
            found[bar.series] = min(bar.time, found.get(bar.series, bar.time))
    return found


def _all(reader: ToEnd, topic: Topic[Bar], wanted: set[Series]) -> dict[Series, dict[datetime, Bar]]:
    found: dict[Series, dict[datetime, Bar]] = {}
    sent_at: dict[tuple[Series, datetime], _Sent] = {}
    for messages in reader.messages(reader.ranges()):
        for sent, bar in _bars(messages, topic, wanted):
            place = bar.series, bar.time
            if sent >= sent_at.get(place, sent):
                sent_at[place] = sent
                found.setdefault(bar.series, {})[bar.time] = bar
    return found


def _bars(messages: Iterable[Message], topic: Topic[Bar], wanted: Collection[Series]) -> Iterator[tuple[_Sent, Bar]]:
    """The bars of these series among messages, each with its place in the order of sending."""
    keys = {series.symbol.encode() for series in wanted}
    decode = topic.decoder()
    for message in messages:
        if message.key() not in keys:
            continue
        try:
            bar = decode(message.value() or b"")
        except Unreadable:
            continue  # not a bar; consumers report it
        if bar.series in wanted:
            yield _Sent(message.timestamp()[1], message.partition() or 0, message.offset() or 0), bar
