"""Prices are shown in the tick of their market, and changing texts have a fixed width."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from stockstream.charts.text.text import Ruler
from stockstream.consumers.registry import STUDIES
from stockstream.present.formats import decimals, worded

TICKS = {0.01: 2, 0.05: 2, 1.0: 2, 0.005: 3, 0.0001: 4, 0.00001: 5}


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
@pytest.mark.parametrize(("tick", "digits"), TICKS.items(), ids=str)
def test_the_tick_is_found(tick: float, digits: int, single: bool) -> None:
    random = np.random.default_rng(1)
    level = 1.1 if tick < 1e-4 else 10.0 if tick < 0.005 else 180.0
    prices = np.round(level / tick + random.integers(-40, 40, 20)) * tick
    assert decimals(prices.astype(np.float32).astype(float) if single else prices) == digits


def test_adjusted_prices_have_two_decimals_from_1_up_and_four_digits_below() -> None:
    random = np.random.default_rng(2)
    assert decimals(random.uniform(20, 30, 20)) == 2
    assert decimals(-random.uniform(20, 30, 20)) == 2
    assert decimals(random.uniform(0.1, 0.2, 20)) == 4
    assert decimals(random.uniform(0.001, 0.002, 20)) == 6
    assert decimals(np.array([math.nan, 0.0])) == 2


@pytest.mark.parametrize("study", ["bollinger", "volatility"])
def test_shares_and_percents_take_one_width(study: str) -> None:
    declared = STUDIES[study]
    readouts = [*declared.readouts, *(readout for panel in declared.panels for readout in panel.readouts)]
    ruler = Ruler(Figure(dpi=100))
    for readout in readouts:
        widths = {ruler.points(worded(value, readout.form), 9.0) for value in (0.0312, 0.5, 0.9988)}
        assert len(widths) == 1, readout
