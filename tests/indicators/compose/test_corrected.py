"""The result does not depend on the order of arrival: it is that of the final bars in order."""

from __future__ import annotations

import json
import math
import random
import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import (
    OBV,
    RSI,
    SMA,
    Aroon,
    Bollinger,
    Chain,
    Corrected,
    Indicator,
    InvalidBar,
    Together,
    TooLate,
)
from tests.indicators.inputs import Price, make_bars, prices, walk

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def minute(place: int) -> datetime:
    return START + timedelta(minutes=place)


def written(time: datetime) -> str:
    """The time as a message has it, for a pattern."""
    return re.escape(str(time))


def bars(count: int, seed: int = 7) -> list[Price]:
    rows = prices(make_bars(walk(count, seed=seed), 0.4))
    return [price._replace(time=minute(place)) for place, price in enumerate(rows)]


def close_at(place: int, close: float) -> SimpleNamespace:
    return SimpleNamespace(time=minute(place), close=close)


def other(bar: Price) -> Price:
    return bar._replace(close=bar.close + 0.5, high=bar.high + 1, volume=7.0)


def taken(indicator: Indicator[Any, Any], right: list[Price]) -> list[Any]:
    """Time and point of each bar in order."""
    fresh = indicator.copy()
    return [(bar.time, fresh.update(bar)) for bar in right]


INDICATORS = [
    RSI(5),
    Bollinger(6),
    Aroon(4),
    Chain(OBV(), RSI(3)),
    Together({"aroon": Aroon(7), "sma": SMA(3)}),
]
each_indicator = pytest.mark.parametrize("indicator", INDICATORS, ids=lambda indicator: indicator.name)


