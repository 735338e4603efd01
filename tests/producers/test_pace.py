"""Pacing: true over time, without bursts, and never deaf."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stockstream.errors import BadRow
from stockstream.producers.pace import at_rate, paced
from tests.producers.manual_clock import ManualClock


def moments(source: Iterator[int | BadRow | None], manual_clock: ManualClock) -> list[float]:
    return [manual_clock.slept for item in source if item is not None]


@given(rate=st.floats(0.01, 10_000), rows=st.integers(1, 300))
def test_each_record_has_its_moment(rate: float, rows: int) -> None:
    manual_clock = ManualClock()
    at = moments(at_rate(range(rows), rate, clock=manual_clock.clock), manual_clock)
    assert all(abs(moment - number / rate) < 1e-6 for number, moment in enumerate(at))


def test_what_reading_and_sending_take_is_made_up_for() -> None:
    manual_clock = ManualClock()
    at = []
    for _ in filter(None, at_rate(range(1, 101), 10.0, clock=manual_clock.clock)):
        at.append(manual_clock.slept)
        manual_clock.clock.sleep(0.07)
    assert abs(at[-1] - 9.9) < 1e-6


def test_who_slept_long_goes_on_without_a_burst() -> None:
    manual_clock = ManualClock()
    at = []
    for record in at_rate(range(100), 10.0, clock=manual_clock.clock):
        if record is None:
            continue
        at.append(manual_clock.slept)
        if record == 50:
            manual_clock.clock.sleep(600.0)
    after = [later - earlier for earlier, later in pairwise(at[51:])]
    assert min(after) > 0.09


def test_there_is_a_none_at_least_every_second_while_a_record_is_held_back() -> None:
    manual_clock = ManualClock()
    before = 0.0
    for _ in paced([0, 30], lambda record: float(record), clock=manual_clock.clock):
        assert manual_clock.slept - before <= 1.0
        before = manual_clock.slept
    assert before == 30.0


def test_rows_that_cannot_be_read_and_nones_pass_at_once() -> None:
    manual_clock = ManualClock()
    bad = BadRow("a.csv", 2, None, "cut off")
    passed: list[int | BadRow | None] = []
    for item in at_rate([1, bad, None, 2], 0.5, clock=manual_clock.clock):
        if len(passed) < 3:
            assert manual_clock.slept == 0.0
        passed.append(item)
    assert passed[:3] == [1, bad, None]
    assert passed[-1] == 2
