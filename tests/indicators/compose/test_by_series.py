"""A frame of many series is computed as a window of each shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import OBV, RSI, SMA, VWAP, Aroon, Bollinger, Indicator, Keyed, Together, by_series
from stockstream.records import Bar
from stockstream.views.fold import Selection
from stockstream.views.series import SeriesFold
from tests.indicators.inputs import COLUMNS, Price
from tests.views.bars import bar

MAKERS: dict[str, Callable[[], Indicator[Any, Any]]] = {
    "sma": lambda: SMA(3),
    "obv": OBV,
    "aroon": lambda: Aroon(4),
    "vwap": VWAP,
    "bb": lambda: Bollinger(5),
}
FLAGS = ((), (), (), (), ("impossible",), ("impossible:close",), ("impossible:volume", "off-grid"), ("off-grid",))


def table_of(bars: list[Bar]) -> pd.DataFrame:
    return pd.DataFrame([msgspec.structs.asdict(each) for each in bars], columns=list(Bar.__struct_fields__))


@st.composite
def mixtures(draw: st.DrawFn) -> list[Bar]:
    """Bars of a few series in any order, some of them again, doubtful, refused, or without an open or a volume."""
    rows = st.tuples(
        st.integers(0, 60),
        st.integers(90, 110).map(float),
        st.sampled_from(("AAPL", "MSFT")),
        st.sampled_from(("1m", "5m")),
        st.sampled_from(FLAGS),
        st.sampled_from((100.0, 0.0, None, -1.0)),
        st.booleans(),
    )
    return [
        bar(minute, close, symbol, interval=interval, flags=flags, volume=volume, open=close if opened else None)
        for minute, close, symbol, interval, flags, volume, opened in draw(st.lists(rows, min_size=1, max_size=150))
    ]


@pytest.mark.parametrize("name", MAKERS)
@given(mixtures())
@settings(max_examples=30, deadline=None)
def test_it_gives_what_a_window_of_each_series_shows(name: str, bars: list[Bar]) -> None:
    make = MAKERS[name]
    found = by_series(make(), table_of(bars))
    last = {(each.series, each.time): place for place, each in enumerate(bars)}
    assert not found.drop(index=list(last.values())).notna().any().any()
    for series in {each.series for each in bars}:
        fold = SeriesFold({"": make}, Selection((series.symbol,), series.interval))
        fold.apply(bars)
        shown = fold.frame(series.symbol)
        rows = [place for (its, _), place in sorted(last.items()) if its == series]
        for field in make().fields:
            np.testing.assert_array_equal(found[field].to_numpy()[rows], shown[field], err_msg=field)


def test_long_series_are_those_of_windows_too() -> None:
    bars = [bar(minute, 100.0 + minute % 7, symbol) for minute in range(3000) for symbol in ("AAPL", "MSFT", "KO")]
    bars[1500] = msgspec.structs.replace(bars[1500], high=1.0)  # not flagged: it is refused
    found = by_series(Aroon(25), table_of(bars))
    for symbol in ("AAPL", "MSFT", "KO"):
        fold = SeriesFold({"": lambda: Aroon(25)}, Selection((symbol,)))
        fold.apply(bars)
        rows = [place for place, each in enumerate(bars) if each.symbol == symbol]
        np.testing.assert_array_equal(found["up"].to_numpy()[rows], fold.frame(symbol)["up"])


def test_the_table_comes_back_as_it_came() -> None:
    index = pd.MultiIndex.from_product([["KO", "MSFT"], pd.date_range("2026-03-02", periods=3, tz="UTC")])
    index.names = ["symbol", "time"]
    table = pd.DataFrame({"Close": [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]}, index=index).iloc[::-1]
    found = by_series(SMA(2), table)
    assert found.index.equals(table.index)
    assert found["sma"].tolist()[::-1] == pytest.approx([np.nan, 1.5, 2.5, np.nan, 15.0, 25.0], nan_ok=True)
    plain = by_series(SMA(2), {"close": np.array([1.0, 3.0]), "doubtful": np.array([False, False])})
    assert plain["sma"].tolist() == pytest.approx([np.nan, 2.0], nan_ok=True)
    assert len(by_series(SMA(2), table.iloc[:0])) == 0


def test_the_indicator_stays_as_it_is() -> None:
    one = SMA(2)
    one.update(Price(1.0, 1.0, 1.0))
    state = one.state()
    assert by_series(one, {"close": np.array([3.0])})["sma"].tolist() == [2.0]
    assert one.state() == state


@pytest.mark.parametrize("make", [RSI, VWAP, lambda: Together({"rsi": RSI()})], ids=["rsi", "vwap", "together"])
@pytest.mark.parametrize("column", ["symbol", "Symbol", "feed", "interval"])
def test_a_batch_of_several_series_is_refused(make: Any, column: str) -> None:
    table = table_of([bar(minute, 100.0 + minute) for minute in range(10)]).drop(columns=column.lower())
    one = make()
    state = one.state()
    with pytest.raises(ValueError, match=f"{column} is A and B: by_series .* Keyed"):
        one.batch(table.assign(**{column: ["A", *["B"] * 9]}))
    assert one.state() == state
    one.batch(table.assign(**{column: "A"}))


def test_by_series_is_what_keyed_gives_bar_by_bar() -> None:
    bars = [bar(minute, 100.0 + minute % 5, "AAPL" if minute % 3 else "KO") for minute in range(300)]
    keyed = Keyed(RSI(5))
    points = [keyed.update(each) for each in bars]
    expected = [np.nan if point is None else point.rsi for point in points]
    np.testing.assert_array_equal(by_series(RSI(5), table_of(bars))["rsi"], expected)


@pytest.mark.parametrize("spell", [str.title, str.upper])
def test_names_are_taken_in_any_case(spell: Any) -> None:
    columns = {name: np.linspace(1.0, 9.0, 40) for name in COLUMNS}
    expected = Aroon(5).batch(columns)
    table = pd.DataFrame(columns).rename(columns=spell)
    np.testing.assert_array_equal(Aroon(5).batch(table)["up"], expected["up"])
    found = Aroon(5).batch({spell(name): column for name, column in columns.items()})
    np.testing.assert_array_equal(found["up"], expected["up"])


def test_names_that_differ_in_case_alone_are_refused() -> None:
    numbers = np.arange(5.0)
    with pytest.raises(ValueError, match="Close and CLOSE differ in case alone"):
        SMA(2).batch({"Close": numbers, "CLOSE": numbers})
    assert SMA(2).batch({"close": numbers, "CLOSE": -numbers})["sma"].tolist()[1:] == [0.5, 1.5, 2.5, 3.5]


def test_a_plain_series_is_the_only_column() -> None:
    closes = pd.Series([1.0, 3.0, 5.0], index=pd.date_range("2026-03-02", periods=3), name="anything")
    found = SMA(2).batch(closes)
    assert found.index.equals(closes.index)
    assert found["sma"].tolist()[1:] == [2.0, 4.0]
    with pytest.raises(ValueError, match="needs the columns high, low; a Series is only one of them"):
        Aroon(2).batch(closes)
