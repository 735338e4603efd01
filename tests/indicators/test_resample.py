"""Resampling: against groups that pandas makes, by day and zone, and against itself in every other way."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import InvalidBar, Resampler, TooLate
from stockstream.records import IMPOSSIBLE, INTERVALS, OFF_GRID, PARTIAL, Bar, contradiction

ZONES = ["America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]
MADE = ["5m", "15m", "30m", "1h", "1d", "1wk", "1mo", "1y"]
DAYS = ["1d", "1wk", "1mo", "1y"]
MINUTE = timedelta(minutes=1)
# Clocks change in New York, in London and New York, and on Lord Howe.
STARTS = ["2026-03-07T20:00", "2026-10-24T20:00", "2026-11-01T03:00", "2026-04-04T12:00", "2026-12-31T00:00"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def bar(time: datetime, close: float = 10.0, **fields: Any) -> Bar:
    values = {"open": close, "high": close + 1, "low": close - 1, "close": close, "volume": 100.0}
    return Bar(**({"symbol": "AAPL", "interval": "1m", "source": "csv"} | values | {"time": time} | fields))


def bars_at(times: Iterable[datetime], seed: int = 7, **fields: Any) -> list[Bar]:
    dice = random.Random(seed)
    made = []
    for time in times:
        low, one, other, high = sorted(dice.choice([1.0, 2.0, 3.0, dice.uniform(0, 4)]) for _ in range(4))
        first, last = dice.sample([one, other], 2)
        volume = float(dice.randrange(1000))
        made.append(bar(time, open=first, high=high, low=low, close=last, volume=volume, **fields))
    return made


@st.composite
def drawn(draw: st.DrawFn, interval: str = "1m", most: int = 60) -> list[Bar]:
    """Bars of an interval with gaps from none to two days."""
    step = timedelta(seconds=INTERVALS[interval])
    gap = st.sampled_from([1, 1, 1, 1, 2, 3, 7, 59, 61, 391, 1441, 2880])
    gaps = draw(st.lists(gap, min_size=1, max_size=most))
    start = utc(draw(st.sampled_from(STARTS)))
    if interval in DAYS:
        start = start.replace(hour=0)
        gaps = [each % 40 + 1 for each in gaps]
    made = bars_at((start + each * step for each in accumulate(gaps)), draw(st.integers(0, 2**32)), interval=interval)
    for place in draw(st.lists(st.integers(0, len(made) - 1), max_size=2)):
        made[place] = msgspec.structs.replace(made[place], volume=None)
    return made


def resampled(resampler: Resampler, bars: Iterable[Bar]) -> dict[datetime, Bar]:
    """By time, the last that was said about each period."""
    found = {}
    for each in bars:
        done = resampler.update(each)
        if done is not None:
            assert done.final
            found[done.time] = done
    if resampler.forming is not None:
        found[resampler.forming.time] = resampler.forming
    return dict(sorted(found.items()))


def table_of(bars: Sequence[Bar]) -> pd.DataFrame:
    names = [field.name for field in msgspec.structs.fields(Bar)]
    table = pd.DataFrame([msgspec.structs.astuple(each) for each in bars], columns=names)
    return table.astype({"volume": "float64"})


def rows_of(bars: Iterable[Bar]) -> list[tuple[Any, ...]]:
    return [(each.time, each.open, each.high, each.low, each.close, each.volume) for each in bars]


def rows_of_table(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    chosen = table[["time", "open", "high", "low", "close", "volume"]].astype(object)
    return list(chosen.where(chosen.notna(), None).itertuples(index=False, name=None))


def in_groups(bars: Sequence[Bar], interval: str, zone: str) -> list[tuple[Any, ...]]:
    """The periods' bars as a quant makes them: local days of pandas, groups by opening."""
    table = table_of(bars)
    local = table["time"].dt.tz_convert(zone)
    midnight = local.dt.normalize().dt.tz_convert("UTC")
    if interval in ("5m", "15m", "30m", "1h"):
        length = pd.Timedelta(seconds=INTERVALS[interval])
        opening = midnight + (table["time"] - midnight) // length * length
    else:
        date = table["time"].dt.tz_localize(None) if bars[0].interval in DAYS else local.dt.tz_localize(None)
        rule = {"1d": "D", "1wk": "W-SUN", "1mo": "M", "1y": "Y"}[interval]
        opening = date.dt.to_period(rule).dt.start_time.dt.tz_localize("UTC")
    groups = table.groupby(opening)
    found = groups.agg({"open": "first", "high": "max", "low": "min", "close": "last"})
    found["volume"] = groups["volume"].agg(lambda volumes: volumes.sum(skipna=False))
    return rows_of_table(found.rename_axis("time").reset_index())


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
    if INTERVALS[finer] >= INTERVALS[interval]:
        return
    bars = data.draw(drawn(finer))
    named = [msgspec.structs.replace(each, tz="Asia/Kolkata", adj_close=each.close / 2) for each in bars]
    one_by_one = list(resampled(Resampler(interval, zone, opens), named).values())
    at_once = Resampler(interval, zone, opens).batch(table_of(named).drop(columns=["flags", "revision"]))
    expected = table_of(one_by_one)[list(at_once)]
    pd.testing.assert_frame_equal(at_once, expected, check_dtype=False)
    assert at_once["final"].tolist() == [each.final for each in one_by_one]


