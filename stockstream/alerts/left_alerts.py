"""Left alerts: what sinks have not got from runs that ended, and whose rules had other names."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from stockstream.alerts.outbox import Outbox

OUTBOX: Final = "sinks.sqlite"
"""The file of an outbox, in the folder of the state of its run."""


def take_over(folder: Path) -> int:
    """Put what other runs of the same cluster left into the outbox of a run, whose sinks have begun.

    Returns the number of alerts. A run that goes on is left alone: it sends its own.

    Raises
    ------
    StateError
        An outbox cannot be used.
    """
    count = 0
    with closing(Outbox(folder / OUTBOX)) as outbox:
        for path in sorted(folder.parent.glob(f"*/{OUTBOX}")):
            if path.parent == folder:
                continue
            try:
                with FileLock(path.parent / "lock", blocking=False, mode=0o600):
                    count += outbox.take_over(path)
            except Timeout:
                continue
    return count
