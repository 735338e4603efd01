"""Breaks things while a producer and a window are at work, and counts what became of the records.

Without options it goes on until every kind of fault has happened 20 times; ended and run again, it goes on from there.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from confluent_kafka import __version__ as confluent_kafka

from chaos.campaign import Campaign
from chaos.faults import kinds
from chaos.ledger import Ledger
from chaos.report import RECOVERY, failures, lines, table
from chaos.trial import Trial
from stockstream.config import load

SEED: Final = 2015
FAULTS: Final = 20
RATE: Final = 600.0
"""Rows a second of the producer."""


def main() -> int:
    """Run what is asked for; 1 where anything was lost or counted twice, or a control did not fail."""
    given = _options()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    missing = {name: why for name, kind in kinds().items() if (why := kind.unavailable())}
    wanted = given.only or [name for name, kind in kinds().items() if kind.in_short or not given.short]
    chosen = [name for name in wanted if name not in missing]
    for name in wanted:
        if name in missing:
            print(f"{name}: skipped, {missing[name]}")
    faults = given.faults or (1 if given.short else FAULTS)
    lanes = given.lanes or (4 if given.short else 2)
    campaign = Campaign(chosen, faults, min(faults, 10), RATE, given.seed, lanes, given.minutes, given.short)
    print(
        f"{len(chosen)} kinds of faults, {faults} of each, seed {given.seed}; Python {platform.python_version()},"
        f" confluent-kafka {confluent_kafka}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
    )
    with tempfile.TemporaryDirectory(prefix="stockstream-chaos-ledger-") as name:
        ledger = Ledger(given.out or (Path(name) if given.short else load(None, {}).state_dir / "chaos"))
        began = time.monotonic()
        try:
            for trial in campaign.run(ledger):
                print(_described(trial), flush=True)
        except KeyboardInterrupt:
            print("Ended; the same command goes on from here.")
        result = lines(ledger.trials())
    print(f"\n{time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f} at the end\n")
    print("\n".join(table(result)))
    wrong = failures(result)
    for line in result:
        if line.p95 > RECOVERY:
            print(f"{line.name}: 95 of 100 recoveries within {line.p95:.1f} s, not {RECOVERY:g}")
    print("\n".join(wrong) or "Nothing was lost, nothing counted twice; every control failed.")
    return bool(wrong)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos ARGS=...", description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help="one fault of nearly each kind, each control once, and a new table"
    )
    parser.add_argument("--only", nargs="+", choices=list(kinds()), metavar="KIND", help=", ".join(kinds()))
    parser.add_argument("--faults", type=_count, help=f"of each kind; {FAULTS} unless given, 1 with --short")
    parser.add_argument("--seed", type=int, default=SEED, help=f"{SEED} unless given")
    parser.add_argument("--lanes", type=_count, help="trials at the same time; 2 unless given, 4 with --short")
    parser.add_argument("--minutes", type=float, help="no other trial begins after so many")
    parser.add_argument("--out", type=Path, help="the folder of the table that is added to")
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _interrupted(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - a signal handler's shape
    raise KeyboardInterrupt


def _described(trial: Trial) -> str:
    plan = trial.plan
    what = f"{plan.kind}{' (control)' if plan.control else ''}: {trial.faults} in {trial.seconds:.0f} s"
    if trial.error:
        return f"{what}: {trial.error} (kept in {trial.kept})"
    slowest = f", back within {max(trial.recoveries):.1f} s" if trial.recoveries else ""
    kept = f" (kept in {trial.kept})" if trial.kept else ""
    counts = f"{trial.acknowledged:,} acknowledged, {trial.lost:,} lost, {trial.twice:,} twice"
    return f"{what}: {counts}{slowest}{kept}"


if __name__ == "__main__":
    sys.exit(main())
