from __future__ import annotations

import json
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import Bollinger, BollingerPoint, InvalidBar
from tests.indicators.inputs import BarColumns, Floats, Price, each_file, make_bars, noise, walk


def points(closes: list[float], **parameters: float) -> list[BollingerPoint | None]:
    bands = Bollinger(**parameters)  # type: ignore[arg-type]
    return [bands.update(Price(close, close, close)) for close in closes]


def spikes(bars: int) -> Floats:
    """A walk in which every 53rd price is 1e9: at all places of a block, and gone from most windows of 20."""
    closes = walk(bars)
    closes[::53] = 1e9
    return closes


def exact(window: list[float]) -> tuple[Fraction, Decimal]:
    """Mean and population deviation, the deviation to 60 digits."""
    values = [Fraction(value) for value in window]
    mean = sum(values, Fraction(0)) / len(values)
    variance = sum(((value - mean) ** 2 for value in values), Fraction(0)) / len(values)
    with localcontext() as context:
        context.prec = 60
        return mean, (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()


def test_the_definition_on_numbers_that_can_be_checked_by_hand() -> None:
    *before, point = points([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], period=8, width=1.0)
    assert before == [None] * 7
    # The mean is 5, the population's deviation 2 (the sample's would be 2.14).
    assert point == BollingerPoint(lower=3.0, middle=5.0, upper=7.0, percent_b=1.5, bandwidth=0.8)


@pytest.mark.parametrize("period", [2, 20, 200])
@pytest.mark.parametrize(
    "closes",
    [
        walk(1500),
        noise(1500, level=1e9, size=1.0),
        noise(1500, level=1e9, size=0.01),
        noise(1500, level=1e-7, size=1e-9),
        spikes(1500),
    ],
    ids=["walk at 100", "1e9 +- 1", "1e9 +- 0.01", "1e-7", "spikes of 1e9, in the window and gone from it"],
)
def test_the_deviation_against_exact_fractions(closes: Floats, period: int) -> None:
    columns = Bollinger(period, 1.0).batch({"close": closes})
    # Every place in a block comes up, at any period: 7 divides none of them.
    for end in range(period, len(closes), 7 if period < 100 else 49):
        mean, deviation = exact(closes[end - period : end].tolist())
        middle, bandwidth = columns["middle"][end - 1], columns["bandwidth"][end - 1]
        if not deviation:
            assert bandwidth == 0.0
            continue
        assert abs(Decimal(middle * bandwidth / 2) / deviation - 1) <= Decimal("5e-15")
        assert abs(Fraction(middle) / mean - 1) <= Fraction("1e-14")
        percent_b = (float(Fraction(closes[end - 1]) - mean) / float(deviation) + 1) / 2
        assert columns["percent_b"][end - 1] == pytest.approx(percent_b, rel=1e-14, abs=1e-14)
        for name, sign in (("lower", -1), ("upper", 1)):
            band = Decimal(mean.numerator) / Decimal(mean.denominator) + sign * deviation
            error = float(abs(Decimal(columns[name][end - 1]) - band))
            assert error <= 5e-15 * max(abs(middle), closes[end - 1], float(deviation))


@pytest.mark.parametrize("period", [2, 20, 200, 2000])
def test_the_deviation_at_its_worst_with_the_pivot_the_one_spike_among_prices(period: int) -> None:
    closes = noise(2 * period, level=100.0, size=1.0)
    closes[period - 1] = 1e9
    columns = Bollinger(period, 1.0).batch({"close": closes})
    for end in {*range(period, 2 * period, max(1, period // 10)), 2 * period - 1}:
        _, deviation = exact(closes[end - period : end].tolist())
        found = columns["middle"][end - 1] * columns["bandwidth"][end - 1] / 2
        assert abs(Decimal(found) / deviation - 1) <= period**2 * Decimal("1e-16")


@pytest.mark.parametrize("distance", [1e-160, 1.4e-162, 1e-300])
def test_squares_too_small_for_a_float_are_a_flat_window(distance: float) -> None:
    closes = [distance, distance, 0.0] * 400  # the pivot is 0, from which two are apart
    bands = Bollinger(3)
    stream = [bands.update(Price(close, close, close)) for close in closes]
    columns = Bollinger(3).batch({"close": np.array(closes)})
    assert all(point.lower <= point.middle <= point.upper for point in stream[2:] if point is not None)
    np.testing.assert_array_equal(columns["upper"][2:], [point.upper for point in stream[2:] if point is not None])


@pytest.mark.parametrize("spike_at", [*range(40, 61)])
def test_a_spike_that_has_left_the_window_leaves_no_trace_at_all(spike_at: int) -> None:
    closes = walk(120).tolist()
    plain = points(closes)
    closes[spike_at] = 1e9
    spiked = points(closes)
    assert spiked[spike_at] != plain[spike_at]
    assert spiked[spike_at + 19] != plain[spike_at + 19]
    assert spiked[spike_at + 20 :] == plain[spike_at + 20 :]


@pytest.mark.parametrize("price", [12.34, 1e9 / 3, 1e-7])
def test_a_flat_window_has_no_width_and_no_percent_b(price: float) -> None:
    closes = [*walk(47).tolist(), *[price] * 60, price + 1]
    found = points(closes)
    for point in found[47 + 19 : 107]:
        assert point == BollingerPoint(lower=price, middle=price, upper=price, percent_b=None, bandwidth=0.0)
    assert all(point and point.percent_b is not None for point in [*found[30:66], found[-1]])
    columns = Bollinger().batch({"close": np.array(closes * 5)})
    assert np.isnan(columns["percent_b"]).sum() == 19 + 5 * 41
    assert np.isnan(columns["bandwidth"]).sum() == 19


def test_bandwidth_is_undefined_around_a_middle_of_zero() -> None:
    closes = [-1.0, 1.0] * 300
    point = points(closes, period=4)[-1]
    assert point == BollingerPoint(lower=-2.0, middle=0.0, upper=2.0, percent_b=0.75, bandwidth=None)
    columns = Bollinger(period=4).batch({"close": np.array(closes)})
    assert np.isnan(columns["bandwidth"]).all()
    assert np.isnan(columns["percent_b"]).sum() == 3
    assert points([0.0, 0.0], period=2)[-1] == BollingerPoint(0.0, 0.0, 0.0, None, None)


def test_a_close_whose_square_is_no_number_is_refused() -> None:
    bands = Bollinger(period=2)
    for close in (1e101, -1e101):
        with pytest.raises(InvalidBar, match=r"close .*e\+101"):
            bands.update(Price(close, close, close))
        with pytest.raises(InvalidBar, match=r"close .*e\+101 at index 1\b"):
            bands.batch({"close": np.array([1.0, close])})
    assert bands.state() == Bollinger(period=2).state()
    assert points([1e100, -1e100], period=2)[-1] == BollingerPoint(-2e100, 0.0, 2e100, 0.25, None)


@pytest.mark.parametrize("width", [0, 0.0, -1.0, np.inf, np.nan, "2", None, True], ids=repr)
def test_an_impossible_width_is_refused_with_its_value(width: float) -> None:
    with pytest.raises(ValueError, match=f"width .* not {width!r}$"):
        Bollinger(width=width)


def test_the_shortest_period_is_two() -> None:
    with pytest.raises(ValueError, match="period is a whole number of at least 2, not 1"):
        Bollinger(period=1)


def test_a_period_counted_by_numpy_is_as_good() -> None:
    bands = Bollinger(np.int64(3))  # type: ignore[arg-type]
    assert json.dumps(bands.state()) == json.dumps(Bollinger(3).state())


def test_a_block_and_tails_that_do_not_make_a_window_are_damage() -> None:
    bands = Bollinger(period=5)
    bands.batch({"close": walk(12)})
    state = bands.state()
    window = state["window"]
    assert len(window["block"]) == 2
    for part in (
        {"block": [1.0]},
        {"tail_totals": [1.0]},
        {"tail_totals": [], "tail_squares": [], "block": [1.0] * 5},
        {"squares": -1.0},
        {"tail_squares": [0.0, -1.0]},
    ):
        with pytest.raises(ValueError, match="damaged"):
            Bollinger(period=5).restore(state | {"window": window | part})


def check_against_talib(columns: BarColumns, period: int = 20, width: float = 2.0) -> None:
    close = columns["close"]
    ours = Bollinger(period, width).batch(columns)
    upper, middle, lower = talib.BBANDS(close, period, width, width)
    ready = slice(period - 1, None)
    # TA-Lib takes the moments from running sums (of squares, for the deviation), which round by some 1e-16 of the
    # largest value that ever was in them; and it calls a variance below 1e-14 zero.
    largest = np.maximum.accumulate(np.abs(close))[ready]
    span = (ours["upper"] - ours["lower"])[ready]
    talib_span = (upper - lower)[ready]
    assert np.isfinite(span).all()
    assert (np.abs(ours["middle"] - middle)[ready] <= 1e-13 * largest).all()
    assert (np.abs(span**2 - talib_span**2) <= 1e-13 * width**2 * np.maximum(largest, 1.0) ** 2).all()
    symmetric = (ours["upper"] + ours["lower"])[ready] / 2
    np.testing.assert_allclose(symmetric, ours["middle"][ready], rtol=1e-14)
    percent_b = ours["percent_b"][ready]
    flat = span == 0
    assert (np.isnan(percent_b) == flat).all()
    np.testing.assert_allclose(ours["bandwidth"][ready], span / ours["middle"][ready], rtol=1e-9, atol=1e-14)
    wide = span > 1e-6 * largest
    expected = (close - ours["lower"])[ready][wide] / span[wide]
    np.testing.assert_allclose(percent_b[wide], expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("period", "width"), [(20, 2.0), (2, 2.0), (5, 0.5), (50, 2.5), (200, 3.0)])
def test_talib_agrees_on_walks(period: int, width: float) -> None:
    for seed in range(3):
        check_against_talib(make_bars(walk(5000, seed=seed)), period, width)


@settings(deadline=None)
@given(
    closes=st.lists(st.floats(0.01, 1e5), max_size=200),
    period=st.integers(2, 40),
    width=st.floats(0.1, 5.0),
)
def test_talib_agrees_on_anything(closes: list[float], period: int, width: float) -> None:
    check_against_talib({"close": np.array(closes, dtype=np.float64)}, period, width)


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)
