from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import pairwise
from pathlib import Path
from statistics import stdev

import numpy as np
import pandas as pd
import pytest
import talib

from stockstream.indicators import Volatility
from tests.indicators.inputs import BarColumns, Floats, assert_identical, each_file, make_bars, noise, stream, walk


def volatility(closes: Floats, period: int = 20, factor: float = 252.0) -> Floats:
    return Volatility(period, factor).batch({"close": closes})["volatility"]


def spikes(bars: int) -> Floats:
    closes = walk(bars)
    closes[::53] = 1e9
    return closes


def exact(closes: list[float]) -> Decimal:
    """The deviation of the log returns, to some fifty digits."""
    with localcontext() as context:
        context.prec = 60
        logs = [Decimal(close).ln() for close in closes]
        returns = [after - before for before, after in pairwise(logs)]
        mean = sum(returns, Decimal(0)) / len(returns)
        return (sum(((each - mean) ** 2 for each in returns), Decimal(0)) / (len(returns) - 1)).sqrt()


def test_the_definition_on_returns_that_can_be_checked_by_hand() -> None:
    returns = [0.02, -0.01, 0.03, 0.0, -0.02]
    closes = 100.0 * np.exp(np.cumsum([0.0, *returns]))
    found = stream(Volatility(5, 252.0), make_bars(closes))["volatility"].tolist()
    assert np.isnan(found[:5]).all()
    assert found[5] == pytest.approx(stdev(returns) * 252**0.5, rel=1e-12)


def test_it_is_annualised_by_the_root_of_the_factor() -> None:
    closes = walk(100)
    np.testing.assert_allclose(volatility(closes, factor=98_280.0), volatility(closes, factor=1.0) * 98_280**0.5)


@pytest.mark.parametrize("period", [5, 20, 70])
@pytest.mark.parametrize(
    "closes",
    [
        walk(500),
        noise(500, level=1e9, size=1.0),
        noise(500, level=1e9, size=0.01),
        noise(500, level=1e-7, size=1e-9),
        spikes(500),
    ],
    ids=["walk at 100", "1e9 +- 1", "1e9 +- 0.01", "1e-7", "spikes of 1e9, in the window and gone from it"],
)
def test_the_deviation_against_exact_numbers(closes: Floats, period: int) -> None:
    found = volatility(closes, period, 1.0)
    for end in range(period, len(closes), 7):
        wanted = exact(closes[end - period : end + 1].tolist())
        assert abs(Decimal(found[end]) / wanted - 1) <= Decimal("1e-14") if wanted else found[end] == 0.0


@pytest.mark.parametrize("spike_at", [*range(40, 61)])
def test_a_spike_that_has_left_the_window_leaves_no_trace_at_all(spike_at: int) -> None:
    closes = walk(120)
    plain = stream(Volatility(), make_bars(closes))["volatility"]
    closes[spike_at] = 1e9
    spiked = stream(Volatility(), make_bars(closes))["volatility"]
    assert spiked[spike_at + 20] > 100 * plain[spike_at + 20]
    # Its last return is that of the bar after it.
    assert spiked[spike_at + 21 :].tolist() == plain[spike_at + 21 :].tolist()


def test_flat_prices_have_none() -> None:
    assert set(volatility(np.full(300, 12.34))[20:].tolist()) == {0.0}


@pytest.mark.parametrize("close", [0.0, -0.0, -37.63])
@pytest.mark.parametrize("place", [0, 2, 40, 399])
def test_at_a_close_without_a_logarithm_it_is_undefined_and_nowhere_else(close: float, place: int) -> None:
    closes = walk(400)
    plain = volatility(closes, 3)
    with_one = np.insert(closes, place, close)
    found = volatility(with_one, 3)
    assert np.isnan(found[place])
    np.testing.assert_array_equal(np.delete(found, place), plain)
    np.testing.assert_array_equal(Volatility(3).batch({"close": with_one})["volatility"], found)
    assert Volatility(3).batch({"close": np.full(300, close)})["volatility"].tolist() == pytest.approx(
        [np.nan] * 300, nan_ok=True
    )


def test_prices_at_the_ends_of_what_there_is() -> None:
    closes = np.array([1e100, 5e-324, 1e100, 5e-324, 3.0, 3.0])
    found = volatility(closes, 2, 1.0)
    assert np.isfinite(found[2:]).all()
    assert float(exact(closes[:3].tolist())) == pytest.approx(found[2], rel=1e-14)
    many = make_bars(np.tile(closes, 50))
    assert_identical(Volatility(2).batch(many), stream(Volatility(2), many))


def check_against_others(columns: BarColumns) -> None:
    closes = columns["close"]
    returns = np.log(closes[1:] / closes[:-1])
    ours = volatility(closes, 20, 1.0)[1:]
    theirs = pd.Series(returns).rolling(20).std().to_numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
    if len(returns) >= 20:
        # TA-Lib's is the population's.
        np.testing.assert_allclose(ours, talib.STDDEV(returns, 20) * (20 / 19) ** 0.5, rtol=1e-6, atol=1e-7)


def test_as_pandas_and_as_talib_but_for_its_denominator() -> None:
    check_against_others({"close": walk(5000, start=1000.0)})


def test_as_pandas_and_talib_over_every_real_file(real_data: Path) -> None:
    each_file(real_data, check_against_others)
