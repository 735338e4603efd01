"""Audit log: who logged in, was refused, or changed what; one JSON object a line, in a file of its owner alone."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from stockstream.files import private_file, private_folder

_LONGEST: Final = 200
_A_USER: Final = parse("1/minute")
_AN_EVENT: Final = parse("60/minute")


class Audit:
    """Appends to the log; no secret is ever passed to it."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._left_out: Counter[str] = Counter()
        private_folder(path.parent)
        private_file(path)

    def note(self, event: str, *, user: str, address: str, **details: str) -> None:
        """Write one event, with who caused it and from which address."""
        line = {"time": self._clock().isoformat(timespec="milliseconds"), "event": event, "user": user[:_LONGEST]}
        text = json.dumps(line | {"address": address} | {name: value[:_LONGEST] for name, value in details.items()})
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    def note_seldom(self, event: str, *, user: str, address: str, **details: str) -> None:
        """Write an event that a stranger can cause at will: once a minute and user, and 60 times a minute in all.

        The next line of the event says how many were left out before it: ``left_out``.
        """
        with self._lock:
            if not (self._limiter.hit(_A_USER, event, user.lower()) and self._limiter.hit(_AN_EVENT, event)):
                self._left_out[event] += 1
                return
            left_out = self._left_out.pop(event, 0)
        if left_out:
            details["left_out"] = str(left_out)
        self.note(event, user=user, address=address, **details)
