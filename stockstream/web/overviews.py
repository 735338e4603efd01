"""Overviews: the cluster as the monitor shows it, sampled while an admin looks."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final

from stockstream.connection import Connection
from stockstream.kafka.monitor import Monitor
from stockstream.kafka.overview import Overview

_EVERY: Final = 1.0


class Overviews:
    """Samples the cluster at most once a second, however many people look."""

    def __init__(self, connection: Connection, data: Path) -> None:
        self._connection = connection
        self._data = data
        self._lock = threading.Lock()
        self._monitor: Monitor | None = None
        self._last: tuple[float, Overview] | None = None

    def look(self) -> Overview:
        """The present overview. Raises `stockstream.errors.AuthError`."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > _EVERY:
                if self._monitor is None:
                    self._monitor = Monitor(self._connection, self._data)
                self._last = time.monotonic(), self._monitor.overview()
            return self._last[1]

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._monitor is not None:
                self._monitor.close()
                self._monitor = None
