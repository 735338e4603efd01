from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from stockstream.indicators.rolling import Mean
from stockstream.indicators.weighted import WeightedMean
from tests.indicators.exact import error, spiked
from tests.indicators.inputs import Floats, walk


def of_sizes(period: int) -> Mean:
    return Mean(period, of_sizes=True)


every_mean = pytest.mark.parametrize("make", [Mean, of_sizes, WeightedMean])


def pushed(mean: Mean, values: Floats) -> list[float | None]:
    return [mean.push(value) for value in values.tolist()]


def test_the_definition_on_numbers_that_can_be_checked_by_hand() -> None:
    values = np.array([1.0, 2.0, 3.0, 7.0, 2.0, 0.0])
    for make in (Mean, of_sizes):
        assert pushed(make(3), values) == [None, None, 2.0, 4.0, 4.0, 3.0]
    # (1 + 4 + 9) / 6, (2 + 6 + 21) / 6, (3 + 14 + 6) / 6, (7 + 4 + 0) / 6.
    assert pushed(WeightedMean(3), values)[2:] == pytest.approx([14 / 6, 29 / 6, 23 / 6, 11 / 6], rel=1e-15)


@pytest.mark.parametrize("period", [1, 2, 7, 20, 70])
@every_mean
def test_values_leave_no_trace_when_they_have_left_the_window(make: Any, period: int) -> None:
    plain = pushed(make(period), walk(300))
    for spike_at in range(period, 3 * period):
        spiky = pushed(make(period), spiked(300, spike_at))
        assert [place for place in range(300) if spiky[place] != plain[place]] == [*range(spike_at, spike_at + period)]


@pytest.mark.parametrize("period", [2, 7, 20, 70])
def test_the_mean_of_sizes_against_exact_fractions(period: int) -> None:
    sizes = np.abs(np.diff(spiked(400, 100, 101, 250)))
    sizes[300:] = 0.0
    found = pushed(of_sizes(period), sizes)[period - 1 :]
    values = [Fraction(size) for size in sizes.tolist()]
    exact = [sum(values[end - period : end]) / Fraction(period) for end in range(period, len(values) + 1)]
    assert error(found, exact) <= 2e-15


@pytest.mark.parametrize("period", [1, 2, 7, 20, 70])
@pytest.mark.parametrize("ends", [(0,), (1,), (19, 20), (21, 500), (3, 40, 300, 1900)], ids=str)
@every_mean
def test_an_array_gives_what_its_values_give(make: Any, period: int, ends: tuple[int, ...]) -> None:
    values = walk(2000)
    one_by_one, at_once = make(period), make(period)
    expected = pushed(one_by_one, values)
    pushed(at_once, values[:period])
    parts = [
        at_once.batch(values[start:end]) for start, end in pairwise([period, *(period + end for end in ends), 2000])
    ]
    assert np.concatenate(parts).tolist() == expected[period:]
    assert at_once.state() == one_by_one.state()


@pytest.mark.parametrize("seen", [0, 3, 5, 12])
@every_mean
def test_a_block_and_tails_that_do_not_make_a_window_are_damage(make: Any, seen: int) -> None:
    mean = make(5)
    pushed(mean, walk(seen))
    state = mean.state()
    for part in ({"block": [1.0] * 5, "tails": []}, {"tails": [1.0] * 5}, {"block": [1.0], "tails": [1.0]}):
        with pytest.raises(ValueError, match="damaged: block of"):
            make(5).restore(state | part)
