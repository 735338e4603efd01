from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import Aroon, AroonPoint, InvalidBar
from tests.indicators.inputs import BarColumns, Price, assert_identical, changed, each_file, make_bars, stream, walk
from tests.indicators.peers import anything, on_walks


def by_definition(columns: BarColumns, period: int) -> BarColumns:
    """Aroon read off each window."""
    high, low = columns["high"].tolist(), columns["low"].tolist()
    up, down = [np.nan] * len(high), [np.nan] * len(low)
    for last in range(period, len(high)):
        window = range(last, last - period - 1, -1)
        up[last] = 100 * (period - (last - max(window, key=high.__getitem__))) / period
        down[last] = 100 * (period - (last - min(window, key=low.__getitem__))) / period
    return {"up": np.array(up), "down": np.array(down), "oscillator": np.subtract(up, down)}


def test_the_definition_on_bars_that_can_be_checked_by_hand() -> None:
    aroon = Aroon(period=4)
    highs = [10.0, 13.0, 12.0, 11.0, 12.5, 12.0]
    lows = [9.0, 11.0, 8.0, 10.0, 11.0, 10.0]
    points = [aroon.update(Price(high, low, low)) for high, low in zip(highs, lows, strict=True)]
    assert points[:4] == [None] * 4
    assert points[4:] == [
        AroonPoint(up=25.0, down=50.0, oscillator=-25.0),
        AroonPoint(up=0.0, down=25.0, oscillator=-25.0),
    ]


def test_of_equal_extremes_the_most_recent_counts() -> None:
    aroon = Aroon(period=4)
    points = [aroon.update(Price(high, low, low)) for high, low in zip([5, 9, 7, 9, 8], [2, 3, 2, 4, 4], strict=True)]
    assert points[-1] == AroonPoint(up=75.0, down=50.0, oscillator=25.0)


def test_in_a_flat_window_both_are_at_the_last_bar() -> None:
    assert [Aroon(3).batch(make_bars(np.full(9, 1.5)))[name][-1] for name in Aroon.fields] == [100.0, 100.0, 0.0]


@pytest.mark.parametrize("period", [1, 2, 14, 25, 254, 255, 256, 700])
def test_the_definition_on_walks_with_ties(period: int) -> None:
    columns = changed(make_bars(walk(1500), 0.5), lambda column: np.round(column, 1))
    assert_identical(Aroon(period).batch(columns), by_definition(columns, period))
    assert_identical(stream(Aroon(period), columns), by_definition(columns, period))


def test_a_high_below_the_low_is_refused_and_changes_nothing() -> None:
    aroon = Aroon(period=2)
    aroon.batch(make_bars(walk(7), 0.3))
    before = aroon.state()
    with pytest.raises(InvalidBar, match=r"high 9\.0, low 9\.5"):
        aroon.update(Price(9.0, 9.5, 9.2))
    with pytest.raises(InvalidBar, match=r"high 9\.0, low 9\.5 at index 1\b"):
        aroon.batch({"high": np.array([10.0, 9.0]), "low": np.array([8.0, 9.5])})
    assert aroon.state() == before


def test_a_long_fall_does_not_pile_up_what_has_left_the_window() -> None:
    aroon = Aroon(period=5)
    stream(aroon, make_bars(np.arange(10_000.0, 0.0, -1.0), 0.4))
    assert len(aroon.state()["highs"]["entries"]) == 6
    assert len(aroon._highs._values) <= 12


def test_the_state_holds_prices_and_how_long_ago_they_were() -> None:
    aroon = Aroon(period=3)
    for price in (Price(9, 5, 7), Price(8, 4, 6), Price(7, 6, 6)):
        aroon.update(price)
    state = aroon.state()
    assert state["highs"]["entries"] == [[2, 9], [1, 8], [0, 7]]
    assert state["lows"]["entries"] == [[1, -4], [0, -6]]
    assert state["missing"] == 0


@pytest.mark.parametrize(
    "part",
    [
        {"highs": {"entries": [[1, 7.0], [2, 6.0], [0, 5.0]]}},
        {"highs": {"entries": [[2, 6.0], [1, 7.0], [0, 5.0]]}},
        {"lows": {"entries": [[9, -1.0], [0, -5.0]]}},
        {"lows": {"entries": [[2, -1.0], [1, -5.0]]}},
        {"lows": {"entries": []}},
        {"missing": 3},
        {"missing": -1},
    ],
    ids=str,
)
def test_extremes_that_cannot_have_been_are_damage(part: dict[str, Any]) -> None:
    aroon = Aroon(period=3)
    aroon.batch(make_bars(walk(9), 0.3))
    state = aroon.state()
    broken = {name: state[name] | value if isinstance(value, dict) else value for name, value in part.items()}
    with pytest.raises(ValueError, match="damaged"):
        Aroon(period=3).restore(state | broken)


def check_against_talib(columns: BarColumns, period: int = 25) -> None:
    ours = Aroon(period).batch(columns)
    down, up = talib.AROON(columns["high"], columns["low"], period)
    oscillator = talib.AROONOSC(columns["high"], columns["low"], period)
    assert np.isnan(ours["up"]).sum() == min(period, len(ours["up"]))
    for name, expected in {"up": up, "down": down, "oscillator": oscillator}.items():
        # TA-Lib rounds 100 / period before it multiplies.
        np.testing.assert_allclose(ours[name], expected, rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("period", [2, 14, 25, 100])
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
