"""Newest messages of a topic, undecoded."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from stockstream.connection import Connection
from stockstream.errors import BrokerError, Unreachable
from stockstream.kafka.admin import TIMEOUT
from stockstream.kafka.bounds import bounds
from stockstream.kafka.client import LOG, START_BROKER, address, instant, made, refused, settings, translate
from stockstream.kafka.refusals import on_topic


class Sent(NamedTuple):
    """A message of a topic; ``time`` is when it was sent (UTC), ``reason`` that of a dead letter."""

    partition: int
    offset: int
    time: datetime
    key: str | None
    value: bytes
    reason: str | None


class Tail:
    """Reads the end of a topic, and then new messages.

    Leaving the block closes the connection. Raises `Unreachable` and `AuthError`.
    """

    def __init__(self, topic: str, connection: Connection, *, timeout: float = TIMEOUT) -> None:
        self._topic = topic
        self._connection = connection
        self._timeout = timeout
        self._failure: BrokerError | None = None
        self._consumer = made(
            Consumer,
            settings(
                connection,
                group_id="stockstream-tail",
                enable_auto_commit=False,
                enable_partition_eof=True,
                auto_offset_reset="latest",
                error_cb=self._on_error,
            ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def newest(self, count: int) -> list[Sent]:
        """The newest ``count`` messages of all partitions together, oldest first; `follow` continues after them."""
        try:
            ends = bounds(self._consumer, self._topic, self._timeout)
        except KafkaException as error:
            raise self._failure or translate(error, self._connection, on_topic("Read", self._topic)) from error
        self._consumer.assign(
            [TopicPartition(self._topic, number, max(low, high - count)) for number, (low, high) in ends.items()]
        )
        found = self._read_up_to({number: high for number, (low, high) in ends.items() if high > low})
        return sorted(found, key=lambda sent: (sent.time, sent.partition, sent.offset))[-count:] if count else []

    def follow(self) -> Iterator[Sent | None]:
        """New messages from now on; a None after half a second without any."""
        while True:
            message = self._poll()
            if message is None:
                yield None
            elif message.error() is None:
                yield _sent(message)

    def _read_up_to(self, ends: Mapping[int, int]) -> list[Sent]:
        found: list[Sent] = []
        unread = set(ends)
        heard = time.monotonic()
        while unread:
            message = self._poll()
            if message is not None:
                heard = time.monotonic()
                number, offset = message.partition() or 0, message.offset() or 0
                if message.error() is None:
                    found.append(_sent(message))
                # The broker reports an end half a second late; if the last offset holds no record, nothing else does.
                if message.error() is not None or offset + 1 >= ends.get(number, 0):
                    unread.discard(number)
            elif time.monotonic() - heard > self._timeout:
                raise Unreachable(f"{address(self._connection)} stopped answering", hint=START_BROKER)
        return found

    def _poll(self) -> Message | None:
        """The next message or end of a partition."""
        message = self._consumer.poll(0.5)
        if self._failure:
            raise self._failure
        error = message.error() if message is not None else None
        if error is None or error.code() == KafkaError._PARTITION_EOF:
            return message
        if refused(error) or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise translate(error, self._connection, on_topic("Read", self._topic))
        LOG.warning("%s: %s", self._topic, error)
        return None

    def _on_error(self, error: KafkaError) -> None:
        if refused(error):
            self._failure = self._failure or translate(error, self._connection, on_topic("Read", self._topic))


_REASON: Final = "reason"


def _sent(message: Message) -> Sent:
    key = message.key()
    reason = dict(message.headers() or ()).get(_REASON)
    return Sent(
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        time=instant(message.timestamp()[1]),
        key=key.decode(errors="replace") if isinstance(key, bytes) else key,
        value=message.value() or b"",
        reason=reason.decode(errors="replace") if isinstance(reason, bytes) else reason,
    )
