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
from typing import Final

from confluent_kafka import __version__ as confluent_kafka

from benchmarks.measure import Comparison
from benchmarks.picture import draw
from stockstream.config import load
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.jars import fetch

MODULES = (
    "produce",
    "acknowledged",
    "csv_bars",
    "consume",
    "dead_letters",
    "store",
    "sql",
    "saving",
    "window",
    "frameworks",
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

DRAWN: Final = ("frameworks", "window")
"""Those with peers of which a picture is published."""

PICTURE: Final = Path("docs/pictures/benchmarks.png")


def main() -> None:
    """Run all benchmarks, or those named."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__.partition("\n")[0])
    parser.add_argument("module", nargs="*", help=f"unless named, all of {', '.join(MODULES)}; or load, spark")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each load of `load`; 10 unless given")
    parser.add_argument("--alone", action="store_true", help="of `dashboard`: our frames alone, without the peer")
    parser.add_argument(
        "--plot", action="store_true", help=f"draw what is compared into {PICTURE}; unless named, of {', '.join(DRAWN)}"
    )
    given = parser.parse_args()
    chosen = given.module or (DRAWN if given.plot else MODULES)
    compared: list[Comparison] = []
    conditions = (
        f"Python {platform.python_version()}, confluent-kafka {confluent_kafka}, {os.cpu_count()} cores,"
        f" load {os.getloadavg()[0]:.1f} at the start"
    )
    print(conditions)
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
                if isinstance(line, Comparison):
                    compared.append(line)
            print(f"    ({module}: {time.monotonic() - started:.0f} s in all)", flush=True)
    if given.plot:
        draw(compared, PICTURE, conditions)
        print(f"Drawn into {PICTURE}")


if __name__ == "__main__":
    main()
