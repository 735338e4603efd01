"""Cost of counting acknowledged records, against counting every record without an error as delivered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from confluent_kafka import Producer

from benchmarks.flights_file import write
from benchmarks.measure import Comparison, compare
from benchmarks.produce import ours
from benchmarks.sending import timed
from stockstream.cli.produce.sending import REPLAY_LINGER_MS
from stockstream.connection import Connection
from stockstream.kafka.client import settings
from stockstream.kafka.sent_rows import sent_rows
from stockstream.producers.csv_files import find
from stockstream.producers.flights import Replay, examine
from stockstream.producers.produce import produce
from stockstream.records import Flight
from stockstream.topics import FLIGHTS, Topic

ROWS: Final = 300_000


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison]:
    """Send the same rows to a new topic each time."""
    connection = {"bootstrap.servers": bootstrap_servers}
    path = write(folder / "acknowledged.csv", ROWS)
    topics = (replace(FLIGHTS, name=f"bench-acknowledged-{number}") for number in count())
    yield compare(
        "produce flights, each record's offset counted",
        partial(timed, ours, topics, path, connection, ROWS),
        "the same, with reports of failures only",
        partial(timed, uncounted, topics, path, connection, ROWS),
        aim=0.9,
        work=f"{ROWS:,} rows",
        pairs=9,
    )


def uncounted(topic: Topic[Flight], path: Path, connection: Connection) -> None:
    """As `benchmarks.produce.ours`, with a sink that receives no delivery reports."""
    files = [examine(file) for file in find([path])[0]]
    held = sent_rows(connection, topic, [file.identity for file in files])
    produce(Replay(files, held=held), Uncounted(topic, connection))


class Uncounted:
    """A sink with the publisher's settings; a record that is no longer queued counts as delivered."""

    def __init__(self, topic: Topic[Flight], connection: Connection) -> None:
        self._topic = topic
        self._sent = 0
        self._producer = Producer(
            settings(
                connection,
                enable_idempotence=True,
                acks="all",
                compression_type="lz4",
                linger_ms=REPLAY_LINGER_MS,
                queue_buffering_max_messages=200_000,
            )
        )

    @property
    def delivered(self) -> int:
        """Number of sent records that are no longer queued."""
        return self._sent - len(self._producer)

    def send(self, record: Flight) -> None:
        """Queue a row."""
        self._producer.produce(self._topic.name, self._topic.encode(record), self._topic.key(record))
        self._sent += 1

    def refuse(self, key: str, raw: bytes, reason: str) -> None:  # noqa: ARG002 - a sink's shape
        """Never: every row of the file can be read."""
        raise AssertionError(f"{key}: {reason}")

    def poll(self, timeout: float = 0.0) -> None:
        """Serve what the broker answered."""
        self._producer.poll(timeout)

    def flush(self) -> None:
        """Wait until nothing is queued."""
        self._producer.flush()
