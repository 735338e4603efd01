"""Start-up cost of a command: seconds of CPU of its help or of what it prints, against a Python that imports typer."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.measure import compare

PAIRS: Final = 7
PEER: Final = ("-c", "import typer")

MOST: Final = {
    ("--help",): (0.25, 3.0),
    ("watch", "--help"): (0.4, 6.0),
    ("produce", "--help"): (0.4, 6.0),
    ("config", "window"): (0.5, 7.0),
    ("schema", "stocks"): (0.35, 5.0),
}
"""For each command: maximum seconds of CPU, and the maximum ratio to the peer's."""


def run(bootstrap_servers: str, folder: Path) -> Iterator[str]:
    """The lines to print; Kafka is not used."""
    del bootstrap_servers
    environment = _environment(folder)
    for arguments, (most, aim) in MOST.items():
        found = compare(
            f"stockstream {' '.join(arguments)}",
            partial(spent, ("-m", "stockstream", *arguments), environment),
            "`import typer`",
            partial(spent, PEER, environment),
            aim=aim,
            work="one process, CPU",
            of="time",
            pairs=PAIRS,
        )
        ours = statistics.median(found.ours)
        yield f"{found}\n    {ours:.2f} s of CPU (aim < {most:g} s: {'reached' if ours < most else 'missed'})"


def spent(arguments: tuple[str, ...], environment: Mapping[str, str]) -> float:
    """The seconds of CPU of a Python process, its own and the system's for it."""
    return _of_children(
        lambda: subprocess.run([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)
    )


def _of_children(action: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    action()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _environment(folder: Path) -> dict[str, str]:
    """As for a user: modules are compiled once, in the warm-up run."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
