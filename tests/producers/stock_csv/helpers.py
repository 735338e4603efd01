"""Helpers of the tests of stock files: reading files, and comparing their bars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from stockstream.errors import BadRow
from stockstream.producers.csv_files import find
from stockstream.producers.stock_csv import Overrides, StockFile, StockFiles, examine
from stockstream.records import Bar

NEW_YORK = ZoneInfo("America/New_York")
HEADER = "Date,Open,High,Low,Close,Volume"

Write = Callable[..., Path]


def examined(*paths: Path, **said: Any) -> list[StockFile]:
    return [examine(file, Overrides(**said)) for file in find(paths)[0]]


def read(path: Path, **said: Any) -> list[Bar]:
    """The bars of a file of which every row can be read."""
    items = list(StockFiles(examined(path, **said)))
    bars = [item for item in items if isinstance(item, Bar)]
    assert len(bars) == len(items), next(str(item) for item in items if isinstance(item, BadRow))
    return bars


def numbers(bar: Bar) -> tuple[float | None, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def day(year: int, month: int, of_month: int) -> datetime:
    return datetime(year, month, of_month, tzinfo=UTC)
