"""Limits of an axis of values."""

from __future__ import annotations

import numpy as np
import pytest

from stockstream.present.limits import extent, fitting


@pytest.mark.parametrize(("low", "high"), [(99.0, 101.0), (0.0001, 0.0002), (-5.0, 3.0), (7.0, 7.0), (0.0, 0.0)])
@pytest.mark.parametrize("from_zero", [False, True])
def test_new_limits_hold_the_values_with_air_and_stay(low: float, high: float, from_zero: bool) -> None:
    limits = fitting(None, low, high, from_zero=from_zero)
    assert limits[0] < limits[1]
    assert limits[0] < low or (from_zero and limits[0] == 0)
    assert limits[1] > high
    assert fitting(limits, low, high, from_zero=from_zero) == limits


def test_limits_shrink_once_the_values_are_lost_in_them() -> None:
    wide = fitting(None, 0.0, 100.0)
    assert fitting(wide, 20.0, 80.0) == wide
    assert fitting(wide, 40.0, 60.0) == fitting(None, 40.0, 60.0)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 50.0), (50.0, 101.0), (-1.0, 101.0)])
def test_limits_give_way_to_values_beyond_them(low: float, high: float) -> None:
    assert fitting((0.0, 100.0), low, high) == fitting(None, low, high)


def test_the_extent_is_that_of_the_finite_values() -> None:
    nothing = np.full(3, np.nan)
    assert extent([np.array([2.0, np.nan, -1.0]), nothing, np.array([5.0])]) == (-1.0, 5.0)
    assert extent([np.array([np.inf, 2.0, np.nan, 3.0]), np.array([-np.inf])]) == (2.0, 3.0)
    assert extent([nothing, np.empty(0)]) is None
    assert extent([]) is None
