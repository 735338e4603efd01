"""The public functions with wrong arguments: each error is one sentence that says what is wrong, and what is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import stockstream
from stockstream.errors import StockstreamError
from stockstream.indicators import (
    ATR,
    SMA,
    VWAP,
    Bollinger,
    Chain,
    Corrected,
    InvalidBar,
    Keyed,
    Together,
    by_series,
    run,
)
from stockstream.records import Bar
from stockstream.topics import STOCKS

CLOSES = np.arange(1.0, 31.0)
TABLE = pd.DataFrame({"open": CLOSES, "high": CLOSES + 1, "low": CLOSES - 1, "close": CLOSES, "volume": CLOSES})
NAMED = "batch needs columns by name, in a DataFrame or a dict of arrays such as {'close': closes}, not "
LOCAL = {"bootstrap.servers": "127.0.0.1:1"}

BATCHES: list[tuple[Any, Any, type[Exception], str]] = [
    (SMA, CLOSES, TypeError, f"{NAMED}an array of shape (30,)"),
    (SMA, TABLE.to_numpy(), TypeError, f"{NAMED}an array of shape (30, 5)"),
    (SMA, CLOSES.tolist(), TypeError, f"{NAMED}list"),
    (SMA, TABLE.index, TypeError, f"{NAMED}RangeIndex"),
    (SMA, None, TypeError, f"{NAMED}NoneType"),
    (SMA, 5, TypeError, f"{NAMED}int"),
    (SMA, "close", TypeError, f"{NAMED}str"),
    (SMA, pd.DataFrame(), ValueError, "batch needs the columns close; close is missing: there are no columns"),
    (
        ATR,
        TABLE.rename(columns={"close": "Price"}),
        ValueError,
        "batch needs the columns high, low, close; close is missing: the columns are open, high, low, Price, volume",
    ),
    (ATR, TABLE["close"], ValueError, "batch needs the columns high, low, close; a Series is only one of them"),
    (
        VWAP,
        TABLE,
        ValueError,
        "batch needs the columns high, low, close, volume, time; time is missing: the columns are open, high, low,"
        " close, volume",
    ),
    (VWAP, TABLE.assign(time="2024"), ValueError, "time is a column of datetime64, not of str"),
    (SMA, {"close": 1.0}, ValueError, "close is one column with a value for each bar, not a single value"),
    (SMA, {"close": TABLE}, ValueError, "close is one column with a value for each bar, not an array of shape (30, 5)"),
    (
        SMA,
        pd.concat([TABLE, TABLE], axis=1),
        ValueError,
        "close is one column with a value for each bar, not an array of shape (30, 2)",
    ),
    (
        ATR,
        {"high": CLOSES, "low": CLOSES[:5], "close": CLOSES},
        ValueError,
        "batch needs columns of one length: high has 30, low has 5, close has 30",
    ),
    (SMA, {"close": [1.0, "much"]}, ValueError, "close is a column of numbers: 'much' at index 1 is none"),
    (SMA, TABLE.assign(close=pd.Timestamp(2024, 1, 2)), ValueError, "close is a column of numbers, not of datetime64["),
    (SMA, TABLE.assign(close=1j), ValueError, "close is a column of numbers, not of complex128"),
    (SMA, TABLE.assign(close=np.nan), InvalidBar, "cannot compute with close nan at index 0 of the batch"),
    (
        SMA,
        TABLE.assign(close=np.inf, time=pd.Timestamp(2024, 1, 2)),
        InvalidBar,
        "cannot compute with close inf at index 0 of the batch, 2024-01-02T00:00:00",
    ),
]


@pytest.mark.parametrize(("kind", "columns", "error", "said"), BATCHES)
def test_a_batch_says_what_its_columns_should_be(kind: Any, columns: Any, error: type[Exception], said: str) -> None:
    indicator = kind() if kind is VWAP else kind(3)
    with pytest.raises(error) as raised:
        indicator.batch(columns)
    assert str(raised.value).startswith(said)
    if error is not InvalidBar:  # by_series leaves such a bar out
        with pytest.raises(error) as raised:
            by_series(indicator, columns)
        assert str(raised.value).startswith(said)


AN_INDICATOR = "an indicator is needed, such as "

OTHERS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: Keyed(SMA), TypeError, f"{AN_INDICATOR}SMA(), not the class SMA"),  # type: ignore[arg-type]
    (lambda: Keyed(5), TypeError, f"{AN_INDICATOR}SMA(20), not 5"),  # type: ignore[arg-type]
    (lambda: Chain(SMA(3), SMA), TypeError, f"{AN_INDICATOR}SMA(), not the class SMA"),  # type: ignore[arg-type]
    (lambda: Corrected(None), TypeError, f"{AN_INDICATOR}SMA(20), not None"),  # type: ignore[arg-type]
    (lambda: Together([SMA(3)]), TypeError, "parts are indicators by name, such as {'fast': SMA(5)}, not list"),  # type: ignore[arg-type]
    (lambda: Together({"fast": "sma"}), TypeError, f"{AN_INDICATOR}SMA(20), not 'sma'"),  # type: ignore[dict-item]
    (lambda: run(None, []), TypeError, f"{AN_INDICATOR}SMA(20), not None"),  # type: ignore[arg-type]
    (lambda: by_series(SMA, TABLE), TypeError, f"{AN_INDICATOR}SMA(), not the class SMA"),  # type: ignore[arg-type]
    (lambda: Bollinger(20, "2"), ValueError, "width is a number from 1e-06 to 1e+06, not '2'"),  # type: ignore[arg-type]
    (lambda: stockstream.read("bars"), StockstreamError, "topic is one of stocks, flights, not 'bars'"),
    (lambda: stockstream.read(["stocks"]), StockstreamError, "topic is one of stocks, flights, not ['stocks']"),  # type: ignore[arg-type]
    (
        lambda: stockstream.read(interval="1x"),
        StockstreamError,
        "interval '1x' is none - it is a whole number of m, h, d, wk, mo or y, such as 5m, 4h, 1d, 2wk or 3mo",
    ),
    (lambda: stockstream.read(interval=""), StockstreamError, "interval is a text that is not empty, not ''"),
    (lambda: stockstream.read(symbol=["AAPL"]), StockstreamError, "symbol is a text that is not empty, not ['AAPL']"),  # type: ignore[arg-type]
    (lambda: stockstream.read("flights", airline=3), StockstreamError, "airline is a text that is not empty, not 3"),  # type: ignore[arg-type]
    (lambda: stockstream.read(feed=""), StockstreamError, "feed is a text that is not empty, not ''"),
    (lambda: stockstream.read(config=5), StockstreamError, "config is a text that is not empty, not 5"),  # type: ignore[arg-type]
    (
        lambda: stockstream.read("flights", symbol="AAPL"),
        StockstreamError,
        "symbol is not a choice in flights - there it is airline",
    ),
    (lambda: stockstream.Subscriber("stocks", Bar, LOCAL), TypeError, "a topic is needed, such as stockstream.STOCKS,"),  # type: ignore[arg-type]
    (
        lambda: stockstream.Subscriber(STOCKS, Bar, "secret"),  # type: ignore[arg-type]
        TypeError,
        "a connection is needed, such as {'bootstrap.servers': 'localhost:9092'}, not str",
    ),
    (
        lambda: stockstream.Subscriber(STOCKS, Bar, LOCAL, keys="AAPL"),
        TypeError,
        "keys are texts, such as ['AAPL', 'MSFT'], not 'AAPL'",
    ),
    (lambda: stockstream.Publisher("stocks", LOCAL), TypeError, "a topic is needed, such as stockstream.STOCKS,"),  # type: ignore[arg-type]
    (lambda: stockstream.Publisher(STOCKS, None), TypeError, "a connection is needed, such as "),  # type: ignore[arg-type]
    (lambda: stockstream.Publisher(STOCKS, LOCAL).send({}), TypeError, "a record for stocks is a Bar, not dict"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "error", "said"), OTHERS)
def test_each_says_what_it_takes(call: Callable[[], Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value).startswith(said)


def test_numbers_of_numpy_are_numbers() -> None:
    width: Any = np.int64(2)
    assert Bollinger(20, width).state() == Bollinger(20, 2.0).state()


def test_by_series_takes_a_plain_series_too() -> None:
    closes: Any = pd.Series(CLOSES)
    assert by_series(SMA(3), closes)["sma"].tolist()[2:] == CLOSES[1:-1].tolist()
