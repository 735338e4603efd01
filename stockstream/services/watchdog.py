"""Watchdog: a service tells systemd that its work goes on; one that hangs is ended and started again."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from typing import Final

_OFTEN: Final = 4
"""So many times the service tells in the time after which systemd ends it."""


class Watchdog:
    """Tells systemd so, where it asks for it (``WatchdogSec`` of the unit), from the loop that does the work.

    Parameters
    ----------
    environment
        Environment variables: what systemd asks for.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        usual = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        wanted = environment.get("WATCHDOG_USEC", "")
        self._every = int(wanted) / 1e6 / _OFTEN if wanted.isdecimal() and usual and self._address else None
        self._due = 0.0

    def tick(self) -> None:
        """Tell that the work goes on, if it is time to. Never waits or raises."""
        now = time.monotonic()
        if self._every is None or now < self._due or not hasattr(socket, "AF_UNIX"):
            return
        self._due = now + self._every
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
                teller.settimeout(0.0)
                teller.sendto(b"WATCHDOG=1", self._address)
        except OSError:
            pass  # systemd is busy: there is more than one try in its time
