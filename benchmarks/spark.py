"""Bars to a table of indicators by Spark, by partitions, cores and symbols, beside one Python consumer.

It needs `make spark`, and runs only if it is named.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks.consume import apart, watch
from stockstream.config import load
from stockstream.consumers.registry import VIEWS
from stockstream.indicators import RSI, Bollinger
from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
from stockstream.records import Bar
from stockstream.topics import STOCKS
from stockstream.views.fold import Selection

BARS: Final = 400_000
BATCH: Final = 100_000
SYMBOLS: Final = (10, 100, 1_000, 10_000)
SHAPES: Final = ((1, 1), (1, 2), (2, 2), (4, 2))
"""Partitions of the topic, and cores."""

FLAT: Final = 1.5


class Timed(NamedTuple):
    """Seconds of a job: until the session stood, until the first batch was done, and of the batches after it."""

    session: float
    first: float
    rest: float
    rows: int

    @property
    def rate(self) -> float:
        """Bars a second after the first batch."""
        return self.rows / self.rest


def run(bootstrap_servers: str, folder: Path) -> Iterator[str]:
    """Run the job over a topic of each shape, and over topics of ever more symbols."""
    connection = {"bootstrap.servers": bootstrap_servers}
    sent: tuple[int, int] | None = None
    for partitions, cores in SHAPES:
        if sent != (partitions, 100):
            _send(100, partitions, connection)
            sent = (partitions, 100)
        timed = _job(folder, bootstrap_servers, cores, partitions)
        yield f"spark, {partitions} partition{'s' * (partitions > 1)}, local[{cores}], 100 symbols: {_told(timed)}"
        if partitions == cores == 1:
            seconds = apart(_consumed, connection)
            yield f"    one Python consumer of the same topic, bands only, no table: {BARS / seconds:,.0f} bars/s"
    rates = {}
    for symbols in SYMBOLS:
        _send(symbols, 4, connection)
        timed = _job(folder, bootstrap_servers, 2, 4)
        rates[symbols] = timed.rate
        yield f"spark, {symbols:,} symbols, 4 partitions, local[2]: {_told(timed)}"
    growth = max(rates.values()) / rates[SYMBOLS[-1]]
    yield (
        f"spark, cost of a bar at {SYMBOLS[-1]:,} symbols: {growth:.2f} times the least"
        f" (aim <= {FLAT}: {'reached' if growth <= FLAT else 'missed'})"
    )


def _told(timed: Timed) -> str:
    return (
        f"{timed.rate:,.0f} bars/s in batches of {BATCH:,};"
        f" session {timed.session:.1f} s, first batch done {timed.first:.1f} s after the start"
    )


def _send(symbols: int, partitions: int, connection: dict[str, Any]) -> None:
    """Fill the topic anew: random walks, the symbols in turn, one bar a minute."""
    admin = Admin(connection)
    if STOCKS.name in admin.names():
        admin.delete({STOCKS.name})
        while STOCKS.name in admin.names():
            time.sleep(0.1)
    with Publisher(STOCKS.divided(partitions), connection, linger_ms=50) as publisher:
        for bar in _bars(symbols):
            publisher.send(bar)


def _bars(symbols: int) -> Iterator[Bar]:
    random = np.random.default_rng(1)
    start = datetime(2026, 1, 5, tzinfo=UTC)
    names = [f"S{number:04d}" for number in range(symbols)]
    close = np.full(symbols, 100.0)
    for minute in range(BARS // symbols):
        before, close = close, (close * np.exp(random.normal(0, 1e-3, symbols))).round(2)
        high, low = np.maximum(before, close) + 0.05, np.minimum(before, close) - 0.05
        volume = random.integers(1_000, 1_000_000, symbols).astype(float)
        columns = (names, before.tolist(), high.tolist(), low.tolist(), close.tolist(), volume.tolist())
        for symbol, first, highest, lowest, last, shares in zip(*columns, strict=True):
            yield Bar(
                symbol=symbol,
                interval="1m",
                time=start + timedelta(minutes=minute),
                open=first,
                high=highest,
                low=lowest,
                close=last,
                volume=shares,
                currency="USD",
                tz="America/New_York",
                source="benchmark",
            )


def _consumed(connection: dict[str, Any]) -> float:
    """Read the topic as a window of all symbols does, with the bands of each."""
    started = time.perf_counter()
    selection = Selection(tuple(f"S{number:04d}" for number in range(100)))
    with watch(VIEWS["bollinger"], selection, {"period": 20, "width": 2.0}, connection):
        return time.perf_counter() - started


def _job(folder: Path, bootstrap_servers: str, cores: int, partitions: int) -> Timed:
    """Run the job in a process of its own, which takes its Java with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_timed, folder / "spark", bootstrap_servers, cores, partitions).result()


def _timed(folder: Path, bootstrap_servers: str, cores: int, partitions: int) -> Timed:
    from stockstream.spark.indicator import IndicatorJob
    from stockstream.spark.run import AVAILABLE_NOW, RunOptions, awaited, run
    from stockstream.spark.series_rows import NamedIndicator
    from stockstream.spark.session import SessionOptions, session
    from stockstream.tables.location import Location

    shutil.rmtree(folder, ignore_errors=True)
    settings = load(None, {"bootstrap_servers": bootstrap_servers})
    connection = settings.connection("consumer")
    job = IndicatorJob([NamedIndicator(kind.name, kind, {}) for kind in (Bollinger, RSI)])
    options = RunOptions(str(folder / "checkpoint"), AVAILABLE_NOW, most=BATCH)
    observer = _Ends()
    started = time.perf_counter()
    spark = session(
        "stockstream-benchmark",
        settings.model_copy(update={"state_dir": folder / "state"}),
        SessionOptions(f"local[{cores}]", partitions=max(2, partitions)),
    )
    ready = time.perf_counter()
    try:
        topic_id = awaited(job.topic, connection, options, observer, lambda: False)
        assert topic_id is not None
        location = Location.of(str(folder / "tables"))
        summary = run(job, topic_id, spark, location, connection, options, observer, lambda: False)
    finally:
        spark.stop()
    assert summary.messages == BARS
    first, *others = observer.batches
    rows, rest = (sum(column) for column in zip(*others, strict=True))
    return Timed(ready - started, ready - started + first[1], rest, int(rows))


class _Ends:
    """Keeps rows and seconds of each batch."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, float]] = []

    def batch(self, progress: Any) -> None:
        """As `run.Observer.batch`."""
        self.batches.append((progress.rows, progress.seconds))

    def waits(self, text: str) -> None:
        """As `run.Observer.waits`."""
