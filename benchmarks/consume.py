"""Topic to view, against a bare consume loop that decodes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import Consumer, TopicPartition

from benchmarks.measure import Comparison, compare
from stockstream.consumers.bollinger import VIEW as BOLLINGER
from stockstream.consumers.flights import VIEW as FLIGHTS_VIEW
from stockstream.consumers.live import Live
from stockstream.kafka.publisher import Publisher
from stockstream.records import SIMULATED, Bar, Flight
from stockstream.topics import FLIGHTS, STOCKS
from stockstream.views.fold import Selection
from stockstream.views.view import View

ROWS = 1_000_000
BARS = 1_000_000
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
AIRLINES = ("AA", "AS", "B6", "DL", "EV", "F9", "HA", "MQ", "NK", "OO", "UA", "US", "VX", "WN")
PEER = "a bare consume loop"
TICK = 0.02


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
    """Everything that a window's process does with a topic, but the drawing."""
    started = time.perf_counter()
    with Live(view, selection, parameters, connection, None) as live:
        while not live.settled:
            live.tick()
            time.sleep(TICK)
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
    """A year's rows in the order of its days, as wide on the wire as real ones."""
    for row in range(ROWS):
        day = date(2015, 1, 1) + timedelta(days=row * 365 // ROWS)
        departure = 5 + row % 1800
        yield Flight(
            file="0123456789abcdef",
            row=row,
            year=day.year,
            month=day.month,
            day=day.day,
            day_of_week=day.isoweekday(),
            airline=AIRLINES[row % len(AIRLINES)],
            flight_number=row % 7000,
            tail_number=f"N{row % 1000:03}AA",
            origin_airport="LAX",
            destination_airport="PBI",
            scheduled_departure=departure,
            departure_time=departure + 2,
            departure_delay=2,
            taxi_out=15,
            wheels_off=departure + 17,
            scheduled_time=280,
            elapsed_time=279,
            air_time=263,
            distance=2330,
            wheels_on=departure + 280,
            taxi_in=4,
            scheduled_arrival=departure + 280,
            arrival_time=departure + 284,
            arrival_delay=-9,
            diverted=0,
            cancelled=0,
            cancellation_reason=None,
            air_system_delay=None,
            security_delay=None,
            airline_delay=None,
            late_aircraft_delay=None,
            weather_delay=None,
        )


def bars() -> Iterator[Bar]:
    """Random walks, the symbols in turn, a bar a minute."""
    random = np.random.default_rng(1)
    prices = np.round(100 * np.exp(np.cumsum(random.normal(0, 1e-3, (BARS // len(SYMBOLS), len(SYMBOLS))), axis=0)), 2)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    former = prices[0].tolist()
    for minute, row in enumerate(prices.tolist()):
        opened = start + timedelta(minutes=minute)
        for symbol, before, close in zip(SYMBOLS, former, row, strict=True):
            yield Bar(
                symbol=symbol,
                interval="1m",
                feed=SIMULATED,
                time=opened,
                open=before,
                high=max(before, close),
                low=min(before, close),
                close=close,
                volume=float(100 + minute % 900),
                source="simulated",
            )
        former = row
