"""File to topic, against the simplest loop."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Producer

from benchmarks.flights_file import write
from benchmarks.measure import Comparison, compare
from stockstream.cli.produce.flights import LINGER_MS
from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
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
    path = write(folder / "flights.csv", ROWS)
    topics = (replace(FLIGHTS, name=f"bench-produce-{number}") for number in count())
    yield compare(
        "produce flights, every column typed and checked",
        partial(timed, ours, topics, path, connection),
        "csv.DictReader, json.dumps and produce",
        partial(timed, plain, topics, path, connection),
        aim=1.3,
        work=f"{ROWS:,} rows",
    )


def timed(send: Any, topics: Iterator[Topic[Flight]], path: Path, connection: Mapping[str, Any]) -> float:
    """Seconds in which ``send`` writes all rows of a file to a new topic, where they are counted."""
    topic, admin = next(topics), Admin(connection)
    admin.ensure(topic)
    admin.await_leaders(topic)
    started = time.perf_counter()
    send(topic, path, connection)
    seconds = time.perf_counter() - started
    (summary,) = admin.summaries([topic.name])
    if summary.records != ROWS:
        raise AssertionError(f"{summary.records:,} of {ROWS:,} rows arrived")
    admin.delete([topic.name, topic.dead_letters])
    return seconds


def ours(topic: Topic[Flight], path: Path, connection: Mapping[str, Any]) -> None:
    """The work of ``stockstream produce flights``: identity, existing rows, rows, acknowledgements."""
    files = [examine(file) for file in find([path])[0]]
    held = sent_rows(connection, topic, [file.identity for file in files])
    with Publisher(topic, connection, linger_ms=LINGER_MS) as publisher:
        produce(Replay(files, held=held), publisher)


def plain(topic: Topic[Flight], path: Path, connection: Mapping[str, Any]) -> None:
    """Every column as text, without checks; with the same producer settings."""
    producer = Producer(
        {
            **connection,
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "lz4",
            "linger.ms": LINGER_MS,
            "queue.buffering.max.messages": 200_000,
        }
    )
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file)):
            while True:
                try:
                    producer.produce(topic.name, json.dumps(row).encode(), row["AIRLINE"])
                    break
                except BufferError:
                    producer.poll(0.1)
            if not number % 1_000:
                producer.poll(0)
    producer.flush()
