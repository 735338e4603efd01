"""Bars of a series in a topic: the latest, searched from the end backwards, the time of the first, or all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Final, TypeVar

from stockstream.codec import Unreadable
from stockstream.connection import Connection
from stockstream.kafka.admin import Admin
from stockstream.kafka.to_end import ToEnd
from stockstream.records import Bar, Series
from stockstream.topics import Topic

T = TypeVar("T")

_FIRST_CHUNK: Final = 500
_LONGEST_CHUNK: Final = 100_000


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
    found: dict[Series, Bar] = {}
    chunk = _FIRST_CHUNK
    left = reader.ranges()
    while wanted and left:
        ranges = {number: (max(low, end - chunk), end) for number, (low, end) in left.items()}
        newest: dict[Series, int] = {}
        for sent, bar in _bars(reader, topic, wanted, ranges):
            # If partitions were added, a series may be in two of them.
            if sent >= newest.get(bar.series, sent):
                newest[bar.series] = sent
                found[bar.series] = bar
        wanted -= found.keys()
        left = {number: (low, ranges[number][0]) for number, (low, _) in left.items() if low < ranges[number][0]}
        chunk = min(4 * chunk, _LONGEST_CHUNK)
    return found


def _first(reader: ToEnd, topic: Topic[Bar], wanted: set[Series]) -> dict[Series, datetime]:
    found: dict[Series, datetime] = {}
    for _, bar in _bars(reader, topic, wanted, reader.ranges()):
        found[bar.series] = min(bar.time, found.get(bar.series, bar.time))
    return found


def _all(reader: ToEnd, topic: Topic[Bar], wanted: set[Series]) -> dict[Series, dict[datetime, Bar]]:
    found: dict[Series, dict[datetime, Bar]] = {}
    sent_at: dict[tuple[Series, datetime], int] = {}
    for sent, bar in _bars(reader, topic, wanted, reader.ranges()):
        place = bar.series, bar.time
        if sent >= sent_at.get(place, sent):
            sent_at[place] = sent
            found.setdefault(bar.series, {})[bar.time] = bar
    return found


def _bars(
    reader: ToEnd, topic: Topic[Bar], wanted: Collection[Series], ranges: Mapping[int, tuple[int, int]]
) -> Iterator[tuple[int, Bar]]:
    """The bars of these series in a range of each partition, each with the time at which it was sent."""
    keys = {series.symbol.encode() for series in wanted}
    decode = topic.decoder()
    for message in chain.from_iterable(reader.messages(ranges)):
        if message.key() not in keys:
            continue
        try:
            bar = decode(message.value() or b"")
        except Unreadable:
            continue  # not a bar; consumers report it
        if bar.series in wanted:
            yield message.timestamp()[1], bar
