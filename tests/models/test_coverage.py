"""Coverage: intervals of forecast, trend and outlier against plain loops, and against the model's own counts."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from stockstream.models import Forecast, Outlier, Trend
from stockstream.models.coverage import Coverage, Floats, Walk, coverage, states_intervals
from tests.indicators.inputs import BarColumns

START = np.datetime64("2023-11-20", "us")


def walk(model: Forecast | Trend | Outlier, closes: Floats, first: int = 0) -> Walk:
    """Daily bars and the model's points over them."""
    volumes = np.asarray(1_000.0 + 10.0 * (np.arange(len(closes)) % 7), dtype=np.float64)
    columns: BarColumns = {"close": closes, "high": 1.01 * closes, "low": 0.99 * closes, "volume": volumes}
    times = START + np.arange(len(closes)) * np.timedelta64(1, "D")
    return Walk(times, {**columns, **model.copy().batch(columns)}, first)


def random_walk(seed: int, count: int = 900, size: float = 0.02, drift: float = 0.0) -> Floats:
    return np.asarray(100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(drift, size, count))))


@pytest.mark.parametrize("ahead", [1, 5])
def test_a_forecast_holds_as_often_as_the_model_itself_counts(ahead: int) -> None:
    model, closes = Forecast(ahead=ahead), random_walk(1)
    closes[200] = -1.0  # no price, passed over
    # The model counts every interval whose place is the last of `ahead`.
    found = coverage(model, walk(model, closes, first=20 + ahead - 1))
    assert found.total.count == int(walk(model, closes)["scored"][-1])
    point = walk(model, closes).columns
    for name, own in (("held", "held"), ("walk_held", "walk_held"), ("score", "score"), ("p_value", "p_value")):
        assert found.total.figures[name] == pytest.approx(point[own][-1]), name
    assert found.wanted == 0.9
    assert sum(each.count for each in found.years) == found.total.count - found.purged
    assert [each.name for each in found.years] == ["2023", "2024", "2025", "2026"][: len(found.years)]


def test_slopes_of_the_next_window_are_counted_as_in_a_plain_loop() -> None:
    model, closes = Trend(period=20), random_walk(2)
    seen = walk(model, closes, first=100)
    found = coverage(model, seen)
    inside = trends = on = count = 0
    for place in range(100, 900 - 20, 20):
        slope, after = seen["slope"][place], seen["slope"][place + 20]
        lower, upper = seen["lower"][place], seen["upper"][place]
        count += 1
        inside += lower <= after <= upper
        trends += lower > 0 or upper < 0
        on += (lower > 0 and after > 0) or (upper < 0 and after < 0)
        assert lower < slope < upper
    assert found.total.count == count
    assert found.total.figures["held"] == inside / count
    assert found.total.figures["seen"] == trends / count
    assert found.total.figures["went_on"] == (on / trends if trends else None)


def test_of_random_walks_slopes_hold_as_often_as_is_said() -> None:
    model = Trend(period=20)
    found = [coverage(model, walk(model, random_walk(seed, 4_000, 0.002))) for seed in range(3, 8)]
    count = sum(each.total.count for each in found)
    held = sum((each.total.figures["held"] or 0.0) * each.total.count for each in found) / count
    wanted = found[0].wanted
    assert 0.8 < wanted < 0.95
    assert abs(held - wanted) < 3 * (wanted * (1 - wanted) / count) ** 0.5
    assert all("no more often" in each.verdict or "too few" in each.verdict for each in found)


def test_outliers_are_counted_as_in_a_plain_loop() -> None:
    model, closes = Outlier(period=30, threshold=4.0), random_walk(9)
    closes[400:] *= 1.3
    closes[401:] *= 0.8
    seen = walk(model, closes)
    found = coverage(model, seen)
    places = [place for place in range(900) if np.isfinite(seen["score"][place])][:-1]
    unusual = [place for place in places if seen["score"][place] > 4.0]
    calm = [place for place in places if seen["score"][place] <= 4.0]

    def size(chosen: list[int]) -> float:
        return sum(abs(log(closes[place + 1] / closes[place])) for place in chosen) / len(chosen)

    figures = found.total.figures
    assert found.total.count == len(places)
    assert figures["held"] == pytest.approx(len(calm) / len(places))
    assert figures["again"] == sum(seen["score"][place + 1] > 4.0 for place in unusual) / len(unusual)
    assert figures["next_move"] == pytest.approx(size(unusual) / size(calm))
    assert found.verdict.endswith("the next bar is one in " + format(figures["again"] or 0.0, ".1%"))


@pytest.mark.parametrize("model", [Forecast(), Trend(), Outlier()])
def test_the_future_of_an_interval_changes_no_other(model: Forecast | Trend | Outlier) -> None:
    closes = random_walk(4)
    other = closes.copy()
    other[650:] *= np.linspace(1.0, 3.0, 250)

    def years(found: Coverage) -> list[object]:
        return [each for each in found.years if each.name < "2025"]  # those of before the change

    assert years(coverage(model, walk(model, closes)))
    assert years(coverage(model, walk(model, closes))) == years(coverage(model, walk(model, other)))


def test_too_few_are_said_to_be() -> None:
    for model in (Forecast(), Trend(), Outlier()):
        found = coverage(model, walk(model, random_walk(5, 130)))
        assert found.verdict.startswith("too few")
        assert coverage(model, walk(model, random_walk(5, 10))).total.count == 0


def test_what_states_no_interval_is_refused() -> None:
    assert [states_intervals(kind) for kind in (Forecast, Trend, Outlier, dict)] == [True, True, True, False]
    with pytest.raises(TypeError, match="states no intervals"):
        coverage({}, Walk(np.array([], dtype="M8[us]"), {}))
