"""Job ``indicator`` of Spark: rows a second by partitions and cores, and what a row costs as symbols grow.

Not among those that run unless named: it needs Spark (`make spark`), and takes some minutes. Spark is started in a
process of its own for each. Of two batches, the first one also starts Python's workers: rows a second are those of the
second. The Python consumer reads the topic twice in a process, and its second reading counts, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.consume import apart, bars, watch
from stockstream.config import load
from stockstream.consumers.registry import VIEWS
from stockstream.indicators import Bollinger
from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
from stockstream.spark.indicator import IndicatorJob
from stockstream.spark.progress import BatchProgress
from stockstream.spark.run import AVAILABLE_NOW, RunOptions, awaited
from stockstream.spark.run import run as run_job
from stockstream.spark.series_rows import NamedIndicator
from stockstream.spark.session import SessionOptions, session
from stockstream.tables.location import Location
from stockstream.topics import STOCKS
from stockstream.views.fold import Selection

ROWS: Final = 200_000
GROWTH: Final = (10, 100, 1_000, 10_000)
AIM: Final = 1.5


class Measured(NamedTuple):
    """Seconds to start Spark, to the end of the first batch, and of the second batch, and the latter's rows."""

    start: float
    first: float
    second: float
    rows: int

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.second


def run(bootstrap_servers: str, folder: Path) -> Iterator[str]:
    """By partitions and cores over 100 symbols, then by symbols with two cores."""
    connection = {"bootstrap.servers": bootstrap_servers}
    for partitions in (1, 4):
        fill(connection, 100, partitions)
        python = apart(update_bands, connection)
        yield f"{partitions} partitions, the Python consumer: {ROWS / python:,.0f} rows/s"
        for cores in (1, 2):
            found = apart(partial(measure, connection, folder / f"{partitions}-{cores}", cores))
            yield f"{partitions} partitions, Spark with {cores} cores: {described(found)}"
    base = None
    for symbols in GROWTH:
        fill(connection, symbols, 4)
        found = apart(partial(measure, connection, folder / f"symbols-{symbols}", 2))
        cost = 1 / found.rate
        base = base or cost
        held = "kept" if cost / base <= AIM else "missed"
        ratio = f"a row costs {cost / base:.2f} times that of {GROWTH[0]} (aim {AIM}, {held})"
        yield f"{symbols:,} symbols: {described(found)}; {ratio}"


def described(found: Measured) -> str:
    """The figures in words."""
    return (
        f"{found.rate:,.0f} rows/s, {1e6 / found.rate:.1f} us a row; "
        f"started in {found.start:.1f} s, the first batch ends after another {found.first:.1f} s"
    )


def fill(connection: dict[str, Any], symbols: int, partitions: int) -> None:
    """Make the topic anew, with bars of so many symbols in turn."""
    admin = Admin(connection)
    if STOCKS.name in admin.names():
        admin.delete([STOCKS.name])
        while STOCKS.name in admin.names():
            time.sleep(0.1)
    topic = STOCKS.divided(partitions)
    with Publisher(topic, connection, linger_ms=50) as publisher:
        for bar in bars(ROWS, [f"S{number:05}" for number in range(symbols)]):
            publisher.send(bar)


def update_bands(connection: dict[str, Any]) -> float:
    """The bands of all symbols in one process, as a window computes them: seconds of the second reading."""
    read_bands(connection)
    return read_bands(connection)


def read_bands(connection: dict[str, Any]) -> float:
    """One reading."""
    started = time.perf_counter()
    with watch(VIEWS["bollinger"], Selection(), {"period": 20, "width": 2.0}, connection) as live:
        for history in live.fold._histories.values():  # noqa: SLF001 - frames would hold more than the bands
            for track in history._tracks:  # noqa: SLF001
                track.points()
        return time.perf_counter() - started


class Progress:
    """Keeps the batches."""

    def __init__(self) -> None:
        self.batches: list[BatchProgress] = []

    def batch(self, progress: BatchProgress) -> None:
        """Take one that is done."""
        self.batches.append(progress)

    def waits(self, text: str) -> None:
        """Nothing is waited for here."""


def measure(connection: dict[str, Any], folder: Path, cores: int) -> Measured:
    """Compute the bands of all symbols into a Delta table, in two batches."""
    started = time.perf_counter()
    spark = session("bench", load(None, {}), SessionOptions(f"local[{cores}]", partitions=4))
    ready = time.perf_counter()
    job, progress = IndicatorJob([NamedIndicator("bollinger", Bollinger, {})]), Progress()
    options = RunOptions(str(folder / "checkpoint"), AVAILABLE_NOW, most=ROWS // 2)
    topic_id = awaited(job.topic, connection, options, progress, lambda: False)
    assert topic_id is not None
    run_job(job, topic_id, spark, Location.of(str(folder)), connection, options, progress, lambda: False)
    spark.stop()
    first, second, *_ = progress.batches
    return Measured(ready - started, first.seconds, second.seconds, second.rows)
