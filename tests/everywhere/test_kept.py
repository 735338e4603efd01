"""A window that keeps the newest bars shows the same as one that keeps all, wherever it cuts and restarts."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from msgspec import structs

from stockstream.consumers.registry import VIEWS
from stockstream.errors import StateError
from stockstream.indicators import SMA
from stockstream.records import IMPOSSIBLE, Bar
from stockstream.views.dashboard import DashboardFold
from stockstream.views.fold import Fold, FoldMaker, Selection
from stockstream.views.frame import Frame
from stockstream.views.series import SeriesFold
from tests.everywhere.engines import KINDS
from tests.views.bars import bar, restorable, walk


def odd_walk(seed: int, count: int = 1_000) -> list[Bar]:
    """A walk over three days with corrections and late bars near the end, doubts and unknown numbers."""
    dice = random.Random(seed)
    bars = walk(count, seed)
    for place in range(0, count, 7):
        bars[place] = structs.replace(bars[place], **dice.choice(ODDITIES))
    sent: list[Bar] = []
    for place, each in enumerate(bars):
        if dice.random() < 0.1:
            sent.append(structs.replace(each, close=each.low, final=False))
        sent.append(each)
        if place > 30 and dice.random() < 0.1:
            again = bars[place - dice.randrange(20)]
            sent.append(structs.replace(again, close=dice.choice((again.low, again.high))))
    for _ in range(count // 20):
        place = dice.randrange(len(sent) - 8)
        sent.insert(place + dice.randrange(8), sent.pop(place))
    return sent


ODDITIES = (
    {"volume": 0.0},
    {"volume": None},
    {"open": None},
    {"flags": (f"{IMPOSSIBLE}:high",)},
    {"final": False},
    {"volume": -1.0},
)


def cut(sent: Sequence[Bar], dice: random.Random) -> list[Sequence[Bar]]:
    """The same in batches of any length."""
    batches, start = [], 0
    while start < len(sent):
        size = dice.choice((1, 2, 5, 40, 300))
        batches.append(sent[start : start + size])
        start += size
    return batches


def restarted(make: FoldMaker[Bar], fold: Fold[Bar], store: dict[str, bytes | None], selection: Selection) -> Fold[Bar]:
    store |= fold.pages(changed=bool(store))
    again: Fold[Bar] = make(selection, {})
    again.restore(restorable(store))
    return again


def assert_same_end(kept: Frame, whole: Frame) -> None:
    tail = whole.tail(len(kept))
    for name in kept:
        if name != "gap":  # which days have pauses is learned from all that is there
            np.testing.assert_array_equal(kept[name], tail[name], err_msg=name)
    for name in kept:
        assert kept.reason(name) == tail.reason(name)


@pytest.mark.parametrize("resample", [None, "5m"])
@pytest.mark.parametrize("name", KINDS)
def test_values_are_the_same_bit_for_bit(name: str, resample: str | None) -> None:
    dice = random.Random(name)
    make, symbols = SeriesFold.of(KINDS[name]), ("AAPL",)
    for keep in (40, dice.randrange(45, 400)):
        sent = odd_walk(dice.randrange(1000))
        selection = Selection(symbols, resample=resample, keep=keep)
        whole: Fold[Bar] = make(Selection(symbols, resample=resample), {})
        kept: Fold[Bar] = make(selection, {})
        store: dict[str, bytes | None] = {}
        for batch in cut(sent, dice):
            whole.apply(batch)
            kept.apply(batch)
            if dice.random() < 0.3:
                assert_same_end(kept.frame("AAPL"), whole.frame("AAPL"))
            if dice.random() < 0.1:
                kept = restarted(make, kept, store, selection)
        assert_same_end(kept.frame("AAPL"), whole.frame("AAPL"))
        if resample is None:
            assert keep <= len(kept.frame("AAPL")) < keep + keep // 4
        assert len(whole.frame("AAPL")) == 1_000 // (5 if resample else 1)
        assert "older than kept" not in kept.counts()


def test_whatever_the_batches_the_same_bars_are_kept() -> None:
    sent = odd_walk(5)
    dice = random.Random(6)
    sent += dice.sample(sent, 300)
    states = []
    for _ in range(5):
        fold = SeriesFold.of(SMA)(Selection(("AAPL",), keep=100), {})
        for batch in cut(sent, dice):
            fold.apply(batch)
        states.append(fold.pages())
    assert all(state == states[0] for state in states)
    fold = SeriesFold.of(SMA)(Selection(("AAPL",), keep=100), {})
    fold.apply(sent)
    assert fold.pages() == states[0]


def test_what_is_older_than_all_that_is_kept_is_counted_and_not_taken() -> None:
    fold = SeriesFold.of(SMA)(Selection(("AAPL",), keep=100), {"period": 3})
    bars = walk(200)
    fold.apply(bars)
    before = fold.frame("AAPL").copy()
    assert not fold.apply([bars[0], structs.replace(bars[60], close=1.0), bar(-5, 100.0)])
    assert fold.counts() == {"older than kept": 3}
    for name in before:
        np.testing.assert_array_equal(fold.frame("AAPL")[name], before[name])
    again = SeriesFold.of(SMA)(Selection(("AAPL",), keep=100), {"period": 3})
    again.restore(restorable(fold.pages()))
    assert again.counts() == {"older than kept": 3}


@pytest.mark.parametrize(
    ("keep", "period", "result"),
    [(None, 3, "newest 100 bars of AAPL 1m, not all"), (500, 3, "not 500"), (100, 4, "the parameters are others")],
)
def test_a_state_without_the_bars_that_are_wanted_is_not_used(keep: int | None, period: int, result: str) -> None:
    fold = SeriesFold.of(SMA)(Selection(("AAPL",), keep=100), {"period": 3})
    fold.apply(walk(200))
    with pytest.raises(StateError, match=result):
        SeriesFold.of(SMA)(Selection(("AAPL",), keep=keep), {"period": period}).restore(restorable(fold.pages()))


def test_fewer_are_kept_from_the_next_bar_on() -> None:
    whole = SeriesFold.of(SMA)(Selection(("AAPL",)), {"period": 3})
    whole.apply(walk(200))
    fold = SeriesFold.of(SMA)(Selection(("AAPL",), keep=50), {"period": 3})
    fold.restore(restorable(whole.pages()))
    fold.apply(walk(201)[200:])
    whole.apply(walk(201)[200:])
    assert len(fold.frame("AAPL")) == 50
    assert_same_end(fold.frame("AAPL"), whole.frame("AAPL"))


def test_tables_of_a_dashboard_are_of_all_bars() -> None:
    dice = random.Random(8)
    selection = Selection(keep=100)
    whole, kept = DashboardFold(Selection()), DashboardFold(selection)
    store: dict[str, bytes | None] = {}
    for batch in cut([structs.replace(each, tz="America/New_York") for each in odd_walk(3, 4_000)], dice):
        for fold in (whole, kept):
            fold.apply(batch)
        if dice.random() < 0.1:
            restored = restarted(VIEWS["dashboard"].fold, kept, store, selection)
            assert isinstance(restored, DashboardFold)
            kept = restored
    tables = []
    for fold in (whole, kept):
        fold.refresh()
        tables.append(fold.tables())
    expected, found = tables
    for name in found.symbols:
        if name == "symbol":
            assert found.symbols[name].tolist() == expected.symbols[name].tolist()
        else:
            np.testing.assert_allclose(found.symbols[name], expected.symbols[name], rtol=1e-13, err_msg=name)
    days, wanted = (each.days.slice(slice(None)) for each in (found, expected))
    assert days["day"].tolist() == wanted["day"].tolist()
    np.testing.assert_allclose(days["close"], wanted["close"], rtol=1e-13)
    assert len(days) > 2
