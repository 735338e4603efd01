from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import ROC
from tests.indicators.inputs import BarColumns, Floats, each_file, make_bars, noise, stream, walk


def roc(closes: Floats, period: int = 10) -> Floats:
    return ROC(period).batch({"close": closes})["roc"]


def test_the_definition_on_closes_that_can_be_checked_by_hand() -> None:
    found = stream(ROC(2), make_bars(np.array([8.0, 10.0, 10.0, 5.0, 12.0])))["roc"].tolist()
    assert np.isnan(found[:2]).all()
    assert found[2:] == [25.0, -50.0, 20.0]


def test_a_former_close_of_zero_leaves_it_undefined_where_talib_says_zero() -> None:
    closes = np.array([0.0, 5.0, 6.0, 0.0, 7.0, 5e-324, 1.0])
    ours, theirs = roc(closes, 1).tolist(), talib.ROC(closes, 1).tolist()
    assert np.isnan([ours[1], ours[4], ours[6]]).all()
    assert (theirs[1], theirs[4], theirs[6]) == (0.0, 0.0, np.inf)
    assert ours[2] == pytest.approx(20.0)
    assert ours[3] == theirs[3] == -100.0


@pytest.mark.parametrize("level", [1e9, 1e-7])
def test_prices_that_hardly_differ_keep_their_digits_which_talib_loses(level: float) -> None:
    closes = noise(300, level=level, size=level * 1e-11)
    ours, theirs = roc(closes), talib.ROC(closes, 10)
    exact = [
        100 * (Fraction(close) - Fraction(former)) / Fraction(former)
        for former, close in zip(closes[:-10].tolist(), closes[10:].tolist(), strict=True)
    ]
    assert all(
        abs(Fraction(found) - wanted) <= abs(wanted) * Fraction("4e-16")
        for found, wanted in zip(ours[10:].tolist(), exact, strict=True)
    )
    assert np.nanmax(np.abs(theirs - ours)) > 1e-15


def check_against_talib(columns: BarColumns, period: int = 10) -> None:
    close = columns["close"]
    ours, theirs = roc(close, period), talib.ROC(close, period)
    defined = np.isfinite(ours)
    former = np.concatenate((np.zeros(min(period, len(close))), close[:-period]))
    assert defined.tolist() == (former != 0).tolist()
    # TA-Lib's 1 that is taken away rounds by some 1e-16 of it, and so by 1e-14 percent.
    np.testing.assert_allclose(ours[defined], theirs[defined], rtol=1e-13, atol=1e-13)


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=80), st.integers(1, 30))
def test_as_talib(closes: list[float], period: int) -> None:
    check_against_talib({"close": np.array(closes)}, period)


def test_as_talib_over_many_bars() -> None:
    check_against_talib({"close": walk(5000, start=1000.0)})


def test_as_talib_over_every_real_file(real_data: Path) -> None:
    each_file(real_data, check_against_talib)


def test_a_ring_that_cannot_be_is_damage() -> None:
    one = ROC(3)
    stream(one, make_bars(walk(7)))
    state = one.state()
    for part in ({"closes": [1.0] * 4}, {"place": 3}, {"place": -1}, {"closes": [1.0]}):
        with pytest.raises(ValueError, match="damaged"):
            ROC(3).restore(state | part)
