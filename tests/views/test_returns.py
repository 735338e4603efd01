"""The distribution of returns: against the definitions computed exactly, and against pandas."""

from __future__ import annotations

import math
import random
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from stockstream.indicators import SMA
from stockstream.records import IMPOSSIBLE, SIMULATED, Bar
from stockstream.views.dashboard import DashboardFold
from stockstream.views.fold import Selection
from stockstream.views.returns import LEAST, MOST, ReturnDistribution, beyond, reach, returns, shape
from stockstream.views.series import SeriesFold
from tests.views.bars import START, bar, walk

Values = NDArray[np.float64]


def fold_of(bars: list[Bar]) -> DashboardFold:
    fold = DashboardFold(Selection())
    fold.apply(bars)
    return fold


def all_of(fold: DashboardFold) -> list[ReturnDistribution]:
    return [fold.returns(group) for group in fold.groups()]


def spread_of(bars: list[Bar]) -> ReturnDistribution:
    (spread,) = all_of(fold_of(bars))
    return spread


def without(bars: list[Bar], *places: int) -> list[Bar]:
    return [each for place, each in enumerate(bars) if place not in places]


def heavy(count: int, seed: int = 3) -> Values:
    """Returns with tails."""
    dice = random.Random(seed)
    return np.array([0.01 * dice.gauss(0.1, 1) ** 3 for _ in range(count)])


def test_a_return_leads_from_each_bar_to_the_next() -> None:
    bars = walk(50)
    found = returns(fold_of(bars).frame("AAPL"))
    times = [np.datetime64(each.time.replace(tzinfo=None)) for each in bars]
    np.testing.assert_allclose(found["return"], [math.log(after.close / each.close) for each, after in pairwise(bars)])
    assert found["since"].tolist() == [time.astype(object) for time in times[:-1]]
    assert found["time"].tolist() == [time.astype(object) for time in times[1:]]


def test_there_is_no_return_over_a_gap_nor_from_or_to_a_doubtful_bar_nor_to_one_that_is_forming() -> None:
    bars = walk(40)
    bars[20] = msgspec.structs.replace(bars[20], flags=(IMPOSSIBLE,))
    bars[30] = msgspec.structs.replace(bars[30], close=0.0, low=0.0)
    bars[-1] = msgspec.structs.replace(bars[-1], final=False)
    fold = fold_of(without(bars, 10, 11))
    found = returns(fold.frame("AAPL"))
    minutes = ((found["time"] - np.datetime64(START.replace(tzinfo=None))) / np.timedelta64(1, "m")).tolist()
    assert minutes == [minute for minute in range(1, 39) if minute not in (10, 11, 12, 20, 21, 30, 31)]
    assert ((found["time"] - found["since"]) == np.timedelta64(1, "m")).all()
    table = all_of(fold)[0].table
    assert (table["bars"].tolist(), table["returns"].tolist()) == ([38], [31])


def test_there_is_no_return_from_or_to_a_price_without_a_logarithm() -> None:
    """Which a fold refuses only where one of its indicators does."""
    closes = [5.0, 6.0, 0.0, 6.0, -1.0, 5.0, 7.0]
    fold = SeriesFold.of(SMA)(Selection(), {"period": 3})
    fold.apply([bar(minute, close) for minute, close in enumerate(closes)])
    np.testing.assert_allclose(returns(fold.frame("AAPL"))["return"], np.log([6 / 5, 7 / 5]))


def exact(values: Values) -> tuple[float, float]:
    """Skewness and excess kurtosis, in fractions but for one root."""
    numbers = [Fraction(value) for value in values.tolist()]
    n = len(numbers)
    mean = sum(numbers, Fraction()) / n
    m2, m3, m4 = (sum(((number - mean) ** power for number in numbers), Fraction()) / n for power in (2, 3, 4))
    root = math.sqrt(Fraction(n * (n - 1), (n - 2) ** 2) * m3**2 / m2**3)
    excess = Fraction(n - 1, (n - 2) * (n - 3)) * ((n + 1) * (m4 / m2**2 - 3) + 6)
    return math.copysign(root, float(m3)), float(excess)


