"""CSV of bars to topic, against polars and pandas with the simplest loop."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from benchmarks.measure import Comparison, compare
from benchmarks.sending import send_plainly, timed
from stockstream.cli.produce.sending import REPLAY_LINGER_MS
from stockstream.cli.produce.stocks import Tally
from stockstream.connection import Connection
from stockstream.kafka.publisher import Publisher
from stockstream.producers.checks import Checks
from stockstream.producers.csv_files import find
from stockstream.producers.produce import produce
from stockstream.producers.stock_csv import Overrides, StockFiles, examine
from stockstream.records import Bar
from stockstream.topics import STOCKS, Topic

ROWS: Final = 300_000


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison]:
    """Send the same rows to a new topic each time."""
    connection = {"bootstrap.servers": bootstrap_servers}
    path = write(folder / "AAPL_1m.csv", ROWS)
    topics = (replace(STOCKS, name=f"bench-csv-{number}") for number in count())
    for name, peer in (("polars", polars), ("pandas", pandas)):
        yield compare(
            "produce csv, layout recognised, every row checked",
            partial(timed, ours, topics, path, connection, ROWS),
            f"{name}.read_csv, json.dumps and produce",
            partial(timed, peer, topics, path, connection, ROWS),
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


def ours(topic: Topic[Bar], path: Path, connection: Connection) -> None:
    """The work of ``stockstream produce csv``: layout, repeats, rows, checks, acknowledgements."""
    files = [examine(file, Overrides()) for file in find([path])[0]]
    with Publisher(topic, connection, linger_ms=REPLAY_LINGER_MS) as publisher:
        produce(Tally().count(Checks().checked(StockFiles(files))), publisher)


def polars(topic: Topic[Bar], path: Path, connection: Connection) -> None:
    """The table by polars, its rows as they are."""
    table = pl.read_csv(path, try_parse_dates=True)
    send_plainly(topic.name, map(message, table.iter_rows(named=True)), connection)


def pandas(topic: Topic[Bar], path: Path, connection: Connection) -> None:
    """The table by pandas, its rows as they are."""
    table = pd.read_csv(path, parse_dates=["Datetime"])
    send_plainly(topic.name, map(message, table.to_dict("records")), connection)


def message(row: Mapping[Hashable, object] | Mapping[str, object]) -> tuple[str, bytes]:
    """A row as JSON, without checks."""
    return "AAPL", json.dumps({**row, "symbol": "AAPL"}, default=str).encode()