@each_indicator
@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 120))
def test_any_order_repetition_and_revision_gives_the_same(indicator: Any, seed: int, count: int) -> None:
    dice = random.Random(seed)
    right = bars(count)
    sent = [other(bar) for bar in dice.sample(right, count // 3)]
    dice.shuffle(sent)
    again = [*right, *dice.sample(right, count // 4)]
    near = dice.choice([1, 5, count])
    again.sort(key=lambda bar: bar.time + timedelta(minutes=dice.uniform(0, near)))
    corrected = Corrected(indicator, retain=200)
    for place, bar in enumerate([*sent, *again]):
        corrected.update(bar)
        if place % 9 == 3 and dice.random() < 0.3:
            corrected = corrected.copy()
        if place % 9 == 5 and dice.random() < 0.3:
            state = json.loads(json.dumps(corrected.state(), allow_nan=False))
            corrected = Corrected(indicator, retain=200)
            corrected.restore(state)
    assert corrected.points() == taken(indicator, right)
    assert corrected.value == corrected.points()[-1][1]
    whole = Corrected(indicator, retain=200)
    for bar in right:
        whole.update(bar)
    assert corrected.state() == whole.state()


@each_indicator
@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32), retain=st.integers(1, 40))
def test_in_a_long_run_the_retained_bars_can_be_corrected_and_no_others(indicator: Any, seed: int, retain: int) -> None:
    dice = random.Random(seed)
    missing = set(dice.sample(range(150), 30))
    right: list[Price] = []
    corrected = Corrected(indicator, retain=retain)
    every = bars(150)
    for place, bar in enumerate(every):
        if place not in missing:
            right.append(bar)
            corrected.update(bar)
        if place % 3 == 0:
            target = dice.randrange(max(0, place - 2 * retain), place + 1)
            revised = other(every[target]._replace(close=bar.close + dice.random()))
            newer = sum(each.time > revised.time for each in right)
            if newer < retain:
                corrected.update(revised)
                right = sorted([each for each in right if each.time != revised.time] + [revised], key=lambda b: b.time)
            else:
                before = corrected.state()
                with pytest.raises(TooLate, match=rf"{written(revised.time)} is older than the last {retain} bars"):
                    corrected.update(revised)
                with pytest.raises(TooLate):
                    corrected.peek(revised)
                assert corrected.state() == before
    points = taken(indicator, right)[-retain:]
    assert corrected.points() == points
    assert corrected.newest == points[-1][0]
    since = dice.choice(right).time
    assert corrected.points_since(since) == [(time, point) for time, point in points if time >= since]


def test_a_revision_of_the_last_bar_computes_no_more_than_one_interval_of_snapshots() -> None:
    class Counting(SMA):
        __slots__ = ()
        updates = 0

        def update(self, bar: Any) -> Any:
            Counting.updates += 1
            return super().update(bar)

    corrected = Corrected(Counting(3), retain=100)
    for bar in bars(995):
        corrected.update(bar)
    corrected.update(other(bars(995)[-90]))
    Counting.updates = 0
    corrected.update(other(bars(995)[-1]))
    assert Counting.updates <= 10
    assert len(corrected._times) < 110


def test_a_bar_that_comes_again_as_it_was_changes_nothing_and_costs_nothing() -> None:
    corrected = Corrected(SMA(2))
    for bar in bars(9):
        corrected.update(bar)
    snapshots = corrected._snapshots
    before = corrected.state()
    assert corrected.update(bars(9)[4]) == corrected.value
    assert corrected.state() == before
    assert corrected._snapshots is snapshots


def test_a_bar_that_is_refused_changes_nothing_wherever_it_belongs() -> None:
    corrected = Corrected(SMA(3), retain=50)
    for place in (0, 1, 2, 4, 5, 6):
        corrected.update(close_at(place, 10.0 + place))
    before = json.dumps(corrected.state()), corrected.points()
    for place in (2, 3, 6, 7):
        for take in (corrected.update, corrected.peek):
            with pytest.raises(InvalidBar, match=f"close nan at {written(minute(place))}"):
                take(close_at(place, math.nan))
            assert (json.dumps(corrected.state()), corrected.points()) == before
    corrected.update(close_at(3, 13.0))
    points = [point and point.sma for _, point in corrected.points()]
    assert points == [None, None, 11.0, 12.0, 13.0, 14.0, 15.0]


@pytest.mark.parametrize("retain", [3, 50])
def test_a_revision_after_which_a_later_bar_is_impossible_is_refused(retain: int) -> None:
    corrected = Corrected(Chain(OBV(), SMA(1)), retain=retain)
    rows = [(1.0, 1.0), (2.0, 1.0), (3.0, 9e99)]
    taken = [
        SimpleNamespace(time=minute(place), close=close, volume=volume) for place, (close, volume) in enumerate(rows)
    ]
    for bar in taken:
        corrected.update(bar)
    before = corrected.state()
    with pytest.raises(InvalidBar, match=rf"obv 1\.\d+e\+100 at {written(minute(2))}"):
        corrected.update(SimpleNamespace(time=minute(1), close=2.0, volume=9e99))
    assert corrected.state() == before
    corrected.update(SimpleNamespace(time=minute(2), close=3.0, volume=5.0))
    assert corrected.value is not None
    assert list(corrected.value) == [7.0]


def test_a_copy_goes_its_own_way() -> None:
    corrected = Corrected(SMA(2), retain=3)
    for bar in bars(9):
        corrected.update(bar)
    before = corrected.points()
    twin = corrected.copy()
    for bar in bars(9)[6:]:
        twin.update(other(bar))
    assert corrected.points() == before
    corrected.update(bars(9)[8]._replace(close=50.0))
    assert corrected.points()[-1] == taken(SMA(2), [*bars(9)[:8], bars(9)[8]._replace(close=50.0)])[-1]


@pytest.mark.parametrize("place", [2, 3, 9, 10])
def test_peek_gives_what_update_gives_and_changes_nothing(place: int) -> None:
    corrected = Corrected(RSI(2))
    for bar in bars(10):
        if bar.time != minute(3):
            corrected.update(bar)
    before = corrected.state()
    peeked = corrected.peek(close_at(place, 103.0))
    assert corrected.state() == before
    assert corrected.update(close_at(place, 103.0)) == peeked


def test_a_bar_that_changed_after_it_was_taken_was_taken_as_it_was() -> None:
    corrected = Corrected(SMA(2))
    bar = close_at(0, 1.0)
    for place in range(4):
        bar.time, bar.close = minute(place), float(place)
        corrected.update(bar)
    corrected.update(close_at(1, 5.0))
    assert [point and point.sma for _, point in corrected.points()] == [None, 2.5, 3.5, 2.5]


def test_what_was_given_is_left_alone() -> None:
    sma = SMA(2)
    sma.update(close_at(0, 4.0))
    corrected = Corrected(sma)
    corrected.update(close_at(1, 6.0))
    corrected.update(close_at(1, 8.0))
    assert corrected.value is not None
    assert corrected.value.sma == 6.0
    assert corrected.ready
    assert not sma.ready


def test_a_state_of_something_else_or_a_damaged_one_is_refused() -> None:
    corrected = Corrected(RSI(3), retain=5)
    for bar in bars(10):
        corrected.update(bar)
    good = corrected.state()
    before = json.dumps(good)
    assert len(good["bars"]) == 5
    text = good["bars"][0][0]
    for state, message in (
        (None, "None stands where a state belongs"),
        (good | {"version": 2}, "has version 2, this indicator has version 1"),
        (good | {"retain": 6}, "has retain 6, this indicator has retain 5"),
        (good | {"before": RSI(4).state()}, "has period 4, this indicator has period 3"),
        (good | {"before": None}, "None stands where a state belongs"),
        ({key: value for key, value in good.items() if key != "bars"}, "damaged: bars"),
        *(
            (good | {"bars": bad}, "damaged: bars")
            for bad in (None, "?", [None], [[text]], [[text, None]], [[text, math.nan]], [["?", 1.0]], [[text, 1.0, 2]])
        ),
    ):
        with pytest.raises(ValueError, match=message):
            corrected.restore(state)  # type: ignore[arg-type]
        assert json.dumps(corrected.state()) == before


@pytest.mark.parametrize("retain", [0, -1, 2.5, True])
def test_an_impossible_retain_is_refused(retain: Any) -> None:
    with pytest.raises(ValueError, match=f"retain is a whole number of at least 1, not {retain}"):
        Corrected(RSI(), retain=retain)
