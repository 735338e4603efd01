"""Every predictor: scores are of predictions made before; an edge that is there is found, and none elsewhere."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stockstream.indicators import Corrected
from stockstream.models import Direction, Predictor
from stockstream.models.scores import FEW, LEVEL
from tests.indicators.inputs import BarColumns, prices, records
from tests.models.every import MODELS

PREDICTORS = {name: kind for name, kind in MODELS.items() if issubclass(kind, Predictor)}
every_predictor = pytest.mark.parametrize("kind", PREDICTORS.values(), ids=PREDICTORS)


def bars_of(returns: NDArray[np.float64], seed: int = 0) -> BarColumns:
    """Bars of a minute with these log returns."""
    dice = np.random.default_rng((seed, 1))
    close = 100.0 * np.exp(np.cumsum(returns))
    above, below = np.exp(np.abs(dice.normal(0.0, 0.004, (2, len(returns)))))
    times = np.datetime64("2026-03-02T14:30", "us") + np.arange(len(returns)) * np.timedelta64(1, "m")
    zones = np.full(len(returns), "America/New_York", dtype=np.object_)
    prices = {"open": close, "high": close * above, "low": close / below, "close": close}
    return prices | {"volume": np.ones(len(returns)), "time": times, "tz": zones}


def random_walk(seed: int, count: int) -> BarColumns:
    return bars_of(np.random.default_rng(seed).normal(0.0, 0.01, count), seed)


def reverting(count: int, share: float = 0.5) -> BarColumns:
    """Returns of which each takes back a share of the one before."""
    returns = np.random.default_rng(5).normal(0.0, 0.01, count)
    for place in range(1, count):
        returns[place] -= share * returns[place - 1]
    return bars_of(returns)


def called_better(kind: type[Any], count: int) -> int:
    """How many of 100 random walks a model seems to predict."""
    return sum(kind().batch(random_walk(seed, count))["p_value"][-1] < LEVEL for seed in range(100))


def test_of_a_hundred_random_walks_few_seem_to_be_predicted() -> None:
    assert called_better(Direction, 300) <= 11


@pytest.mark.thorough
@every_predictor
def test_of_a_hundred_longer_random_walks_few_seem_to_be_predicted(kind: type[Any]) -> None:
    assert called_better(kind, 600) <= 11


@every_predictor
def test_an_edge_that_is_there_is_found(kind: type[Any]) -> None:
    points = {name: column[-1] for name, column in kind().batch(reverting(900)).items()}
    assert points["p_value"] < 0.001
    assert points["hit_rate"] > max(points["coin_high"], points["always_up"], points["persistence"])
    assert points["brier"] < 0.245
    assert points["claimed"] == pytest.approx(points["hit_rate"], abs=0.06)


@every_predictor
@pytest.mark.parametrize("ahead", [1, 3])
def test_scores_are_of_predictions_before_their_outcome(kind: type[Any], ahead: int) -> None:
    bars = reverting(500)
    close = np.round(bars["close"], 1)  # some do not change
    bars |= {"close": close, "high": np.maximum(bars["high"], close), "low": np.minimum(bars["low"], close)}
    model = kind(ahead=ahead, warmup=20)
    points = model.batch(bars)
    probability, first = points["probability"], model.lookback
    made = np.arange(first, len(close) - ahead)
    change = np.sign(close[made + ahead] - close[made])
    learned = np.cumsum(change != 0) - (change != 0)
    due = (change != 0) & (learned >= 20) & ((made - first + 1) % ahead == 0)
    said, up = probability[made[due]], change[due] > 0
    assert points["scored"][-1] == due.sum() > FEW
    assert points["hit_rate"][-1] == np.mean((said >= 0.5) == up)
    assert points["always_up"][-1] == np.mean(up)
    assert points["brier"][-1] == pytest.approx(np.mean((said - up) ** 2))
    assert points["claimed"][-1] == pytest.approx(np.mean(np.maximum(said, 1.0 - said)))
    steps = np.sign(np.diff(close, prepend=close[0]))
    ways = np.array([next((way for way in steps[place::-1] if way), 1.0) for place in made[due]])
    assert points["persistence"][-1] == np.mean((ways > 0) == up)


@every_predictor
def test_a_correction_changes_what_came_after_it_as_if_it_had_always_been_so(kind: type[Any]) -> None:
    bars = prices(records(reverting(260)))
    dice = random.Random(4)
    sent = list(bars)
    for place in (150, 200, 240):
        sent[place] = bars[place]._replace(close=bars[place].low)
    late = sent.pop(220)
    corrected = Corrected(kind(), retain=200)
    for bar in [*sent, late, *dice.sample([bars[place] for place in (150, 200, 240)], 3)]:
        corrected.update(bar)
    plain = kind()
    expected = [plain.update(bar) for bar in bars]
    assert [point for _, point in corrected.points()] == expected[-200:]
    assert corrected.value == plain.value
