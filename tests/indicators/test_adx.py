from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import ADX, ADXPoint
from tests.indicators.inputs import BarColumns, Floats, Price, changed, each_file, make_bars, stream, walk
from tests.indicators.peers import on_walks

FIELDS = ("adx", "plus_di", "minus_di")


def by_definition(columns: BarColumns, period: int) -> BarColumns:
    """The indicators in exact arithmetic, by Wilder's sums as TA-Lib has them, each value rounded at the end."""
    bars = list(zip(*(map(Fraction, columns[name].tolist()) for name in ("high", "low", "close")), strict=True))
    sums = [Fraction(0)] * 3
    dxs: list[Fraction] = []
    rows: list[tuple[Fraction, ...]] = []
    for place, ((last_high, last_low, last_close), (high, low, _)) in enumerate(pairwise(bars), 1):
        up, down = high - last_high, last_low - low
        moves = (
            up if up > max(down, 0) else Fraction(0),
            down if down > max(up, 0) else Fraction(0),
            max(high, last_close) - min(low, last_close),
        )
        fade = 1 if place < period else 1 - Fraction(1, period)
        sums = [fade * total + move for total, move in zip(sums, moves, strict=True)]
        if place < period:
            continue
        plus, minus, reach = sums
        dxs.append(100 * abs(plus - minus) / (plus + minus) if plus + minus else Fraction(0))
        if len(dxs) == period:
            adx = sum(dxs, Fraction(0)) / period
        elif len(dxs) > period:
            adx += (dxs[-1] - adx) / period
        if len(dxs) >= period:
            rows.append((adx, *(100 * each / reach if each else Fraction(0) for each in (plus, minus))))
    table = np.full((3, len(bars)), np.nan)
    table[:, 2 * period - 1 :] = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return dict(zip(FIELDS, table, strict=True))


def talibs(columns: BarColumns, period: int) -> BarColumns:
    high, low, close = columns["high"], columns["low"], columns["close"]
    indicators = (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)
    return {name: each(high, low, close, period) for name, each in zip(FIELDS, indicators, strict=True)}


def test_the_definition_on_bars_that_can_be_checked_by_hand() -> None:
    adx = ADX(period=2)
    bars = [(10, 8, 8), (12, 9, 11.5), (13, 11, 13), (13, 10, 10), (12, 6, 7)]
    points = [adx.update(Price(*bar)) for bar in bars]
    # Moves up 2 and 1, then down 1 and 4, in ranges of 4, 2, 3 and 6. The averages of these begin at half of the
    # first: 1, 1, 0.5, 0.25 (up), 0, 0, 0.5, 2.25 (down), 2, 2, 2.5, 4.25; dx is 100, 0 and 80.
    assert points[:3] == [None] * 3
    assert points[3] == ADXPoint(adx=50.0, plus_di=20.0, minus_di=20.0)
    assert tuple(points[4] or ()) == pytest.approx((65.0, 25 / 4.25, 225 / 4.25))


def test_an_outside_and_an_inside_bar_count_for_the_wider_side_or_none() -> None:
    adx = ADX(period=2)
    for bar in [(10, 8, 9), (12, 7, 9), (13, 6, 9), (12, 7, 9), (11, 8, 9)]:
        point = adx.update(Price(*bar))
    # Up 2 and down 1 is up 2, up 1 and down 1 is nothing, and so are both of the bars inside of the one before.
    assert point is not None
    assert point.adx == 100.0
    assert point.minus_di == 0.0


@pytest.mark.parametrize("period", [2, 3, 14, 40])
def test_the_definition_in_exact_arithmetic(period: int) -> None:
    columns = changed(make_bars(walk(150), 0.5), lambda column: np.round(column, 1))
    columns["high"][70] = 1e9
    expected = by_definition(columns, period)
    for found in (ADX(period).batch(columns), stream(ADX(period), columns)):
        for name in FIELDS:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    "closes", [np.arange(300.0), np.arange(300.0) ** 2, -np.arange(300.0) / 3, 1.1 ** np.arange(300.0)]
)
def test_a_trend_without_a_break_never_exceeds_100(closes: Floats) -> None:
    columns = make_bars(closes)
    for found in (ADX(14).batch(columns), stream(ADX(14), columns)):
        assert all((found[name][27:] >= 0.0).all() and (found[name][27:] <= 100.0).all() for name in FIELDS)
        np.testing.assert_allclose(found["adx"][27:], 100.0)


