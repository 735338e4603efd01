"""Audit log: who logged in, was refused, or changed what; one JSON object a line, in a file of its owner alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from stockstream.files import private_file, private_folder

_LONGEST: Final = 200


class Audit:
    """Appends to the log; no secret is ever passed to it."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        private_folder(path.parent)
        private_file(path)

    def note(self, event: str, *, user: str, address: str, **details: str) -> None:
        """Write one event, with who caused it and from which address."""
        line = {"time": self._clock().isoformat(timespec="milliseconds"), "event": event, "user": user[:_LONGEST]}
        text = json.dumps(line | {"address": address} | {name: value[:_LONGEST] for name, value in details.items()})
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")
