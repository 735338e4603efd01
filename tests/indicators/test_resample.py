"""Resampling: the period of a bar and its result, against pandas' groups."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import Resampler
from stockstream.records import IMPOSSIBLE, OFF_GRID, Bar
from tests.indicators.finer import (
    MADE,
    MINUTE,
    ZONES,
    bar,
    bars_at,
    drawn,
    in_groups,
    resampled,
    rows_of,
    rows_of_table,
    table_of,
    utc,
)


@given(bars=drawn(), interval=st.sampled_from(MADE), zone=st.sampled_from(ZONES))
@settings(deadline=None)
def test_minutes_against_groups_by_local_day(bars: list[Bar], interval: str, zone: str) -> None:
    expected = in_groups(bars, interval, zone)
    assert rows_of(resampled(Resampler(interval, zone), bars).values()) == expected
    assert rows_of_table(Resampler(interval, zone).batch(table_of(bars))) == expected


@given(bars=drawn("1d"), interval=st.sampled_from(["1wk", "1mo", "1y"]), zone=st.sampled_from(ZONES))
@settings(deadline=None)
def test_the_date_of_a_session_belongs_to_no_zone(bars: list[Bar], interval: str, zone: str) -> None:
    expected = in_groups(bars, interval, "UTC")
    assert rows_of(resampled(Resampler(interval, zone), bars).values()) == expected
    assert rows_of_table(Resampler(interval, zone).batch(table_of(bars))) == expected


RULES = {"5m": "5min", "15m": "15min", "30m": "30min", "1h": "h", "1d": "D"}


@given(bars=drawn(), interval=st.sampled_from(list(RULES)))
@settings(deadline=None, max_examples=50)
def test_against_pandas_resample_in_utc(bars: list[Bar], interval: str) -> None:
    table = table_of(bars).set_index("time")
    how = {"open": "first", "high": "max", "low": "min", "close": "last"}
    expected = table.resample(RULES[interval]).agg(how).dropna()  # pandas makes a row for each gap
    found = resampled(Resampler(interval), bars)
    assert list(found) == list(expected.index)
    for name in how:
        assert [getattr(each, name) for each in found.values()] == expected[name].tolist()


STEPS = [("5m", "1h"), ("5m", "15m", "30m", "1h"), ("1h", "1d"), ("30m", "1wk"), ("1d", "1mo", "1y")]


@given(
    bars=drawn(),
    steps=st.sampled_from(
        [("5m", "1h"), ("5m", "15m", "30m", "1h"), ("1h", "1d"), ("30m", "1wk"), ("1d", "1mo", "1y")]
    ),
    zone=st.sampled_from(ZONES),
    doubtful=st.sets(st.integers(0, 59)),
)
@settings(deadline=None)
def test_by_steps_it_is_the_same(bars: list[Bar], steps: tuple[str, ...], zone: str, doubtful: set[int]) -> None:
    bars = [
        msgspec.structs.replace(each, flags=(IMPOSSIBLE, OFF_GRID)) if place in doubtful else each
        for place, each in enumerate(bars)
    ]
    stepped: Iterable[Bar] = bars
    for interval in steps:
        stepped = resampled(Resampler(interval, zone), stepped).values()
    assert list(stepped) == list(resampled(Resampler(steps[-1], zone), bars).values())


@given(bars=drawn(), interval=st.sampled_from(MADE), zone=st.sampled_from(ZONES))
@settings(deadline=None)
def test_no_volume_is_lost(bars: list[Bar], interval: str, zone: str) -> None:
    known = [msgspec.structs.replace(each, volume=each.volume or 0.0) for each in bars]
    total = sum(each.volume or 0.0 for each in known)
    assert sum(each.volume or 0.0 for each in resampled(Resampler(interval, zone), known).values()) == total
    assert Resampler(interval, zone).batch(table_of(known))["volume"].sum() == total


def hours_of(day: datetime, count: float, zone: str, interval: str = "1h") -> list[str]:
    """The local openings of the periods of a day of minutes."""
    minutes = (day + number * MINUTE for number in range(int(count * 60)))
    found = resampled(Resampler(interval, zone), bars_at(minutes))
    return [f"{time.astimezone(ZoneInfo(zone)):%H:%M%z}" for time in found]


def test_the_hour_that_a_clock_repeats_is_two_periods_and_the_one_it_leaves_out_is_none() -> None:
    fall = hours_of(utc("2026-11-01T04:00"), 25, "America/New_York")
    assert fall[:4] == ["00:00-0400", "01:00-0400", "01:00-0500", "02:00-0500"]
    assert len(fall) == 25
    spring = hours_of(utc("2026-03-08T05:00"), 23, "America/New_York")
    assert spring[:4] == ["00:00-0500", "01:00-0500", "03:00-0400", "04:00-0400"]
    assert len(spring) == 23


def test_a_day_of_half_an_hour_more_ends_with_half_a_period() -> None:
    fall = hours_of(utc("2026-04-04T13:00"), 24.5, "Australia/Lord_Howe")
    assert fall[:3] == ["00:00+1100", "01:00+1100", "01:30+1030"]
    assert (len(fall), fall[-1]) == (25, "23:30+1030")
    spring = hours_of(utc("2026-10-03T13:30"), 23.5, "Australia/Lord_Howe")
    assert spring[:3] == ["00:00+1030", "01:00+1030", "02:30+1100"]
    assert (len(spring), spring[-1]) == (24, "23:30+1100")


def test_a_period_that_the_session_s_end_cuts_off_takes_nothing_of_the_next_one() -> None:
    bars = bars_at(utc("2026-04-05T12:50") + number * MINUTE for number in range(60))
    found = resampled(Resampler("1h", "Australia/Lord_Howe"), bars)
    assert [f"{time:%H:%M}" for time in found] == ["12:00", "13:00", "13:30"]
    assert rows_of(found.values()) == in_groups(bars, "1h", "Australia/Lord_Howe")


def test_hours_of_a_zone_that_is_half_an_hour_off() -> None:
    assert hours_of(utc("2026-03-02T03:45"), 2, "Asia/Kolkata") == ["09:00+0530", "10:00+0530", "11:00+0530"]


def test_periods_are_counted_from_the_opening_where_one_is_stated() -> None:
    minutes = [utc("2026-03-09T12:00") + number * MINUTE for number in range(120)]  # from eight in New York on
    found = resampled(Resampler("1h", "America/New_York", "09:30"), bars_at(minutes))
    assert [f"{time:%H:%M}" for time in found] == ["11:30", "12:30", "13:30"]
    # What trades before belongs to the day; its first period begins with it.
    early = bars_at([utc("2026-03-09T04:10")])
    resampler = Resampler("1h", "America/New_York", "09:30")
    assert resampler.batch(table_of(early))["time"].tolist() == [utc("2026-03-09T04:00")]
    assert list(resampled(resampler, early)) == [utc("2026-03-09T04:00")]


def test_a_session_that_begins_the_evening_before() -> None:
    sunday = utc("2026-03-15T22:00")  # five in Chicago
    futures = Resampler("1d", "America/Chicago", "17:00")
    assert list(resampled(futures, bars_at([sunday - MINUTE, sunday, sunday + 23 * 60 * MINUTE]))) == [
        utc("2026-03-15"),
        utc("2026-03-16"),
    ]
    assert list(resampled(Resampler("1wk", "America/Chicago", "17:00"), bars_at([sunday]))) == [utc("2026-03-16")]


def test_a_calendar_s_days() -> None:
    pytest.importorskip("exchange_calendars", reason="exchange_calendars is not installed")
    thanksgiving = utc("2025-11-27T15:00")
    found = resampled(Resampler("1d", calendar="XNYS"), bars_at([thanksgiving, thanksgiving + timedelta(days=1)]))
    assert list(found) == [utc("2025-11-28")]


def test_days_weeks_months_and_years_are_dated_with_their_first_day() -> None:
    late = utc("2025-01-01T04:59")  # still 2024 in New York
    for interval, day in (
        ("1d", "2024-12-31"),
        ("1wk", "2024-12-30"),
        ("1mo", "2024-12-01"),
        ("1y", "2024-01-01"),
    ):
        assert list(resampled(Resampler(interval, "America/New_York"), [bar(late)])) == [utc(day)]


def test_the_bar_s_own_zone_counts_unless_one_is_stated() -> None:
    late = bar(utc("2025-01-01T04:59"), tz="America/New_York")
    assert list(resampled(Resampler("1y"), [late])) == [utc("2024-01-01")]
    assert list(resampled(Resampler("1y", "UTC"), [late])) == [utc("2025-01-01")]
    assert list(resampled(Resampler("1y"), [msgspec.structs.replace(late, tz=None)])) == [utc("2025-01-01")]


def test_what_a_bar_is_made_of() -> None:
    start = utc("2026-03-02T14:30")
    more: dict[str, Any] = {"currency": "USD", "feed": "simulated", "interval": "2m"}
    resampler = Resampler("30m")
    assert resampler.forming is None
    assert resampler.update(bar(start, 10.0, open=9.5, tz="UTC", adj_close=5.0, **more)) is None
    assert (
        resampler.update(bar(start + 8 * MINUTE, 20.0, tz="Europe/London", close_usd=7.0, revision=2, **more)) is None
    )
    made = resampler.update(bar(start + 32 * MINUTE, **more))
    assert made == Bar(
        symbol="AAPL", interval="30m", feed="simulated", time=start, open=9.5, high=21.0, low=9.0, close=20.0,
        volume=200.0, adj_close=None, close_usd=7.0, currency="USD", tz="Europe/London", source="csv", revision=2,
        final=True, flags=(),
    )  # fmt: skip


def test_where_nothing_was_traded_there_is_no_bar() -> None:
    start = utc("2026-03-02T14:30")
    times = [start, start + 4 * MINUTE, start + 17 * MINUTE, start + timedelta(days=3)]
    found = resampled(Resampler("5m"), bars_at(times))
    assert list(found) == [start, start + 15 * MINUTE, start + timedelta(days=3)]


def test_the_present_period_is_final_only_where_nothing_can_follow() -> None:
    start = utc("2026-03-02T14:30")
    resampler = Resampler("5m")
    seen = []
    for minute in range(5):
        resampler.update(bar(start + minute * MINUTE, final=False))
        seen.append(resampler.forming and resampler.forming.final)
        resampler.update(bar(start + minute * MINUTE))
        seen.append(resampler.forming and resampler.forming.final)
    assert seen == [False] * 9 + [True]


@pytest.mark.parametrize(
    ("interval", "finer", "last", "over"),
    [
        ("1d", "1m", "2026-03-03T04:59", True),  # midnight in New York
        ("1d", "1m", "2026-03-03T04:58", False),
        ("1wk", "1h", "2026-03-09T03:00", True),
        ("1wk", "1h", "2026-03-08T04:00", False),
        ("1mo", "1d", "2026-03-31", True),
        ("1mo", "1d", "2026-03-30", False),
        ("1y", "1mo", "2026-12-01", True),
    ],
)
def test_the_last_bar_of_a_long_period_ends_it(interval: str, finer: str, last: str, *, over: bool) -> None:
    resampler = Resampler(interval, "America/New_York")
    resampler.update(bar(utc(last), interval=finer))
    assert resampler.forming is not None
    assert resampler.forming.final is over
    table = table_of([bar(utc(last), interval=finer)])
    assert Resampler(interval, "America/New_York").batch(table)["final"].tolist() == [over]
    table["final"] = False
    assert Resampler(interval, "America/New_York").batch(table)["final"].tolist() == [False]
