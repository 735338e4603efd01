"""The dashboard's tables against pandas over the same bars."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import numpy as np
import pandas as pd
import pytest

from stockstream.records import IMPOSSIBLE, Bar
from stockstream.views.dashboard import ROWS, WINDOWS, DashboardFold
from stockstream.views.fold import Selection
from stockstream.views.frame import Frame
from tests.views.bars import START, bar, walk


def fold_of(bars: list[Bar]) -> DashboardFold:
    fold = DashboardFold(Selection(), average=3, volatility=20)
    fold.apply(bars)
    return fold


def as_pandas(bars: list[Bar]) -> pd.DataFrame:
    table = pd.DataFrame([msgspec.structs.asdict(each) for each in bars]).sort_values(["symbol", "time"])
    by_symbol = table.groupby("symbol")["close"]
    table["moving_average"] = by_symbol.transform(lambda close: close.rolling(3).mean())
    returns = by_symbol.transform(lambda close: np.log(close).diff())
    table["volatility"] = returns.groupby(table["symbol"]).transform(lambda each: each.rolling(20).std())
    return table


def rows(frame: Frame, *names: str) -> list[tuple[object, ...]]:
    return list(zip(*(frame[name].tolist() for name in names), strict=True))


BARS = [each for pair in zip(walk(700, 1, "AAPL"), walk(700, 2, "MSFT"), strict=True) for each in pair]


def test_the_symbols_totals_and_latest_values() -> None:
    found = fold_of(BARS).tables()["symbols"]
    by_symbol = as_pandas(BARS).groupby("symbol")
    assert found["symbol"].tolist() == ["AAPL", "MSFT"]
    np.testing.assert_allclose(found["volume"], by_symbol["volume"].sum(), rtol=1e-12)
    for name in ("moving_average", "volatility"):
        np.testing.assert_allclose(found[name], by_symbol[name].last(), rtol=1e-9)
        np.testing.assert_allclose(found[f"{name}_max"], by_symbol[name].max(), rtol=1e-9)
    np.testing.assert_allclose(found["share"], found["volatility"] / found["volatility"].sum(), rtol=1e-12)


@pytest.mark.parametrize("zone", [None, "America/New_York", "Asia/Tokyo"])
def test_the_mean_close_of_each_day_of_the_exchange(zone: str | None) -> None:
    bars = [
        msgspec.structs.replace(each, time=each.time + timedelta(hours=7 * number), tz=zone)
        for number, each in enumerate(walk(60))
    ]
    found = fold_of(bars).tables()["days"]
    table = as_pandas(bars)
    days = table["time"].dt.tz_convert(zone or "UTC").dt.date
    means = table.groupby(days)["close"].mean()[::-1]
    assert [str(day) for day in found["day"]] == [str(day) for day in means.index]
    np.testing.assert_allclose(found["close"], means, rtol=1e-12)


def test_minutes_are_tumbling_windows_by_the_bars_own_time() -> None:
    bars = [
        msgspec.structs.replace(each, time=START + timedelta(seconds=20 * number))
        for number, each in enumerate(walk(200))
    ]
    late = bars[50]
    fold = fold_of([*bars[:50], *bars[51:]])
    fold.apply([late])
    found = fold.tables()["windows"]
    expected = as_pandas(bars).set_index("time")["moving_average"].resample("1min").agg(["mean", "size"])[::-1]
    np.testing.assert_allclose(found["moving_average"], expected["mean"], rtol=1e-9)
    assert found["bars"].tolist() == expected["size"].tolist()
    assert (found["end"] - found["start"] == np.timedelta64(1, "m")).all()
    assert set(found["late"].tolist()) == {1}
    assert fold.counts() == {"late": 1}


def test_tables_hold_the_newest_first_and_no_more_than_they_may() -> None:
    tables = fold_of(BARS).tables()
    for name, index, most in (("windows", "start", 2 * WINDOWS), ("rows", "time", ROWS)):
        frame = tables[name]
        assert len(frame) == most
        assert (np.diff(frame[index].astype(np.int64)) <= 0).all()
        assert rows(frame, "symbol")[:2] == [("AAPL",), ("MSFT",)]
    newest = BARS[-1]
    assert rows(tables["rows"], "symbol", "close", "volume")[1] == ("MSFT", newest.close, newest.volume)


def test_an_impossible_bar_is_a_row_and_nothing_else() -> None:
    wrong = bar(700, 1e6, flags=(IMPOSSIBLE,))
    plain, tables = fold_of(BARS).tables(), fold_of([*BARS, wrong]).tables()
    for name in ("symbols", "days", "windows"):
        for column in plain[name]:
            np.testing.assert_array_equal(plain[name][column], tables[name][column])
    assert tables["rows"]["close"][0] == 1e6
    assert tables["rows"]["doubtful"].tolist()[:2] == [True, False]


def test_without_bars_the_tables_are_empty() -> None:
    for frame in DashboardFold(Selection(("AAPL",))).tables().values():
        assert len(frame) == 0
    tables = fold_of([bar(0, 100.0, volume=None)]).tables()
    assert rows(tables["symbols"], "symbol", "volume", "close") == [("AAPL", 0.0, 100.0)]
    assert np.isnan(tables["symbols"]["share"]).all()
