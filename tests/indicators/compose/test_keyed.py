from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from stockstream.indicators import OBV, RSI, SMA, Aroon, Bollinger, Chain, Indicator, InvalidBar, Keyed, Together
from tests.indicators.inputs import make_bars, prices, walk

SYMBOLS = ("AAPL", "MSFT", "SAP.DE")


def bars_of(symbol: str, count: int) -> Iterator[Any]:
    for place, price in enumerate(prices(make_bars(walk(count, seed=len(symbol)), 0.4))):
        yield SimpleNamespace(symbol=symbol, **price._asdict() | {"time": place})


def mixed(count: int = 60) -> Iterable[Any]:
    """Bars of all symbols, one of each in turn."""
    return (bar for bars in zip(*(bars_of(symbol, count) for symbol in SYMBOLS), strict=True) for bar in bars)


@pytest.mark.parametrize(
    "indicator",
    [RSI(14), Bollinger(20), Aroon(9), Chain(OBV(), RSI(3)), Together({"rsi": RSI(), "sma": SMA(5)})],
    ids=lambda indicator: indicator.name,
)
def test_each_symbol_has_its_own(indicator: Indicator[Any, Any]) -> None:
    keyed = Keyed(indicator)
    alone = {symbol: indicator.copy() for symbol in SYMBOLS}
    for bar in mixed():
        expected = alone[bar.symbol].update(bar)
        assert keyed.peek(bar) == expected
        assert keyed.update(bar) == expected
    assert tuple(keyed) == SYMBOLS
    for symbol in SYMBOLS:
        assert keyed[symbol].state() == alone[symbol].state()
        assert keyed[symbol].value == alone[symbol].value


def test_it_is_a_mapping_of_the_symbols_that_there_are() -> None:
    keyed = Keyed(RSI(14))
    assert len(keyed) == 0
    for bar in mixed(3):
        keyed.update(bar)
    assert len(keyed) == 3
    assert "MSFT" in keyed
    assert "XYZ" not in keyed
    with pytest.raises(KeyError):
        keyed["XYZ"]


def test_any_string_of_a_record_can_be_the_key() -> None:
    keyed: Keyed[Any, Any] = Keyed(SMA(1), key=lambda bar: f"{bar.symbol} {bar.interval}")
    for interval, close in (("1m", 3.0), ("1d", 5.0)):
        keyed.update(SimpleNamespace(symbol="AAPL", interval=interval, close=close))
    assert {key: list(sma.value or ()) for key, sma in keyed.items()} == {"AAPL 1m": [3.0], "AAPL 1d": [5.0]}
    numbered: Keyed[Any, Any] = Keyed(SMA(1), key=lambda bar: bar.number)
    with pytest.raises(TypeError, match="a string, not 7"):
        numbered.update(SimpleNamespace(number=7, close=1.0))


def test_a_bar_that_is_refused_changes_nothing_and_makes_no_key() -> None:
    keyed = Keyed(SMA(3))
    for bar in mixed(5):
        keyed.update(bar)
    before = json.dumps(keyed.state())
    for symbol in ("AAPL", "NEW"):
        bad = SimpleNamespace(symbol=symbol, close=math.nan)
        for take in (keyed.update, keyed.peek):
            with pytest.raises(InvalidBar):
                take(bad)
    assert json.dumps(keyed.state()) == before


def test_what_was_given_is_left_alone_and_begins_each_key() -> None:
    sma = SMA(2)
    sma.update(SimpleNamespace(close=4.0))
    keyed = Keyed(sma)
    sma.update(SimpleNamespace(close=1000.0))
    for symbol in SYMBOLS:
        point = keyed.update(SimpleNamespace(symbol=symbol, close=6.0))
        assert point is not None
        assert point.sma == 5.0


@pytest.mark.parametrize("place", [0, 1, 50, 150])
def test_restored_and_copied_ones_go_on_by_themselves(place: int) -> None:
    bars = list(mixed())
    keyed, restored = Keyed(Bollinger(20)), Keyed(Bollinger(20))
    for bar in bars[:place]:
        keyed.update(bar)
    restored.update(SimpleNamespace(symbol="GONE", close=1.0))
    restored.restore(json.loads(json.dumps(keyed.state(), allow_nan=False)))
    copied = keyed.copy()
    assert list(restored) == list(copied) == list(keyed)
    points = [keyed.update(bar) for bar in bars[place:]]
    assert [restored.update(bar) for bar in bars[place:]] == points
    assert [copied.update(bar) for bar in bars[place:]] == points
    assert restored.state() == copied.state() == keyed.state()


def test_a_state_of_something_else_or_a_damaged_one_is_refused() -> None:
    keyed = Keyed(RSI(14))
    for bar in mixed():
        keyed.update(bar)
    good = keyed.state()
    before = json.dumps(good)
    aapl = good["indicators"]["AAPL"]
    for state, message in (
        (None, "None stands where a state belongs"),
        (good | {"version": 2}, "has version 2, this indicator has version 1"),
        (good | {"indicators": None}, "indicators is None"),
        (good | {"indicators": {"AAPL": aapl, "MSFT": None}}, "None stands where a state belongs"),
        (good | {"indicators": {"AAPL": aapl, "MSFT": aapl | {"last": "?"}}}, "last"),
        ({"version": 1, "indicators": {}}, "None stands where a state belongs"),
        (Keyed(RSI(9)).state(), "has period 9, this indicator has period 14"),
    ):
        with pytest.raises(ValueError, match=message):
            keyed.restore(state)  # type: ignore[arg-type]
        assert json.dumps(keyed.state()) == before
