from __future__ import annotations

import json
import math
import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockstream.indicators import RSI, SMA, Aroon, Bollinger, InvalidBar, Together
from stockstream.indicators.compose.together import column
from tests.indicators.inputs import BarColumns, Price, assert_identical, cut, make_bars, prices, walk

BARS = make_bars(walk(900), 0.4)


def several() -> Together:
    return Together({"bollinger": Bollinger(20), "aroon": Aroon(5), "rsi": RSI(14)})


def test_each_field_is_that_of_the_indicator_alone() -> None:
    points = several().batch(BARS)
    parts: dict[str, Any] = {"bollinger": Bollinger(20), "aroon": Aroon(5), "rsi": RSI(14)}
    alone: BarColumns = {}
    for name, indicator in parts.items():
        alone |= {column(name, indicator, field): values for field, values in indicator.batch(BARS).items()}
    assert_identical(points, alone)
    assert list(points)[:1] + list(points)[-2:] == ["bollinger_lower", "aroon_oscillator", "rsi"]


def test_inputs_are_those_of_all_and_each_once() -> None:
    assert several().inputs == ("close", "high", "low")


def test_what_has_not_warmed_up_is_none() -> None:
    together = several()
    points = [together.update(price) for price in prices(cut(BARS, 0, 20))]
    assert together.lookback == 5
    assert points[:5] == [None] * 5
    known = [[value is not None for value in point or ()] for point in points]
    assert known[5] == [False] * 5 + [True] * 3 + [False]
    assert known[14] == known[18] == [False] * 5 + [True] * 4
    assert known[19] == [True] * 9


def test_points_of_two_that_are_alike_compare() -> None:
    one, other = several(), several()
    assert [one.update(price) for price in prices(cut(BARS, 0, 30))] == [
        other.update(price) for price in prices(cut(BARS, 0, 30))
    ]


def test_those_given_are_left_alone() -> None:
    rsi = RSI(3)
    before = rsi.state()
    together = Together({"rsi": rsi})
    together.batch(BARS)
    assert rsi.state() == before
    assert together.parts["rsi"].value is not None


class Moody(SMA):
    """Refuses a close of 13, whatever others do."""

    __slots__ = ()

    def update(self, bar: Any) -> Any:
        if bar.close == 13.0:
            raise InvalidBar("13")
        return super().update(bar)


@pytest.mark.parametrize("bars", [0, 1, 5, 63, 64, 65, 100, 129, 333])
def test_what_one_part_refuses_changes_none(bars: int) -> None:
    together = Together({"rsi": RSI(14), "bollinger": Bollinger(20), "moody": Moody(3)})
    untouched = together.copy()
    bar = SimpleNamespace(close=0.0)
    for price in prices(cut(BARS, 0, bars)):
        bar.close = price.close  # the same object each time, as some sources have it
        assert together.update(bar) == untouched.update(price)
    before = json.dumps(untouched.state())
    for take in (together.update, together.peek):
        with pytest.raises(InvalidBar):
            take(Price(13.0, 13.0, 13.0))
        assert json.dumps(together.state()) == before
    rest = cut(BARS, bars)
    assert [together.update(price) for price in prices(rest)] == [untouched.update(price) for price in prices(rest)]


def test_refusals_among_updates_batches_and_restores_leave_no_trace() -> None:
    dice = random.Random(5)
    parts: dict[str, Any] = {"aroon": Aroon(9), "moody": Moody(3)}
    together, untouched = Together(parts), Together(parts)
    start = 0
    while start < 900:
        end = start + dice.randint(0, 90)
        part = cut(BARS, start, end)
        start = end
        if dice.random() < 0.5:
            together.batch(part)
            untouched.batch(part)
        else:
            for price in prices(part):
                together.update(price)
                untouched.update(price)
        with pytest.raises(InvalidBar):
            together.update(Price(13.0, 13.0, 13.0))
        if dice.random() < 0.3:
            together = together.copy()
        if dice.random() < 0.3:
            together.restore(untouched.state())
        assert together.state() == untouched.state()


def test_what_one_part_refuses_in_a_batch_changes_none() -> None:
    together = several()
    together.batch(cut(BARS, 0, 100))
    before = together.state()
    poisoned = cut(BARS, 100)
    poisoned["high"] = poisoned["high"].copy()
    poisoned["high"][500] = math.nan  # which only the second part reads
    with pytest.raises(InvalidBar, match=r"high nan.* at index 500"):
        together.batch(poisoned)
    assert together.state() == before


def test_columns_of_different_length_are_refused_though_no_part_reads_both() -> None:
    with pytest.raises(ValueError, match="one length"):
        several().batch(cut(BARS, 0, 50) | {"close": BARS["close"]})


def test_a_frame_gives_a_frame() -> None:
    bars = cut(BARS, 0, 60)
    frame = pd.DataFrame(bars, index=pd.date_range("2026-03-02 14:30", periods=60, freq="min", tz="UTC"))
    points = several().batch(frame)
    assert points.index is frame.index
    assert_identical({name: points[name].to_numpy() for name in points}, several().batch(bars))


def test_a_state_of_other_parts_is_refused() -> None:
    state = several().state()
    with pytest.raises(ValueError, match=r"has parts \['bollinger', 'aroon', 'rsi'\], this indicator has parts"):
        Together({"rsi": RSI(14)}).restore(state)
    other = several()
    other.parts["rsi"] = RSI(9)
    with pytest.raises(ValueError, match="has period 14, this indicator has period 9"):
        other.restore(state)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "at least one"),
        ({"a b": RSI()}, "'a b'"),
        ({"aroon": Aroon(), "aroon_up": SMA()}, "aroon_up"),
    ],
)
def test_names_that_cannot_be_are_refused(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Together(parts)


def test_nan_and_none_are_where_a_part_has_them() -> None:
    flat = make_bars(np.full(40, 5.0))
    together = Together({"bands": Bollinger(4)})
    points = together.batch(flat)
    assert np.isnan(points["bands_percent_b"]).all()
    assert together.value is not None
    assert list(together.value) == [5.0, 5.0, 5.0, None, 0.0]
