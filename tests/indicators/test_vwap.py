"""VWAP: against its definition in exact fractions, and against pandas' groups of days."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import VWAP, InvalidBar
from stockstream.indicators.segments import running_sums
from tests.indicators.inputs import BarColumns, Price, assert_identical, cut, make_bars, prices, stream, timed, walk

ZONES = ["America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]
MONDAY = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def at(minute: float, close: float = 10.0, volume: float = 1.0, **more: Any) -> SimpleNamespace:
    time = MONDAY + timedelta(minutes=minute)
    return SimpleNamespace(
        **{"high": close + 2, "low": close - 2, "close": close, "volume": volume, "time": time} | more
    )


def by_groups(bars: BarColumns, zone: str) -> pd.Series:
    """The average as a quant writes it: cumulative sums by local day."""
    table = pd.DataFrame(bars)
    day = table["time"].dt.tz_localize("UTC").dt.tz_convert(zone).dt.date
    turnover = (table["high"] + table["low"] + table["close"]) / 3 * table["volume"]
    return turnover.groupby(day).cumsum() / table["volume"].groupby(day).cumsum()


def test_each_session_begins_anew() -> None:
    vwap = VWAP()
    bars = [at(0, 10.0, 300.0), at(1, 14.0, 100.0), at(24 * 60, 20.0, 0.0), at(24 * 60 + 1, 30.0, 5.0)]
    assert [vwap.update(bar).vwap for bar in bars] == [10.0, 11.0, None, 30.0]


def test_the_typical_price_is_the_mean_of_high_low_and_close() -> None:
    point = VWAP().update(SimpleNamespace(high=12.0, low=8.0, close=11.5, volume=7.0, time=MONDAY))
    assert point.vwap == 10.5 == (12.0 + 8.0 + 11.5) / 3


def test_a_session_ends_at_the_exchange_s_midnight_not_at_ours() -> None:
    # A minute before midnight in London, a minute before and at midnight in New York.
    bars = [at(9 * 60 + 29, 10.0), at(14 * 60 + 29, 20.0), at(14 * 60 + 30, 40.0)]
    for vwap, expected in (
        (VWAP("America/New_York"), [10.0, 15.0, 40.0]),
        (VWAP(), [10.0, 20.0, 30.0]),
        (VWAP("Asia/Tokyo"), [10.0, 15.0, 70 / 3]),
        (VWAP("America/Chicago", "17:00"), [10.0, 15.0, 70 / 3]),
    ):
        assert [vwap.update(bar).vwap for bar in bars] == pytest.approx(expected, rel=1e-15)


def test_the_bar_s_own_zone_counts_unless_one_is_stated() -> None:
    bars = [at(9 * 60 + 29, 10.0, tz="America/New_York"), at(14 * 60 + 29, 20.0, tz="America/New_York")]
    for zone, expected in ((None, [10.0, 15.0]), ("UTC", [10.0, 20.0])):
        streamed, table = VWAP(zone), pd.DataFrame([vars(bar) for bar in bars])
        assert [streamed.update(bar).vwap for bar in bars] == expected
        assert VWAP(zone).batch(table)["vwap"].tolist() == expected


@pytest.mark.parametrize("price", [0.1, 6.01, 248.3596954345703, 1e9 + 0.01])
def test_over_a_flat_session_it_is_the_price_exactly(price: float) -> None:
    bars = timed(make_bars(np.full(97, price)))
    traded = np.cumsum(bars["volume"]) > 0
    assert set(VWAP().batch(bars)["vwap"][traded]) == {price}
    assert set(stream(VWAP(), bars)["vwap"][traded]) == {price}


@pytest.mark.parametrize("level", [100.0, 1e9, 1e-7])
def test_against_the_definition_in_exact_fractions(level: float) -> None:
    bars = timed(make_bars(level * (1 + 1e-3 * walk(300, start=0.0)), level * 1e-4), 100)
    found = VWAP().batch(bars)["vwap"]
    for place, value in enumerate(found.tolist()):
        whole = prices(cut(bars, place - place % 100, place + 1))
        volume = sum(Fraction(bar.volume or 0.0) for bar in whole)
        turnover = sum(
            (Fraction(bar.high) + Fraction(bar.low) + Fraction(bar.close)) / 3 * Fraction(bar.volume or 0.0)
            for bar in whole
        )
        assert np.isnan(value) if not volume else abs(Fraction(value) * volume / turnover - 1) < 1e-15


@given(
    start=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - Hypothesis takes no zone here
    gaps=st.lists(st.sampled_from([0, 1, 1, 1, 5, 60, 390, 1440]), min_size=1, max_size=400),
    zone=st.sampled_from(ZONES),
)
@settings(deadline=None)
def test_against_pandas_groups_of_local_days(start: datetime, gaps: list[int], zone: str) -> None:
    bars = make_bars(walk(len(gaps)), 0.4)
    bars["time"] = np.datetime64(start, "us") + np.cumsum(gaps) * np.timedelta64(1, "m")
    expected = by_groups(bars, zone)
    at_once, one_by_one = VWAP(zone), VWAP(zone)
    found = at_once.batch(bars)
    np.testing.assert_allclose(found["vwap"], expected, rtol=1e-13)
    assert_identical(stream(one_by_one, bars), found)
    assert one_by_one.state() == at_once.state()


@pytest.mark.parametrize("session", [1, 2, 7, 47, 48, 49, 390])
@pytest.mark.parametrize("count", [1_000, 40_000])
def test_sessions_of_any_length_give_the_same_at_once(session: int, count: int) -> None:
    bars = timed(make_bars(walk(count), 0.4), session)
    one_by_one, at_once = VWAP("America/New_York"), VWAP("America/New_York")
    assert_identical(at_once.batch(bars), stream(one_by_one, bars))
    assert at_once.state() == one_by_one.state()


@given(
    lengths=st.lists(st.one_of(st.integers(1, 6), st.integers(40, 120)), min_size=1, max_size=30),
    seed=st.integers(0, 2**32),
)
def test_running_sums_are_those_of_a_loop(lengths: list[int], seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=sum(lengths))
    starts = np.cumsum([0, *lengths[:-1]])
    expected = []
    for start, length in zip(starts.tolist(), lengths, strict=True):
        total = values[start].item()
        expected.append(total)
        for value in values[start + 1 : start + length].tolist():
            total += value
            expected.append(total)
    np.testing.assert_array_equal(running_sums(values, starts), expected)


def test_a_bar_of_a_session_that_is_over_is_refused_and_changes_nothing() -> None:
    bars = timed(make_bars(walk(400), 0.4))
    late = cut(bars, 0, 400)
    late["time"] = late["time"].copy()
    late["time"][250] -= np.timedelta64(1, "D")
    vwap = VWAP()
    with pytest.raises(InvalidBar, match="at index 250 of the batch, 2026-03-03T"):
        vwap.batch(late)
    assert vwap.state() == VWAP().state()
    vwap.batch(cut(bars, 0, 250))
    before = json.dumps(vwap.state())
    for take in (vwap.update, vwap.peek):
        with pytest.raises(InvalidBar, match=r"2026-03-03 15:26:00\+00:00 is of a session that is over.* 2026-03-04"):
            take(prices(late)[250])
    with pytest.raises(InvalidBar, match="at index 0 of the batch"):
        vwap.batch(cut(late, 250))
    assert json.dumps(vwap.state()) == before


def test_within_a_session_bars_may_come_in_any_order() -> None:
    bars = timed(make_bars(walk(400), 0.4))
    bars["time"] = bars["time"].copy()
    bars["time"][200:205] = bars["time"][200:205][::-1]
    one_by_one, at_once = VWAP(), VWAP()
    assert_identical(at_once.batch(bars), stream(one_by_one, bars))


@pytest.mark.parametrize("time", [None, float("nan"), datetime(2026, 3, 2), np.datetime64("NaT")])  # noqa: DTZ001
def test_a_time_that_is_no_instant_is_refused(time: Any) -> None:
    vwap = VWAP()
    with pytest.raises(InvalidBar, match="is not an instant"):
        vwap.update(Price(3.0, 1.0, 2.0, time=time))
    assert not vwap.ready


def test_a_batch_refuses_times_and_zones_that_are_none() -> None:
    bars = timed(make_bars(walk(300), 0.4))
    bars["time"] = bars["time"].copy()
    bars["time"][270] = "NaT"
    with pytest.raises(InvalidBar, match="at index 270 of the batch, NaT"):
        VWAP().batch(bars)
    with pytest.raises(InvalidBar, match="tz 'Mars/Olympus' at 2026-03-02"):
        VWAP().batch(cut(bars, 0, 250) | {"tz": np.full(250, "Mars/Olympus", dtype=object)})


@pytest.mark.parametrize("volume", [None, -1.0, float("nan")])
def test_a_volume_that_is_none_is_refused(volume: float | None) -> None:
    with pytest.raises(InvalidBar, match=f"volume {volume}"):
        VWAP().update(Price(3.0, 1.0, 2.0, volume=volume))


def test_a_state_that_contradicts_itself_is_refused() -> None:
    vwap = VWAP()
    vwap.update(at(0))
    state = vwap.state()
    for damage in (
        {"start": "2026-03-02T00:00:00"},
        {"end": "2026-03-01T00:00:00+00:00"},
        {"start": 5},
        {"volume": -1.0},
    ):
        with pytest.raises(ValueError, match="the saved state is damaged"):
            vwap.restore(state | damage)
    with pytest.raises(ValueError, match="has zone 'UTC', this indicator has zone None"):
        vwap.restore(VWAP("UTC").state())
    assert vwap.state() == state


def test_a_table_s_index_may_be_its_time() -> None:
    bars = timed(make_bars(walk(300), 0.4))
    table = pd.DataFrame(bars).set_index("time").tz_localize("UTC").tz_convert("Asia/Kolkata")
    found = VWAP().batch(table)
    assert found.index.equals(table.index)
    np.testing.assert_array_equal(found["vwap"], VWAP().batch(bars)["vwap"])


def test_against_pandas_over_every_real_minute(real_data: Path) -> None:
    files = sorted((real_data / "stocks_intraday").glob("*.csv"))
    assert files
    for path in files:
        table = pd.read_csv(path).rename(columns=str.lower)
        table["time"] = pd.to_datetime(table["datetime"], utc=True)
        found = VWAP("America/New_York").batch(table)["vwap"]
        bars = {name: table[name].to_numpy(np.float64) for name in ("high", "low", "close", "volume")}
        bars["time"] = table["time"].to_numpy("M8[us]")
        np.testing.assert_allclose(found, by_groups(bars, "America/New_York"), rtol=1e-13, err_msg=path.name)
