"""Runs the benchmarks in turn against a Kafka of their own and prints their ratios.

Each module named below has ``run(bootstrap_servers, folder)``, which yields what is to be printed.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import platform
import tempfile
import time
from pathlib import Path

from confluent_kafka import __version__ as confluent_kafka

from stockstream.config import load
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.jars import fetch

MODULES = (
    "produce",
    "acknowledged",
    "csv_bars",
    "consume",
    "store",
    "sql",
    "saving",
    "window",
    "latency",
    "many_bars",
    "memory",
    "dashboard",
    "year",
    "indicators",
    "readings",
    "quotes",
    "alerts",
    "web",
    "start",
)


def main() -> None:
    """Run all benchmarks, or those named."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__.partition("\n")[0])
    parser.add_argument("module", nargs="*", help=f"unless named, all of {', '.join(MODULES)}; or load, spark")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each load of `load`; 10 unless given")
    parser.add_argument("--alone", action="store_true", help="of `dashboard`: our frames alone, without the peer")
    given = parser.parse_args()
    chosen = given.module or MODULES
    print(
        f"Python {platform.python_version()}, confluent-kafka {confluent_kafka}, {os.cpu_count()} cores,"
        f" load {os.getloadavg()[0]:.1f} at the start"
    )
    logging.getLogger().addHandler(logging.NullHandler())  # what the clients log is no result
    with (
        tempfile.TemporaryDirectory(prefix="stockstream-bench-") as name,
        Broker(Path(name) / "kafka", fetch(load(None, {}).cache_dir), port=free_port()) as broker,
    ):
        for module in chosen:
            started = time.monotonic()
            benchmark = importlib.import_module(f"benchmarks.{module}")
            if module == "load":
                vars(benchmark)["minutes"] = given.minutes
            if module == "dashboard":
                vars(benchmark)["alone"] = given.alone
            for line in benchmark.run(broker.bootstrap_servers, Path(name)):
                print(line, flush=True)
            print(f"    ({module}: {time.monotonic() - started:.0f} s in all)", flush=True)


if __name__ == "__main__":
    main()
