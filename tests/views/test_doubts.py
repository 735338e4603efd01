"""A doubtful or missing number of a bar affects only the readers of that number."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
import talib

from stockstream.indicators import OBV, RSI, SMA, Aroon, Bollinger, Stochastic, Volatility
from stockstream.records import Bar, doubts, known_open
from stockstream.views.history import History, Makers
from tests.views.bars import bar, walk

NAMES = ("Open", "High", "Low", "Close", "Volume")


def crude_oil() -> list[Bar]:
    """Closes around a negative one, as those of crude oil in April 2020."""
    closes = [20.11, 19.87, 19.87, 18.27, -37.63, 10.01, 13.78, 16.5, 16.94, 12.78, 12.34, 15.06, 18.84]
    return [bar(minute, close, open=close) for minute, close in enumerate(closes)]


def assert_only_volatility_misses_it(bars: list[Bar]) -> None:
    assert not any(doubts(each.open, each.high, each.low, each.close, each.volume) for each in bars)
    makers: Makers = {"bb": lambda: Bollinger(3), "aroon": lambda: Aroon(3), "rsi": lambda: RSI(3)}
    history = History({**makers, "volatility": lambda: Volatility(2)})
    history.take(bars)
    frame = history.frame()
    assert history.doubtful == np.count_nonzero(frame["doubtful"]) == 0
    for name in ("bb_upper", "aroon_up", "rsi"):
        assert np.isfinite(frame[name][3:]).all(), name
    missed = 3 + np.isnan(frame["volatility"][3:]).nonzero()[0]
    assert [bars[place].close for place in missed] == [-37.63]


def test_a_negative_price_is_a_price() -> None:
    assert_only_volatility_misses_it(crude_oil())


@pytest.mark.parametrize("at_once", [False, True])
def test_a_doubt_spoils_what_reads_its_field_alone(*, at_once: bool) -> None:
    bars = walk(400)
    for place, fields in {30: ":open", 40: ":volume", 50: ":high,low", 60: ""}.items():
        bars[place] = msgspec.structs.replace(bars[place], flags=(f"impossible{fields}",))
    bars[70] = msgspec.structs.replace(bars[70], open=None)
    makers: Makers = {"sma": lambda: SMA(1), "obv": OBV, "aroon": lambda: Aroon(1)}
    history = History(makers)
    for sent in [bars] if at_once else [[each] for each in bars]:
        history.take(sent)
        history.frame()
    frame = history.frame()
    assert np.isnan(frame["sma"]).nonzero()[0].tolist() == [60]
    assert np.isnan(frame["obv"]).nonzero()[0].tolist() == [40, 60]
    assert np.isnan(frame["aroon_up"]).nonzero()[0].tolist() == [0, 50, 60]
    assert frame["doubtful"].nonzero()[0].tolist() == [30, 40, 50, 60]
    assert (~frame.sure("close")).nonzero()[0].tolist() == [60]
    assert (~frame.slice(slice(35, 55)).sure("high", "volume")).nonzero()[0].tolist() == [5, 15]
    assert np.isnan(frame["open"]).nonzero()[0].tolist() == [70]
    assert (history.doubtful, history.without_open) == (4, 1)


def test_without_an_open_what_does_not_read_it_equals_talib() -> None:
    dice = random.Random(5)
    bars = [
        msgspec.structs.replace(each, open=known_open(dice.choice([each.open, 0.0]), each.high, each.low, each.close))
        for each in walk(500)
    ]
    assert any(each.open is None for each in bars)
    history = History({"bb": Bollinger, "aroon": lambda: Aroon(14)})
    history.take(bars)
    frame = history.frame()
    upper, middle, lower = talib.BBANDS(frame["close"], 20, 2.0, 2.0)
    down, up = talib.AROON(frame["high"], frame["low"], 14)
    wanted = {"bb_upper": upper, "bb_middle": middle, "bb_lower": lower, "aroon_up": up, "aroon_down": down}
    for ours, theirs in wanted.items():
        np.testing.assert_allclose(frame[ours], theirs, rtol=1e-9, err_msg=ours)
    assert history.doubtful == 0


class Opens(SMA):
    """An indicator that reads opens."""

    inputs = ("open", "close")

    def update(self, bar: Any) -> Any:
        """The mean of the opens."""
        return super().update(SimpleNamespace(close=bar.open))


@pytest.mark.parametrize("at_once", [False, True])
def test_a_bar_without_an_open_is_passed_over_by_what_reads_opens(*, at_once: bool) -> None:
    bars = walk(100)
    bars[50] = msgspec.structs.replace(bars[50], open=None)
    history = History({"": lambda: Opens(1)})
    for sent in [bars] if at_once else [[each] for each in bars]:
        history.take(sent)
        history.frame()
    assert np.isnan(history.frame()["sma"]).nonzero()[0].tolist() == [50]


def test_undefined_is_distinguished_from_too_few_bars() -> None:
    history = History({"": lambda: Stochastic(5, 3, 3)})
    flat = [bar(minute, 6.01, open=6.01, high=6.01, low=6.01, volume=0.0) for minute in range(80)]
    history.take(flat[:8])
    assert history.frame().reason("k") is None
    history.take(flat[8:])
    frame = history.frame()
    assert np.isnan(frame["k"]).all()
    assert frame.reason("k") == "the price did not move"
    assert frame.slice(slice(0, 8)).reason("k") is None
    assert frame.slice(slice(0, 9)).reason("k") == "the price did not move"
    assert frame.reason("close") is None
