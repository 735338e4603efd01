"""Flights per airline and day with quix-streams; run in its own environment."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from typing import Any

from quixstreams import Application


def count(servers: str, topic: str, rows: int) -> tuple[float, float, int, int]:
    """Seconds, and seconds of CPU, until so many rows are counted, the rows, and the number of days."""
    started, cpu = time.perf_counter(), time.process_time()
    days: Counter[tuple[str, int, int, int]] = Counter()
    ended = started, cpu

    def add(flight: dict[str, Any]) -> None:
        nonlocal ended
        days[flight["airline"], flight["year"], flight["month"], flight["day"]] += 1
        ended = time.perf_counter(), time.process_time()  # leaving takes seconds more, which do not count

    with tempfile.TemporaryDirectory() as states:
        application = Application(
            broker_address=servers, consumer_group=f"quix-{time.time_ns()}", auto_offset_reset="earliest",
            consumer_extra_config={"fetch.queue.backoff.ms": 5}, state_dir=states, loglevel="ERROR",
        )  # fmt: skip
        application.dataframe(application.topic(topic, value_deserializer="json")).update(add)
        application.run(count=rows, timeout=30.0, collect=False)
    return ended[0] - started, ended[1] - cpu, days.total(), len(days)


if __name__ == "__main__":
    print(json.dumps(count(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
