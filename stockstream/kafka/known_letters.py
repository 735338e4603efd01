"""Known letters: what a dead-letter topic holds already, so that others do not write it again."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Sequence
from typing import Final

import numpy as np
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message
from numpy.typing import NDArray

from stockstream.connection import Connection
from stockstream.kafka.letters import AnyMessage, Letter
from stockstream.kafka.to_end import ToEnd

_MARGIN: Final = 3_600_000
"""Milliseconds by which clocks of different machines may differ."""

_PATIENCE: Final = 2.0
"""Seconds to wait for an answer, after which it is asked again: a window that is closed meanwhile waits for it."""

_DELETED: Final = -1
"""In place of a hash, which is never -1: the dead letter was purged."""


class KnownLetters:
    """The dead letters of a topic, read once, when they are first needed.

    A dead letter is known by its place and bytes: a topic that was deleted and created again has other messages at the
    same places, and a corrected file other rows in the same lines. 16 bytes are kept of each.

    Parameters
    ----------
    name
        The dead-letter topic, which must exist.
    connection
        librdkafka's properties.
    stop
        Set to end the reading early; the rest then counts as unknown.
    """

    def __init__(self, name: str, connection: Connection, stop: threading.Event | None = None) -> None:
        self._name = name
        self._connection = connection
        self._stop = stop or threading.Event()
        self._since: int | None = None
        self._places: NDArray[np.int64] = np.empty(0, np.int64)
        self._values: NDArray[np.int64] = np.empty(0, np.int64)

    def missing(self, letters: Sequence[Letter], since: int = 0) -> list[bool]:
        """Which of these dead letters the topic does not hold.

        Parameters
        ----------
        letters
            The dead letters.
        since
            Time before which none of them can have been written, in milliseconds since 1970 UTC: the topic is read only
            from there on.

        Raises
        ------
        BrokerError
            If the topic cannot be read.
        """
        if self._since is None or since < self._since:
            # Dead letters that turn out to be older than the first ones are rare: then all are read.
            self._read(since if self._since is None else 0)
        if not len(self._places):
            return [True] * len(letters)
        places = np.array([hash(letter.key.encode()) for letter in letters], np.int64)
        values = np.array([hash(letter.value) for letter in letters], np.int64)
        last = np.searchsorted(self._places, places, side="right") - 1
        held = last >= 0
        held[held] = (self._places[last[held]] == places[held]) & (self._values[last[held]] == values[held])
        return [not each for each in held.tolist()]

    def _read(self, since: int) -> None:
        places, values = array("q"), array("q")
        with ToEnd(self._connection, self._name, patience=_PATIENCE) as reading:
            for messages in reading.messages(reading.ranges_since(since)):
                keys = list(map(Message.key, messages))
                places.extend(map(hash, keys))
                values.extend(_DELETED if value is None else hash(value) for value in map(Message.value, messages))
                if self._stop.is_set():
                    break
        found = np.frombuffer(places, np.int64) if len(places) else np.empty(0, np.int64)
        # Stable: of several dead letters of one place the newest is the last.
        order = np.argsort(found, kind="stable")
        self._places = found[order]
        self._values = np.array(values, np.int64)[order]
        self._since = since


def earliest(messages: Sequence[AnyMessage]) -> int:
    """Time from which on dead letters of messages may have been written, in milliseconds since 1970 UTC; 0 if unknown.

    A dead letter is newer than its message.

    A time in the future says nothing about the time of the dead letter.
    """
    now = 1_000 * time.time()
    oldest = min(
        0 if kind == TIMESTAMP_NOT_AVAILABLE or moment > now else moment
        for kind, moment in (message.timestamp() for message in messages)
    )
    return max(0, oldest - _MARGIN)
