"""Topic to view, against a bare consume loop that decodes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import Consumer, TopicPartition
from msgspec import structs

from benchmarks.measure import Comparison, compare
from stockstream.consumers.bollinger import VIEW as BOLLINGER
from stockstream.consumers.flights import VIEW as FLIGHTS_VIEW
from stockstream.consumers.live import Live
from stockstream.kafka.publisher import Publisher
from stockstream.producers.flight_rows import RowReader
from stockstream.producers.sample import sample_flights
from stockstream.records import Bar, Flight
from stockstream.topics import FLIGHTS, STOCKS
from stockstream.views.fold import Selection
from stockstream.views.series import SeriesFold
from stockstream.views.view import View

ROWS = 1_000_000
BARS = 1_000_000
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
PEER = "a bare consume loop"
TICK = 0.05


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison]:  # noqa: ARG001 - as for every benchmark
    """Count flights, and compute Bollinger Bands, each from a topic that holds a million records."""
    connection = {"bootstrap.servers": bootstrap_servers}
    rows = replace(FLIGHTS, name="bench-flights")
    with Publisher(rows, connection, linger_ms=50) as publisher:
        for flight in flights():
            publisher.send(flight)
    yield compare(
        "decode, de-duplicate and count flights",
        partial(watch, replace(FLIGHTS_VIEW, topic=rows), Selection(), {}, connection),
        PEER,
        partial(consume, rows.name, connection),
        aim=0.4,
        work=f"{ROWS:,} rows",
    )
    stocks = replace(STOCKS, name="bench-stocks")
    with Publisher(stocks, connection, linger_ms=50) as publisher:
        for bar in bars():
            publisher.send(bar)
    yield compare(
        "decode bars and update Bollinger Bands",
        partial(watch, replace(BOLLINGER, topic=stocks), Selection(SYMBOLS), {"period": 20, "width": 2.0}, connection),
        PEER,
        partial(consume, stocks.name, connection),
        aim=0.3,
        work=f"{BARS:,} bars of {len(SYMBOLS)} symbols",
    )


def watch(view: View[Any], selection: Selection, parameters: dict[str, Any], connection: dict[str, Any]) -> float:
    """All that a window does but the drawing, and the indicator over every bar, of symbols that are not shown, too."""
    started = time.perf_counter()
    with Live(view, selection, parameters, connection, None) as live:
        while not live.settled:
            if live.tick() and live.fold.keys():
                live.fold.frame(live.fold.keys()[0])
            time.sleep(TICK)
        if isinstance(live.fold, SeriesFold):
            for history in live.fold._histories.values():  # noqa: SLF001 - a window asks for what it shows
                history.points()
        return time.perf_counter() - started


def consume(topic: str, connection: dict[str, Any]) -> float:
    """Fetch all messages of a topic and look at none of them."""
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
    """The sample's month again and again, a row after the other."""
    read = RowReader("sample.csv", "0123456789abcdef").read
    lines = sample_flights().splitlines()[1:]
    month = [flight for row, line in enumerate(lines) if isinstance(flight := read(line, row, row + 2), Flight)]
    for row in range(ROWS):
        flight = month[row % len(month)]
        yield structs.replace(flight, row=row, month=1 + row // len(month) % 12, day=min(flight.day, 28))


def bars() -> Iterator[Bar]:
    """Random walks as a market has them, the symbols in turn, a bar a minute."""
    random = np.random.default_rng(1)
    shape = (BARS // len(SYMBOLS), len(SYMBOLS))
    close = 100 * np.exp(np.cumsum(random.normal(0, 1e-3, shape), axis=0))
    before = np.vstack((close[:1], close[:-1]))
    high = np.maximum(before, close) + random.exponential(0.05, shape)
    low = np.minimum(before, close) - random.exponential(0.05, shape)
    volume = random.integers(1_000, 1_000_000, shape).astype(float)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    prices = np.stack((before, high, low, close), axis=-1).round(2).tolist()
    for minute, (row, traded) in enumerate(zip(prices, volume.tolist(), strict=True)):
        opened = start + timedelta(minutes=minute)
        for symbol, (first, highest, lowest, last), shares in zip(SYMBOLS, row, traded, strict=True):
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
