"""The dashboard's tables against pandas over the same bars."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import numpy as np
import pandas as pd
import pytest

from stockstream.records import IMPOSSIBLE, MARKET, SIMULATED, Bar
from stockstream.views.dashboard import ROWS, WINDOWS, DashboardFold, Group, Tables
from stockstream.views.fold import Selection
from stockstream.views.frame import Frame
from tests.views.bars import START, bar, restorable, walk


def fold_of(bars: list[Bar]) -> DashboardFold:
    fold = DashboardFold(Selection(), average=3, volatility=20)
    fold.apply(bars)
    return fold


def whole(fold: DashboardFold, group: Group | None = None) -> dict[str, Frame]:
    """All rows of each table."""
    fold.refresh()
    tables = fold.tables(group)
    return {name: tables.of(name).slice(slice(None)) for name in Tables._fields}


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


def test_the_sources_of_a_group_are_those_of_its_newest_bars() -> None:
    fold = fold_of([bar(0, 5.0, source="csv"), bar(1, 5.0, source="yahoo"), bar(0, 5.0, "MSFT", source="binance")])
    fold.apply([bar(0, 5.0, "MSFT", source="simulated", feed=SIMULATED)])
    assert fold.sources(Group("1m", MARKET)) == ["binance", "yahoo"]
    assert fold.sources(Group("1m", SIMULATED)) == []


def test_the_symbols_totals_and_latest_values() -> None:
    found = whole(fold_of(BARS))["symbols"]
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
    found = whole(fold_of(bars))["days"]
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
    found = whole(fold)["windows"]
    expected = as_pandas(bars).set_index("time")["moving_average"].resample("1min").agg(["mean", "size"])[::-1]
    np.testing.assert_allclose(found["moving_average"], expected["mean"], rtol=1e-9)
    assert found["bars"].tolist() == expected["size"].tolist()
    assert (found["end"] - found["start"] == np.timedelta64(1, "m")).all()
    assert set(found["late"].tolist()) == {1}
    assert fold.counts() == {"late": 1}


def test_tables_hold_the_newest_first_and_no_more_than_they_may() -> None:
    tables = whole(fold_of(BARS))
    for name, index, most in (("windows", "start", 2 * WINDOWS), ("rows", "time", ROWS)):
        frame = tables[name]
        assert len(frame) == most
        assert (np.diff(frame[index].astype(np.int64)) <= 0).all()
        assert rows(frame, "symbol")[:2] == [("AAPL",), ("MSFT",)]
    newest = BARS[-1]
    assert rows(tables["rows"], "symbol", "close", "volume")[1] == ("MSFT", newest.close, newest.volume)


def test_an_impossible_bar_is_a_row_and_nothing_else() -> None:
    wrong = bar(700, 1e6, flags=(IMPOSSIBLE,))
    plain, tables = whole(fold_of(BARS)), whole(fold_of([*BARS, wrong]))
    for name in ("symbols", "days", "windows"):
        for column in plain[name]:
            np.testing.assert_array_equal(plain[name][column], tables[name][column])
    assert tables["rows"]["close"][0] == 1e6
    assert tables["rows"]["doubtful"].tolist()[:2] == [True, False]


def test_without_bars_the_tables_are_empty() -> None:
    for frame in whole(DashboardFold(Selection(("AAPL",)))).values():
        assert len(frame) == 0
    tables = whole(fold_of([bar(0, 100.0, volume=None)]))
    assert rows(tables["symbols"], "symbol", "volume", "close") == [("AAPL", 0.0, 100.0)]
    assert np.isnan(tables["symbols"]["share"]).all()


MINUTES, DAYS, MADE_UP = Group("1m", MARKET), Group("1d", MARKET), Group("1m", SIMULATED)


def test_a_daily_series_and_minutes_and_simulated_bars_are_never_in_one_table() -> None:
    daily = [bar(1440 * day, 50.0 + day, "AAPL", interval="1d", volume=1e6) for day in range(30)]
    made_up = [msgspec.structs.replace(each, feed=SIMULATED) for each in walk(30, 5, "FAKE")]
    fold = fold_of([*daily, *BARS, *made_up])
    assert fold.groups() == [MINUTES, DAYS, MADE_UP]
    assert [fold.symbols(group) for group in fold.groups()] == [["AAPL", "MSFT"], ["AAPL"], ["FAKE"]]
    alone = whole(fold_of(BARS))
    for name, frame in whole(fold, MINUTES).items():
        for column in frame:
            np.testing.assert_array_equal(frame[column], alone[name][column])
    assert whole(fold, DAYS)["symbols"]["volume"].tolist() == [3e7]
    assert whole(fold, MADE_UP)["symbols"]["share"].tolist() == [1.0]
    assert fold.identity("AAPL").ambiguity is None
    assert fold.returns(DAYS).table["symbol"].tolist() == ["AAPL"]
    # A table of values, which has a column of symbols only, holds the first group that has each.
    assert (fold.keys(), fold.identity("AAPL").title, len(fold.frame("AAPL"))) == (
        ["AAPL", "FAKE", "MSFT"],
        "AAPL 1m",
        700,
    )
    assert (fold.identity("FAKE").simulated, fold.identity("MSFT").simulated) == (True, False)


def test_what_was_restored_has_the_same_tables() -> None:
    fold = fold_of([*BARS, bar(0, 50.0, "AAPL", interval="1d")])
    again = DashboardFold(Selection())
    again.restore(restorable(fold.pages()))
    assert again.groups() == fold.groups()
    for group in fold.groups():
        for name, frame in whole(fold, group).items():
            for column in frame:
                np.testing.assert_array_equal(frame[column], whole(again, group)[name][column])


def test_computing_stops_when_its_time_is_over_and_continues_where_it_was() -> None:
    fold = fold_of([each for number in range(20) for each in walk(30, number, f"S{number:02}")])
    assert not fold.refresh(0.0)
    assert fold.tables().symbols["symbol"].tolist() == ["S00"]
    assert fold.pending() == 19
    turns = 1
    while not fold.refresh(0.0):
        turns += 1
    assert turns == 19
    assert len(fold.tables().symbols) == 20
    fold.apply([bar(30, 5.0, "S07")])
    assert fold.refresh(0.0)
    assert fold.tables().symbols["close"][7] == 5.0


def test_tables_that_were_read_follow_every_change_as_new_ones_would() -> None:
    fold = fold_of([each for number in range(30) for each in walk(40, number, f"S{number:02}")])
    whole(fold)
    changes = [
        [bar(40, 7.0, "S04")],
        [bar(12, 9.0, "S05", revision=2), bar(41, 8.0, "S29", volume=1e9)],
        [bar(0, 3.0, "A-NEW-ONE")],
        [bar(3, 3.0, "S01", interval="1d")],
        [bar(39, 1.0, "S09", flags=(IMPOSSIBLE,))],
    ]
    for each in changes:
        fold.apply(each)
        again = DashboardFold(Selection(), average=3, volatility=20)
        again.restore(restorable(fold.pages()))
        assert fold.latest() == again.latest()
        for group in fold.groups():
            for name, frame in whole(fold, group).items():
                for column in frame:
                    np.testing.assert_array_equal(frame[column], whole(again, group)[name][column])
        assert fold.counts() == again.counts()


def test_pages_of_a_long_table_are_those_of_the_whole() -> None:
    fold = fold_of([each for number in range(40) for each in walk(50 + number, number, f"S{number:02}")])
    tables = whole(fold)
    for name, frame in tables.items():
        for first in (0, 7, len(frame) // 2, len(frame) - 5):
            page = fold.tables().of(name).slice(slice(first, first + 10))
            for column in frame:
                np.testing.assert_array_equal(page[column], frame[column][first : first + 10])
    assert len(tables["rows"]) == ROWS


def test_the_newest_rows_of_hundreds_of_symbols() -> None:
    fold = fold_of([bar(minute, 5.0, f"S{number:03}") for number in range(ROWS + 7) for minute in range(number % 3, 3)])
    found = whole(fold)["rows"]
    assert len(found) == ROWS
    assert set(found["time"].tolist()) == {found["time"][0].item()}
    assert found["symbol"].tolist() == [f"S{number:03}" for number in range(ROWS)]
