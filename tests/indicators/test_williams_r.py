from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import WilliamsR, WilliamsRPoint
from tests.indicators.inputs import (
    BarColumns,
    Floats,
    Price,
    assert_identical,
    changed,
    each_file,
    make_bars,
    stream,
    walk,
)
from tests.indicators.peers import anything, on_walks


def by_definition(columns: BarColumns, period: int) -> list[tuple[Fraction | None, int]]:
    """%R in exact arithmetic from the first point on, None in a flat window; and how many units it may be away."""
    high, low, close = ([Fraction(value) for value in columns[name].tolist()] for name in ("high", "low", "close"))
    found: list[tuple[Fraction | None, int]] = []
    for end in range(period, len(high) + 1):
        highest, lowest = max(high[end - period : end]), min(low[end - period : end])
        extent = highest - lowest
        exact = (close[end - 1] - highest) / extent * 100 if extent else None
        units = 0 if 25 * extent < lowest or exact in (0, -100) else 2 if 2 * lowest >= highest else 4
        found.append((exact, units))
    return found


def check_rounding(columns: BarColumns, period: int) -> int:
    """How many values are rounded once; the others are as near as the docstring says."""
    expected = by_definition(columns, period)
    found = WilliamsR(period).batch(columns)["williams_r"][period - 1 :]
    for value, (exact, units) in zip(found.tolist(), expected, strict=True):
        if exact is None:
            assert math.isnan(value)
        elif not units:
            assert value == float(exact)
        else:
            assert abs(Fraction(value) - exact) <= units * Fraction(math.ulp(value))
    return sum(not units for _, units in expected)


def test_the_definition_on_bars_that_can_be_checked_by_hand() -> None:
    williams = WilliamsR(period=3)
    bars = [(12, 10, 11), (13, 11, 12), (14, 12, 13), (15, 13, 15), (15, 11, 11)]
    assert [williams.update(Price(*bar)) for bar in bars] == [
        None,
        None,
        WilliamsRPoint(-25.0),
        WilliamsRPoint(0.0),
        WilliamsRPoint(-100.0),
    ]


@pytest.mark.parametrize("period", [1, 2, 14, 100])
def test_each_value_is_rounded_once_in_a_narrow_window(period: int) -> None:
    narrow = make_bars(walk(1500, step=0.05), 0.1)
    assert check_rounding(narrow, period) > 1000
    assert check_rounding(changed(narrow, lambda column: np.round(column, 2)), period) > 1000
    check_rounding(make_bars(walk(1500, start=10.0), 0.5), period)


def test_a_flat_window_is_undefined_where_talib_gives_0() -> None:
    columns = make_bars(np.concatenate((np.arange(1.0, 11.0), np.full(8, 10.0), np.arange(11.0, 21.0))))
    ours = WilliamsR(4).batch(columns)["williams_r"]
    theirs = talib.WILLR(columns["high"], columns["low"], columns["close"], 4)
    # All four bars from the one with index 9 are at 10, and so up to that with index 17.
    assert np.flatnonzero(np.isnan(ours)).tolist() == [0, 1, 2, *range(12, 18)]
    assert theirs[12:18].tolist() == [0.0] * 6
    assert ours[18:].tolist() == theirs[18:].tolist() == [0.0] * 10


def test_a_close_beyond_the_extremes_counts_as_the_nearer_one() -> None:
    columns = make_bars(walk(400), 0.5)
    columns["close"][200] += 50.0
    columns["close"][300] = -1e99
    for found in (WilliamsR().batch(columns), stream(WilliamsR(), columns)):
        assert found["williams_r"][[200, 300]].tolist() == [0.0, -100.0]
    theirs = talib.WILLR(columns["high"], columns["low"], columns["close"], 14)
    assert theirs[[200, 300]].tolist() == [0.0, -100.0]


@pytest.mark.parametrize(
    "closes", [walk(3000), walk(3000, start=1.0, step=0.1), walk(3000) * 1e-310, walk(3000) * 1e97]
)
def test_at_the_extremes_it_is_exactly_0_and_100(closes: Floats) -> None:
    columns = make_bars(closes)
    found = WilliamsR(9).batch(columns)
    assert_identical(stream(WilliamsR(9), columns), found)
    values = found["williams_r"][8:]
    assert ((values >= -100.0) & (values <= 0.0)).all()
    assert ((values == 0.0) == (closes == talib.MAX(closes, 9))[8:]).all()
    assert ((values == -100.0) == (closes == talib.MIN(closes, 9))[8:]).all()
    assert not np.signbit(values[values == 0.0]).any()


def check_against_talib(columns: BarColumns, period: int = 14) -> None:
    ours = WilliamsR(period).batch(columns)["williams_r"]
    theirs = talib.WILLR(columns["high"], columns["low"], columns["close"], period)
    highest, lowest = talib.MAX(columns["high"], period), talib.MIN(columns["low"], period)
    assert (np.isnan(ours) == (np.isnan(theirs) | (highest == lowest))).all()
    known = highest - lowest > 1e-13 * highest
    np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("period", [2, 14, 200])
def test_talib_agrees_on_walks_with_and_without_ties(period: int) -> None:
    on_walks(lambda columns: check_against_talib(columns, period))


@settings(deadline=None)
@given(
    bars=anything(st.integers(1, 3) | st.floats(0.01, 1e6), st.integers(0, 1) | st.floats(0, 1e3), least=1),
    period=st.integers(2, 20),
)
def test_talib_agrees_on_anything(bars: BarColumns, period: int) -> None:
    check_against_talib(bars, period)
    check_rounding(bars, period)


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)
