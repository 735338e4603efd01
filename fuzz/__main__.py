"""Mangles messages and files, and counts what becomes of them: good and set aside make all that were sent."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fuzz import files, messages
from stockstream.config import load
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.jars import fetch
from stockstream.topics import FLIGHTS, STOCKS

SEED: Final = 2015
MESSAGES: Final = 1_000_000
FILES: Final = 20_000
SHORT: Final = 100
"""One of so many is enough for the short form."""


def main() -> int:
    """Run what is asked for; 1 where anything is not as it should be."""
    given = _options()
    share = SHORT if given.short else 1
    wanted = {"messages", "files"} if given.only is None else {given.only}
    print(f"seed {given.seed}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="stockstream-fuzz-") as name:
        folder = Path(name)
        if "files" in wanted:
            began = time.monotonic()
            keep = given.out or load(None, {}).state_dir / "fuzz"
            found = files.run(given.files or FILES // share, given.seed, folder, keep)
            print(f"{found}; {time.monotonic() - began:.0f} s", flush=True)
            faults += [f"{fault} (kept in {keep})" for fault in found.faults]
        if "messages" in wanted:
            faults += _messages((given.messages or MESSAGES // share) // 2, given.seed, folder)
    print("\n".join(faults) or "All that was sent was shown or set aside; nothing crashed, hung or grew.")
    return bool(faults)


def _messages(count: int, seed: int, folder: Path) -> Sequence[str]:
    faults: list[str] = []
    ports = (free_port() for _ in itertools.count())
    with Broker(folder / "kafka", fetch(load(None, {}).cache_dir), port=free_port()) as broker:
        for topic in (FLIGHTS, STOCKS):
            counts = messages.run(topic, count, seed, folder, broker.bootstrap_servers, ports)
            print(counts, flush=True)
            faults += counts.faults
    return faults


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=...", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a hundredth of it")
    parser.add_argument("--only", choices=("messages", "files"))
    parser.add_argument("--messages", type=int, help=f"{MESSAGES:,} unless given")
    parser.add_argument("--files", type=int, help=f"{FILES:,} unless given")
    parser.add_argument("--seed", type=int, default=SEED, help=f"{SEED} unless given")
    parser.add_argument("--out", type=Path, help="where files are kept with which something is wrong")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
