"""An alert for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stockstream.alerts.alert import alert_id
from stockstream.records import Alert, Series

TIME = datetime(2026, 3, 2, 14, 31, tzinfo=UTC)


def alert(**changes: Any) -> Alert:
    """One at a bar of AAPL, with changes."""
    fields: dict[str, Any] = {
        "id": alert_id("high", Series("AAPL", "1m"), TIME, "above"),
        "rule": "high",
        "when": "close > 180",
        "symbol": "AAPL",
        "interval": "1m",
        "time": TIME,
        "way": "above",
        "values": {"close": 181.25},
        "text": "AAPL close > 180: close 181.25",
        "at": datetime(2026, 3, 2, 14, 32, 1, tzinfo=UTC),
    }
    return Alert(**fields | changes)