@given(
    bars=drawn(most=40),
    interval=st.sampled_from(["5m", "1h", "1d", "1wk"]),
    zone=st.sampled_from(ZONES),
    seed=st.integers(0, 2**32),
    cuts=st.lists(st.integers(0, 40), max_size=3),
)
@settings(deadline=None)
def test_in_any_order_and_with_any_restart_it_is_the_same(
    bars: list[Bar], interval: str, zone: str, seed: int, cuts: list[int]
) -> None:
    expected = resampled(Resampler(interval, zone), bars)
    shuffled = random.Random(seed).sample(bars, len(bars))
    # Some came as something else at first.
    change: dict[str, Any] = {"high": 9.0, "volume": 1.0, "final": False}
    again = [*(msgspec.structs.replace(each, close=each.open, **change) for each in shuffled[::3]), *shuffled]
    resampler = Resampler(interval, zone, retain=100)
    found: dict[datetime, Bar] = {}
    for place, each in enumerate(again):
        if place in cuts:
            saved = json.loads(json.dumps(resampler.state(), allow_nan=False))
            resampler = Resampler(interval, zone, retain=100)
            resampler.restore(saved)
            assert resampler.state() == saved
        found |= resampled(resampler, [each])
    # What was forming once may have ended unseen: a later period had begun before.
    assert {time: msgspec.structs.replace(each, final=True) for time, each in sorted(found.items())} == {
        time: msgspec.structs.replace(each, final=True) for time, each in expected.items()
    }
    assert resampler.forming == list(expected.values())[-1]


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


def test_a_correction_of_an_earlier_period_is_told() -> None:
    start = utc("2026-03-02T14:30")
    bars = bars_at(start + minute * MINUTE for minute in (0, 1, 4, 11, 12))
    resampler = Resampler("5m")
    resampled(resampler, bars)
    assert resampler.update(bars[1]) is None  # it is as it was
    assert resampler.update(msgspec.structs.replace(bars[1], revision=3)) is None
    higher = resampler.update(msgspec.structs.replace(bars[1], high=50.0, revision=1))
    assert higher is not None
    assert (higher.time, higher.high, higher.final, higher.revision) == (start, 50.0, True, 1)
    late = resampler.update(bar(start + 3 * MINUTE, 60.0))
    assert late is not None
    assert (late.time, late.high) == (start, 61.0)
    assert resampler.update(bar(start + 10 * MINUTE, 70.0)) is None
    assert resampler.forming is not None
    assert (resampler.forming.open, resampler.forming.high) == (70.0, 71.0)
    between = resampler.update(bar(start + 7 * MINUTE, 80.0))
    assert between is not None
    assert (between.time, between.close) == (start + 5 * MINUTE, 80.0)
    with pytest.raises(TooLate, match=r"the bar at 2026-03-02 14:31:00\+00:00 is of a period before .* 14:35"):
        resampler.update(bars[1])


@pytest.mark.parametrize("retain", [0, 1, 3])
def test_so_many_periods_are_retained(retain: int) -> None:
    start = utc("2026-03-02T14:30")
    bars = bars_at(start + 5 * number * MINUTE for number in range(6))
    resampler = Resampler("5m", retain=retain)
    resampled(resampler, bars)
    before = resampler.state()
    assert len(before["bars"]) == retain + 1
    for each in bars[: 5 - retain]:
        with pytest.raises(TooLate):
            resampler.update(msgspec.structs.replace(each, high=90.0))
    assert resampler.state() == before
    for each in bars[5 - retain :]:
        resampler.update(msgspec.structs.replace(each, high=90.0))


