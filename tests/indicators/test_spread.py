from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from stockstream.indicators.smoothing import BLOCK
from stockstream.indicators.spread import Spread
from tests.indicators.exact import CLOSES, smoothed, spiked
from tests.indicators.inputs import Floats, walk


def pushed(spread: Spread, values: Floats) -> list[float | None]:
    return [spread.push(value) for value in values.tolist()]


def exact(values: Floats, short: int, long: int) -> list[Fraction]:
    fast = smoothed(values[long - short :].tolist(), short, short)
    slow = smoothed(values.tolist(), long, long)
    return [one - other for one, other in zip(fast, slow, strict=True)]


@pytest.mark.parametrize("closes", CLOSES.values(), ids=CLOSES.keys())
def test_spreads_against_exact_fractions(closes: Floats) -> None:
    expected = exact(closes, 12, 26)
    found = pushed(Spread(12, 26), closes)[25:]
    # A spread may be anything down to 0: what counts is its error in spreads of the usual size.
    usual = np.sqrt(np.mean(np.square([float(each) for each in expected])))
    worst = max(float(abs(Fraction(one or 0.0) - other)) for one, other in zip(found, expected, strict=True))
    assert worst <= 1e-14 * usual


@pytest.mark.parametrize("spike_at", [3, 25, 26, 70, 88, 89, 90, 91])
def test_a_spike_fades_without_costing_digits(spike_at: int) -> None:
    closes = spiked(500, spike_at)
    slow = smoothed(closes.tolist(), 26, 26)
    # What remains of the spike is rounded, and when that is gone, the distances between prices.
    sizes = [max(float(abs(average - 100)), 10.0) for average in slow]
    found = pushed(Spread(12, 26), closes)[25:]
    for one, other, size in zip(found, exact(closes, 12, 26), sizes, strict=True):
        assert one is not None
        assert float(abs(Fraction(one) - other)) <= 1e-14 * size


@pytest.mark.parametrize("first", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1])
@pytest.mark.parametrize("second", [0, BLOCK, 3 * BLOCK - 5, 20 * BLOCK])
def test_an_array_gives_what_its_values_give(first: int, second: int) -> None:
    values = walk(2000)
    one_by_one, at_once = Spread(12, 26), Spread(12, 26)
    expected = pushed(one_by_one, values)
    pushed(at_once, values[:26])
    ends = [26, 26 + first, 26 + first + second, 2000]
    found = np.empty(2000)
    for start, end in itertools.pairwise(ends):
        at_once.batch(values[start:end], found[start:end])
    assert found[26:].tolist() == expected[26:]
    assert at_once.state() == one_by_one.state()


@pytest.mark.parametrize(
    ("seen", "part"),
    [
        (0, {"place": -3}),
        (10, {"place": -3}),
        (20, {"place": -12}),
        (26, {"place": -1}),
        (40, {"place": 7}),
        (40, {"pivot": 5.0}),
        (40, {"last": 5.0}),
    ],
    ids=str,
)
def test_averages_of_other_values_are_damage(seen: int, part: dict[str, Any]) -> None:
    spread = Spread(12, 26)
    pushed(spread, walk(seen))
    state = spread.state()
    with pytest.raises(ValueError, match="damaged: the fast average"):
        spread.restore(state | {"fast": state["fast"] | part})
