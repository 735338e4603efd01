"""Trend against TA-Lib and a regression, and its interval on random walks."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from stockstream.models import Trend
from stockstream.models.student_t import central, inside
from tests.indicators.inputs import noise, walk


@pytest.mark.parametrize("period", [3, 20, 50, 200])
def test_slope_and_line_are_talib_s(period: int) -> None:
    close = walk(1_000)
    points = Trend(period=period).batch({"close": close})
    np.testing.assert_allclose(points["slope"], talib.LINEARREG_SLOPE(close, period), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(points["line"], talib.LINEARREG(close, period), rtol=1e-12)


def test_the_interval_is_that_of_a_weighted_mean_of_independent_changes() -> None:
    close, period = walk(50), 50
    points = Trend(period=period).batch({"close": close})
    places = np.arange(period) - (period - 1) / 2
    changes = np.diff(close)
    weights = np.array([places[first:].sum() for first in range(1, period)]) / (places**2).sum()
    assert points["slope"][-1] == pytest.approx(weights @ changes)
    error = changes.std(ddof=1) * np.sqrt((weights**2).sum())
    reach = (points["upper"][-1] - points["lower"][-1]) / 2
    assert reach == pytest.approx(central(0.95, 48) * error)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_of_a_random_walk_the_interval_holds_zero_as_often_as_it_says(confidence: float) -> None:
    dice = np.random.default_rng(17)
    held = []
    for _ in range(100):
        points = Trend(50, confidence).batch({"close": 100.0 + np.cumsum(dice.normal(0.0, 1.0, 1_000))})
        held.append((points["lower"] < 0.0) & (points["upper"] > 0.0))
    apart = np.array(held)[:, 49::50]  # windows that share no bar
    assert apart.mean() == pytest.approx(confidence, abs=3 * np.sqrt(confidence * (1 - confidence) / apart.size))


def test_a_drift_as_large_as_the_steps_is_a_trend() -> None:
    points = Trend().batch({"close": np.arange(200.0) + noise(200, level=100.0, size=0.5)})
    assert (points["lower"][49:] > 0.0).all()
    assert points["slope"][-1] == pytest.approx(1.0, abs=0.02)


def test_flat_prices_have_a_slope_of_zero_exactly() -> None:
    points = Trend(period=5).batch({"close": np.full(40, 12.34)})
    assert {tuple(row) for row in np.array([*points.values()]).T[4:].tolist()} == {(0.0, 0.0, 0.0, 12.34)}


def test_student_s_t_is_scipy_s() -> None:
    stats = pytest.importorskip("scipy.stats")
    for degrees in (1, 2, 3, 4, 9, 10, 47, 48, 1_000):
        for probability in (0.5, 0.8, 0.95, 0.999):
            expected = stats.t.ppf(0.5 + probability / 2, degrees)
            assert central(probability, degrees) == pytest.approx(expected, rel=1e-9)
            assert inside(expected, degrees) == pytest.approx(probability, rel=1e-9)


def test_what_cannot_be_a_parameter_is_said() -> None:
    with pytest.raises(ValueError, match="period is a whole number of at least 3, not 2"):
        Trend(period=2)
    with pytest.raises(ValueError, match=r"confidence is a number from 0.5 to 0.999, not 1.0"):
        Trend(confidence=1.0)