def test_an_impossible_bar_is_left_out_and_told() -> None:
    start = utc("2026-03-02T14:30")
    resampler = Resampler("5m")
    resampler.update(bar(start, flags=(OFF_GRID,)))
    flagged = bar(start + MINUTE, 50.0, flags=(OFF_GRID, IMPOSSIBLE))
    resampler.update(flagged)
    contradictory = bar(start + 2 * MINUTE, high=1.0, low=2.0)
    resampler.update(contradictory)
    resampler.update(bar(start + 3 * MINUTE, volume=-1.0))
    assert resampler.doubtful == 3
    assert resampler.forming is not None
    assert rows_of([resampler.forming]) == [(start, 10.0, 11.0, 9.0, 10.0, 100.0)]
    assert resampler.forming.flags == (OFF_GRID, PARTIAL)
    # They come again as they should have been.
    for minute in (1, 2, 3):
        resampler.update(bar(start + minute * MINUTE))
    assert resampler.doubtful == 0
    mended = resampler.forming
    assert (mended.flags, mended.volume) == ((OFF_GRID,), 400.0)


def test_doubts_are_told_once_and_counted_for_good() -> None:
    start = utc("2026-03-02T14:30")
    five, hour = Resampler("5m", retain=0), Resampler("1h")
    doubtful = (OFF_GRID, IMPOSSIBLE)
    for minute, flags in enumerate([(OFF_GRID,), doubtful, (OFF_GRID,), (), (), doubtful, doubtful, (OFF_GRID,), ()]):
        done = five.update(bar(start + minute * MINUTE, flags=flags))
        if done:
            hour.update(done)
    assert five.forming is not None
    hour.update(five.forming)
    hour.update(bar(start + 11 * MINUTE, interval="5m", flags=doubtful))
    assert hour.forming is not None
    assert hour.forming.flags == (OFF_GRID, PARTIAL)
    restored = Resampler("5m", retain=0)
    restored.restore(five.state())
    assert restored.doubtful == five.doubtful == 3


def test_a_period_of_impossible_bars_alone_is_one() -> None:
    start = utc("2026-03-02T14:30")
    resampler = Resampler("5m")
    resampler.update(bar(start + MINUTE, high=1.0, low=2.0))
    made = resampler.update(bar(start + 5 * MINUTE))
    assert made is not None
    assert (made.time, made.interval, made.final, made.flags) == (start, "5m", True, (IMPOSSIBLE,))
    assert contradiction(made.open, made.high, made.low, made.close, made.volume)


def test_at_once_impossible_bars_are_left_out_too() -> None:
    start = utc("2026-03-02T14:30")
    bars = bars_at(start + minute * MINUTE for minute in range(12))
    for place, change in {1: {"high": 0.0}, 4: {"volume": -1.0}, 7: {"close": 99.0}, 11: {"open": -9.0}}.items():
        bars[place] = msgspec.structs.replace(bars[place], **change)
    for place in (10, 11):
        bars[place] = msgspec.structs.replace(bars[place], low=9.0)
    found = Resampler("5m").batch(table_of(bars))
    expected = [each for each in resampled(Resampler("5m"), bars).values() if IMPOSSIBLE not in each.flags]
    assert rows_of(expected) == rows_of_table(found)
    assert found["final"].tolist() == [True, True]


