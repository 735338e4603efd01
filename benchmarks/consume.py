"""Topic to view, against a bare consume loop that decodes nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from confluent_kafka import Consumer, TopicPartition
from msgspec import structs

from benchmarks.measure import Comparison, compare
from stockstream.cli.main import tune
from stockstream.consumers.flights import VIEW as FLIGHTS_VIEW
from stockstream.consumers.live import Live
from stockstream.consumers.registry import VIEWS
from stockstream.kafka.publisher import Publisher
from stockstream.producers.flight_rows import RowReader
from stockstream.producers.sample import sample_flights
from stockstream.records import Bar, Flight
from stockstream.topics import FLIGHTS, STOCKS
from stockstream.views.fold import Selection
from stockstream.views.view import View

T = TypeVar("T")

ROWS = 1_000_000
BARS = 1_000_000
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
PEER = "a bare consume loop"
TICK = 0.05
FLIGHTS_TOPIC = replace(FLIGHTS, name="bench-flights")
STOCKS_TOPIC = replace(STOCKS, name="bench-stocks")


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison]:  # noqa: ARG001 - as for every benchmark
    """Count flights, and compute Bollinger Bands, each from a topic with a million records."""
    connection = {"bootstrap.servers": bootstrap_servers}
    for topic, records in ((FLIGHTS_TOPIC, flights()), (STOCKS_TOPIC, bars())):
        with Publisher[Any](topic, connection, linger_ms=50) as publisher:
            for record in records:
                publisher.send(record)
    yield compare(
        "decode, de-duplicate and count flights",
        partial(apart, count_flights, connection),
        PEER,
        partial(apart, consume, FLIGHTS_TOPIC.name, connection),
        aim=0.4,
        work=f"{ROWS:,} rows",
    )
    yield compare(
        "decode bars and update Bollinger Bands",
        partial(apart, update_bands, connection),
        PEER,
        partial(apart, consume, STOCKS_TOPIC.name, connection),
        aim=0.3,
        work=f"{BARS:,} bars of {len(SYMBOLS)} symbols",
    )


def apart(work: Callable[..., T], *arguments: Any) -> T:
    """Work in a separate process, as every window does: memory that was used before is slower."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def count_flights(connection: dict[str, Any]) -> float:
    """Read a complete topic as a window does, and count the rows to show, without drawing."""
    started = time.perf_counter()
    with watch(replace(FLIGHTS_VIEW, topic=FLIGHTS_TOPIC), Selection(), {}, connection) as live:
        for key in live.fold.keys():
            live.fold.frame(key)
        return time.perf_counter() - started


def update_bands(connection: dict[str, Any]) -> float:
    """The same for the bands of all symbols; a window asks for those of the symbol it shows."""
    started = time.perf_counter()
    parameters = {"period": 20, "width": 2.0}
    with watch(replace(VIEWS["bollinger"], topic=STOCKS_TOPIC), Selection(SYMBOLS), parameters, connection) as live:
        for history in live.fold._histories.values():  # noqa: SLF001 - frames would hold more than the bands
            for track in history._tracks:  # noqa: SLF001
                track.points()
        return time.perf_counter() - started


@contextmanager
def watch(
    view: View[Any],
    selection: Selection,
    parameters: dict[str, Any],
    connection: dict[str, Any],
    states: Path | None = None,
) -> Iterator[Any]:
    """A view that has taken all records of its topic."""
    tune()  # as the command line does
    logging.getLogger().addHandler(logging.NullHandler())
    with Live(view, selection, parameters, connection, states) as live:
        while not live.settled:
            live.tick()
            time.sleep(TICK)
        yield live


def consume(topic: str, connection: dict[str, Any]) -> float:
    """Fetch all messages of a topic and read none of them."""
    started = time.perf_counter()
    consumer = Consumer({**connection, "group.id": "bare", "fetch.queue.backoff.ms": 5})
    partitions = [TopicPartition(topic, number, 0) for number in consumer.list_topics(topic).topics[topic].partitions]
    left = sum(consumer.get_watermark_offsets(partition)[1] for partition in partitions)
    consumer.assign(partitions)
    while left:
        left -= len(consumer.consume(1000, 1.0))
    seconds = time.perf_counter() - started
    consumer.close()
    return seconds


def flights() -> Iterator[Flight]:
    """The sample's month repeatedly, one row after the other."""
    read = RowReader("sample.csv", "0123456789abcdef").read
    lines = sample_flights().splitlines()[1:]
    month = [flight for row, line in enumerate(lines) if isinstance(flight := read(line, row, row + 2), Flight)]
    for row in range(ROWS):
        flight = month[row % len(month)]
        yield structs.replace(flight, row=row, month=1 + row // len(month) % 12, day=min(flight.day, 28))


def bars(rows: int = BARS, symbols: Sequence[str] = SYMBOLS) -> Iterator[Bar]:
    """Random walks, the symbols in turn, one bar a minute."""
    random = np.random.default_rng(1)
    shape = (rows // len(symbols), len(symbols))
    close = 100 * np.exp(np.cumsum(random.normal(0, 1e-3, shape), axis=0))
    before = np.vstack((close[:1], close[:-1]))
    high = np.maximum(before, close) + random.exponential(0.05, shape)
    low = np.minimum(before, close) - random.exponential(0.05, shape)
    volume = random.integers(1_000, 1_000_000, shape).astype(float)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    prices = np.stack((before, high, low, close), axis=-1).round(2).tolist()
    for minute, (row, traded) in enumerate(zip(prices, volume.tolist(), strict=True)):
        opened = start + timedelta(minutes=minute)
        for symbol, (first, highest, lowest, last), shares in zip(symbols, row, traded, strict=True):
            yield Bar(
                symbol=symbol,
                interval="1m",
                time=opened,
                open=first,
                high=highest,
                low=lowest,
                close=last,
                volume=shares,
                currency="USD",
                tz="America/New_York",
                source="yahoo",
            )
