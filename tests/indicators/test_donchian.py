from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import Donchian, DonchianPoint
from tests.indicators.inputs import BarColumns, Price, assert_identical, changed, each_file, make_bars, stream, walk
from tests.indicators.peers import anything, on_walks


def by_definition(columns: BarColumns, period: int) -> BarColumns:
    """The channel read off each window."""
    high, low = columns["high"].tolist(), columns["low"].tolist()
    ends = range(period, len(high) + 1)
    warm_up = [np.nan] * min(period - 1, len(high))
    upper = np.array(warm_up + [max(high[end - period : end]) for end in ends])
    lower = np.array(warm_up + [min(low[end - period : end]) for end in ends])
    return {"lower": lower, "middle": (upper + lower) / 2, "upper": upper}


def test_the_definition_on_bars_that_can_be_checked_by_hand() -> None:
    channel = Donchian(period=3)
    points = [channel.update(Price(high, low, low)) for high, low in [(10, 8), (13, 9), (12, 11), (12, 10), (11, 10)]]
    assert points == [
        None,
        None,
        DonchianPoint(lower=8, middle=10.5, upper=13),
        DonchianPoint(lower=9, middle=11, upper=13),
        DonchianPoint(lower=10, middle=11, upper=12),
    ]


@pytest.mark.parametrize("period", [1, 2, 3, 20, 255, 256, 700])
def test_the_definition_on_walks_with_ties(period: int) -> None:
    columns = changed(make_bars(walk(1500), 0.5), lambda column: np.round(column, 1))
    assert_identical(Donchian(period).batch(columns), by_definition(columns, period))
    assert_identical(stream(Donchian(period), columns), by_definition(columns, period))


def test_a_period_longer_than_what_is_worked_on_at_once() -> None:
    columns = make_bars(walk(120_000), 0.5)
    found = Donchian(40_000).batch(columns)
    assert (found["upper"][39_999:] == talib.MAX(columns["high"], 40_000)[39_999:]).all()
    assert (found["lower"][39_999:] == talib.MIN(columns["low"], 40_000)[39_999:]).all()


def test_a_spike_leaves_with_its_bar() -> None:
    closes = walk(200)
    plain = Donchian(5).batch(make_bars(closes, 0.5))
    closes[100] = 1e9
    spiked = Donchian(5).batch(make_bars(closes, 0.5))
    for name in Donchian.fields:
        changes = np.flatnonzero(plain[name][4:] != spiked[name][4:]) + 4
        assert set(changes) <= set(range(100, 105))
    assert (spiked["upper"][100:105] >= 1e9).all()


@pytest.mark.parametrize("part", [{"missing": -1}, {"missing": 3}, {"highs": {"entries": []}}], ids=str)
def test_extremes_that_cannot_have_been_are_damage(part: dict[str, object]) -> None:
    channel = Donchian(period=3)
    channel.batch(make_bars(walk(9), 0.3))
    state = channel.state()
    extremes = state["extremes"]
    broken = {name: extremes[name] | value if isinstance(value, dict) else value for name, value in part.items()}
    with pytest.raises(ValueError, match="damaged"):
        Donchian(period=3).restore(state | {"extremes": extremes | broken})


def check_against_talib(columns: BarColumns, period: int = 20) -> None:
    high, low = columns["high"], columns["low"]
    expected = {
        "lower": talib.MIN(low, period),
        "middle": talib.MIDPRICE(high, low, period),
        "upper": talib.MAX(high, period),
    }
    assert_identical(Donchian(period).batch(columns), expected)


@pytest.mark.parametrize("period", [2, 14, 20, 200])
def test_talib_agrees_on_walks_with_and_without_ties(period: int) -> None:
    on_walks(lambda columns: check_against_talib(columns, period))


@settings(deadline=None)
@given(
    bars=anything(st.integers(0, 9) | st.floats(0, 1e6), st.integers(0, 3) | st.floats(0, 1e3)),
    period=st.integers(2, 40),
)
def test_talib_agrees_on_anything(bars: BarColumns, period: int) -> None:
    check_against_talib(bars, period)


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)
