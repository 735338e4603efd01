"""Reading of a topic up to its present end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Final, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from stockstream.connection import Connection
from stockstream.errors import Unreachable
from stockstream.kafka.bounds import bounds
from stockstream.kafka.client import START_BROKER, address, made, refused, settings, translate
from stockstream.kafka.refusals import on_topic

_AT_ONCE: Final = 2_000
_SILENCE: Final = 10.0


class ToEnd:
    """Reads ranges of an existing topic. It joins no group, commits nothing, and does not wait for new records.

    Within its block, errors of librdkafka are translated: `Unreachable`, also if the broker does not answer for
    ``patience``, or for ten seconds while it is read; `AuthError`; `BrokerError`.

    Parameters
    ----------
    connection
        librdkafka's properties.
    topic
        The topic's name.
    patience
        Seconds to wait for each answer about the topic's bounds.
    """

    def __init__(self, connection: Connection, topic: str, *, patience: float = _SILENCE) -> None:
        self._connection = connection
        self._patience = patience
        self._topic = topic
        self._consumer = made(
            Consumer,
            settings(
                connection,
                group_id="stockstream",
                enable_auto_commit=False,
                enable_auto_offset_store=False,
                enable_partition_eof=True,
                auto_offset_reset="earliest",
                fetch_queue_backoff_ms=5,
                queued_min_messages=200_000,
            ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()
        if isinstance(error, KafkaException):
            raise translate(error, self._connection, on_topic("Read", self._topic)) from error

    def ends(self) -> dict[int, int]:
        """End offset of each partition: that of its next message."""
        return {number: end for number, (_, end) in self.bounds().items()}

    def ranges(self) -> dict[int, tuple[int, int]]:
        """First and end offset of each partition that is not empty."""
        return {number: (low, end) for number, (low, end) in self.bounds().items() if low < end}

    def ranges_since(self, moment: int) -> dict[int, tuple[int, int]]:
        """As `ranges`, from the first message on that was sent at a time (milliseconds since 1970 UTC) or later."""
        held = self.ranges()
        wanted = [TopicPartition(self._topic, number, moment) for number in held]
        found = self._consumer.offsets_for_times(wanted, timeout=self._patience) if wanted else []
        # Beyond the last message the offset is negative.
        return {each.partition: (each.offset, held[each.partition][1]) for each in found if each.offset >= 0}

    def bounds(self) -> dict[int, tuple[int, int]]:
        """First and end offset of each partition."""
        return bounds(self._consumer, self._topic, self._patience)

    def messages(self, ranges: Mapping[int, tuple[int, int]]) -> Iterator[list[Message]]:
        """The messages in a range of each partition, as they arrive; lists may be empty.

        Raises `Unreachable` if the broker stops answering.
        """
        unread = set(ranges)
        self._consumer.assign([TopicPartition(self._topic, number, start) for number, (start, _) in ranges.items()])
        heard = time.monotonic()
        while unread:
            messages = self._consumer.consume(_AT_ONCE, 0.1)
            # While others send, the end event of a partition may never arrive; our own position is reliable.
            positions = self._consumer.position([TopicPartition(self._topic, number) for number in ranges])
            beyond = any(each.offset > ranges[each.partition][1] for each in positions)
            good = messages
            if set(map(Message.error, messages)) - {None}:  # a map over the C method, as in `Decoding`
                good = [message for message in messages if message.error() is None]
            if not good and time.monotonic() - heard > _SILENCE:
                where = f"{address(self._connection)} stopped answering while the topic {self._topic} was read"
                raise Unreachable(where, hint=START_BROKER)
            yield [message for message in good if _within(message, ranges)] if beyond else good
            unread -= {each.partition for each in positions if each.offset >= ranges[each.partition][1]}
            ended = _ended(messages) if len(good) < len(messages) else set()
            unread -= ended
            if good or ended:  # and not the errors of a broker that is away
                heard = time.monotonic()

    def since(self, begin: Mapping[int, int]) -> Iterator[Message]:
        """The messages up to the present end, in the order of each partition, from offsets on.

        Partitions without one are read from their first message. It may be called again, and then reads on with the
        same client.
        """
        ranges = {number: (max(low, begin.get(number, low)), end) for number, (low, end) in self.ranges().items()}
        for messages in self.messages({number: each for number, each in ranges.items() if each[0] < each[1]}):
            yield from messages
        self._consumer.unassign()  # it would fetch on ahead


def scan(topic: str, connection: Connection, begin: Mapping[int, int] | None = None) -> Iterator[Message]:
    """The messages of an existing topic up to its present end, in the order of each partition.

    ``begin`` gives first offsets by partition; other partitions are read from their first message. Raises the errors
    of `ToEnd`.
    """
    with ToEnd(connection, topic) as reading:
        yield from reading.since(begin or {})


def _within(message: Message, ranges: Mapping[int, tuple[int, int]]) -> bool:
    return (message.offset() or 0) < ranges[message.partition() or 0][1]


def _ended(messages: list[Message]) -> set[int]:
    """Partitions that were read to their end. Raises KafkaException for permanent errors."""
    ended = set()
    for message in messages:
        error = message.error()
        if error is None:
            continue
        if error.code() == KafkaError._PARTITION_EOF:
            ended.add(message.partition() or 0)
        elif error.fatal() or refused(error):
            raise KafkaException(error)
    return ended
