"""SQL over the tables: a day of one symbol against plain Parquet, an indicator against its mathematics alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import write_deltalake

from benchmarks.measure import Comparison, compare
from stockstream.indicators import Bollinger
from stockstream.tables.location import Location
from stockstream.tables.schema import BARS
from stockstream.tables.sql import open_database

SYMBOLS, DAYS, MINUTES = 20, 385, 390
LONG = 1_000_000
CONDITION = "symbol = 'S07' AND time >= '2024-06-03' AND time < '2024-06-04'"
DAY = f"SELECT count(*), avg(close), max(high) FROM {{}} WHERE {CONDITION}"


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison]:  # noqa: ARG001 - needs no broker
    """Ask for a day of one symbol out of 3,003,000 bars, and for Bollinger bands over 1,000,000 bars."""
    minutes = np.arange(MINUTES) * np.timedelta64(60_000_000, "us") + np.timedelta64(14 * 60 + 30, "m")
    days = np.datetime64("2024-01-01", "us") + np.arange(DAYS) * np.timedelta64(1, "D")
    many = rows((days[:, None] + minutes).reshape(-1).repeat(SYMBOLS), [f"S{n:02}" for n in range(SYMBOLS)])
    plain = folder / "many.parquet"
    pq.write_table(many, plain)
    write_deltalake(str(folder / "many" / "bars"), many, partition_by=["date"])
    with open_database(Location.of(str(folder / "many"))) as database:
        yield compare(
            "SQL: a day of one symbol out of 3,003,000 bars",
            timed(lambda: database.connection.execute(DAY.format("bars")).fetchall()),
            "DuckDB over the same rows in one Parquet file",
            timed(lambda: duckdb.execute(DAY.format(f"'{plain}'")).fetchall()),
            aim=3,
            work="390 bars",
            of="time",
            pairs=9,
        )
    times = np.datetime64("2016-01-01", "us") + np.arange(LONG) * np.timedelta64(60_000_000, "us")
    long = rows(times, ["AAPL"], by_year=True)
    write_deltalake(str(folder / "long" / "bars"), long, partition_by=["date"])
    with open_database(Location.of(str(folder / "long"))) as database:
        statement = "SELECT count(upper), sum(middle) FROM bollinger('AAPL')"
        yield compare(
            "SQL: Bollinger bands over 1,000,000 bars, read from the table",
            timed(lambda: database.connection.execute(statement).fetchall()),
            "reading the bars with pyarrow, and batch",
            timed(lambda: Bollinger().batch({"close": table_of(folder / "long" / "bars")["close"].to_numpy()})),
            aim=2,
            work="1,000,000 bars",
            of="time",
        )


def rows(times: np.ndarray[Any, Any], symbols: list[str], *, by_year: bool = False) -> pa.Table:
    """Bars of a walk, the symbols in turn, with the columns of the table."""
    count = len(times)
    close = 100 + np.abs(np.random.default_rng(1).standard_normal(count).cumsum() * 0.01)
    unit = "M8[Y]" if by_year else "M8[D]"
    known: dict[str, Any] = {
        "time": times, "open": close, "high": close + 1, "low": close - 1, "close": close,
        "volume": np.full(count, 100.0), "date": times.astype(unit).astype("M8[D]"), "kafka_offset": np.arange(count),
        "kafka_time": times,
        "symbol": pa.array(symbols).take(pa.array(np.arange(count) % len(symbols))),
    }  # fmt: skip
    same: dict[str, Any] = {
        "interval": "1m", "feed": "market", "tz": "America/New_York", "final": True, "flags": [], "source": "csv",
        "revision": 0, "kafka_topic_id": "one", "kafka_partition": 0,
    }  # fmt: skip
    nowhere = pa.array(np.zeros(count, np.int64))
    columns = []
    for field in BARS.schema:
        if field.name in known:
            column = pa.array(known[field.name])
            columns.append(
                column.cast(pa.timestamp("us")).cast(field.type)
                if field.name.endswith("time")
                else column.cast(field.type)
            )
        elif field.name in same:
            columns.append(pa.array([same[field.name]], field.type).take(nowhere))
        else:
            columns.append(pa.nulls(count, field.type))
    return pa.table(columns, schema=BARS.schema)


def table_of(folder: Path) -> pa.Table:
    """The numbers of all bars, by pyarrow."""
    return pq.read_table(folder, columns=["time", "open", "high", "low", "close", "volume"])


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """Seconds that the work takes."""

    def run() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return run
