"""The history does not depend on the order of arrival: it is that of the final bars in order."""

from __future__ import annotations

import math
import random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators.aroon import Aroon
from stockstream.indicators.bollinger import Bollinger
from stockstream.indicators.obv import OBV
from stockstream.indicators.sma import SMA
from stockstream.records import IMPOSSIBLE, Bar
from stockstream.views.history import History, Makers
from tests.views.bars import bar, walk


def history_of(bars: list[Bar]) -> History:
    history = History({"": lambda: Bollinger(period=5)})
    for each in bars:
        history.take([each])
        history.frame()
    return history


def assert_same(one: History, other: History) -> None:
    first, second = one.frame(), other.frame()
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    assert one.doubtful == other.doubtful


def test_the_frame_holds_bars_and_points() -> None:
    bars = walk(30)
    frame = history_of(bars).frame()
    assert list(frame) == [
        "time", "open", "high", "low", "close", "volume",
        "lower", "middle", "upper", "percent_b", "bandwidth", "final", "doubtful", "gap",
    ]  # fmt: skip
    assert frame["close"].tolist() == [each.close for each in bars]
    assert frame["time"][3] == np.datetime64("2026-03-02T14:33:00", "us")
    assert np.isnan(frame["middle"][:4]).all()
    np.testing.assert_allclose(frame["middle"][4], np.mean([each.close for each in bars[:5]]), rtol=1e-15)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 90), st.integers(1, 1300))
