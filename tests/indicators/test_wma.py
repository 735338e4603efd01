from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from stockstream.indicators import WMA
from tests.indicators.exact import CLOSES, error, spiked
from tests.indicators.inputs import Floats, make_bars, stream


def wma(closes: Floats, period: int) -> Floats:
    return WMA(period).batch({"close": closes})["wma"]


def exact(closes: Floats, period: int) -> list[Fraction]:
    values = [Fraction(close) for close in closes.tolist()]
    weights = range(1, period + 1)
    windows = [values[end - period : end] for end in range(period, len(values) + 1)]
    return [
        sum(map(Fraction.__mul__, window, map(Fraction, weights)), Fraction(0)) / sum(weights) for window in windows
    ]


def test_the_definition_on_closes_that_can_be_checked_by_hand() -> None:
    # 10 * 1 + 20 * 2 + 30 * 3 + 40 * 4 = 300, then 20 + 60 + 120 + 40 = 240, both over 10.
    assert stream(WMA(4), make_bars(np.array([10.0, 20, 30, 40, 10])))["wma"].tolist()[3:] == [30.0, 24.0]


@pytest.mark.parametrize("period", [2, 20, 100])
@pytest.mark.parametrize("closes", CLOSES.values(), ids=CLOSES.keys())
def test_the_mean_against_exact_fractions(closes: Floats, period: int) -> None:
    assert error(wma(closes, period)[period - 1 :].tolist(), exact(closes, period)) <= 4e-16


def test_a_spike_in_the_window_costs_few_digits() -> None:
    closes = spiked(500, 83, 150, 219)
    assert error(wma(closes, 20)[19:].tolist(), exact(closes, 20)) <= 2e-14