def test_without_any_movement_all_are_0() -> None:
    columns = make_bars(np.full(300, 12.34))
    assert [ADX(3).batch(columns)[name][5:].any() for name in FIELDS] == [False] * 3
    assert [talibs(columns, 3)[name][5:].any() for name in FIELDS] == [False] * 3


def test_after_all_movement_has_faded_all_are_0_where_talib_keeps_them() -> None:
    columns = make_bars(np.concatenate((100 + np.arange(10.0), np.full(2000, 109.0))))
    ours, theirs = ADX(2).batch(columns), talibs(columns, 2)
    for place, expected in ((1000, 100.0), (1500, 0.0)):
        assert ours["plus_di"][place] == pytest.approx(expected)
        assert ours["adx"][place] == pytest.approx(expected)
        assert theirs["plus_di"][place] == theirs["adx"][place] == 100.0


@pytest.mark.parametrize("scale", [1e-17, 1e-200, 1e50])
def test_movements_of_any_size_count(scale: float) -> None:
    columns = changed(make_bars(np.round(walk(120), 2), 0.5), lambda column: column * scale)
    expected = by_definition(columns, 5)
    for name, values in ADX(5).batch(columns).items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-12, atol=1e-12)


def test_a_close_outside_of_its_bar_makes_no_more_than_100() -> None:
    columns = make_bars(np.tile([1.0, 5.0], 100))
    columns["close"] = np.tile([5.0, 1.0], 100)
    ours = ADX(3).batch(columns)
    assert ours["plus_di"][5:].tolist() == ours["minus_di"][5:].tolist() == [100.0] * 195
    columns["close"] += 0.5
    assert stream(ADX(3), columns)["plus_di"][-1] == ADX(3).batch(columns)["plus_di"][-1] == 100.0
    assert talibs(columns, 3)["plus_di"][-1] > 100.0


@pytest.mark.parametrize("part", [{"last": []}, {"last": [1.0, 2.0]}, {"last": [1.0, 2.0, 3.0, 4.0]}], ids=str)
def test_a_last_bar_that_is_none_is_damage(part: dict[str, list[float]]) -> None:
    adx = ADX(period=3)
    adx.batch(make_bars(walk(9), 0.3))
    with pytest.raises(ValueError, match="damaged"):
        ADX(period=3).restore(adx.state() | part)


def test_the_shortest_period_is_two() -> None:
    with pytest.raises(ValueError, match="period is a whole number of at least 2, not 1"):
        ADX(period=1)


def check_against_talib(columns: BarColumns, period: int = 14) -> None:
    ours, theirs = ADX(period).batch(columns), talibs(columns, period)
    assert np.isnan(ours["adx"]).sum() == min(2 * period - 1, len(ours["adx"]))
    ready = slice(2 * period - 1, None)
    for name in FIELDS:
        np.testing.assert_allclose(ours[name][ready], theirs[name][ready], rtol=1e-10, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("period", [2, 14, 100])
def test_talib_agrees_on_walks_with_and_without_ties(period: int) -> None:
    on_walks(lambda columns: check_against_talib(columns, period))


@settings(deadline=None)
@given(
    bars=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 3), st.integers(0, 4)), max_size=150),
    scale=st.sampled_from([1.0, 0.01, 1e6]),
    period=st.integers(2, 40),
)
def test_talib_agrees_on_anything(bars: list[tuple[int, int, int]], scale: float, period: int) -> None:
    low, height, place = np.array(bars, dtype=np.float64).reshape(-1, 3).T * scale
    close = low + height * np.round(place / scale) / 4
    check_against_talib({"low": low.copy(), "high": low + height, "close": close}, period)


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)
