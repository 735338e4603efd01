"""Order in which the records of a key were sent, if partitions were added and keys have moved.

A partition keeps its order. Two partitions are read at the same time, so that for a key in both, the older record may
arrive last. `KeyOrder` detects that with a set of keys per read; the topic is then read again by `SendOrder`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from confluent_kafka import Consumer, Message, TopicPartition

_MOST: Final = 50_000
_FEW: Final = 10_000
"""Number of waiting messages at which a partition is paused, and at which it is resumed."""


class OutOfOrder(Exception):
    """An older record of a key arrived after a newer one, from another partition."""


class Reading(msgspec.Struct):
    """State of a reading, from which it can be continued.

    Attributes
    ----------
    merged
        Whether keys have moved, so that partitions are read in the order of sending.
    homes
        Partition in which each key was read last.
    newest
        Timestamp of the newest message read from each partition, in milliseconds since 1970 UTC.
    skipped
        Number of records that were deleted before they were read.
    """

    merged: bool = False
    homes: dict[bytes, int] = {}
    newest: dict[int, int] = {}
    skipped: int = 0


def saved_reading(order: KeyOrder | None, skipped: int) -> bytes:
    """A `Reading` to continue later; from any thread."""
    kept = Reading() if order is None else order.reading
    return msgspec.msgpack.encode(Reading(kept.merged, dict(kept.homes), dict(kept.newest), skipped))


def restored_reading(saved: bytes) -> Reading | None:
    """A `Reading` that was saved; None if there is none, or one of another version."""
    try:
        return msgspec.msgpack.decode(saved, type=Reading) if saved else None
    except msgspec.MsgspecError:
        return None


class KeyOrder:
    """Detects keys whose records are read in another order than they were sent.

    Parameters
    ----------
    saved
        The `Reading` to continue; None to start a new one.
    merged
        Whether partitions are read in the order of sending, so that there is nothing to detect.
    """

    def __init__(self, saved: Reading | None = None, *, merged: bool = False) -> None:
        self.reading = saved or Reading(merged)

    @property
    def merged(self) -> bool:
        """Whether partitions are read in the order of sending."""
        return self.reading.merged

    def look(
        self, messages: Sequence[Message], numbers: Sequence[int | None], found: Mapping[int, Collection[bytes | None]]
    ) -> None:
        """Check the next messages. Raises `OutOfOrder`.

        Parameters
        ----------
        messages
            Messages of several partitions, each in its order, without errors.
        numbers
            Their partitions.
        found
            Their keys by partition.
        """
        if self.merged:
            return
        homes, newest = self.reading.homes, self.reading.newest
        for number, keys in found.items():
            first = numbers.index(number)
            last = len(numbers) - 1 - numbers[::-1].index(number)
            begins = messages[first].timestamp()[1]
            for key in keys:
                named = key or b""
                home = homes.get(named)
                # Messages of the same millisecond are ordered by partition: added partitions have higher numbers.
                if home is not None and home != number and (begins, number) < (newest[home], home):
                    raise OutOfOrder(f"key {named!r} in the partitions {home} and {number}")
                homes[named] = number
            newest[number] = max(newest.get(number, begins), messages[last].timestamp()[1])


class SendOrder:
    """Passes messages on in the order in which they were sent, up to the end that the topic had at the start.

    Within a partition their order is kept. Later messages are passed on as they arrive.

    Parameters
    ----------
    topic
        Name of the topic.
    consumer
        The consumer, which pauses partitions that are far ahead of others; None to pause none.
    positions
        Offset at which each partition starts.
    targets
        Offset up to which each partition is waited for.
    """

    def __init__(
        self, topic: str, consumer: Consumer | None, positions: Mapping[int, int], targets: Mapping[int, int]
    ) -> None:
        self._topic = topic
        self._consumer = consumer
        self._read = dict(positions)
        self._targets = dict(targets)
        self._queues: dict[int, deque[tuple[int, Message]]] = {number: deque() for number in targets}
        self._sent = dict.fromkeys(targets, 0)
        self._paused: set[int] = set()

    def take(self, messages: Sequence[Message]) -> list[Message]:
        """Add messages; returns those that can be passed on now."""
        ready: list[Message] = []
        for message in messages:
            number = message.partition()
            if number not in self._targets:
                ready.append(message)  # added meanwhile, or of none
                continue
            ended = message.error() is not None
            if not ended:
                self._sent[number] = message.timestamp()[1]
            self._read[number] = max(self._read.get(number, 0), (message.offset() or 0) + (not ended))
            self._queues[number].append((self._sent[number], message))
        while heads := self._heads():
            _, number = heads[0]
            queue = self._queues[number]
            while queue and (len(heads) == 1 or (queue[0][0], number) < heads[1]):
                ready.append(queue.popleft()[1])
        self._balance()
        return ready

    def rest(self) -> list[Message]:
        """The remaining messages, when no more arrive: the last offsets of a partition may hold no message."""
        self._targets = dict.fromkeys(self._targets, 0)
        return self.take(())

    def _heads(self) -> list[tuple[int, int]]:
        """Timestamp of the next message of each partition, and the partition; empty while a partition is waited for."""
        heads: list[tuple[int, int]] = []
        for number, queue in self._queues.items():
            if queue:
                heads.append((queue[0][0], number))
            elif self._read[number] < self._targets[number]:
                return []
        return sorted(heads)

    def _balance(self) -> None:
        if self._consumer is None:
            return
        for number, queue in self._queues.items():
            if len(queue) > _MOST and number not in self._paused:
                self._paused.add(number)
                self._consumer.pause([TopicPartition(self._topic, number)])
            elif len(queue) < _FEW and number in self._paused:
                self._paused.discard(number)
                self._consumer.resume([TopicPartition(self._topic, number)])


def sent_order(
    topic: str, ranges: Mapping[int, tuple[int, int]], batches: Iterable[Sequence[Message]]
) -> Iterator[list[Message]]:
    """The messages of these ranges in the order in which they were sent; waiting messages are kept in memory."""
    starts, ends = ({number: each[side] for number, each in ranges.items()} for side in (0, 1))
    order = SendOrder(topic, None, starts, ends)
    for messages in batches:
        yield order.take(messages)
    yield order.rest()
