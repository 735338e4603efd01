"""Sending a file to a new topic: timed, and by the simplest loop that is safe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from confluent_kafka import Producer

from stockstream.cli.produce.sending import REPLAY_LINGER_MS
from stockstream.connection import Connection
from stockstream.kafka.admin import Admin
from stockstream.topics import Topic

R = TypeVar("R")


def timed(
    send: Callable[[Topic[R], Path, Connection], None],
    topics: Iterator[Topic[R]],
    path: Path,
    connection: Connection,
    rows: int,
) -> float:
    """Seconds in which ``send`` writes all rows of a file to a new topic, where they are counted."""
    topic, admin = next(topics), Admin(connection)
    admin.ensure(topic)
    admin.await_leaders(topic)
    started = time.perf_counter()
    send(topic, path, connection)
    seconds = time.perf_counter() - started
    (summary,) = admin.summaries([topic.name])
    if summary.records != rows:
        raise AssertionError(f"{summary.records:,} of {rows:,} rows arrived")
    admin.delete([topic.name, topic.dead_letters])
    return seconds


def send_plainly(topic: str, messages: Iterable[tuple[str, bytes]], connection: Connection) -> None:
    """Send keys and values without checks; with the settings of our producer."""
    producer = Producer(
        {
            **connection,
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "lz4",
            "linger.ms": REPLAY_LINGER_MS,
            "queue.buffering.max.messages": 200_000,
        }
    )
    for number, (key, value) in enumerate(messages):
        while True:
            try:
                producer.produce(topic, value, key)
                break
            except BufferError:
                producer.poll(0.1)
        if not number % 1_000:
            producer.poll(0)
    producer.flush()
