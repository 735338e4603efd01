"""Doubtful bars are flagged on entry, and nothing is dropped."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from stockstream.errors import BadRow
from stockstream.producers.checks import Checks
from stockstream.records import CLOSING, EXTENDED, FROZEN, JUMP, OFF_GRID, OUTSIDE, READINGS, Bar

START = datetime(2026, 3, 19, 14, 30, tzinfo=UTC)


def bar(number: int, close: float, **changes: object) -> Bar:
    time = START + timedelta(minutes=number)
    made = Bar(
        symbol="AAPL", interval="1m", time=time, open=close, high=close + 1, low=close - 1, close=close, volume=5.0,
        currency="USD", tz="America/New_York", source="test",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def calm(count: int) -> list[Bar]:
    return [bar(number, 100.0 + number % 3 / 10) for number in range(count)]


def flags(bars: list[Bar], checks: Checks | None = None) -> list[tuple[str, ...]]:
    checks = checks or Checks(deviations=10.0, frozen=5)
    return [each.flags for each in map(checks.flagged, bars)]


def test_good_bars_and_all_else_pass_as_they_are() -> None:
    bars = calm(200)
    row = BadRow("a.csv", 2, None, "cut off")
    assert list(Checks().checked([*bars, None, row])) == [*bars, None, row]


def test_a_jump_is_flagged_and_does_not_hide_the_next() -> None:
    found = flags([*calm(60), bar(60, 120.0), bar(61, 100.1), bar(62, 100.2)])
    assert found[:60] == [()] * 60
    assert found[60:] == [(JUMP,), (JUMP,), ()]


def test_a_jump_over_a_closed_market_is_none_and_neither_is_one_without_enough_returns() -> None:
    assert flags([*calm(60), bar(1_000, 120.0)])[-1] == ()
    assert flags([*calm(20), bar(20, 120.0)])[-1] == ()


def test_frozen_prices_are_flagged_while_there_are_trades() -> None:
    still = [bar(number, 100.0, open=100.0, high=100.0, low=100.0) for number in range(8)]
    assert flags(still) == [()] * 4 + [(FROZEN,)] * 4
    assert flags([msgspec.structs.replace(each, volume=0.0) for each in still]) == [()] * 8
    again = [
        *still[:4],
        bar(4, 101.0),
        *(msgspec.structs.replace(still[5], time=bar(n, 1.0).time) for n in range(5, 9)),
    ]
    assert flags(again) == [()] * 9


def test_a_bar_off_its_grid_and_a_change_of_currency_or_zone_are_flagged() -> None:
    stray = bar(1, 100.0, time=START + timedelta(seconds=77))
    assert flags([bar(0, 100.0), stray]) == [(), (OFF_GRID,)]
    moved = bar(1, 100.0, currency="EUR", tz="Europe/Berlin")
    assert flags([bar(0, 100.0), moved, bar(2, 100.0, currency=None, tz=None)])[1:] == [
        ("changed:currency", "changed:tz"),
        (),
    ]


def test_a_bar_that_comes_again_keeps_its_flags_and_those_it_had() -> None:
    checks = Checks()
    flags(calm(60), checks)
    jump = bar(60, 120.0, flags=("partial",))
    assert checks.flagged(jump).flags == ("partial", JUMP)
    checks.flagged(bar(61, 100.0))
    assert checks.flagged(msgspec.structs.replace(jump, revision=1)).flags == ("partial", JUMP)
    assert checks.flagged(bar(5, 100.2)).flags == ()


def test_series_are_checked_apart_and_forming_bars_teach_nothing() -> None:
    checks = Checks()
    flags(calm(60), checks)
    other = msgspec.structs.replace(bar(60, 120.0), symbol="MSFT")
    assert checks.flagged(other).flags == ()
    assert checks.flagged(bar(60, 120.0, final=False)).flags == (JUMP,)
    assert checks.flagged(bar(60, 100.0)).flags == ()


def test_a_bar_outside_of_the_hours_is_flagged_unless_its_source_marks_it() -> None:
    checks = Checks(outside=lambda each: each.time >= START + timedelta(minutes=2))
    bars = [
        bar(1, 100.0),
        bar(2, 100.0),
        bar(3, 100.0, flags=(EXTENDED,)),
        bar(4, 100.0, flags=(CLOSING,)),
    ]
    assert flags(bars, checks) == [(), (OUTSIDE,), (EXTENDED,), (CLOSING,)]


def test_readings_jump_by_differences_as_they_have_no_returns() -> None:
    """A temperature may be below zero, and from 0.1 to 0.2 degrees is no jump."""
    mild = [bar(number, (-0.2, 0.1, 0.3)[number % 3], feed=READINGS) for number in range(60)]
    found = flags([*mild, bar(60, 0.2, feed=READINGS), bar(61, -9.0, feed=READINGS)])
    assert found == [()] * 61 + [(JUMP,)]
    assert flags([*calm(60), bar(60, -9.0)])[-1] == (), "a price below zero has no return"


@pytest.mark.parametrize("outlier", [1e9, 2_147_483_647.0])
def test_an_outlier_leaves_no_jumps_behind(outlier: float) -> None:
    """A sensor's INT_MAX among the first values, which are too few to judge it, leaves the window 100 bars later."""
    draw = random.Random(3)
    values = [round(draw.gauss(20.0, 1.0), 2) for _ in range(400)]
    values[10] = outlier
    assert flags([bar(number, value, feed=READINGS) for number, value in enumerate(values)]) == [()] * 400


def test_another_source_s_bar_does_not_take_over_the_flags_of_the_one_that_it_replaces() -> None:
    checks = Checks()
    whole = [*calm(60), bar(60, 120.0), bar(61, 120.0)]
    assert flags(whole, checks)[60:] == [(JUMP,), ()]
    assert checks.flagged(bar(60, 120.5)).flags == (JUMP,), "its source sends it again"
    assert checks.flagged(bar(60, 100.1, source="preferred", revision=1)).flags == ()
    assert checks.flagged(bar(61, 100.1, source="", time=START + timedelta(seconds=3_661))).flags == (OFF_GRID,)
