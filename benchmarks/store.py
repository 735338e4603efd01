"""Topic to Delta table, against a bare consume loop that writes the same columns to Parquet by pyarrow."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd  # noqa: F401 - pyarrow imports it with its first array, and imports are not counted
import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq
from confluent_kafka import Consumer, TopicPartition
from msgspec import structs

from benchmarks.consume import apart, bars, flights
from benchmarks.measure import Comparison, compare
from stockstream.cli.main import tune
from stockstream.kafka.publisher import Publisher
from stockstream.records import Flight
from stockstream.tables.location import Location
from stockstream.tables.schema import BARS, FLIGHT_ROWS, Table
from stockstream.tables.store import Progress, Store, StoreOptions
from stockstream.topics import FLIGHTS, STOCKS

ROWS = 1_000_000
BATCH = 100_000
FLIGHTS_A_DAY = 16_000
"""As many as the United States have: a table is partitioned by date, so that the number of days in a batch counts."""

PEER = "a bare consume loop that writes Parquet"
TABLES: dict[str, Table[Any]] = {
    "bars": replace(BARS, topic=replace(STOCKS, name="bench-store-stocks")),
    "flights": replace(FLIGHT_ROWS, topic=replace(FLIGHTS, name="bench-store-flights")),
}


class Silent:
    """Is told the progress, and tells nobody."""

    def progress(self, progress: Progress) -> None:
        """As `Observer.progress`."""

    def warn(self, text: str) -> None:
        """As `Observer.warn`."""


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison]:
    """Store bars, and flights, each from a topic with a million records."""
    connection = {"bootstrap.servers": bootstrap_servers}
    sources: dict[str, Iterator[Any]] = {"bars": bars(), "flights": year()}
    for table, records in ((TABLES[name], each) for name, each in sources.items()):
        with Publisher[Any](table.topic, connection, linger_ms=50) as publisher:
            for record in islice(records, ROWS):
                publisher.send(record)
        yield compare(
            f"store {table.name} exactly once in a Delta table",
            partial(apart, store, table.name, connection, folder / "tables"),
            PEER,
            partial(apart, write, table.name, connection, folder / "parquet"),
            aim=0.5,
            work=f"{ROWS:,} records",
            pairs=3,
        )


def year() -> Iterator[Flight]:
    """Flights in the order of their days, as a file of a year has them."""
    for row, flight in enumerate(flights()):
        month, day = divmod(row // FLIGHTS_A_DAY, 28)
        yield structs.replace(flight, month=1 + month, day=1 + day)


def store(name: str, connection: dict[str, Any], folder: Path) -> float:
    """Store a complete topic in a new table."""
    tune()
    table = TABLES[name]
    shutil.rmtree(folder, ignore_errors=True)
    options = StoreOptions(once=True, rows=BATCH)
    started = time.perf_counter()
    summary = Store(table, Location.of(str(folder)), connection, options, Silent()).run(lambda: False)
    assert summary.rows == ROWS
    return time.perf_counter() - started


def write(name: str, connection: dict[str, Any], folder: Path) -> float:
    """Consume a complete topic, parse its JSON by pyarrow, and write a Parquet file for each batch: nothing is checked,
    no position is kept, and nothing is partitioned."""
    tune()
    table = TABLES[name]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    schema = pa.schema([table.schema.field(name) for name in table.fields])
    started = time.perf_counter()
    consumer = Consumer(
        {**connection, "group.id": "bench", "fetch.queue.backoff.ms": 5, "queued.min.messages": 200_000}
    )
    partitions = consumer.list_topics(table.topic.name).topics[table.topic.name].partitions
    consumer.assign([TopicPartition(table.topic.name, number, 0) for number in partitions])
    values: list[bytes] = []
    read = files = 0
    while read < ROWS:
        messages = consumer.consume(1_000, 1.0)
        values += [message.value() or b"" for message in messages]
        read += len(messages)
        if len(values) >= BATCH or read >= ROWS:
            parsed = pj.read_json(pa.BufferReader(b"\n".join(values)), parse_options=pj.ParseOptions(schema))
            pq.write_table(parsed, folder / f"{files}.parquet")
            values, files = [], files + 1
    consumer.close()
    return time.perf_counter() - started
