from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import talib

from stockstream.indicators import SMA
from tests.indicators.exact import CLOSES, error, spiked
from tests.indicators.inputs import (
    Floats,
    make_bars,
    stream,
    walk,
)


def sma(closes: Floats, period: int) -> Floats:
    return SMA(period).batch({"close": closes})["sma"]


def test_the_definition_on_closes_that_can_be_checked_by_hand() -> None:
    assert stream(SMA(3), make_bars(np.array([2.0, 4, 9, 5, 1])))["sma"].tolist()[2:] == [5.0, 6.0, 5.0]


@pytest.mark.parametrize("period", [2, 20, 200])
@pytest.mark.parametrize("closes", CLOSES.values(), ids=CLOSES.keys())
def test_the_mean_against_exact_fractions(closes: Floats, period: int) -> None:
    values = [Fraction(close) for close in closes.tolist()]
    exact = [sum(values[end - period : end]) / Fraction(period) for end in range(period, len(values) + 1)]
    assert error(sma(closes, period)[period - 1 :].tolist(), exact) <= 5e-16


def test_talib_does_not_forget_a_spike() -> None:
    closes, plain = spiked(400, 50), sma(walk(400), 20)
    assert sma(closes, 20)[399] == plain[399]
    assert abs(talib.SMA(closes, 20)[399] - plain[399]) > 1e-11