def test_any_order_repetition_and_cut_gives_the_same(seed: int, pieces: int, count: int) -> None:
    dice = random.Random(seed)
    right = walk(count, seed)
    sent = [msgspec.structs.replace(each, close=each.close + 0.5) for each in dice.sample(right, count // 3)]
    dice.shuffle(sent)
    again = list(right)
    for _ in range(dice.randrange(4)):
        place = dice.randrange(count)
        again.insert(dice.randrange(place, len(again) + 1), right[place])
    sent += again
    history = History({"": lambda: Bollinger(period=5)})
    while sent:
        cut = dice.randint(1, max(1, count // pieces))
        history.take(sent[:cut])
        sent = sent[cut:]
        if dice.random() < 0.5:
            history.frame()
    whole = History({"": lambda: Bollinger(period=5)})
    whole.take(right)
    assert_same(history, whole)


@pytest.mark.parametrize("place", [0, 3, 511, 512, 700, 1023, 1099])
def test_a_revised_bar_is_computed_anew(place: int) -> None:
    right = walk(1100)
    wrong = list(right)
    wrong[place] = msgspec.structs.replace(wrong[place], close=wrong[place].close + 0.75)
    history = history_of(wrong)
    assert history.take([right[place]])
    assert history.corrections == 1
    assert_same(history, history_of(right))


def test_an_unchanged_bar_is_ignored() -> None:
    bars = walk(10)
    history = history_of(bars)
    assert not history.take([bars[4], bars[9], msgspec.structs.replace(bars[3], revision=2)])
    assert history.corrections == 0


def test_a_forming_bar_is_peeked_at_and_replaced() -> None:
    bars = walk(20)
    history = history_of(bars[:19])
    for close in (90.0, 91.0, 140.0):
        history.take([msgspec.structs.replace(bars[19], close=close, final=False)])
        assert history.frame()["final"].tolist()[-2:] == [True, False]
        last = history.frame()["middle"][-1]
        np.testing.assert_allclose(last, np.mean([*(each.close for each in bars[15:19]), close]), rtol=1e-14)
    history.take([bars[19]])
    assert history.corrections == 0
    assert_same(history, history_of(bars))


def test_a_forming_bar_that_time_has_passed_counts_as_it_stands() -> None:
    bars = walk(20)
    bars[10] = msgspec.structs.replace(bars[10], final=False)
    one = history_of(bars)
    other = history_of([msgspec.structs.replace(each, final=True) for each in bars])
    assert_same(one, other)


@pytest.mark.parametrize("late", [False, True])
def test_an_impossible_bar_is_kept_and_not_computed_with(*, late: bool) -> None:
    bars = walk(40)
    impossible = msgspec.structs.replace(bars[20], high=1.0, flags=(IMPOSSIBLE,))
    sent = [*bars[:20], impossible, *bars[21:]]
    history = history_of([*bars, impossible] if late else sent)
    assert history.doubtful == 1
    frame = history.frame()
    assert len(frame) == 40
    assert frame["high"][20] == 1.0
    assert math.isnan(frame["middle"][20])
    assert frame["doubtful"].nonzero()[0].tolist() == [20]
    without = history_of(bars[:20] + bars[21:]).frame()
    np.testing.assert_array_equal(frame["middle"][21:], without["middle"][20:])
    history.take([bars[20]])
    assert history.doubtful == 0
    assert_same(history, history_of(bars))


def test_a_bar_the_indicator_refuses_is_doubtful() -> None:
    bars = walk(200)
    bars[50] = msgspec.structs.replace(bars[50], close=math.inf)
    history = History({"": lambda: Bollinger(period=5)})
    history.take(bars)
    assert history.frame()["middle"][49] > 0
    assert history.doubtful == 1


def volumes(bars: list[Bar], *places: int) -> list[Bar]:
    """The bars, those at the places without a volume."""
    return [msgspec.structs.replace(each, volume=None) if n in places else each for n, each in enumerate(bars)]


@pytest.mark.parametrize("at_once", [False, True])
def test_indicators_go_their_own_ways(*, at_once: bool) -> None:
    bars = volumes(walk(600), 40, 41, 300)
    bars[50] = msgspec.structs.replace(bars[50], high=1.0, flags=(IMPOSSIBLE,))
    bars[60] = msgspec.structs.replace(bars[60], volume=-1.0)
    makers: Makers = {"sma": lambda: SMA(5), "obv": OBV, "bollinger": lambda: Bollinger(7)}
    together = History(makers)
    for sent in [bars] if at_once else [[each] for each in bars]:
        together.take(sent)
        together.frame()
    assert (together.doubtful, together.lacking) == (2, 3)
    frame = together.frame()
    assert list(frame)[6:13] == ["sma", "obv"] + [f"bollinger_{name}" for name in Bollinger.fields]
    assert frame["doubtful"].nonzero()[0].tolist() == [50, 60]
    assert np.isnan(frame["sma"][4:]).nonzero()[0].tolist() == [46]
    assert np.isnan(frame["obv"]).nonzero()[0].tolist() == [40, 41, 50, 60, 300]
    for name, make in makers.items():
        alone = History({"": make})
        alone.take(bars)
        for field in make().fields:
            own = name if field == name else f"{name}_{field}"
            np.testing.assert_array_equal(frame[own], alone.frame()[field], err_msg=own)


def test_a_volume_that_comes_later_is_computed_with() -> None:
    bars = walk(100)
    history = History({"": OBV})
    history.take(volumes(bars, *range(100)))
    assert np.isnan(history.frame()["obv"]).all()
    assert (history.doubtful, history.lacking) == (0, 100)
    for each in bars:
        history.take([each])
    whole = History({"": OBV})
    whole.take(bars)
    assert_same(history, whole)
    assert history.lacking == 0


def test_bars_alone_need_no_indicator() -> None:
    history = History({})
    history.take([*walk(3), bar(3, 101.0, flags=(IMPOSSIBLE,))])
    assert list(history.frame())[:8] == ["time", "open", "high", "low", "close", "volume", "final", "doubtful"]
    assert history.doubtful == 1
    assert history.frame()["doubtful"].tolist() == [False, False, False, True]


def test_another_indicator_has_its_own_columns() -> None:
    history = History({"": lambda: Aroon(period=5)})
    history.take([bar(minute, 100.0 + minute) for minute in range(8)])
    assert history.frame()["up"].tolist()[5:] == [100.0, 100.0, 100.0]


def test_gaps_are_marked_and_filled() -> None:
    bars = walk(30)
    history = history_of([*bars[:10], *bars[12:]])
    assert history.frame()["gap"].nonzero()[0].tolist() == [10]
    history.take([bars[10]])
    assert history.frame()["gap"].nonzero()[0].tolist() == [11]
    history.take([bars[11]])
    assert not history.frame()["gap"].any()
