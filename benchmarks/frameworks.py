"""Flights per airline and day, against other ways to write a consumer in Python: for orientation.

Each reads the same topic from its start, in a process of its own, in an environment of its own where it needs one.
Ours also checks each row, counts it once however often it was sent, and can save its state. Theirs parse JSON and add
to a dict. Imports are not counted.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.consume import apart, flights, watch
from benchmarks.environments import LOCKS, Environments, Unavailable
from benchmarks.measure import Comparison
from benchmarks.picture import OURS
from stockstream.consumers.flights import VIEW
from stockstream.kafka.publisher import Publisher
from stockstream.topics import FLIGHTS
from stockstream.views.fold import Selection

ROWS: Final = 200_000
AIM: Final = 1.0
RUNS: Final = 3
TOPIC: Final = replace(FLIGHTS, name="bench-frameworks")


class Counted(NamedTuple):
    """Seconds, seconds of CPU, flights, and the number of airlines' days with flights."""

    seconds: float
    cpu: float
    rows: int
    days: int


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison | str]:  # noqa: ARG001 - as for every benchmark
    """Count the topic with each, in turn; all must find the same number."""
    connection = {"bootstrap.servers": bootstrap_servers}
    with Publisher[Any](TOPIC, connection, linger_ms=50) as publisher:
        for flight in itertools.islice(flights(), ROWS):
            publisher.send(flight)
    given = (bootstrap_servers, TOPIC.name, str(ROWS))
    ways: Mapping[str, Callable[[], Counted]] = {
        OURS: lambda: apart(count, connection),
        "confluent-kafka and json": partial(_plain, *given),
        "quix-streams": lambda: _counted(Environments().run("quixstreams", "quix.py", *given)),
        "bytewax": lambda: _counted(Environments().run("bytewax", "wax.py", *given)),
    }
    found: dict[str, list[Counted]] = {}
    for name, way in ways.items():  # a first run, which does not count
        try:
            first = way()
        except Unavailable as reason:
            yield f"{name}: not measured ({reason})"
        else:
            found[name] = []
            yield f"{name} counted {first.rows:,} flights on {first.days:,} days of an airline"
    for _ in range(RUNS):
        for name, runs in found.items():
            runs.append(ways[name]())
    ours = found.pop(OURS)
    for name, theirs in found.items():
        for what, index in (("count flights", 0), ("count flights, CPU time", 1)):
            mine, peer = (tuple(float(each[index]) for each in runs) for runs in (ours, theirs))
            yield Comparison(what, name, mine, peer, "speed", AIM, f"{ROWS:,} rows")


def count(connection: dict[str, Any]) -> Counted:
    """As a window does, without drawing."""
    started, cpu = time.perf_counter(), time.process_time()
    with watch(replace(VIEW, topic=TOPIC), Selection(), {}, connection) as live:
        frames = [live.fold.frame(key) for key in live.fold.keys()]
        taken = time.perf_counter() - started, time.process_time() - cpu
        counts = [frame["flights"] for frame in frames]
    return Counted(*taken, int(sum(each.sum() for each in counts)), int(sum((each > 0).sum() for each in counts)))


def _plain(*given: str) -> Counted:
    command = [sys.executable, str(LOCKS / "plain.py"), *given]
    return _counted(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _counted(printed: str) -> Counted:
    return Counted(*json.loads(printed.splitlines()[-1]))
