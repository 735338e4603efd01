"""CSV of bars to topic, against polars and pandas with the simplest loop."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import polars as pl
from confluent_kafka import Producer

from benchmarks.measure import Comparison, compare
from stockstream.cli.produce.csv import LINGER_MS
from stockstream.cli.produce.stocks import Tally
from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
from stockstream.producers.checks import Checks
from stockstream.producers.csv_files import find
from stockstream.producers.produce import produce
from stockstream.producers.stock_csv import Overrides, StockFiles, examine
from stockstream.records import Bar
from stockstream.topics import STOCKS, Topic

ROWS: Final = 300_000

Send = Callable[[Topic[Bar], Path, Mapping[str, Any]], None]


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison]:
    """Send the same rows to a new topic each time."""
    connection = {"bootstrap.servers": bootstrap_servers}
    path = write(folder / "AAPL_1m.csv", ROWS)
    topics = (replace(STOCKS, name=f"bench-csv-{number}") for number in count())
    for name, peer in (("polars", polars), ("pandas", pandas)):
        yield compare(
            "produce csv, layout recognised, every row checked",
            partial(timed, ours, topics, path, connection),
            f"{name}.read_csv, json.dumps and produce",
            partial(timed, peer, topics, path, connection),
            aim=1.0,
            work=f"{ROWS:,} rows",
        )


def write(path: Path, rows: int) -> Path:
    """A file of minutes as yfinance writes it."""
    chance = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(chance.normal(0, 0.0005, rows))).round(4)
    open_ = np.concatenate(([100.0], close[:-1]))
    spread = np.abs(chance.normal(0, 0.05, (2, rows)))
    number = np.arange(rows)
    minutes = number // 390 * 1440 + number % 390
    frame = pd.DataFrame(
        {
            "Datetime": pd.to_datetime(np.datetime64("2023-01-02T14:30") + minutes.astype("m8[m]"), utc=True),
            "Open": open_,
            "High": (np.maximum(open_, close) + spread[0]).round(4),
            "Low": (np.minimum(open_, close) - spread[1]).round(4),
            "Close": close,
            "Volume": chance.lognormal(8, 0.4, rows).astype(np.int64),
        }
    )
    frame.to_csv(path, index=False)
    return path


def timed(send: Send, topics: Iterator[Topic[Bar]], path: Path, connection: Mapping[str, Any]) -> float:
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


def ours(topic: Topic[Bar], path: Path, connection: Mapping[str, Any]) -> None:
    """The work of ``stockstream produce csv``: layout, repeats, rows, checks, acknowledgements."""
    files = [examine(file, Overrides()) for file in find([path])[0]]
    with Publisher(topic, connection, linger_ms=LINGER_MS) as publisher:
        produce(Tally().count(Checks().checked(StockFiles(files))), publisher)


def polars(topic: Topic[Bar], path: Path, connection: Mapping[str, Any]) -> None:
    """The table by polars, its rows as they are."""
    table = pl.read_csv(path, try_parse_dates=True)
    _send(topic, table.iter_rows(named=True), connection)


def pandas(topic: Topic[Bar], path: Path, connection: Mapping[str, Any]) -> None:
    """The table by pandas, its rows as they are."""
    table = pd.read_csv(path, parse_dates=["Datetime"])
    _send(topic, table.to_dict("records"), connection)


def _send(topic: Topic[Bar], rows: Any, connection: Mapping[str, Any]) -> None:
    """Send rows as JSON, without checks; with the same producer settings."""
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
    for number, row in enumerate(rows):
        row["symbol"] = "AAPL"
        while True:
            try:
                producer.produce(topic.name, json.dumps(row, default=str).encode(), "AAPL")
                break
            except BufferError:
                producer.poll(0.1)
        if not number % 1_000:
            producer.poll(0)
    producer.flush()
