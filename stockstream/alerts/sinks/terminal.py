"""The terminal: a line for each alert on stdout."""

from __future__ import annotations

import msgspec

from stockstream.alerts.delivery import line
from stockstream.alerts.sinks.sink import Setup
from stockstream.records import Alert


class Options(msgspec.Struct, frozen=True):
    """It has none."""


class Terminal:
    """Prints alerts."""

    def __init__(self, setup: Setup) -> None:
        setup.read(Options)
        self._write = setup.write

    def send(self, alert: Alert) -> None:
        """As `Sink.send`."""
        self._write(line(alert))
