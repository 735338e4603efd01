"""Forecast: its intervals hold as often as they say; scores against plain loops; nothing is gained on random walks."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from stockstream.models import Forecast
from stockstream.models.forecast import IntervalScores
from stockstream.models.scores import LEVEL


def closes(returns: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {"close": 100.0 * np.exp(np.cumsum(returns))}


def restless(count: int, seed: int = 2) -> NDArray[np.float64]:
    """Returns whose size comes in long waves, with tails."""
    dice = np.random.default_rng(seed)
    sizes = np.exp(1.2 * np.sin(np.arange(count) / 80.0))
    return 0.01 * sizes * dice.standard_t(4, count)


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_intervals_hold_as_often_as_they_say_whatever_the_returns(coverage: float) -> None:
    for returns in (np.random.default_rng(1).normal(0.0, 0.01, 4_000), restless(4_000)):
        points = Forecast(ahead=1, coverage=coverage).batch(closes(returns))
        assert points["held"][-1] == pytest.approx(coverage, abs=0.01)


def test_where_the_size_of_returns_can_be_told_it_is_sharper_than_a_random_walk() -> None:
    points = Forecast(ahead=1).batch(closes(restless(2_000)))
    assert points["p_value"][-1] < 0.001
    assert points["score"][-1] < 0.95


def test_of_a_hundred_random_walks_few_seem_to_be_told_more_sharply() -> None:
    better = 0
    for seed in range(100):
        points = Forecast(ahead=1).batch(closes(np.random.default_rng(seed).normal(0.0, 0.01, 300)))
        better += points["p_value"][-1] < LEVEL
    assert better <= 11


@pytest.mark.parametrize("ahead", [1, 5])
def test_scores_are_those_of_a_plain_loop_over_intervals_that_share_no_bar(ahead: int) -> None:
    close = closes(restless(700))["close"]
    points = Forecast(ahead=ahead, coverage=0.8).batch({"close": close})
    lower, upper = points["lower"], points["upper"]
    np.testing.assert_array_equal(points["due_lower"][20 + ahead :], lower[20:-ahead])
    np.testing.assert_array_equal(points["due_upper"][20 + ahead :], upper[20:-ahead])
    held, walk_held, own, other = [], [], [], []
    squares = np.log(close[1:] / close[:-1]) ** 2
    for made in range(20 + ahead - 1, 700 - ahead, ahead):
        came = abs(np.log(close[made + ahead] / close[made]))
        reach = np.log(upper[made] / lower[made]) / 2
        walk = 1.2815515655446004 * np.sqrt(squares[:made].mean() * ahead)
        held.append(lower[made] <= close[made + ahead] <= upper[made])
        walk_held.append(came <= walk)
        own.append(2 * reach + 10.0 * max(came - reach, 0.0))
        other.append(2 * walk + 10.0 * max(came - walk, 0.0))
    assert points["scored"][-1] == len(held)
    assert points["held"][-1] == pytest.approx(np.mean(held))
    assert points["walk_held"][-1] == pytest.approx(np.mean(walk_held))
    assert points["score"][-1] == pytest.approx(np.mean(own) / np.mean(other))


def test_differences_that_hang_together_are_not_taken_as_independent() -> None:
    better, shocks = 0, np.random.default_rng(7).normal(0.0, 0.01, (300, 200))
    for row in shocks:
        scores, shift = IntervalScores(0.9), 0.0
        for shock in row:
            shift = 0.6 * shift + shock  # now sharper for some time, now less sharp; over all neither
            scores.take(0.0, 1.0 + shift, 1.0)
        better += (scores.values[-1] or 0.0) < LEVEL
    assert better < 0.12 * len(shocks), "were they independent, one in five would seem sharper"


def test_the_chance_is_that_of_newey_and_west_and_a_saved_state_goes_on_with_it() -> None:
    dice = np.random.default_rng(3)
    sizes = np.abs(dice.normal(0.0, 0.01, 900)) * np.repeat(dice.uniform(0.5, 2.0, 90), 10)
    reaches, differences = 0.018 * np.repeat(dice.uniform(0.9, 1.1, 90), 10), []
    scores = IntervalScores(0.9)
    for place, (size, reach) in enumerate(zip(sizes.tolist(), reaches.tolist(), strict=True)):
        if place in (5, 300):
            saved, scores = scores.state(), IntervalScores(0.9)
            scores.restore(saved)
        scores.take(size, reach, 0.018)
        own, other = (2.0 * half + 20.0 * max(size - half, 0.0) for half in (reach, 0.018))
        differences.append(other - own)
    around = np.array(differences) - np.mean(differences)
    lags = int(4.0 * 9.0 ** (2.0 / 9.0))
    weights = [1.0, *(2.0 * (1.0 - lag / (lags + 1)) for lag in range(1, lags + 1))]
    variance = sum(weight * (around[lag:] @ around[: 900 - lag]) / 900 for lag, weight in enumerate(weights)) / 900
    assert lags == 6
    assert scores.values[-1] == pytest.approx(1.0 - NormalDist().cdf(np.mean(differences) / np.sqrt(variance)))
    with pytest.raises(ValueError, match="damaged: differences of 900 intervals"):
        IntervalScores(0.9).restore(scores.state() | {"late": [0.0]})


def test_a_price_that_does_not_move_is_forecast_exactly() -> None:
    points = Forecast().batch({"close": np.full(300, 12.34)})
    assert (points["lower"][-1], points["upper"][-1], points["held"][-1]) == (12.34, 12.34, 1.0)
    assert np.isnan(points["score"][-1])
    assert points["p_value"][-1] == 0.5
