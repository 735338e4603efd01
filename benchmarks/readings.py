"""Quotes to bars in one process, against the same by pandas in one piece."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.measure import Comparison, compare
from stockstream.producers.aggregator import Aggregator, Origin

QUOTES: Final = 400_000
SYMBOLS: Final = 100
AIM: Final = 200_000
"""Quotes a second."""

_LOOK_EVERY: Final = 1_000
_START: Final = datetime(2026, 3, 19, 14, 30, tzinfo=UTC)


def run(bootstrap_servers: str, folder: object) -> Iterator[str | Comparison]:  # noqa: ARG001 - no broker, no file
    """Aggregate the quotes of a hundred symbols, a tenth of them out of order, as they come from a websocket."""
    quotes = _quotes()
    ours = min(_ours(quotes) for _ in range(3))
    reached = "reached" if QUOTES / ours >= AIM else "missed"
    yield f"quotes to bars: {QUOTES / ours:,.0f} a second in one process (aim >= {AIM:,}: {reached})"
    yield compare(
        "quotes to bars, one by one as they come",
        lambda: _ours(quotes),
        "pandas' groupby and agg over all at once",
        lambda: _pandas(quotes),
        aim=0.3,
        work=f"{QUOTES:,} quotes of {SYMBOLS} symbols",
    )


Quote = tuple[str, datetime, float, float]


def _quotes() -> list[Quote]:
    random = np.random.default_rng(1)
    symbols = [f"S{number:03}" for number in range(SYMBOLS)]
    which = random.integers(0, SYMBOLS, QUOTES)
    seconds = np.arange(QUOTES) / 2_000 - np.where(random.random(QUOTES) < 0.1, random.random(QUOTES) * 3, 0)
    values = np.round(100 + np.cumsum(random.normal(0, 0.01, QUOTES)), 2)
    totals = np.cumsum(random.integers(1, 100, QUOTES))
    return [
        (symbols[symbol], _START + timedelta(seconds=second), value, float(total))
        for symbol, second, value, total in zip(
            which.tolist(), seconds.tolist(), values.tolist(), totals.tolist(), strict=True
        )
    ]


def _ours(quotes: list[Quote]) -> float:
    aggregate = Aggregator("1m", Origin("bench"), volume="growth")
    add, now, bars = aggregate.add, _START, 0
    started = time.perf_counter()
    for number, quote in enumerate(quotes):
        add(*quote)
        if not number % _LOOK_EVERY:
            bars += sum(1 for _ in aggregate.bars(now))
    bars += sum(1 for _ in aggregate.end(now + timedelta(days=1)))
    seconds = time.perf_counter() - started
    if aggregate.taken != QUOTES or bars < SYMBOLS:
        raise AssertionError(f"{aggregate.taken:,} of {QUOTES:,} quotes were taken, {bars:,} bars made")
    return seconds


def _pandas(quotes: list[Quote]) -> float:
    started = time.perf_counter()
    frame = pd.DataFrame(quotes, columns=["symbol", "time", "value", "total"]).sort_values("time", kind="stable")
    minutes = frame.groupby(["symbol", frame["time"].dt.floor("1min")])
    minutes.agg({"value": ["first", "max", "min", "last"], "total": "max"})
    return time.perf_counter() - started
