from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import CCI, CCIPoint
from tests.indicators.inputs import (
    BarColumns,
    Floats,
    Price,
    assert_identical,
    each_file,
    make_bars,
    noise,
    stream,
    walk,
)
from tests.indicators.peers import anything, on_walks


def talibs(columns: BarColumns, period: int) -> Floats:
    return talib.CCI(columns["high"], columns["low"], columns["close"], period)


def check_against_exact(columns: BarColumns, period: int, step: int) -> None:
    """The index is that of the bars as they are: no digit is lost that they have."""
    found = CCI(period).batch(columns)["cci"]
    typical = [
        sum(map(Fraction, bar), Fraction(0))
        for bar in zip(*(columns[name].tolist() for name in ("high", "low", "close")), strict=True)
    ]
    for end in range(period, len(typical) + 1, step):
        window = typical[end - period : end]
        mean = sum(window, Fraction(0)) / period
        deviation = sum((abs(value - mean) for value in window), Fraction(0)) / period
        expected = (window[-1] - mean) / deviation / Fraction(15, 1000)
        assert found[end - 1] == pytest.approx(float(expected), rel=1e-12, abs=1e-10)


def test_the_definition_on_bars_that_can_be_checked_by_hand() -> None:
    cci = CCI(period=4)
    bars = [(9, 7, 8), (10, 8, 9), (11, 9, 10), (15, 11, 13), (12, 10, 11)]
    points = [cci.update(Price(*bar)) for bar in bars]
    assert points[:3] == [None] * 3
    # Typical prices 8, 9, 10, 13: a mean of 10, a mean deviation of 1.5. Then 9, 10, 13, 11: 10.75 and 1.25.
    assert [point and point.cci for point in points[3:]] == pytest.approx([3 / 1.5 / 0.015, 0.25 / 1.25 / 0.015])


@pytest.mark.parametrize("period", [2, 3, 20, 47, 48, 200])
@pytest.mark.parametrize(
    "closes",
    [walk(1500), walk(1500, start=0.0), noise(1500, level=1e9, size=0.01), noise(1500, level=1e-7, size=1e-9)],
    ids=["walk at 100", "walk around 0", "1e9 +- 0.01", "1e-7"],
)
def test_the_definition_in_exact_arithmetic(closes: Floats, period: int) -> None:
    check_against_exact(make_bars(closes, float(np.ptp(closes)) / 100), period, 7 if period < 100 else 97)


@pytest.mark.parametrize("period", [47, 48, 63, 64, 127, 129, 200, 2000])
def test_long_windows_sum_in_the_same_order_one_by_one_and_at_once(period: int) -> None:
    columns = make_bars(walk(4500), 0.5)
    one_by_one, at_once = CCI(period), CCI(period)
    assert_identical(at_once.batch(columns), stream(one_by_one, columns))
    assert at_once.state() == one_by_one.state()


@pytest.mark.parametrize("period", [20, 60])
def test_a_spike_that_has_left_the_window_leaves_no_trace(period: int) -> None:
    columns = make_bars(walk(400), 0.5)
    plain = CCI(period).batch(columns)["cci"]
    columns["high"][200] = 1e9
    for found in (CCI(period).batch(columns), stream(CCI(period), columns)):
        differing = np.flatnonzero(np.abs(found["cci"] - plain) > 1e-10)
        assert differing.tolist() == [*range(200, 200 + period)]


@pytest.mark.parametrize("period", [5, 60])
def test_a_flat_window_is_undefined_where_talib_gives_0(period: int) -> None:
    closes = np.concatenate((walk(100), np.full(100, 12.34), walk(100)))
    columns = make_bars(closes)
    flat = [*range(100 + period - 1, 200)]
    for found in (CCI(period).batch(columns), stream(CCI(period), columns)):
        assert np.flatnonzero(np.isnan(found["cci"])).tolist() == [*range(period - 1), *flat]
    assert talibs(columns, period)[flat[0]] == 0.0


@pytest.mark.parametrize("period", [5, 60])
def test_typical_prices_that_only_round_otherwise_are_flat(period: int) -> None:
    # All have a typical price of exactly 100.36.
    bars = np.tile([(100.74, 99.98, 100.36), (100.68, 100.04, 100.36), (100.36, 100.36, 100.36)], (100, 1))
    columns = make_bars(bars[:, 2].copy()) | {"high": bars[:, 0].copy(), "low": bars[:, 1].copy()}
    assert len(set((columns["high"] + columns["low"] + columns["close"]).tolist())) > 1
    assert np.isnan(CCI(period).batch(columns)["cci"]).all()
    assert np.isnan(stream(CCI(period), columns)["cci"]).all()
    assert not talibs(columns, period)[period:].any()


def test_a_point_in_a_flat_window_says_none() -> None:
    cci = CCI(period=2)
    assert [cci.update(Price(3, 1, 2)) for _ in range(3)] == [None, CCIPoint(None), CCIPoint(None)]


@pytest.mark.parametrize("period", [5, 60])
def test_a_copy_and_a_state_of_a_long_window_go_their_own_way(period: int) -> None:
    columns = make_bars(walk(200), 0.5)
    cci = CCI(period)
    cci.batch(columns)
    twin, state = cci.copy(), cci.state()
    stream(twin, columns)
    assert cci.state() == state
    other = CCI(period)
    other.restore(state)
    assert_identical(stream(other, columns), stream(cci, columns))


@pytest.mark.parametrize("period", [5, 60])
def test_a_window_of_too_many_values_is_damage(period: int) -> None:
    state = CCI(period).state()
    for values in ([1.0] * (period + 1), [1.0] * period, [1.0], None, [None], "?", 3):
        with pytest.raises(ValueError, match="damaged"):
            CCI(period).restore(state | {"window": state["window"] | {"window": values}})


def test_the_shortest_period_is_two() -> None:
    with pytest.raises(ValueError, match="period is a whole number of at least 2, not 1"):
        CCI(period=1)


def check_against_talib(columns: BarColumns, period: int = 20) -> None:
    ours = CCI(period).batch(columns)["cci"]
    theirs = talibs(columns, period)
    assert np.isnan(theirs).sum() == min(period - 1, len(theirs))
    typical = (columns["high"] + columns["low"] + columns["close"]) / 3
    windows = np.lib.stride_tricks.sliding_window_view(typical, period) if len(typical) >= period else np.empty((0, 1))
    mean = windows.mean(axis=1)
    deviation = np.abs(windows - mean[:, np.newaxis]).mean(axis=1)
    flat = deviation <= 2e-14 * np.abs(mean)
    assert (np.isnan(ours[period - 1 :]) <= flat).all()
    # The mean is known to some 1e-16 of the price, and its distance from it to as much.
    error = np.abs(ours - theirs)[period - 1 :][~flat]
    share = (np.abs(windows).max(axis=1, initial=0.0) / np.maximum(deviation, 1e-300))[~flat]
    assert (error <= 1e-12 * np.abs(theirs[period - 1 :][~flat]) + 1e-13 * period * share).all()


@pytest.mark.parametrize("period", [2, 14, 20, 48, 200])
def test_talib_agrees_on_walks_with_and_without_ties(period: int) -> None:
    on_walks(lambda columns: check_against_talib(columns, period))


@settings(deadline=None)
@given(
    bars=anything(st.integers(1, 3) | st.floats(0.01, 1e6), st.integers(0, 1) | st.floats(0, 1e3)),
    period=st.integers(2, 60),
)
def test_talib_agrees_on_anything(bars: BarColumns, period: int) -> None:
    check_against_talib(bars, period)


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)