@pytest.mark.parametrize("count", [4, 5, 20, 1001])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("size", [1.0, 1e-8])  # at which pandas 2 by itself takes them for zero
def test_skewness_and_kurtosis_are_those_without_the_sample_s_bias(count: int, sign: int, size: float) -> None:
    values = sign * size * heavy(count)
    assert shape(values) == pytest.approx(exact(values), rel=1e-10)


def test_what_takes_more_returns_than_there_are_is_not_known() -> None:
    for count, known in ((0, 0), (1, 0), (2, 0), (3, 1), (4, 2)):
        assert [math.isfinite(each) for each in shape(heavy(count))] == [place < known for place in range(2)]


def test_of_prices_that_do_not_vary_there_is_no_skewness_nor_a_correlation() -> None:
    rising = [bar(minute, 100 * 1.01**minute, "MSFT") for minute in range(200)]
    spread = spread_of([*(bar(minute, 5.0) for minute in range(200)), *rising])
    table = spread.table
    np.testing.assert_allclose(table["mean"], [0, math.log(1.01)], rtol=1e-9)
    np.testing.assert_allclose(table["deviation"], 0, atol=1e-13)
    for name in ("skewness", "kurtosis"):
        assert np.isnan(table[name]).all()
    assert np.isnan(spread.correlation.values).all()
    assert spread.correlation.common.min() == 199
    assert spread.correlation.known()[0] == []


def test_the_table_is_that_of_pandas() -> None:
    bars = walk(300) + walk(200, 2, "MSFT")
    table = spread_of(bars).table
    for row, symbol in enumerate(("AAPL", "MSFT")):
        moves = pd.Series(np.log([each.close for each in bars if each.symbol == symbol])).diff()
        expected: list[Any] = [moves.mean(), moves.std(), moves.skew(), moves.kurt(), moves.min(), moves.max()]
        names = ("mean", "deviation", "skewness", "kurtosis", "worst", "best")
        np.testing.assert_allclose([table[name][row] for name in names], expected, rtol=1e-9)
    assert table["symbol"].tolist() == ["AAPL", "MSFT"]
    assert table["returns"].tolist() == [299, 199]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_few_bars_are_no_error(count: int) -> None:
    found = all_of(fold_of(walk(count)))
    assert len(found) == min(count, 1)
    for spread in found:
        assert spread.table["returns"].tolist() == [count - 1]
        assert list(spread.returns) == (["AAPL"] if count > 1 else [])
        assert np.isnan(spread.table["mean"]).tolist() == [count < 2]
        assert np.isnan(spread.table["deviation"]).tolist() == [count < 3]
        assert np.isnan(spread.table["skewness"]).tolist() == [count < 4]


def together(count: int, weight: float, symbol: str, **fields: object) -> list[Bar]:
    """Bars of which a share moves with those of all others made here."""
    common, own = random.Random(0), random.Random(symbol)
    close, bars = 100.0, []
    for minute in range(count):
        close *= math.exp(0.01 * (weight * common.gauss(0, 1) + (1 - abs(weight)) * own.gauss(0, 1)))
        bars.append(bar(minute, close, symbol, **fields))
    return bars


def test_correlations_are_those_of_pandas() -> None:
    bars = [*together(100, 0.8, "AAPL"), *together(100, -0.6, "MSFT"), *together(60, 0.3, "IBM")]
    found = spread_of(bars).correlation
    logs = pd.DataFrame(
        {
            name: {each.time: math.log(each.close) for each in bars if each.symbol == name}
            for name in ("AAPL", "MSFT", "IBM")
        }
    )
    moves = logs.diff()
    order = list(found.symbols)
    assert sorted(order) == ["AAPL", "IBM", "MSFT"]
    np.testing.assert_allclose(found.values, moves.corr()[order].loc[order], rtol=1e-9)
    assert found.common.tolist() == [[moves[[one, other]].dropna().shape[0] for other in order] for one in order]


