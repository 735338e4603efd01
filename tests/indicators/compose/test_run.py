from __future__ import annotations

import itertools

import pytest

from stockstream.indicators import RSI, SMA, InvalidBar, SMAPoint, run
from tests.indicators.inputs import Price, make_bars, prices, walk


def test_each_bar_has_its_point() -> None:
    bars = prices(make_bars(walk(50)))
    alone = RSI(14)
    assert list(run(RSI(14), bars)) == [alone.update(bar) for bar in bars]


def test_bars_are_taken_as_points_are_asked_for() -> None:
    endless = (Price(close, close, close) for close in itertools.count(1.0))
    points = run(SMA(2), endless)
    assert [next(points), next(points)] == [None, SMAPoint(1.5)]
    assert next(endless).close == 3.0


def test_it_continues_behind_a_bar_that_is_refused() -> None:
    bars = [Price(close, close, close) for close in (1.0, float("nan"), 3.0)]
    points = run(SMA(2), bars)
    assert next(points) is None
    with pytest.raises(InvalidBar, match="close nan"):
        next(points)
    assert next(points) == SMAPoint(2.0)
    assert list(points) == []
