"""Evaluation: scores, years, costs and equity against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from stockstream.models import Direction
from stockstream.models.evaluation import Predictions, evaluate, predictions
from stockstream.models.scores import chance
from tests.indicators.inputs import BarColumns

DICE = np.random.default_rng(12)
TIMES = np.datetime64("2023-11-20", "us") + np.arange(800) * np.timedelta64(1, "D")
CLOSES = 100.0 * np.exp(np.cumsum(DICE.normal(0.0, 0.02, 800)))
CLOSES[50] = CLOSES[49]
PROBABILITY = np.where(np.arange(800) < 20, np.nan, DICE.uniform(0.3, 0.7, 800))


@pytest.mark.parametrize("ahead", [1, 5])
def test_predictions_share_no_bar_and_their_changes_are_those_of_the_closes(ahead: int) -> None:
    found = predictions(TIMES, CLOSES, PROBABILITY, ahead=ahead, first=70)
    made = range(70, 800 - ahead, ahead)
    assert found.times.tolist() == [TIMES[place] for place in made]
    assert (found.ends - found.times == ahead * np.timedelta64(1, "D")).all()
    assert (found.times[1:] >= found.ends[:-1]).all()
    assert found.change.tolist() == [CLOSES[place + ahead] / CLOSES[place] - 1.0 for place in made]
    assert len(predictions(TIMES, CLOSES, PROBABILITY, ahead=ahead, first=800)) == 0
    assert predictions(TIMES, CLOSES, PROBABILITY, ahead=ahead, first=0).times[0] == TIMES[20]


@pytest.mark.parametrize("short", [False, True])
def test_scores_and_equity_are_those_of_a_plain_loop(*, short: bool) -> None:
    found = predictions(TIMES, CLOSES, PROBABILITY, ahead=5, first=30)
    result = evaluate(found, cost=0.001, short=short)
    money, held, position, trades = 1.0, 0.999, 0.0, 0
    hits, ups, said, squares = 0, 0, 0, 0.0
    for probability, change in zip(found.probability.tolist(), found.change.tolist(), strict=True):
        wanted = 1.0 if probability >= 0.5 else -1.0 if short else 0.0
        money *= 1.0 - 0.001 * abs(wanted - position)
        trades += wanted != position
        position = wanted
        money *= 1.0 + position * change
        held *= 1.0 + change
        hits += (probability >= 0.5) == (change > 0.0)
        ups += change > 0.0
        said += probability >= 0.5
        squares += (probability - (change > 0.0)) ** 2
    total, count = result.total, len(found)
    assert (total.predictions, result.trades) == (count, trades)
    assert total.hit_rate == hits / count
    assert total.always_up == ups / count
    assert total.brier == pytest.approx(squares / count)
    assert total.p_value == chance(count, hits, ups, said)
    assert total.earned == pytest.approx(money - 1.0)
    assert total.held == pytest.approx(held - 1.0)
    assert result.earned[[0, -1]] == pytest.approx([1.0, money])
    assert len(result.times) == len(result.earned) == len(result.held) == count + 1


def test_who_is_sold_short_and_loses_all_has_nothing_from_then_on() -> None:
    change = np.array([0.1, 1.5, -0.5, 1.2, 0.1])
    found = Predictions(TIMES[:5], TIMES[1:6], np.array([0.7, 0.3, 0.3, 0.3, 0.7]), change, change)
    result = evaluate(found, cost=0.0, short=True)
    assert result.earned.tolist() == pytest.approx([1.0, 1.1, 0.0, 0.0, 0.0, 0.0])
    assert result.total.earned == -1.0


def test_persistence_says_what_the_window_says_where_closes_stay_the_same() -> None:
    steps = DICE.integers(-1, 2, 700) * np.where(np.arange(700) % 3 == 0, 0.5, 0.25)
    steps[:80] = 0.5 - np.arange(80) % 2  # no outcome of the warm-up is none
    closes = np.asarray(100.0 + np.cumsum(steps), dtype=np.float64)
    times = np.datetime64("2026-03-02T14:30", "us") + np.arange(700) * np.timedelta64(1, "m")
    model = Direction(warmup=50)
    columns: BarColumns = {"close": closes, "high": closes + 1.0, "low": closes - 1.0}
    points = model.batch(columns | {"time": times, "tz": np.full(700, "UTC", dtype=np.object_)})
    seen = np.isfinite(points["probability"])
    found = predictions(times[seen], closes[seen], points["probability"][seen], ahead=1, first=50)
    total = evaluate(found, cost=0.0).total
    assert total.predictions == points["scored"][-1]
    assert total.persistence == points["persistence"][-1]
    assert total.hit_rate == points["hit_rate"][-1]


def test_a_year_has_only_predictions_that_are_due_in_it() -> None:
    found = predictions(TIMES, CLOSES, PROBABILITY, ahead=5, first=30)
    result = evaluate(found, cost=0.0)
    assert [each.name for each in result.years] == ["2023", "2024", "2025", "2026"]
    assert sum(each.predictions for each in result.years) + result.purged == len(found)
    assert result.purged == sum(
        made.astype("M8[Y]") != due.astype("M8[Y]") for made, due in zip(found.times, found.ends, strict=True)
    )
    assert result.purged > 0


def test_a_close_that_is_the_same_is_no_outcome() -> None:
    found = predictions(TIMES, CLOSES, PROBABILITY, ahead=1, first=49)
    assert found.change[0] == 0.0
    assert evaluate(found, cost=0.0).total.predictions == len(found) - 1
    flat = Predictions(TIMES[:3], TIMES[1:4], np.full(3, 0.6), np.zeros(3), np.zeros(3))
    nothing = evaluate(flat, cost=0.01)
    assert nothing.total.hit_rate is None
    assert nothing.total.verdict == "too few predictions to tell: 0"
    assert nothing.total.earned == pytest.approx(-0.01)
    assert nothing.calibration == ()


def test_who_knows_the_outcome_is_better_and_calibrated_bins_say_so() -> None:
    up = DICE.random(2_000) < 0.5
    claimed = np.where(DICE.random(2_000) < 0.5, 0.3, 0.7)
    up = DICE.random(2_000) < claimed
    change = np.where(up, 0.01, -0.01)
    times = np.datetime64("2020-01-01", "us") + np.arange(2_001) * np.timedelta64(12, "h")
    result = evaluate(Predictions(times[:-1], times[1:], claimed, change, change), cost=0.0)
    assert result.total.verdict.startswith("better than a coin (p = ")
    assert len(result.calibration) == 8
    for each in result.calibration:
        assert each.came == pytest.approx(each.claimed, abs=0.12)
