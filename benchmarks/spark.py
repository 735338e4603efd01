"""Job ``indicator`` of Spark: rows a second by partitions and cores, and what a row costs as symbols grow.

Not among those that run unless named: it needs Spark (`make spark`), and takes some minutes. All of Spark runs in one
process. The first batch of each run also starts Python's workers and does not count. What a row costs is the
processor time of Spark's processes, Python's workers and the driver together: other work on the machine changes it
less than the rows a second. The Python consumer reads the topic twice in a process, and its second reading counts, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

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

BATCH: Final = 100_000
BATCHES: Final = 3
GROWTH: Final = (10, 100, 1_000, 10_000)
AIM: Final = 1.5


class Measured(NamedTuple):
    """Seconds to start Spark and to the end of the first batch; of the later ones rows, seconds, processor seconds."""

    start: float
    first: float
    rows: int
    seconds: float
    processor: float

    @property
    def cost(self) -> float:
        """Microseconds of processor time of a row."""
        return 1e6 * self.processor / self.rows

    def __str__(self) -> str:
        return (
            f"{self.rows / self.seconds:,.0f} rows/s, {self.cost:.1f} us of processor time a row;"
            f" started in {self.start:.1f} s, the first batch ends after another {self.first:.1f} s"
        )


def run(bootstrap_servers: str, folder: Path, *, batch: int = BATCH, growth: Sequence[int] = GROWTH) -> Iterator[str]:
    """By partitions and cores over 100 symbols, then by symbols with two cores: three batches of bars each."""
    rows = BATCHES * batch
    connection = {"bootstrap.servers": bootstrap_servers}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:

        def measured(name: str, cores: int) -> Measured:
            return pool.submit(measure, connection, folder / name, cores, batch).result()

        for partitions in (1, 4):
            fill(connection, rows, 100, partitions)
            python = apart(update_bands, connection)
            yield f"{partitions} partitions, the Python consumer: {rows / python:,.0f} rows/s"
            for cores in (1, 2):
                yield f"{partitions} partitions, Spark with {cores} cores: {measured(f'{partitions}-{cores}', cores)}"
        costs: list[float] = []
        for symbols in growth:
            fill(connection, rows, symbols, 4)
            found = measured(f"symbols-{symbols}", 2)
            costs.append(found.cost)
            ratio = costs[-1] / costs[0]
            held = "kept" if ratio <= AIM else "missed"
            yield f"{symbols:,} symbols: {found}; {ratio:.2f} times that of {growth[0]} (aim {AIM}, {held})"
        a_series = (costs[-1] - costs[0]) * batch / growth[-1]
        yield f"for docs/scale.md: a bar {costs[0]:.0f} us, a series that has any bars in a batch {a_series:.0f} us"


def fill(connection: dict[str, Any], rows: int, symbols: int, partitions: int) -> None:
    """Make the topic anew, with so many bars of so many symbols in turn."""
    admin = Admin(connection)
    if STOCKS.name in admin.names():
        admin.delete([STOCKS.name])
        while STOCKS.name in admin.names():
            time.sleep(0.1)
    topic = STOCKS.divided(partitions)
    with Publisher(topic, connection, linger_ms=50) as publisher:
        for bar in bars(rows, [f"S{number:05}" for number in range(symbols)]):
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
    """Keeps the batches, and the processor time up to the end of each."""

    def __init__(self) -> None:
        self.batches: list[BatchProgress] = []
        self.processor: list[float] = []

    def batch(self, progress: BatchProgress) -> None:
        """Take one that is done."""
        self.batches.append(progress)
        self.processor.append(processor_seconds())

    def waits(self, text: str) -> None:
        """Nothing is waited for here."""

    def restarts(self, text: str) -> None:
        """A worker did not come in time, and the batch is made again."""


def processor_seconds() -> float:
    """Of this process, and of all that it has started."""
    found = psutil.Process()
    times = [each.cpu_times() for each in (found, *found.children(recursive=True))]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)


def measure(connection: dict[str, Any], folder: Path, cores: int, batch: int) -> Measured:
    """Compute the bands of all symbols into a Delta table, in batches of so many bars."""
    started = time.perf_counter()
    spark = session("bench", load(None, {}), SessionOptions(f"local[{cores}]", partitions=4))
    ready = time.perf_counter()
    job, progress = IndicatorJob([NamedIndicator("bollinger", Bollinger, {})]), Progress()
    options = RunOptions(str(folder / "checkpoint"), AVAILABLE_NOW, most=batch)
    topic_id = awaited(job.topic, connection, options, progress, lambda: False)
    assert topic_id is not None
    run_job(job, topic_id, spark, Location.of(str(folder)), connection, options, progress, lambda: False)
    spark.stop()
    first, *later = progress.batches
    return Measured(
        ready - started,
        first.seconds,
        sum(each.rows for each in later),
        sum(each.seconds for each in later),
        progress.processor[-1] - progress.processor[0],
    )
