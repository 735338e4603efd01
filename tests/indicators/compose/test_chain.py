from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockstream.indicators import OBV, RSI, SMA, Aroon, Bollinger, Chain, InvalidBar, SMAPoint, Together
from tests.indicators.inputs import Price, assert_identical, cut, make_bars, prices, stream, walk

BARS = make_bars(walk(600), 0.4)


def test_the_rsi_of_the_obv() -> None:
    expected = RSI(14).batch({"close": OBV().batch(BARS)["obv"]})
    assert_identical(Chain(OBV(), RSI(14)).batch(BARS), expected)
    assert_identical(stream(Chain(OBV(), RSI(14)), BARS), expected)


def test_a_moving_average_of_the_rsi_begins_after_both_lookbacks() -> None:
    chain = Chain(RSI(14), SMA(3))
    rsi, smoothed = RSI(14).batch(BARS)["rsi"], chain.batch(BARS)["sma"]
    assert chain.lookback == 16
    assert np.isnan(smoothed[:16]).all()
    np.testing.assert_allclose(smoothed[16:], (rsi[14:-2] + rsi[15:-1] + rsi[16:]) / 3, rtol=1e-14)


def test_a_chain_of_a_chain() -> None:
    obv = OBV().batch(BARS)["obv"]
    rsi = RSI(5).batch({"close": obv})["rsi"]
    expected = SMA(4).batch({"close": rsi[5:]})["sma"]
    for chain in (Chain(Chain(OBV(), RSI(5)), SMA(4)), Chain(OBV(), Chain(RSI(5), SMA(4)))):
        assert chain.lookback == 8
        np.testing.assert_array_equal(chain.batch(BARS)["sma"][5:], expected)


def test_a_field_of_several_is_named() -> None:
    middle = Bollinger(5).batch(BARS)["middle"]
    chain = Chain(Bollinger(5), SMA(1), field="middle")
    np.testing.assert_array_equal(chain.batch(BARS)["sma"], middle)
    joined = Chain(Together({"bands": Bollinger(5), "rsi": RSI()}), SMA(1), field="bands_middle")
    np.testing.assert_array_equal(joined.batch(BARS)["sma"], middle)


def test_where_the_inner_value_is_undefined_the_outer_is_not_fed() -> None:
    closes = [5.0, 7.0, 6.0, 6.0, 6.0, 8.0, 9.0]
    bars = [Price(close, close, close) for close in closes]
    chain = Chain(Bollinger(2), SMA(2), field="percent_b")
    points = [chain.update(bar) for bar in bars]
    # %B of two closes is 0.75 above their mean and 0.25 below it; of two equal ones there is none.
    assert points[:2] == [None, None]
    assert [point and list(point) for point in points[2:]] == [[0.5], [None], [None], [0.5], [0.75]]
    assert chain.ready
    batch = Chain(Bollinger(2), SMA(2), field="percent_b").batch({"close": np.array(closes)})
    np.testing.assert_array_equal(batch["sma"], [np.nan, np.nan, 0.5, np.nan, np.nan, 0.5, 0.75])


@pytest.mark.parametrize("at_once", [False, True])
def test_the_value_is_that_of_the_last_bar(*, at_once: bool) -> None:
    for count, value in ((2, None), (3, SMAPoint(0.5)), (4, SMAPoint(None)), (6, SMAPoint(0.5))):  # type: ignore[arg-type]
        chain = Chain(Bollinger(2), SMA(2), field="percent_b")
        bars = make_bars(np.array([5.0, 7.0, 6.0, 6.0, 6.0, 8.0])[:count])
        if at_once:
            chain.batch(bars)
            chain.batch(cut(bars, 0, 0))
        else:
            stream(chain, bars)
        assert chain.value == value


@pytest.mark.parametrize("seen", [0, 1, 40, 64, 200])
def test_what_the_outer_refuses_changes_neither(seen: int) -> None:
    chain = Chain(OBV(), RSI(14))
    for price in prices(cut(BARS, 0, seen)):
        chain.update(price)
    chain.update(Price(1e4, 1e4, 1e4, volume=9e99))
    before = chain.state()
    beyond = SimpleNamespace(close=5e5, volume=9e99, time="2026-03-02")
    for take in (chain.update, chain.peek):
        with pytest.raises(InvalidBar, match=r"^cannot compute with obv 1\.\d+e\+100 at 2026-03-02$"):
            take(beyond)
        assert chain.state() == before
    columns = {"close": np.array([1e4, 5e5, 1.0]), "volume": np.array([1.0, 9e99, 1.0])}
    frame = pd.DataFrame(columns, index=pd.date_range("2026-03-02", periods=3))
    with pytest.raises(InvalidBar, match=r"obv 1\.\d+e\+100 at index 1 of the batch, 2026-03-03"):
        chain.batch(frame)
    assert chain.state() == before
    twin = Chain(OBV(), RSI(14))
    twin.restore(before)
    assert_identical(stream(chain, cut(BARS, seen)), stream(twin, cut(BARS, seen)))


def test_what_a_chain_within_refuses_is_named_by_its_place_among_the_bars() -> None:
    closes, volumes = np.arange(1.0, 13.0), np.ones(12)
    volumes[6:8] = 9e99
    for outer in (Chain(RSI(2), SMA(1)), Together({"rsi": RSI(2), "sma": SMA(2)})):
        chain = Chain(OBV(), outer)
        with pytest.raises(InvalidBar, match=r"obv 1\.8.* at index 7\b"):
            chain.batch({"close": closes, "volume": volumes})


def test_parts_are_reached_by_name() -> None:
    chain = Chain(OBV(), RSI(2))
    chain.batch(BARS)
    assert chain.outer.value == chain.value
    assert chain.inner.value is not None
    assert (chain.field, chain.inputs, chain.fields) == ("obv", ("close", "volume"), ("rsi",))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((RSI(), Aroon()), "the outer indicator reads close alone; aroon reads high, low"),
        ((Bollinger(), RSI()), "field is one of lower, middle, upper, percent_b, bandwidth of bollinger, not None"),
        ((RSI(), RSI(), "upper"), "field is one of rsi of rsi, not 'upper'"),
    ],
)
def test_what_does_not_fit_is_refused(parameters: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Chain(*parameters)


def test_a_state_of_another_chain_is_refused() -> None:
    with pytest.raises(ValueError, match="has indicator 'rsi', this indicator has indicator 'sma'"):
        Chain(RSI(), SMA()).restore(Chain(RSI(), RSI()).state())
    with pytest.raises(ValueError, match="has field 'lower', this indicator has field 'upper'"):
        Chain(Bollinger(), SMA(), "upper").restore(Chain(Bollinger(), SMA(), "lower").state())
