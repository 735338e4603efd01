"""Synthetic bars."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from stockstream.records import Bar
from stockstream.views.fold import Pages

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def bar(minute: int, close: float, symbol: str = "AAPL", **fields: object) -> Bar:
    """A bar that opens so many minutes after the start."""
    values: dict[str, object] = {
        "symbol": symbol,
        "interval": "1m",
        "time": START + timedelta(minutes=minute),
        "open": close - 0.25,
        "high": close + 1,
        "low": close - 1,
        "close": close,
        "volume": 100.0 + minute,
        "source": "csv",
    }
    return Bar(**(values | fields))  # type: ignore[arg-type]


def walk(count: int, seed: int = 7, symbol: str = "AAPL") -> list[Bar]:
    """A random walk of closes."""
    dice = random.Random(seed)
    close = 100.0
    bars = []
    for minute in range(count):
        close += dice.gauss(0, 0.5)
        bars.append(bar(minute, close, symbol))
    return bars


def restorable(pages: Pages) -> dict[str, bytes]:
    """All pages of a state, as a checkpoint gives them."""
    return {name: page for name, page in pages.items() if page is not None}
