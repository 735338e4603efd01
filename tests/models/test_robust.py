"""Median, median distance and the window, against sorting anew."""

from __future__ import annotations

import json
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockstream.models.robust import RobustWindow, deviation, median

VALUES = st.lists(st.one_of(st.sampled_from([0.0, 1.0, 2.0, -7.5]), st.floats(-1e6, 1e6)), min_size=1, max_size=60)


@given(VALUES)
def test_median_and_deviation_are_those_of_the_definition(values: list[float]) -> None:
    ordered = sorted(values)
    middle = median(ordered)
    assert middle == statistics.median(values)
    assert deviation(ordered, middle) == statistics.median([abs(each - middle) for each in values])


def test_the_scales_are_those_of_a_normal_distribution() -> None:
    values = np.random.default_rng(3).normal(50.0, 4.0, 200_001)
    window = RobustWindow(1_001)
    scores = [window.push(value) for value in values[:5_000].tolist()]
    known = np.array([score for score in scores if score is not None])
    assert known.mean() == pytest.approx(0.0, abs=0.1)
    assert known.std() == pytest.approx(1.0, abs=0.05)
    nearly_all_equal = [7.0] * 600 + values[:401].tolist()
    window = RobustWindow(1_001)
    for value in nearly_all_equal:
        window.push(value)
    distance = statistics.fmean(abs(value - 7.0) for value in nearly_all_equal)
    assert window.push(8.0) == pytest.approx(1.0 / (1.2533141373155003 * distance))


@given(VALUES, st.integers(1, 20))
def test_a_restored_window_goes_on_as_if_nothing_had_happened(values: list[float], period: int) -> None:
    window = RobustWindow(period)
    for value in values:
        window.push(value)
    again = RobustWindow(period)
    again.restore(json.loads(json.dumps(window.state())))
    assert [window.push(value) for value in values] == [again.push(value) for value in values]


def test_too_many_values_are_no_state() -> None:
    with pytest.raises(ValueError, match="4 values in a window of 3"):
        RobustWindow(3).restore({"version": 1, "period": 3, "values": [1.0, 2.0, 3.0, 4.0]})
