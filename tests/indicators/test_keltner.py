from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import Keltner, KeltnerPoint
from tests.indicators.inputs import BarColumns, Price, changed, each_file, make_bars, prices, stream, walk
from tests.indicators.peers import anything, on_walks


def by_definition(columns: BarColumns, period: int, atr_period: int, width: float) -> BarColumns:
    """The channel in exact arithmetic, each value rounded at the end."""
    high, low, close = ([Fraction(value) for value in columns[name].tolist()] for name in ("high", "low", "close"))
    ranges = [max(high[place], close[place - 1]) - min(low[place], close[place - 1]) for place in range(1, len(high))]
    middles = smoothed(close, period, Fraction(2, period + 1))
    halves = [Fraction(width) * each for each in smoothed(ranges, atr_period, Fraction(1, atr_period))]
    table = np.full((3, len(close)), np.nan)
    for place in range(max(period - 1, atr_period), len(close)):
        middle, half = middles[place - period + 1], halves[place - atr_period]
        table[:, place] = [float(middle - half), float(middle), float(middle + half)]
    return dict(zip(("lower", "middle", "upper"), table, strict=True))


def smoothed(values: list[Fraction], seeds: int, alpha: Fraction) -> list[Fraction]:
    averages = [sum(values[:seeds], Fraction(0)) / seeds]
    for value in values[seeds:]:
        averages.append(averages[-1] + alpha * (value - averages[-1]))
    return averages


def test_the_definition_on_bars_that_can_be_checked_by_hand() -> None:
    channel = Keltner(period=3, atr_period=2, width=0.5)
    bars = [(10, 8, 9), (11, 9, 11), (13, 11, 13), (15, 12, 15), (15, 13, 13)]
    # The middle goes by halves from a mean of 11: 13, then 13. The ranges are 2, 2, 3, 2, their average 2, 2.5, 2.25.
    assert [channel.update(Price(*bar)) for bar in bars] == [
        None,
        None,
        KeltnerPoint(10, 11, 12),
        KeltnerPoint(11.75, 13, 14.25),
        KeltnerPoint(11.875, 13, 14.125),
    ]


@pytest.mark.parametrize(("period", "atr_period"), [(20, 10), (2, 10), (11, 10), (12, 10), (1, 1), (5, 40)])
def test_the_first_point_waits_for_the_later_of_both_parts(period: int, atr_period: int) -> None:
    channel = Keltner(period, atr_period)
    points = [channel.update(price) for price in prices(make_bars(walk(60), 0.4))]
    assert points.count(None) == channel.lookback == max(period - 1, atr_period)


@pytest.mark.parametrize(("period", "atr_period", "width"), [(20, 10, 2.0), (3, 5, 1.5), (1, 2, 1e-6), (5, 40, 3.0)])
def test_the_definition_in_exact_arithmetic(period: int, atr_period: int, width: float) -> None:
    columns = changed(make_bars(walk(150), 0.5), lambda column: np.round(column, 2))
    expected = by_definition(columns, period, atr_period, width)
    for found in (
        Keltner(period, atr_period, width).batch(columns),
        stream(Keltner(period, atr_period, width), columns),
    ):
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-14, err_msg=name)


def test_in_a_flat_market_all_three_are_the_price() -> None:
    for price in (12.34, 1e9 / 3, 1e-7):
        found = Keltner(5, 3).batch(make_bars(np.full(300, price)))
        assert [set(found[name][4:].tolist()) for name in Keltner.fields] == [{price}] * 3


@pytest.mark.parametrize("width", [0, -1.0, np.inf, np.nan, "2", None, True], ids=repr)
def test_an_impossible_width_is_refused_with_its_value(width: float) -> None:
    with pytest.raises(ValueError, match=f"width .* not {width!r}$"):
        Keltner(width=width)


@pytest.mark.parametrize("atr_period", [0, -1, 2.5, "3", True, None], ids=repr)
def test_an_impossible_period_of_the_range_is_refused_with_its_value(atr_period: int) -> None:
    with pytest.raises(ValueError, match=f"atr_period is a whole number of at least 1, not {atr_period!r}$"):
        Keltner(atr_period=atr_period)


def check_against_talib(columns: BarColumns, period: int = 20, atr_period: int = 10, width: float = 2.0) -> None:
    high, low, close = columns["high"], columns["low"], columns["close"]
    ours = Keltner(period, atr_period, width).batch(columns)
    middle = talib.EMA(close, period)
    half = width * talib.ATR(high, low, close, atr_period)
    undefined = np.isnan(middle) | np.isnan(half)
    largest = np.maximum.accumulate(np.abs(close) + high - low)
    for name, expected in {"lower": middle - half, "middle": middle, "upper": middle + half}.items():
        assert (np.isnan(ours[name]) == undefined).all()
        error = np.abs(ours[name] - expected)[~undefined]
        assert (error <= 1e-13 * width * largest[~undefined]).all(), name


@pytest.mark.parametrize(("period", "atr_period", "width"), [(20, 10, 2.0), (2, 14, 2.5), (100, 20, 1.1)])
def test_talibs_parts_agree_on_walks(period: int, atr_period: int, width: float) -> None:
    on_walks(lambda columns: check_against_talib(columns, period, atr_period, width))


@settings(deadline=None)
@given(
    bars=anything(st.floats(0.01, 1e6), st.integers(0, 3) | st.floats(0, 1e3)),
    period=st.integers(2, 40),
    atr_period=st.integers(1, 40),
)
def test_talibs_parts_agree_on_anything(bars: BarColumns, period: int, atr_period: int) -> None:
    check_against_talib(bars, period, atr_period)


def test_talibs_parts_agree_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)
