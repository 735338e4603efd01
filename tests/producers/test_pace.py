"""Pacing: exact over time, without bursts, and always responsive to a stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

from hypothesis import given
from hypothesis import strategies as st

from stockstream.errors import BadRow
from stockstream.producers.pace import paced
from stockstream.producers.pacing import Limits, Pacing
from stockstream.producers.valve import Valve
from tests.producers.manual_clock import ManualClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def pacing(manual_clock: ManualClock, valve: Valve, limits: Limits | None = None) -> Pacing[int]:
    """Of numbers that are their own times, in seconds."""
    return Pacing(limits or Limits(), valve, lambda number: EPOCH + timedelta(seconds=number), manual_clock.clock)


def at_rate(
    source: Iterable[int | BadRow | None], rate: float, manual_clock: ManualClock, burst: int = 1
) -> Iterator[int | BadRow | None]:
    return pacing(manual_clock, Valve(rate, burst, manual_clock.clock)).through(source)


def moments(source: Iterator[int | BadRow | None], manual_clock: ManualClock) -> list[float]:
    return [manual_clock.slept for item in source if item is not None]


@given(rate=st.floats(0.01, 10_000), rows=st.integers(1, 300))
def test_each_record_has_its_moment(rate: float, rows: int) -> None:
    manual_clock = ManualClock()
    at = moments(at_rate(range(rows), rate, manual_clock), manual_clock)
    assert all(abs(moment - number / rate) < 1e-6 for number, moment in enumerate(at))


def test_what_reading_and_sending_take_is_made_up_for() -> None:
    manual_clock = ManualClock()
    at = []
    for _ in filter(None, at_rate(range(1, 101), 10.0, manual_clock)):
        at.append(manual_clock.slept)
        manual_clock.clock.sleep(0.07)
    assert abs(at[-1] - 9.9) < 1e-6


def test_who_slept_long_continues_without_a_burst() -> None:
    manual_clock = ManualClock()
    at = []
    for record in at_rate(range(100), 10.0, manual_clock):
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
    for item in at_rate([1, bad, None, 2], 0.5, manual_clock):
        if len(passed) < 3:
            assert manual_clock.slept == 0.0
        passed.append(item)
    assert passed[:3] == [1, bad, None]
    assert passed[-1] == 2


def test_a_burst_goes_at_once_and_the_rate_holds_over_time() -> None:
    manual_clock = ManualClock()
    at = moments(at_rate(range(9), 1.0, manual_clock, burst=3), manual_clock)
    assert [round(moment, 6) for moment in at] == [0, 0, 0, 1, 2, 3, 4, 5, 6]


def test_a_valve_is_closed_opened_and_set_meanwhile() -> None:
    manual_clock = ManualClock()
    valve = Valve(None, 1, manual_clock.clock)
    items = pacing(manual_clock, valve).through(range(1, 100))
    assert list(islice(items, 3)) == [1, 2, 3]
    valve.is_closed = True
    assert list(islice(items, 50)) == [None] * 50
    assert manual_clock.slept > 9
    valve.is_closed, valve.rate = False, 2.0
    at = []
    for item in items:
        if item is not None:
            at.append(manual_clock.slept)
        if len(at) == 5:
            break
    assert [round(later - earlier, 6) for earlier, later in pairwise(at)] == [0.5] * 4
    assert valve.passed == 8


def test_only_what_is_wanted_passes() -> None:
    manual_clock = ManualClock()
    valve = Valve(None, 1, manual_clock.clock)
    first, last = EPOCH + timedelta(seconds=10), EPOCH + timedelta(seconds=20)
    limits = Limits(start=first, end=last, speed=2.0, count=8)
    passed = [item for item in pacing(manual_clock, valve, limits).through(range(100)) if item is not None]
    assert passed == list(range(10, 18))
    assert round(manual_clock.slept, 6) == 3.5


def test_seconds_end_a_source_that_has_nothing_to_send() -> None:
    manual_clock = ManualClock()

    def quiet() -> Iterator[None]:
        while True:
            manual_clock.clock.sleep(0.2)
            yield None

    valve = Valve(None, 1, manual_clock.clock)
    assert all(item is None for item in pacing(manual_clock, valve, Limits(seconds=5)).through(quiet()))
    assert 5 <= manual_clock.slept < 5.5
