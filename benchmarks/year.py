"""A year of flights, from a file to a window that has counted them all, as a user would do it: for orientation."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.flights_file import AIRLINES, YEAR, write

AIM: Final = 60.0


def run(bootstrap_servers: str, folder: Path) -> Iterator[str]:
    """Send the file with ``produce flights``, then count and draw with ``watch flights``."""
    path = write(folder / "year.csv")
    environment = {
        **os.environ,
        "STOCKSTREAM_BOOTSTRAP_SERVERS": bootstrap_servers,
        "STOCKSTREAM_STATE_DIR": str(folder / "state"),
    }

    def timed(*arguments: str) -> float:
        started = time.perf_counter()
        command = [sys.executable, "-m", "stockstream", *arguments]
        subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)
        return time.perf_counter() - started

    table = folder / "year-counts.csv"
    sent = timed("produce", "flights", str(path))
    counted = timed("watch", "flights", *AIRLINES, "--headless", "year.png", "--values", table.name, "--once")
    with table.open(newline="") as file:
        found = sum(int(row["flights"]) for row in csv.DictReader(file))
    if found != YEAR:
        raise AssertionError(f"{found:,} of {YEAR:,} flights were counted")
    yield (
        f"a year of {YEAR:,} flights from file to counted window: {sent + counted:.0f} s"
        f" (aim {AIM:.0f} s: {'reached' if sent + counted <= AIM else 'missed'})\n"
        f"    {sent:.1f} s to send ({YEAR / sent:,.0f} rows/s), {counted:.1f} s to count ({YEAR / counted:,.0f} rows/s)"
    )
