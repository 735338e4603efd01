from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest

from stockstream.indicators.smoothing import _ASSUMED_FROM, BLOCK, Smoothed, block_starts
from tests.indicators.exact import CLOSES, error, smoothed, spiked
from tests.indicators.inputs import Floats, walk


def pushed(average: Smoothed, values: Floats) -> list[float | None]:
    return [average.push(value) for value in values.tolist()]


def test_the_definition_on_numbers_that_can_be_checked_by_hand() -> None:
    # Seeded with 2.0; then a half of the former and a half of the new: 4.0, 3.0, 3.5.
    expected = [None, None, 2.0, 4.0, 3.0, 3.5]
    assert pushed(Smoothed.exponential(3), np.array([1.0, 2.0, 3.0, 6.0, 2.0, 4.0])) == expected
    # Wilder's over 2 has the same weights, and one seed less.
    assert pushed(Smoothed.wilder(2), np.array([1.0, 3.0, 6.0, 2.0, 4.0])) == expected[1:]


@pytest.mark.parametrize("make", [Smoothed.exponential, Smoothed.wilder])
def test_over_one_value_it_is_that_value(make: Any) -> None:
    values = spiked(300, 70, 128, 129)
    one_by_one, at_once = make(1), make(1)
    assert pushed(one_by_one, values) == values.tolist()
    at_once.push(values[0].item())
    assert at_once.batch(values[1:]).tolist() == values[1:].tolist()
    assert at_once.state() == one_by_one.state()


@pytest.mark.parametrize("period", [2, 3, 14, 200])
@pytest.mark.parametrize("closes", CLOSES.values(), ids=CLOSES.keys())
def test_averages_of_prices_against_exact_fractions(closes: Floats, period: int) -> None:
    exact = list(smoothed(closes.tolist(), period, period))
    assert len(exact) == len(closes) - period + 1
    found = pushed(Smoothed.exponential(period), closes)[period - 1 :]
    assert error(found, exact) <= 5e-16


@pytest.mark.parametrize("period", [2, 3, 14, 200])
@pytest.mark.parametrize("closes", CLOSES.values(), ids=CLOSES.keys())
def test_averages_of_sizes_against_exact_fractions(closes: Floats, period: int) -> None:
    sizes = np.maximum(np.diff(closes), 0.0)
    exact = list(smoothed(sizes.tolist(), period, 2 * period - 1))
    found = pushed(Smoothed.wilder(period), sizes)[period - 1 :]
    assert error(found, exact) <= 1e-15


@pytest.mark.parametrize("spike_at", [3, 64, 65, 66, 67, 68, 100, 130, 131, 132])
@pytest.mark.parametrize("period", [2, 3, 14])
def test_a_spike_fades_without_costing_digits(period: int, spike_at: int) -> None:
    closes = spiked(300, spike_at)
    exact = smoothed(closes.tolist(), period, period)
    found = pushed(Smoothed.exponential(period), closes)[period - 1 :]
    assert error(found, exact) <= 1e-15
    sizes = np.abs(np.diff(closes))
    sizes[200:] = 0.0
    exact = smoothed(sizes.tolist(), period, 2 * period - 1)
    found = pushed(Smoothed.wilder(period), sizes)[period - 1 :]
    assert error(found, exact) <= 1e-15


@pytest.mark.parametrize("price", [12.34, 1e9 / 3, 1e-7])
@pytest.mark.parametrize("period", [1, 2, 12, 26, 200])
def test_the_average_of_a_flat_series_is_just_its_price(period: int, price: float) -> None:
    average = Smoothed.exponential(period)
    assert set(pushed(average, np.full(400, price))) <= {None, price}
    assert set(average.batch(np.full(400, price)).tolist()) == {price}


def test_an_average_of_sizes_never_falls_below_zero() -> None:
    for period in (1, 2, 3, 14):
        average = Smoothed.wilder(period)
        pushed(average, np.full(64 + period, 0.1))
        found = average.batch(np.zeros(5000))
        assert (found >= 0.0).all()
        assert (np.diff(found) <= 0.0).all()


@pytest.mark.parametrize("make", [Smoothed.exponential, Smoothed.wilder])
@pytest.mark.parametrize("first", [0, 1, 5, BLOCK - 1, BLOCK, BLOCK + 1])
@pytest.mark.parametrize("second", [0, 1, BLOCK, 3 * BLOCK - 5, 20 * BLOCK])
def test_an_array_gives_what_its_values_give(make: Any, first: int, second: int) -> None:
    values = walk(2000)
    one_by_one, at_once = make(14), make(14)
    expected = pushed(one_by_one, values)
    pushed(at_once, values[:14])
    ends = [14, 14 + first, 14 + first + second, 2000]
    parts = [at_once.batch(values[start:end]) for start, end in itertools.pairwise(ends)]
    assert np.concatenate(parts).tolist() == expected[14:]
    assert at_once.state() == one_by_one.state()


def fading() -> Floats:
    """Blocks of 1e9, then of nothing, of the smallest numbers, and of prices again: 600 blocks."""
    parts = (np.full(9_600, 1e9), np.zeros(9_600), np.full(9_600, 5e-324), walk(9_600))
    return np.concatenate(parts)


@pytest.mark.parametrize("period", [2, 9, 14, 26, 200], ids="over {}".format)
@pytest.mark.parametrize("make", [Smoothed.exponential, Smoothed.wilder])
def test_an_array_of_so_many_blocks_that_their_starts_are_assumed_gives_what_its_values_give(
    make: Any, period: int
) -> None:
    for values in (fading(), walk(38_400)):
        one_by_one, at_once = make(period), make(period)
        expected = pushed(one_by_one, values)
        pushed(at_once, values[:period])
        assert at_once.batch(values[period:]).tolist() == expected[period:]
        assert at_once.state() == one_by_one.state()


def test_starts_that_do_not_settle_are_found_one_by_one() -> None:
    # The sign of zero is carried on, from block to block, without an end: no number of passes finds it.
    totals = np.full(_ASSUMED_FROM, -0.0)
    starts = block_starts(-0.0, totals, None, 9)
    assert np.signbit(starts).all()


@pytest.mark.parametrize("blocks", [1, 2, 3])
@pytest.mark.parametrize("make", [Smoothed.exponential, Smoothed.wilder])
def test_an_array_is_left_as_it_was(make: Any, blocks: int) -> None:
    average = make(5)
    pushed(average, walk(5))
    values = walk(blocks * BLOCK)
    before = values.tolist()
    average.batch(values)
    assert values.tolist() == before


@pytest.mark.parametrize("make", [Smoothed.exponential, Smoothed.wilder])
def test_its_value_is_what_was_given_last_whatever_the_place(make: Any) -> None:
    average = make(5)
    for count, value in enumerate(walk(200).tolist()):
        assert average.missing == max(5 - count, 0)
        assert average.push(value) == average.value
        again = make(5)
        again.restore(json.loads(json.dumps(average.state())))
        assert again.value == average.value


@pytest.mark.parametrize("place", [-6, BLOCK + 1])
def test_a_place_outside_the_block_is_damage(place: int) -> None:
    average = Smoothed.exponential(5)
    with pytest.raises(ValueError, match=f"damaged: {place} values"):
        average.restore(average.state() | {"place": place})
