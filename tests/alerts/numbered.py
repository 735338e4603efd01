"""Many alerts for tests of what sends and shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from stockstream.records import Alert
from tests.alerts import alerts


def alert(number: int = 0, **changes: Any) -> Alert:
    """An alert with an id and a minute of its own."""
    return alerts.alert(**{"id": f"{number:03d}", "time": alerts.TIME + timedelta(minutes=number)} | changes)
