"""File to topic, against the simplest loop."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from benchmarks.flights_file import write
from benchmarks.measure import Comparison, compare
from benchmarks.sending import send_plainly, timed
from stockstream.cli.produce.sending import REPLAY_LINGER_MS
from stockstream.connection import Connection
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
        partial(timed, ours, topics, path, connection, ROWS),
        "csv.DictReader, json.dumps and produce",
        partial(timed, plain, topics, path, connection, ROWS),
        aim=1.3,
        work=f"{ROWS:,} rows",
    )


def ours(topic: Topic[Flight], path: Path, connection: Connection) -> None:
    """The work of ``stockstream produce flights``: identity, existing rows, rows, acknowledgements."""
    files = [examine(file) for file in find([path])[0]]
    held = sent_rows(connection, topic, [file.identity for file in files])
    with Publisher(topic, connection, linger_ms=REPLAY_LINGER_MS) as publisher:
        produce(Replay(files, held=held), publisher)


def plain(topic: Topic[Flight], path: Path, connection: Connection) -> None:
    """Every column as text, without checks."""
    with path.open(newline="", encoding="utf-8") as file:
        messages = ((row["AIRLINE"], json.dumps(row).encode()) for row in csv.DictReader(file))
        send_plainly(topic.name, messages, connection)
