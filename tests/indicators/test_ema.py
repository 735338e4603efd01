from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from stockstream.indicators import EMA
from tests.indicators.exact import CLOSES, error, smoothed, spiked
from tests.indicators.inputs import Floats, make_bars, stream, walk


def ema(closes: Floats, period: int) -> Floats:
    return EMA(period).batch({"close": closes})["ema"]


def test_the_definition_on_closes_that_can_be_checked_by_hand() -> None:
    closes = [10.0, 11.0, 15.0, 14.0, 12.0, 9.0]
    # Seeded with 12; then a half of the way to each close: 13, 12.5, 10.75.
    assert stream(EMA(3), make_bars(np.array(closes)))["ema"].tolist()[2:] == [12.0, 13.0, 12.5, 10.75]


def test_others_start_at_the_first_close_and_come_to_the_same() -> None:
    closes = walk(400)
    from_first = pd.Series(closes).ewm(span=20, adjust=False).mean().to_numpy()
    apart = np.abs(ema(closes, 20) - from_first)
    assert apart[19] > 0.1
    assert apart[19:].tolist() == pytest.approx(apart[19] * (19 / 21) ** np.arange(381), abs=1e-12)


@pytest.mark.parametrize("period", [2, 20, 200])
@pytest.mark.parametrize(
    "closes", [*CLOSES.values(), spiked(500, 83, 150, 212)], ids=[*CLOSES.keys(), "spikes of 1e9, fading"]
)
def test_the_average_against_exact_fractions(closes: Floats, period: int) -> None:
    assert error(ema(closes, period)[period - 1 :].tolist(), smoothed(closes.tolist(), period, period)) <= 1e-15
