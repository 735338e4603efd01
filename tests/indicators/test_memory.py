"""Memory of an indicator over all symbols of an exchange."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any, NamedTuple

import pytest

from stockstream.indicators import RSI, Aroon, Bollinger, Indicator, Keyed
from tests.indicators.inputs import cut, make_bars, prices, walk


class Quote(NamedTuple):
    symbol: str
    high: float
    low: float
    close: float


@pytest.mark.parametrize("symbols", [1_000, pytest.param(10_000, marks=pytest.mark.thorough)])
@pytest.mark.parametrize(
    "indicator", [Bollinger(period=20), Aroon(period=20), RSI(period=20)], ids=lambda indicator: indicator.name
)
def test_a_symbol_takes_less_than_two_kilobytes(indicator: Indicator[Any, Any], symbols: int) -> None:
    bars = make_bars(walk(300), 0.4)
    # All begin after the same bars, at the end of a window's block, and then have so many of their own that each has
    # every number to itself; some have more than others, and so blocks are full to any degree.
    indicator.batch(cut(bars, 0, 239))
    own = prices(cut(bars, 239))
    gc.collect()
    tracemalloc.start()
    try:
        keyed = Keyed(indicator)
        for number in range(symbols):
            symbol = f"S{number}"
            for _, (high, low, close, *_) in zip(range(21 + number % 20), own, strict=False):
                keyed.update(Quote(symbol, high + number, low + number, close + number))
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(keyed) == symbols
    assert 200 < used / symbols < 2_000
