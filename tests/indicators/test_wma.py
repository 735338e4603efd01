from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import WMA
from tests.indicators.exact import CLOSES, error, spiked
from tests.indicators.inputs import Floats, Stretch, assert_identical, each_file, stream, stretch, walk


def wma(closes: Floats, period: int) -> Floats:
    return WMA(period).batch({"close": closes})["wma"]


def exact(closes: Floats, period: int) -> list[Fraction]:
    values = [Fraction(close) for close in closes.tolist()]
    weights = range(1, period + 1)
    windows = [values[end - period : end] for end in range(period, len(values) + 1)]
    return [
        sum(map(Fraction.__mul__, window, map(Fraction, weights)), Fraction(0)) / sum(weights) for window in windows
    ]


def test_the_definition_on_closes_that_can_be_checked_by_hand() -> None:
    # 10 * 1 + 20 * 2 + 30 * 3 + 40 * 4 = 300, then 20 + 60 + 120 + 40 = 240, both over 10.
    assert stream(WMA(4), stretch(np.array([10.0, 20, 30, 40, 10])))["wma"].tolist()[3:] == [30.0, 24.0]


def test_over_one_bar_it_is_the_close() -> None:
    bars = stretch(walk(700))
    assert_identical(stream(WMA(1), bars), {"wma": bars["close"]})
    assert_identical(WMA(1).batch(bars), {"wma": bars["close"]})


@pytest.mark.parametrize("period", [2, 20, 100])
@pytest.mark.parametrize("closes", CLOSES.values(), ids=CLOSES.keys())
def test_the_mean_against_exact_fractions(closes: Floats, period: int) -> None:
    assert error(wma(closes, period)[period - 1 :].tolist(), exact(closes, period)) <= 4e-16


def test_a_spike_in_the_window_costs_few_digits() -> None:
    closes = spiked(500, 83, 150, 219)
    assert error(wma(closes, 20)[19:].tolist(), exact(closes, 20)) <= 2e-14


@pytest.mark.parametrize("spike_at", range(40, 61))
def test_a_spike_that_has_left_the_window_leaves_no_trace_at_all(spike_at: int) -> None:
    plain, spiky = wma(walk(400), 20).tolist(), wma(spiked(400, spike_at), 20).tolist()
    assert spiky[spike_at + 19] != plain[spike_at + 19]
    assert spiky[spike_at + 20 :] == plain[spike_at + 20 :]


@pytest.mark.parametrize("price", [12.34, 1e9 / 3, 1e-7])
def test_the_mean_of_a_flat_window_is_just_its_price(price: float) -> None:
    assert set(wma(np.full(500, price), 20)[19:].tolist()) == {price}


def check_against_talib(columns: Stretch, period: int = 20) -> None:
    close = columns["close"]
    ours, theirs = wma(close, period), talib.WMA(close, period)
    assert (np.isnan(ours) == np.isnan(theirs)).all()
    # TA-Lib's weighted sums carry what was rounded from bar to bar.
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
