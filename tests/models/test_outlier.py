"""Outlier against its definition, computed anew for every bar."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from stockstream.models import Outlier
from tests.indicators.inputs import make_bars, prices, walk


def score(value: float, before: list[float]) -> float:
    middle = statistics.median(before)
    return (value - middle) / (1.4826022185056018 * statistics.median(abs(each - middle) for each in before))


def test_scores_are_those_of_the_definition() -> None:
    bars = prices(make_bars(walk(300), 0.4))
    returns = [math.log(bar.close / former.close) for former, bar in pairwise(bars)]
    ranges = [math.log(bar.high / bar.low) for bar in bars]
    volumes = [math.log(1.0 + (bar.volume or 0.0)) for bar in bars]
    outlier = Outlier(period=50, threshold=2.5)
    found = 0
    for place, bar in enumerate(bars):
        point = outlier.update(bar)
        assert (point is None) == (place < 51)
        if point is None:
            continue
        assert point.return_z == pytest.approx(score(returns[place - 1], returns[place - 51 : place - 1]), rel=1e-9)
        assert point.range_z == pytest.approx(score(ranges[place], ranges[place - 50 : place]), rel=1e-9)
        assert point.volume_z == pytest.approx(score(volumes[place], volumes[place - 50 : place]), rel=1e-9)
        assert point.score == max(abs(z) for z in (point.return_z, point.range_z, point.volume_z) if z is not None)
        assert point.outlier == (point.score > 2.5)
        found += int(point.outlier)
    assert 0 < found < 60


def test_a_spike_is_an_outlier_and_does_not_hide_the_next_one() -> None:
    closes = walk(200)
    closes[[150, 153]] *= 1.2
    points = Outlier().batch(make_bars(closes, 0.4))
    assert np.flatnonzero(np.abs(points["return_z"]) > 6.0).tolist() == [150, 151, 153, 154]
    assert (points["outlier"][[150, 151, 153, 154]] == 1.0).all()


def test_a_price_that_is_not_above_zero_has_no_return_and_the_next_is_from_the_last_one_above() -> None:
    def bar(close: float) -> SimpleNamespace:
        return SimpleNamespace(high=close + 1.0, low=close - 1.0, close=close, volume=close * close)

    outlier = Outlier(period=3)
    for close in (10.0, 11.0, 10.5, 11.5, 11.0):
        outlier.update(bar(close))
    copy = outlier.copy()
    point = outlier.update(bar(-5.0))
    assert point is not None
    assert (point.return_z, point.range_z, point.score) == (None, None, abs(point.volume_z or 0.0))
    after, expected = outlier.update(bar(12.0)), copy.update(bar(12.0))
    assert after is not None
    assert expected is not None
    assert (after.return_z, after.range_z) == (expected.return_z, expected.range_z)


def test_a_market_that_stands_still_has_no_outliers() -> None:
    points = Outlier(period=20).batch(make_bars(np.full(60, 12.34)) | {"volume": np.zeros(60)})
    assert np.isnan(points["score"]).all()
    assert set(points["outlier"][21:]) == {0.0}