def test_what_is_refused_changes_nothing() -> None:
    start = utc("2026-03-02T14:30")
    resampler = Resampler("5m", zone="America/New_York")
    for wrong in ("5m", "1h", "2m", "3m", "1d"):
        with pytest.raises(InvalidBar, match=f"bars of {wrong} do not add up to bars of 5m"):
            resampler.update(bar(start, interval=wrong))
    resampler.update(bar(start))
    before = resampler.state()
    for fields, told in (
        ({"symbol": "MSFT"}, "a bar of MSFT 1m among those of AAPL 1m"),
        ({"interval": "5m"}, "a bar of AAPL 5m among those of AAPL 1m"),
        ({"feed": "simulated"}, "a bar of AAPL 1m simulated among those of AAPL 1m"),
        ({"high": float("inf")}, "cannot compute with high inf at 2026-03-02 14:31"),
        ({"low": float("nan")}, "cannot compute with low nan at"),
        ({"volume": float("nan")}, "cannot compute with volume nan at"),
        ({"adj_close": float("nan")}, "cannot compute with adj_close nan at"),
        ({"time": datetime(2026, 3, 2)}, "2026-03-02 00:00:00 has no zone"),  # noqa: DTZ001 - the point of it
    ):
        with pytest.raises(InvalidBar, match=told):
            resampler.update(bar(**({"time": start + MINUTE} | fields)))
    with pytest.raises(InvalidBar, match="tz 'Mars/Olympus'"):
        Resampler("5m").update(bar(start, tz="Mars/Olympus"))
    assert resampler.state() == before


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"interval": "1m"}, "interval is one of 2m, 5m, .*, 1y, not '1m'"),
        ({"interval": "3m"}, "not '3m'"),
        ({"zone": "Mars/Olympus"}, "zone is one .* not 'Mars/Olympus'"),
        ({"opens": "25:00"}, "opens is a time .* not '25:00'"),
        ({"retain": -1}, "retain is a whole number of at least 0, not -1"),
        ({"retain": True}, "retain is a whole number of at least 0, not True"),
    ],
)
def test_wrong_parameters_are_told(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Resampler(**({"interval": "5m"} | wrong))


def test_weeks_do_not_add_up_to_months() -> None:
    for interval in ("1mo", "1y"):
        with pytest.raises(ValueError, match=f"bars of 1wk do not add up to bars of {interval}"):
            Resampler(interval).update(bar(utc("2026-03-02"), interval="1wk"))
        with pytest.raises(ValueError, match=f"bars of 1wk do not add up to bars of {interval}"):
            Resampler(interval).batch(table_of([bar(utc("2026-03-02"))]).drop(columns="interval"), of="1wk")


def test_times_of_another_zone_are_the_same_instants() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    bars = bars_at(utc("2026-03-02T18:00") + number * 7 * MINUTE for number in range(20))
    moved = [msgspec.structs.replace(each, time=each.time.astimezone(kolkata)) for each in bars]
    assert resampled(Resampler("1d"), moved) == resampled(Resampler("1d"), bars)


def test_a_copy_goes_its_own_way() -> None:
    start = utc("2026-03-02T14:30")
    bars = bars_at(start + minute * MINUTE for minute in range(30))
    resampler = Resampler("5m")
    resampled(resampler, bars[:13])
    before = resampler.state()
    twin = resampler.copy()
    assert resampled(twin, bars[13:]) == resampled(resampler.copy(), bars[13:])
    twin.update(msgspec.structs.replace(bars[-1], high=99.0))
    assert resampler.state() == before


def test_a_state_of_something_else_is_refused_and_changes_nothing() -> None:
    resampler = Resampler("5m", retain=1)
    resampled(resampler, bars_at(utc("2026-03-02T14:30") + minute * MINUTE for minute in range(8)))
    state = resampler.state()
    rows = state["bars"]
    for damage, told in (
        ({"interval": "1h"}, "has interval '1h', this indicator has interval '5m'"),
        ({"version": 99}, "has version 99"),
        ({"doubtful": -1}, "damaged: doubtful is -1"),
        ({"doubtful": None}, "damaged: doubtful"),
        ({"bars": None}, "damaged: bars"),
        ({"bars": [[1, 2, 3]]}, "damaged: bars"),
        ({"bars": [*rows[::-1], rows[0] | {"symbol": "MSFT"}]}, "damaged: bars: a bar of MSFT 1m among"),
    ):
        with pytest.raises(ValueError, match=told):
            resampler.restore(state | damage)
    for name in state:
        with pytest.raises(ValueError, match="the saved state is damaged"):
            resampler.restore({key: value for key, value in state.items() if key != name})
    assert resampler.state() == state


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
    with pytest.raises(ValueError, match=r"there is no low$"):
        Resampler("5m").batch(table.drop(columns="low"))
    for name in ("close", "volume"):
        with pytest.raises(InvalidBar, match=f"{name} inf.* at place 3 of the batch"):
            Resampler("5m").batch(table.assign(**{name: [1.0, 2.0, 3.0, float("inf"), 5.0]}))
    with pytest.raises(InvalidBar, match="at place 2 of the batch, NaT"):
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
