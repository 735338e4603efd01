"""Decoding of a topic's messages into records."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

from confluent_kafka import KafkaError, Message

from stockstream.codec import Decoder, Unreadable
from stockstream.connection import Connection
from stockstream.kafka.client import refuse_others
from stockstream.kafka.deadletters import DeadLetters, Refused
from stockstream.kafka.key_order import KeyOrder
from stockstream.topics import AnyTopic

R = TypeVar("R")


class Decoded(NamedTuple, Generic[R]):
    """Result of decoding: accepted messages, a record of each, and errors of librdkafka.

    ``positions`` is, for each partition, the offset after the last message.
    """

    messages: list[Message]
    records: list[R]
    positions: dict[int, int]
    errors: list[tuple[KafkaError, Message]]


class Decoding(Generic[R]):
    """Decodes messages; those that cannot be decoded become dead letters.

    Parameters
    ----------
    topic
        Topic of the messages.
    record
        Type to which a message is decoded.
    connection
        librdkafka's properties, for the dead letters.
    keys
        Only messages with these keys (and those without any) are decoded; None for all.
    stop
        Set to give up dead letters that cannot be written yet.
    ordered
        Whether to detect keys that are read out of order.

    Attributes
    ----------
    dead
        Number of messages that could not be decoded.
    order
        The detector of keys that are read out of order, if there is one.
    """

    def __init__(
        self,
        topic: AnyTopic,
        record: type[R],
        connection: Connection,
        keys: Collection[str] | None,
        stop: threading.Event,
        *,
        ordered: bool = False,
    ) -> None:
        self._decoder = Decoder(record)
        self._letters = DeadLetters(topic, connection, stop)
        refuse_others(topic, connection)
        if isinstance(keys, str) or not all(isinstance(key, str) for key in keys or ()):
            raise TypeError(f"keys are texts, such as ['AAPL', 'MSFT'], not {keys!r}")
        self._keys = None if keys is None else frozenset([None, *(key.encode() for key in keys)])
        self.dead = 0
        self.order = KeyOrder() if ordered else None

    def take(self, messages: list[Message]) -> Decoded[R]:
        """Decode messages in order. Raises `OutOfOrder` before any message is decoded."""
        # map() over C methods, as in the decoder.
        good = messages
        if any(error is not None for error in set(map(Message.error, messages))):
            good = [message for message in messages if message.error() is None]
        numbers = list(map(Message.partition, good))
        positions = _ends(good, numbers)
        errors = list(_errors(messages, positions)) if len(good) < len(messages) else []
        keys, order = self._keys, self.order
        if good and (keys is not None or order is not None):
            found = _keys(good, numbers)
            if order is not None:
                wanted = found if keys is None else {number: found[number] & keys for number in found}
                order.look(good, numbers, wanted)
            if keys is not None and not all(map(keys.issuperset, found.values())):
                good = [message for message in good if message.key() in keys]
        try:
            records = self._decoder.many(map(Message.value, good))
        except Unreadable:
            good, records = self._one_by_one(good)
        return Decoded(good, records, positions, errors)

    def restart(self) -> None:
        """Count anew: the topic is read again from the start, or another one in its place."""
        self.dead = 0
        self._letters.forget()

    def _one_by_one(self, messages: list[Message]) -> tuple[list[Message], list[R]]:
        good: list[Message] = []
        records: list[R] = []
        bad: list[Refused] = []
        for message in messages:
            try:
                records.append(self._decoder(message.value()))
                good.append(message)
            except Unreadable as error:
                bad.append(Refused(message, str(error)))
        if bad and self._letters.put(bad):
            self.dead += len(bad)
        return good, records


def _keys(messages: list[Message], numbers: list[int | None]) -> dict[int, set[bytes | None]]:
    """Keys of the messages, by partition."""
    partitions: set[Any] = set(numbers)
    if len(partitions) == 1:
        return {partitions.pop(): set(map(Message.key, messages))}
    found: dict[int, set[bytes | None]] = {number: set() for number in partitions}
    for number, key in set(zip(numbers, map(Message.key, messages), strict=True)):
        found[number].add(key)  # type: ignore[index]
    return found


def _ends(messages: list[Message], numbers: list[int | None]) -> dict[int, int]:
    """The offset after the last message of each partition."""
    backwards = numbers[::-1]
    return {number: messages[~backwards.index(number)].offset() + 1 for number in set(numbers)}  # type: ignore[misc, operator]


def _errors(messages: list[Message], positions: dict[int, int]) -> Iterator[tuple[KafkaError, Message]]:
    """Events that are not records: ends of partitions are noted in ``positions``, errors are returned."""
    for message in messages:
        error = message.error()
        if error is None:
            continue
        if error.code() == KafkaError._PARTITION_EOF:
            number, end = message.partition() or 0, message.offset() or 0
            positions[number] = max(positions.get(number, 0), end)
        else:
            yield error, message