def test_only_returns_from_the_same_instant_to_the_same_instant_are_compared() -> None:
    """Days: one that a symbol lacks is no gap, so its next return is of two days."""
    days = [
        msgspec.structs.replace(each, interval="1d", time=START.replace(hour=0, minute=0) + timedelta(days=place))
        for symbol in ("AAPL", "MSFT")
        for place, each in enumerate(together(60, 0.5, symbol))
        if (START + timedelta(days=place)).weekday() < 5
    ]
    whole = spread_of(days)
    assert whole.correlation.common[0, 1] == len(days) // 2 - 1
    lacking = days.pop(20)
    spread = spread_of(days)
    assert lacking.symbol == "AAPL"
    assert spread.table["returns"].tolist() == [len(days) // 2 - 1, len(days) // 2]
    assert spread.correlation.common[0, 1] == whole.correlation.common[0, 1] - 2


def test_a_correlation_takes_some_returns() -> None:
    for bars, known in ((LEAST, False), (LEAST + 1, True)):
        found = spread_of([*together(100, 0.5, "AAPL"), *together(bars, 0.5, "MSFT")]).correlation
        assert found.common[0, 1] == bars - 1
        assert math.isfinite(found.values[0, 1]) == known
        assert found.known()[0] == (["AAPL", "MSFT"] if known else [])


def test_a_symbol_that_goes_with_no_other_is_not_among_the_known() -> None:
    bars = [*together(100, 0.5, "AAPL"), *together(5, 0.5, "IBM"), *together(100, 0.5, "MSFT")]
    symbols, values = spread_of(bars).correlation.known()
    assert symbols == ["AAPL", "MSFT"]
    assert values.shape == (2, 2)
    assert np.isfinite(values).all()


def test_another_interval_or_feed_is_another_spread() -> None:
    fold = fold_of(
        [
            *walk(30),
            *walk(30, 2, "MSFT"),
            *together(30, 0.5, "Y", interval="5m"),
            *together(30, 0.5, "Z", feed=SIMULATED),
        ]
    )
    found = all_of(fold)
    assert [(each.interval, each.feed, each.table["symbol"].tolist()) for each in found] == [
        ("1m", "market", ["AAPL", "MSFT"]),
        ("5m", "market", ["Y"]),
        ("1m", SIMULATED, ["Z"]),
    ]


def test_of_many_symbols_the_busiest_are_kept_and_all_are_in_the_table() -> None:
    names = [f"S{number:03}" for number in range(3 * MOST)]
    bars = [
        msgspec.structs.replace(each, volume=float(1 + place % 7) if symbol in names[5 : 5 + MOST] else None)
        for symbol in names
        for place, each in enumerate(walk(5, 1, symbol))
    ]
    spread = spread_of(bars)
    assert list(spread.returns) == list(spread.correlation.symbols) == names[5 : 5 + MOST]
    assert spread.table["symbol"].tolist() == names


def test_a_view_is_not_squeezed_by_outliers_and_loses_none() -> None:
    usual = heavy(2000)
    wild = np.concatenate((usual, [9.0, -7.0, 8.0]))
    edge = reach([wild])
    assert edge == pytest.approx(reach([usual]), rel=0.1)
    below, above = beyond(wild, edge)
    assert below + above + np.count_nonzero(np.abs(wild) <= edge) == len(wild)
    assert below >= 1
    assert above >= 2
    assert (below + above) / len(wild) < 0.02
    assert reach([0.01 * usual] * 3 + [100 * usual]) < 3.5 * reach([0.01 * usual])


def test_a_view_takes_in_all_of_a_few_ordinary_returns() -> None:
    values = np.linspace(-0.0301, 0.02, 30)
    assert reach([values]) == 0.031
    assert beyond(values, reach([values])) == (0, 0)
    assert reach([np.zeros(5)]) == reach([]) == 0.01
    mostly_still = np.array([0.0] * 50 + [0.004])
    assert reach([mostly_still]) == 0.004
