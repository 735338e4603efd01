"""Resampling a complete history at once: against the stream, and pandas over the real files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import InvalidBar, Resampler
from stockstream.periods import add_up
from stockstream.records import PARTIAL
from tests.indicators.finer import (
    MADE,
    MINUTE,
    ZONES,
    bars_at,
    drawn,
    resampled,
    rows_of,
    rows_of_table,
    table_of,
    utc,
)


@given(
    data=st.data(),
    finer=st.sampled_from(["1m", "5m", "1h", "1d"]),
    interval=st.sampled_from(MADE),
    zone=st.sampled_from([*ZONES, None]),
    opens=st.sampled_from(["00:00", "09:30", "17:00"]),
)
@settings(deadline=None, max_examples=200)
def test_at_once_it_is_what_one_by_one_gives(
    data: Any, finer: str, interval: str, zone: str | None, opens: str
) -> None:
    if not add_up(finer, interval):
        return
    bars = data.draw(drawn(finer))
    named = [msgspec.structs.replace(each, tz="Asia/Kolkata", adj_close=each.close / 2) for each in bars]
    one_by_one = list(resampled(Resampler(interval, zone, opens), named).values())
    at_once = Resampler(interval, zone, opens).batch(table_of(named).drop(columns=["flags", "revision"]))
    expected = table_of(one_by_one)[list(at_once)]
    pd.testing.assert_frame_equal(at_once, expected, check_dtype=False)
    assert at_once["final"].tolist() == [each.final for each in one_by_one]


def test_at_once_impossible_bars_are_left_out_too() -> None:
    start = utc("2026-03-02T14:30")
    bars = bars_at(start + minute * MINUTE for minute in range(12))
    for place, change in {1: {"high": 0.0}, 4: {"volume": -1.0}, 7: {"close": 99.0}, 11: {"open": -9.0}}.items():
        bars[place] = msgspec.structs.replace(bars[place], **change)
    for place in (10, 11):
        bars[place] = msgspec.structs.replace(bars[place], low=9.0)
    found = Resampler("5m").batch(table_of(bars))
    expected = list(resampled(Resampler("5m"), bars).values())
    assert [each.flags for each in expected] == [(PARTIAL,), (PARTIAL,), ("impossible:high,low",)]
    assert [each.volume for each in expected] == [
        None,
        pytest.approx(sum(bars[n].volume or 0.0 for n in (5, 6, 8, 9))),
        403.0,
    ]
    assert rows_of(expected) == rows_of_table(found)
    assert found["final"].tolist() == [True, True, False]


def test_a_missing_or_doubtful_open_leaves_only_the_open_out() -> None:
    start = utc("2026-03-02T14:30")
    bars = bars_at(start + minute * MINUTE for minute in range(15))
    for place, first in ((0, None), (5, -9.0), (11, None)):
        bars[place] = msgspec.structs.replace(bars[place], open=first)
    expected = list(resampled(Resampler("5m"), bars).values())
    assert [each.open for each in expected] == [None, None, bars[10].open]
    assert [each.close for each in expected] == [bars[place].close for place in (4, 9, 14)]
    assert [each.volume for each in expected] == [
        sum(each.volume or 0.0 for each in bars[n : n + 5]) for n in (0, 5, 10)
    ]
    assert [each.flags for each in expected] == [(), (PARTIAL,), ()]
    assert rows_of(expected) == rows_of_table(Resampler("5m").batch(table_of(bars)))


def test_a_batch_gives_times_as_they_came() -> None:
    bars = bars_at(utc("2026-03-02T23:50") + number * MINUTE for number in range(40))
    table = table_of(bars)
    plain = {name: table[name].to_numpy() for name in ("open", "high", "low", "close")}
    plain["time"] = table["time"].dt.tz_localize(None).to_numpy()
    openings = [pd.Timestamp("2026-03-02T23:45"), pd.Timestamp("2026-03-03"), pd.Timestamp("2026-03-03T00:15")]
    resampler = Resampler("15m")
    columns = resampler.batch(plain, of="1m")
    assert list(columns) == ["time", "open", "high", "low", "close", "final"]
    assert columns["time"].tolist() == openings
    indexed = table.set_index(table["time"].dt.tz_convert("Asia/Tokyo").rename("when")).drop(columns="time")
    found = resampler.batch(indexed)
    assert found.index.equals(pd.DatetimeIndex(openings).tz_localize("UTC").tz_convert("Asia/Tokyo"))
    assert found.index.name == "when"
    assert Resampler("1d").batch(indexed).index.tolist() == [utc("2026-03-02"), utc("2026-03-03")]
    naive = resampler.batch(pd.DataFrame(plain), of="1m")
    assert naive["time"].tolist() == openings
    again = Resampler("1h").batch(resampler.batch(table))
    pd.testing.assert_frame_equal(again, Resampler("1h").batch(table), check_dtype=False)
    assert resampler.forming is None


def test_a_batch_in_any_order_is_the_same() -> None:
    bars = bars_at(utc("2026-03-02T23:50") + number * MINUTE for number in range(40))
    table = table_of(bars)
    first = table.sample(20, random_state=3).assign(high=99.0)
    shuffled = pd.concat([first, table.sample(frac=1.0, random_state=5)])
    pd.testing.assert_frame_equal(Resampler("15m").batch(shuffled), Resampler("15m").batch(table))


def test_a_batch_of_nothing_is_nothing() -> None:
    table = table_of(bars_at([utc("2026-03-02T23:50")]))
    for interval in ("5m", "1d"):
        found = Resampler(interval).batch(table[:0], of="1m")
        assert len(found) == 0
        assert list(found) == list(Resampler(interval).batch(table))


def test_a_batch_says_what_is_wrong() -> None:
    bars = bars_at(utc("2026-03-02T23:50") + number * MINUTE for number in range(5))
    table = table_of(bars)
    with pytest.raises(ValueError, match="needs to know the interval"):
        Resampler("5m").batch(table.drop(columns="interval"))
    with pytest.raises(ValueError, match="the bars are of 1m, not of 2m"):
        Resampler("1h").batch(table, of="2m")
    with pytest.raises(ValueError, match="bars of 1h do not add up to bars of 5m"):
        Resampler("5m").batch(table.drop(columns="interval"), of="1h")
    with pytest.raises(ValueError, match="a batch is of one series; symbol is 'AAPL' and others"):
        Resampler("5m").batch(table.assign(symbol=["AAPL", "AAPL", "MSFT", "AAPL", "AAPL"]))
    with pytest.raises(ValueError, match=r"; low is missing: the columns are "):
        Resampler("5m").batch(table.drop(columns="low"))
    for name in ("close", "volume"):
        with pytest.raises(InvalidBar, match=f"{name} inf.* at index 3 of the batch"):
            Resampler("5m").batch(table.assign(**{name: [1.0, 2.0, 3.0, float("inf"), 5.0]}))
    with pytest.raises(InvalidBar, match="at index 2 of the batch, NaT"):
        Resampler("5m").batch(table.assign(time=table["time"].where(table.index != 2)))


def test_real_minutes_against_pandas_local_days(real_data: Path) -> None:
    files = sorted((real_data / "stocks_intraday").glob("*.csv"))
    assert files
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    for path in files:
        table = pd.read_csv(path).rename(columns=str.lower)
        table["time"] = pd.to_datetime(table.pop("datetime"), utc=True)
        table = table.set_index(pd.DatetimeIndex(table.pop("time")).tz_convert("America/New_York"))
        for interval, rule in (("5m", "5min"), ("1h", "h"), ("1d", "D")):
            expected = table.resample(rule).agg(how).dropna()
            found = Resampler(interval, "America/New_York").batch(table, of="1m")
            if interval == "1d":
                expected.index = pd.DatetimeIndex(expected.index).tz_localize(None).tz_localize("UTC")
            pd.testing.assert_frame_equal(
                found[list(how)], expected[list(how)], check_dtype=False, check_freq=False, check_names=False
            )


def test_real_days_against_pandas_weeks_months_and_years(real_data: Path) -> None:
    files = sorted((real_data / "stocks_daily").glob("*.csv"))
    assert files
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    for path in files:
        table = pd.read_csv(path, na_values="null").dropna().rename(columns=str.lower)
        table = table.set_index(pd.DatetimeIndex(table.pop("date")))
        possible = (table["low"] <= table[["open", "close"]].min(axis=1)) & (
            table["high"] >= table[["open", "close"]].max(axis=1)
        )
        for interval, rule in (("1wk", "W-SUN"), ("1mo", "M"), ("1y", "Y")):
            days = pd.DatetimeIndex(table.index[possible])
            expected = table[possible].groupby(days.to_period(rule).start_time).agg(how)
            found = Resampler(interval).batch(table, of="1d")
            np.testing.assert_array_equal(found.index, expected.index, err_msg=path.name)
            np.testing.assert_allclose(found[list(how)], expected[list(how)], rtol=1e-15, err_msg=path.name)
