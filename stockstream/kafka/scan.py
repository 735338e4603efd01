"""Scan of a topic: all messages that it holds now, read once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from stockstream.errors import Unreachable
from stockstream.kafka.bounds import bounds
from stockstream.kafka.client import START_BROKER, address, made, settings, translate
from stockstream.kafka.refusals import on_topic

_AT_ONCE: Final = 1_000
_SILENCE: Final = 10.0


def ends(topic: str, connection: Mapping[str, Any]) -> dict[int, int]:
    """The offset that the next message of each partition gets. Raises `BrokerError`."""
    with closing(_consumer(connection)) as consumer:
        return {number: end for number, (_, end) in _bounds(consumer, topic, connection).items()}


def scan(topic: str, connection: Mapping[str, Any], begin: Mapping[int, int] | None = None) -> Iterator[Message]:
    """The messages of a topic that exists, up to its end as it stands at the start; a partition's in their order.

    Parameters
    ----------
    topic
        Its name.
    connection
        librdkafka's properties.
    begin
        Offsets by partition from which to read; a partition that is not named is read from its first.

    Raises
    ------
    BrokerError
        `Unreachable`, also where the broker falls silent for ten seconds; `AuthError`.
    """
    with closing(_consumer(connection)) as consumer:
        unread: dict[int, int] = {}
        assigned: list[TopicPartition] = []
        for number, (low, high) in _bounds(consumer, topic, connection).items():
            first = max(low, (begin or {}).get(number, low))
            if first < high:
                unread[number] = high
                assigned.append(TopicPartition(topic, number, first))
        consumer.assign(assigned)
        heard = time.monotonic()
        while unread:
            messages = consumer.consume(_AT_ONCE, 0.5)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > _SILENCE:
                raise Unreachable(f"{address(connection)} stopped answering", hint=START_BROKER)
            for message in messages:
                number, offset, error = message.partition() or 0, message.offset() or 0, message.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:
                    raise translate(error, connection, on_topic("Read", topic))
                end = unread.get(number)
                if end is None:
                    continue
                if error is None and offset < end:
                    yield message
                # Where the last offset holds no record, only the end itself tells that it is reached.
                if error is not None or offset + 1 >= end:
                    del unread[number]


def _consumer(connection: Mapping[str, Any]) -> Consumer:
    return made(
        Consumer,
        settings(
            connection,
            group_id="stockstream",
            enable_auto_commit=False,
            enable_auto_offset_store=False,
            enable_partition_eof=True,
            auto_offset_reset="earliest",
        ),
    )


def _bounds(consumer: Consumer, topic: str, connection: Mapping[str, Any]) -> dict[int, tuple[int, int]]:
    try:
        return bounds(consumer, topic, _SILENCE)
    except KafkaException as error:
        raise translate(error, connection, on_topic("Read", topic)) from error
