"""Keys of a topic: the symbols or airlines of its records."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stockstream.connection import Connection
from stockstream.kafka.bounds import bounds
from stockstream.kafka.client import made, settings, translate

NEWEST: Final = 100_000
"""Number of records that are read from each partition."""

_AT_ONCE: Final = 5_000


def recent_keys(connection: Connection, topic: str, *, within: float) -> set[str]:
    """The keys of the newest records of a topic, as far as they can be read in some seconds.

    Parameters
    ----------
    connection
        librdkafka's properties.
    topic
        Its name; it need not exist.
    within
        Seconds after which what was found so far is returned.

    Returns
    -------
    set of str
        Empty if the topic does not exist.

    Raises
    ------
    BrokerError
        `Unreachable` if no broker answers in time; `AuthError`.
    """
    ends = time.monotonic() + within
    consumer = made(
        Consumer,
        settings(
            connection,
            group_id="stockstream-keys",
            enable_auto_commit=False,
            enable_auto_offset_store=False,
            enable_partition_eof=True,
        ),
    )
    with closing(consumer):
        try:
            found = consumer.list_topics(topic, timeout=within).topics[topic]
            if found.error is not None or not found.partitions:
                return set()
            held = bounds(consumer, topic, max(0.0, ends - time.monotonic()))
            return _read(consumer, topic, {number: each for number, each in held.items() if each[0] < each[1]}, ends)
        except KafkaException as error:
            raise translate(error, connection) from error


def _read(consumer: Consumer, topic: str, held: Mapping[int, tuple[int, int]], ends: float) -> set[str]:
    consumer.assign([TopicPartition(topic, number, max(low, high - NEWEST)) for number, (low, high) in held.items()])
    unread, found = set(held), set[bytes]()
    while unread and (left := ends - time.monotonic()) > 0:
        for message in consumer.consume(_AT_ONCE, min(0.05, left)):
            error, number = message.error(), message.partition() or 0
            key = message.key()
            if error is None and isinstance(key, bytes):
                found.add(key)
            last = number in held and (message.offset() or 0) >= held[number][1] - 1
            if last or (error is not None and error.code() == KafkaError._PARTITION_EOF):
                unread.discard(number)
    return {key.decode(errors="replace") for key in found}
