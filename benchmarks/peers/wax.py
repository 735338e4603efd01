"""Flights per airline and day with bytewax; run in its own environment."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main


def count(servers: str, topic: str) -> tuple[float, float, int, int]:
    """Seconds, and seconds of CPU, until the end of the topic, the rows, and the number of days."""
    started, cpu = time.perf_counter(), time.process_time()
    days: Counter[tuple[str, int, int, int]] = Counter()

    def add(message: Any) -> None:
        flight = json.loads(message.value)
        days[flight["airline"], flight["year"], flight["month"], flight["day"]] += 1

    flow = Dataflow("flights")
    source = KafkaSource(servers.split(","), [topic], tail=False, add_config={"fetch.queue.backoff.ms": "5"})
    counted = op.filter_map("count", op.input("read", flow, source), add)
    op.output("nothing", counted, TestingSink([]))
    run_main(flow)
    return time.perf_counter() - started, time.process_time() - cpu, days.total(), len(days)


if __name__ == "__main__":
    print(json.dumps(count(sys.argv[1], sys.argv[2])))
