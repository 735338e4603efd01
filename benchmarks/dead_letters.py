"""Dead letters a second: a topic of unreadable messages is read as by a window, and each is kept before it is passed.

The clock runs from the first read message until the last dead letter is acknowledged. The CPU time is that of all
threads of the reading process; the broker has its own.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.consume import apart
from benchmarks.sending import send_plainly
from stockstream.cli.main import tune
from stockstream.kafka.admin import Admin
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from stockstream.topics import STOCKS

MESSAGES: Final = 100_000
RUNS: Final = 3
AIM: Final = 50_000
_WITHIN: Final = 300.0
_UNREADABLE: Final = b'{"symbol":"AAA","interval":"soon","close":1.5}'
_READABLE: Final = Bar(
    symbol="AAA",
    interval="1d",
    time=datetime(2026, 1, 2, tzinfo=UTC),
    open=1.0,
    high=2.0,
    low=1.0,
    close=1.5,
    volume=7,
    source="bench",
)


class Measured(NamedTuple):
    """Seconds of a run, by the clock and of CPU time."""

    wall: float
    cpu: float


def run(bootstrap_servers: str, folder: Path) -> Iterator[str]:  # noqa: ARG001 - as for every benchmark
    """Read messages of which all, and of which one in a hundred, become dead letters."""
    connection = {"bootstrap.servers": bootstrap_servers}
    for every, what in ((1, "all of them unreadable"), (100, "one in a hundred unreadable")):
        runs = [_measure(connection, f"bench-letters-{every}-{number}", every) for number in range(RUNS)]
        wall = MESSAGES / statistics.median(each.wall for each in runs)
        cpu = MESSAGES / statistics.median(each.cpu for each in runs)
        verdict = f" (aim >= {AIM:,}: {'reached' if wall >= AIM else 'missed'})" if every == 1 else ""
        yield (
            f"dead letters, {MESSAGES:,} messages, {what}: {wall:,.0f} messages a second by the clock{verdict},"
            f" {cpu:,.0f} a second of CPU time; medians of {RUNS} runs"
        )


def _measure(connection: dict[str, Any], name: str, every: int) -> Measured:
    topic = replace(STOCKS, name=name)
    admin = Admin(connection)
    admin.ensure(topic)
    admin.ensure_dead_letters(topic)
    admin.await_leaders(topic)
    readable = topic.encode(_READABLE)
    messages = (("AAA", readable if number % every else _UNREADABLE) for number in range(MESSAGES))
    send_plainly(topic.name, messages, connection)
    measured = apart(partial(_read, name, connection, MESSAGES // every))
    (summary,) = admin.summaries([topic.dead_letters])
    if summary.records != MESSAGES // every:
        raise AssertionError(f"{summary.records:,} dead letters of {MESSAGES // every:,} messages")
    admin.delete([topic.name, topic.dead_letters])
    return measured


def _read(name: str, connection: dict[str, Any], dead: int) -> Measured:
    tune()
    with Subscriber(replace(STOCKS, name=name), Bar, connection, group="letters") as subscriber:
        ends = time.monotonic() + _WITHIN
        while subscriber.origin is None:
            _pause(ends)
        wall, cpu = time.perf_counter(), time.process_time()
        subscriber.begin({})
        good = 0
        while good + subscriber.connection_status().dead < MESSAGES:
            _pause(ends)
            good += len(subscriber.arrived().records)
        found = Measured(time.perf_counter() - wall, time.process_time() - cpu)
        if subscriber.connection_status().dead != dead:
            raise AssertionError(f"{subscriber.connection_status().dead:,} of {dead:,} messages are dead letters")
        return found


def _pause(ends: float) -> None:
    if time.monotonic() > ends:
        raise AssertionError(f"not read within {_WITHIN:g} s")
    time.sleep(0.005)
