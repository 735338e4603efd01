"""Resampling late, corrected and impossible bars, and continuing from a saved state."""

from __future__ import annotations

import json
import random
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import InvalidBar, Resampler, TooLate
from stockstream.records import IMPOSSIBLE, OFF_GRID, PARTIAL, Bar, doubts
from tests.indicators.finer import (
    MINUTE,
    ZONES,
    bar,
    bars_at,
    drawn,
    resampled,
    rows_of,
    table_of,
    utc,
)


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


def test_a_correction_of_an_earlier_period_is_reported() -> None:
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


@given(bars=drawn(), zone=st.sampled_from(ZONES), seed=st.integers(0, 2**32))
@settings(deadline=None)
def test_a_correction_goes_through_steps(bars: list[Bar], zone: str, seed: int) -> None:
    dice = random.Random(seed)
    steps = [Resampler(interval, zone, retain=60) for interval in ("5m", "1h", "1d")]
    wrong = [msgspec.structs.replace(each, high=9.0) for each in bars if dice.random() < 0.3]
    late = sorted(bars, key=lambda each: each.time.timestamp() + dice.choice([0, 0, 0, 10_000]))

    def hand_on(done: Bar | None, steps: list[Resampler]) -> None:
        for step in steps:
            done = step.update(done) if done is not None else None

    for each in [*wrong, *late]:
        hand_on(each, steps)
    for place, step in enumerate(steps, start=1):
        hand_on(step.forming, steps[place:])
    assert steps[-1].forming == list(resampled(Resampler("1d", zone), bars).values())[-1]


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


def test_an_impossible_bar_is_left_out_and_reported() -> None:
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
    assert rows_of([resampler.forming]) == [(start, 10.0, 11.0, 9.0, 10.0, None)]  # of the last one not even the volume
    assert resampler.forming.flags == (OFF_GRID, PARTIAL)
    # They come again as they should have been.
    for minute in (1, 2, 3):
        resampler.update(bar(start + minute * MINUTE))
    assert resampler.doubtful == 0
    mended = resampler.forming
    assert (mended.flags, mended.volume) == ((OFF_GRID,), 400.0)


def test_doubts_are_reported_once_and_counted_for_good() -> None:
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
    assert (made.time, made.interval, made.final, made.flags) == (start, "5m", True, ("impossible:high,low",))
    assert made.flags == doubts(made.open, made.high, made.low, made.close, made.volume)


def test_what_is_refused_changes_nothing() -> None:
    start = utc("2026-03-02T14:30")
    resampler = Resampler("5m", zone="America/New_York")
    for wrong in ("5m", "1h", "2m", "3m", "1d"):
        with pytest.raises(InvalidBar, match=f"bars of {wrong} do not add up to bars of 5m"):
            resampler.update(bar(start, interval=wrong))
    resampler.update(bar(start))
    before = resampler.state()
    for fields, result in (
        ({"symbol": "MSFT"}, "a bar of MSFT 1m among those of AAPL 1m"),
        ({"interval": "5m"}, "a bar of AAPL 5m among those of AAPL 1m"),
        ({"feed": "simulated"}, "a bar of AAPL 1m simulated among those of AAPL 1m"),
        ({"high": float("inf")}, "cannot compute with high inf at 2026-03-02 14:31"),
        ({"low": float("nan")}, "cannot compute with low nan at"),
        ({"volume": float("nan")}, "cannot compute with volume nan at"),
        ({"adj_close": float("nan")}, "cannot compute with adj_close nan at"),
        ({"time": datetime(2026, 3, 2)}, "2026-03-02 00:00:00 has no zone"),  # noqa: DTZ001 - the point of it
    ):
        with pytest.raises(InvalidBar, match=result):
            resampler.update(bar(**({"time": start + MINUTE} | fields)))
    with pytest.raises(InvalidBar, match="tz 'Mars/Olympus'"):
        Resampler("5m").update(bar(start, tz="Mars/Olympus"))
    assert resampler.state() == before


@pytest.mark.parametrize(
    ("wrong", "result"),
    [
        ({"interval": "1m"}, "nothing is shorter than 1m"),
        ({"interval": "48h"}, "48h is longer than a session"),
        ({"interval": "fortnight"}, "'fortnight' is not an interval: a whole number of m, h, d, wk, mo or y"),
        ({"zone": "Mars/Olympus"}, "zone is one .* not 'Mars/Olympus'"),
        ({"opens": "25:00"}, "opens is a time .* not '25:00'"),
        ({"retain": -1}, "retain is a whole number of at least 0, not -1"),
        ({"retain": True}, "retain is a whole number of at least 0, not True"),
    ],
)
def test_wrong_parameters_are_reported(wrong: dict[str, Any], result: str) -> None:
    with pytest.raises(ValueError, match=result):
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
    for damage, result in (
        ({"interval": "1h"}, "has interval '1h', this indicator has interval '5m'"),
        ({"version": 99}, "has version 99"),
        ({"doubtful": -1}, "damaged: doubtful is -1"),
        ({"doubtful": None}, "damaged: doubtful"),
        ({"bars": None}, "damaged: bars"),
        ({"bars": [[1, 2, 3]]}, "damaged: bars"),
        ({"bars": [*rows[::-1], rows[0] | {"symbol": "MSFT"}]}, "damaged: bars: a bar of MSFT 1m among"),
    ):
        with pytest.raises(ValueError, match=result):
            resampler.restore(state | damage)
    for name in state:
        with pytest.raises(ValueError, match="the saved state is damaged"):
            resampler.restore({key: value for key, value in state.items() if key != name})
    assert resampler.state() == state
