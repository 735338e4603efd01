"""Ends of the partitions that are read, and whether they are recent enough to tell what is unread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from typing import Final, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import ListOffsetsResultInfo

from stockstream.connection import Connection
from stockstream.kafka.admin import Admin
from stockstream.kafka.client import LOG

_EVERY: Final = 1.0
_STALE: Final = 2.5
"""Seconds after which ends say nothing about the lag any more: a reading that goes on looks every second."""

_SUSPENDED: Final = 1.5
"""Seconds between two steps of the reading, which takes half a second at most, that show a suspended process."""

_TIMEOUT: Final = 2.0
_LOST: Final = 2 * _TIMEOUT
"""Seconds after which no answer is expected any more: after a suspension librdkafka may tell of none."""

_STALLED: Final = 10.0
"""Seconds in which records come where there are some: without any a partition has lost its leader."""

_IDLE: Final = 0.5
_SOON: Final = 0.05
_LIVELY: Final = 1.0
"""Seconds after messages in which a step waits for a short time alone: a command that has read all closes soon."""


class Ends:
    """Ends of the partitions of a topic.

    Answers to fetches report them, at no cost. They are as old as the last answer: after the process was suspended or
    the connection was lost, and while nothing is fetched, the broker is asked. Until it has answered, they are unknown.

    Parameters
    ----------
    topic
        Name of the topic.
    consumer
        The client that reads it.
    connection
        Properties of a second client, which asks: behind a fetch that waits for records, requests of the first take
        half a second for each partition.
    clock
        Gives the time in seconds.
    """

    def __init__(
        self, topic: str, consumer: Consumer, connection: Connection, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._topic = topic
        self._consumer = consumer
        self._connection = connection
        self._clock = clock
        self._high: dict[int, int] = {}
        self._as_of = self._looked = self._stepped = self._arrived = self._fed = -math.inf
        self._doubted = True
        self._admin: Admin | None = None
        self._request: _Request | None = None

    # Called by the user's thread.

    def known(self) -> dict[int, int] | None:
        """The end of each partition; None if it was last heard of too long ago."""
        high = dict(self._high)
        # The age comes last: the process may be suspended at any moment.
        return high if self._clock() - self._as_of <= _STALE else None

    @property
    def stalled(self) -> bool:
        """Whether nothing has come for so long that records which are there can only be out of reach."""
        return self._clock() - self._fed > _STALLED

    # Called by the reading thread.

    def begin(self, high: Mapping[int, int], as_of: float) -> None:
        """Begin with these ends, which the broker was asked for at this time of the clock."""
        self._high, self._as_of = dict(high), as_of
        self._stepped = self._looked = self._fed = self._clock()
        self._doubted, self._request = self._stepped - as_of > _SUSPENDED, None

    @property
    def patience(self) -> float:
        """Seconds that the next step may wait for messages."""
        lively = self._clock() - self._arrived < _LIVELY
        return _SOON if lively or self._request is not None else _IDLE

    def step(self, partitions: Collection[int], *, connected: bool, fetching: bool, arrived: bool) -> None:
        """Look at the ends if it is time; called in each step of the reading, and never waits.

        ``connected`` says whether the broker answers, ``fetching`` whether records are being fetched, ``arrived``
        whether messages have come in this step.
        """
        now = self._clock()
        if arrived:
            self._arrived = now
        if arrived or not fetching or now - self._stepped > _SUSPENDED:
            self._fed = now
        if not connected or now - self._stepped > _SUSPENDED:
            self._doubted, self._request = True, None
            self._as_of = -math.inf
        self._stepped = now
        if not connected:
            return
        if self._request is not None:
            self._take(self._request)
        elif self._doubted or now - self._looked > _EVERY:
            self._looked = now
            if self._doubted or not fetching:
                self._ask(partitions)
            else:
                self._admin = None
                self._hear(partitions)

    def _hear(self, partitions: Collection[int]) -> None:
        as_of = self._clock()
        try:
            ends = {
                number: self._consumer.get_watermark_offsets(TopicPartition(self._topic, number), cached=True)[1]
                for number in partitions
            }
        except KafkaException as error:
            LOG.info("%s: its end cannot be looked at: %s", self._topic, error)
            return
        self._high |= {number: end for number, end in ends.items() if end >= 0}
        self._as_of = as_of

    def _ask(self, partitions: Collection[int]) -> None:
        self._admin = self._admin or Admin(self._connection, timeout=_TIMEOUT)
        self._request = _Request(self._clock(), self._admin.requested_ends(self._topic, partitions))

    def _take(self, request: _Request) -> None:
        if not all(future.done() for future in request.answers.values()):
            if self._clock() - request.asked > _LOST:
                self._request = self._admin = None
            return
        self._request = None
        try:
            self._high |= {number: future.result().offset for number, future in request.answers.items()}
        except KafkaException as error:
            LOG.info("%s: its end cannot be looked at: %s", self._topic, error)
            self._admin = None
            return
        self._as_of = request.asked
        self._doubted = False


class _Request(NamedTuple):
    asked: float
    answers: Mapping[int, Future[ListOffsetsResultInfo]]
