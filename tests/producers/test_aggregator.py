"""Bars of readings: against all readings sorted, and the rules for order, repeats, lateness, finish and volume."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockstream.producers import aggregator
from stockstream.producers.aggregator import Aggregator, Origin
from stockstream.producers.reading_period import bounds
from stockstream.records import MARKET, PARTIAL, Bar

NOON = datetime(2026, 3, 19, 12, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
GRACE, LATENESS = 5 * SECOND, 3 * MINUTE
FAR = NOON + timedelta(days=400)


class Heard(NamedTuple):
    symbol: str
    time: datetime
    value: float
    total: float | None = None


def at(seconds: float, value: float, symbol: str = "BERLIN") -> Heard:
    return Heard(symbol, NOON + seconds * SECOND, value)


def made(
    readings: Iterable[Heard],
    *,
    every: int = 1,
    now: datetime = NOON,
    forming: bool = False,
    aggregate: Aggregator | None = None,
) -> list[Bar]:
    """All that an aggregator gives when it is asked after each ``every`` readings, and at the end a year later."""
    aggregate = aggregate or Aggregator("1m", Origin("stdin"), grace=GRACE, lateness=LATENESS)
    bars: list[Bar] = []
    for number, reading in enumerate(readings):
        aggregate.add(*reading)
        if not number % every:
            bars += aggregate.bars(now, forming=forming)
    return [*bars, *aggregate.end(FAR)]


def last_of(bars: Iterable[Bar]) -> dict[tuple[str, datetime], Bar]:
    """By series and time what a reader has in the end: the later bar counts."""
    return {(bar.symbol, bar.time): bar for bar in bars}


def numbers(bar: Bar) -> tuple[float | None, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


@dataclass(frozen=True)
class Oracle:
    """What is to come out, by the rules and nothing else: all readings in one list, sorted and grouped."""

    interval: str
    lateness: timedelta | None
    zone: ZoneInfo | None = None

    def taken(self, readings: Sequence[Heard]) -> list[Heard]:
        taken: list[Heard] = []
        newest: dict[str, datetime] = {}
        for reading in readings:
            latest = newest.setdefault(reading.symbol, reading.time)
            end = bounds(reading.time, self.interval, self.zone).end
            if reading in taken or (self.lateness is not None and end <= latest - self.lateness):
                continue
            newest[reading.symbol] = max(latest, reading.time)
            taken.append(reading)
        return taken

    def bars(self, readings: Sequence[Heard]) -> dict[tuple[str, datetime], tuple[float | None, ...]]:
        def period(reading: Heard) -> tuple[str, datetime]:
            return reading.symbol, bounds(reading.time, self.interval, self.zone).time

        taken = self.taken(readings)
        ordered = sorted(taken, key=lambda reading: (reading.symbol, reading.time))  # stable: by arrival where equal
        found: dict[tuple[str, datetime], tuple[float | None, ...]] = {}
        for key, group in groupby(ordered, period):
            values = [reading.value for reading in group]
            found[key] = values[0], max(values), min(values), values[-1], float(len(values))
        return found

    def growth(self, readings: Sequence[Heard], key: tuple[str, datetime]) -> float:
        """By how much the highest total of each day grew in a period; the first day grows from its lowest one."""
        mine = [reading for reading in self.taken(readings) if reading.symbol == key[0]]
        day_of = {reading: reading.time.astimezone(self.zone or UTC).date() for reading in mine}
        first = min(day_of.values())
        grown = 0.0
        for day in set(day_of.values()):
            totals = [(bounds(r.time, self.interval, self.zone).time, r.total or 0.0) for r in mine if day_of[r] == day]
            upto = [total for time, total in totals if time <= key[1]]
            before = [total for time, total in totals if time < key[1]]
            if any(time == key[1] for time, _ in totals):
                base = max(before) if before else (min(upto) if day == first else 0.0)
                grown += max(0.0, max(upto) - base)
        return grown


readings_of_two = st.lists(
    st.builds(
        at,
        st.integers(-400, 400) | st.integers(-400, 400).map(lambda tenth: tenth / 10),
        st.integers(-5, 5).map(float),
        st.sampled_from(["BERLIN", "BONN"]),
    ),
    max_size=60,
)


@given(readings_of_two, st.integers(1, 20), st.sampled_from([LATENESS, timedelta(0), None]), st.booleans())
def test_the_bars_are_those_of_all_readings_sorted(
    readings: list[Heard], every: int, lateness: timedelta | None, forming: bool
) -> None:
    aggregate = Aggregator("1m", Origin("stdin"), grace=GRACE, lateness=lateness)
    bars = made(readings, every=every, forming=forming, aggregate=aggregate)
    oracle = Oracle("1m", None if lateness is None else max(lateness, GRACE))
    assert {key: numbers(bar) for key, bar in last_of(bars).items()} == oracle.bars(readings)
    assert aggregate.taken == len(oracle.taken(readings))
    assert aggregate.taken + aggregate.repeated + aggregate.late == len(readings)
    assert all(bar.final for bar in last_of(bars).values())


@given(readings_of_two, st.integers(1, 20), st.booleans())
def test_a_bar_comes_again_only_where_it_changed_and_never_back_to_forming(
    readings: list[Heard], every: int, forming: bool
) -> None:
    last: dict[tuple[str, datetime], Bar] = {}
    for bar in made(readings, every=every, forming=forming):
        former = last.get((bar.symbol, bar.time))
        if former is None:
            assert bar.revision == 0
        else:
            assert bar.revision == former.revision + 1
            assert (numbers(bar), bar.final) != (numbers(former), former.final)
            assert bar.final or not former.final
        last[bar.symbol, bar.time] = bar


quotes = st.lists(
    st.tuples(st.integers(0, 4 * 86_400), st.integers(1, 4), st.integers(0, 3)).map(
        # Totals that mostly grow with the time of a day, and sometimes do not.
        lambda given: Heard("IBM", NOON + given[0] * SECOND, float(given[1]), float(given[0] % 86_400 + given[2] * 100))
    ),
    max_size=40,
)


@given(quotes, st.integers(1, 9), st.sampled_from(["1h", "1d", "1wk"]), st.sampled_from([None, NEW_YORK]))
def test_volumes_are_the_growth_of_each_days_total(
    readings: list[Heard], every: int, interval: str, zone: ZoneInfo | None
) -> None:
    lateness = timedelta(hours=5)
    aggregate = Aggregator(interval, Origin("yahoo", zone=zone), grace=GRACE, lateness=lateness, volume="growth")
    bars = last_of(made(readings, every=every, aggregate=aggregate))
    oracle = Oracle(interval, lateness, zone)
    assert bars.keys() == oracle.bars(readings).keys()
    assert {key: bar.volume for key, bar in bars.items()} == {key: oracle.growth(readings, key) for key in bars}


def test_a_bar_is_finished_by_a_reading_after_its_grace_and_not_before() -> None:
    aggregate = Aggregator("1m", Origin("stdin"), grace=GRACE)
    for reading in (at(10, 1.0), at(64.9, 2.0)):
        aggregate.add(*reading)
    assert not list(aggregate.bars(NOON))
    aggregate.add(*at(65, 3.0))
    (bar,) = aggregate.bars(NOON)
    assert (bar.time, numbers(bar), bar.final, bar.feed) == (NOON, (1.0, 1.0, 1.0, 1.0, 1.0), True, MARKET)


def test_the_clock_finishes_a_bar_when_readings_stop_but_not_while_history_is_read() -> None:
    aggregate = Aggregator("1m", Origin("stdin"), grace=GRACE)
    aggregate.add(*at(-86_400, 1.0))
    assert not list(aggregate.bars(NOON)), "it may be the first of many of yesterday"
    assert not list(aggregate.bars(NOON + 4 * SECOND))
    aggregate.add(*at(-86_399, 2.0))
    assert not list(aggregate.bars(NOON + 6 * SECOND))
    (bar,) = aggregate.bars(NOON + 11 * SECOND)
    assert bar.final
    assert bar.volume == 2.0
    assert not list(aggregate.bars(NOON + MINUTE))


def test_the_clock_finishes_a_bar_of_now_only_when_it_is_over() -> None:
    aggregate = Aggregator("1m", Origin("stdin"), grace=GRACE)
    aggregate.add(*at(10, 1.0))
    (forming,) = aggregate.bars(NOON + 10 * SECOND, forming=True)
    assert not forming.final
    assert not list(aggregate.bars(NOON + 64 * SECOND, forming=True))
    (final,) = aggregate.bars(NOON + 65 * SECOND)
    assert (final.final, final.revision) == (True, 1)


def test_at_the_end_a_period_that_is_not_over_gives_a_forming_bar() -> None:
    aggregate = Aggregator("1m", Origin("stdin"))
    for reading in (at(10, 1.0), at(70, 2.0)):
        aggregate.add(*reading)
    assert [(bar.time, bar.final) for bar in aggregate.end(NOON + 90 * SECOND)] == [
        (NOON, True),
        (NOON + MINUTE, False),
    ]


def test_a_late_reading_is_reported_and_a_delayed_one_corrects() -> None:
    aggregate = Aggregator("1m", Origin("stdin"), grace=GRACE, lateness=LATENESS)
    aggregate.add(*at(30, 1.0))
    aggregate.add(*at(239, 2.0))
    (first,) = aggregate.bars(NOON)
    assert aggregate.add(*at(31, 5.0)), "its period ended 179 s before the newest"
    (second,) = aggregate.bars(NOON)
    assert (first.revision, second.revision, numbers(second)) == (0, 1, (1.0, 5.0, 1.0, 5.0, 2.0))
    aggregate.add(*at(240, 2.0))
    assert not aggregate.add(*at(32, 6.0)), "now it is 180 s"
    assert (aggregate.taken, aggregate.late) == (4, 1)
    assert aggregate.add(*at(32, 6.0))
    assert (aggregate.repeated, aggregate.late) == (1, 1), "a late one that is repeated is counted once"


def test_repeats_are_known_among_the_last_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregator, "REMEMBERED", 10)
    aggregate = Aggregator("1h", Origin("stdin"))
    for second in range(100):
        aggregate.add(*at(second, 1.0))
        if second >= 9:
            aggregate.add(*at(second - 9, 1.0))
    assert (aggregate.taken, aggregate.repeated) == (100, 91)


def test_daily_bars_are_of_the_local_day_also_where_the_clock_changes() -> None:
    aggregate = Aggregator("1d", Origin("stdin", zone=NEW_YORK, unit="kW"), lateness=None)
    times = ["2026-03-07T23:59-05:00", "2026-03-08T00:00-05:00", "2026-03-08T23:59-04:00", "2026-03-09T00:00-04:00"]
    bars = made(
        [Heard("PLANT", datetime.fromisoformat(time).astimezone(UTC), 1.0) for time in times], aggregate=aggregate
    )
    assert [(bar.time, bar.volume) for bar in bars] == [
        (datetime(2026, 3, 7, tzinfo=UTC), 1.0),
        (datetime(2026, 3, 8, tzinfo=UTC), 2.0),
        (datetime(2026, 3, 9, tzinfo=UTC), 1.0),
    ]
    assert {(bar.unit, bar.tz, bar.source) for bar in bars} == {("kW", "America/New_York", "stdin")}


def test_hours_are_counted_from_the_sessions_opening() -> None:
    opens = datetime(2026, 3, 19, 13, 30, tzinfo=UTC)
    aggregate = Aggregator("1h", Origin("yahoo", zone=NEW_YORK, anchor=opens))
    bars = made([at(2.6 * 3600, 1.0), at(2.4 * 3600, 1.0)], aggregate=aggregate)
    assert {bar.time for bar in bars} == {opens, opens + timedelta(hours=1)}


def test_a_bar_of_which_a_part_was_missed_is_partial() -> None:
    aggregate = Aggregator("1m", Origin("yahoo"))
    aggregate.missed(None, NOON + 30 * SECOND)
    readings = [at(-10, 1.0), at(31, 1.0), at(70, 1.0), at(130, 1.0)]
    for reading in readings:
        aggregate.add(*reading)
    aggregate.missed(NOON + 110 * SECOND, NOON + 120 * SECOND)
    bars = last_of([*aggregate.bars(NOON), *made([at(190, 1.0)], aggregate=aggregate)])
    partial = [bar.flags == (PARTIAL,) for _, bar in sorted(bars.items())]
    assert partial == [False, True, True, False, False]


def test_what_grew_while_nothing_was_heard_belongs_to_no_bar() -> None:
    aggregate = Aggregator("1m", Origin("yahoo"), volume="growth")
    aggregate.add("IBM", NOON, 1.0, 5_000.0)
    aggregate.add("IBM", NOON + 30 * SECOND, 1.0, 5_200.0)
    aggregate.missed(NOON + 40 * SECOND, NOON + 600 * SECOND)
    aggregate.add("IBM", NOON + 601 * SECOND, 1.0, 90_000.0)
    aggregate.add("IBM", NOON + 602 * SECOND, 1.0, 90_050.0)
    assert [bar.volume for bar in aggregate.end(FAR)] == [200.0, 50.0]


def test_a_period_with_more_interruptions_than_are_kept_has_its_volume() -> None:
    aggregate = Aggregator("1d", Origin("yahoo"), volume="growth")
    for number in range(500):
        time = NOON + number * MINUTE
        aggregate.missed(time - SECOND, time)
        aggregate.add("IBM", time, 1.0, 100.0 * number)
        aggregate.add("IBM", time + SECOND, 1.0, 100.0 * number + 2.0)
        if not number % 100:
            list(aggregate.bars(time, forming=True))
    assert [bar.volume for bar in aggregate.end(FAR)] == [1_000.0]


def test_an_index_has_no_volume() -> None:
    aggregate = Aggregator("1m", Origin("yahoo"), volume="growth")
    aggregate.add("^GSPC", NOON, 1.0)
    assert [bar.volume for bar in aggregate.end(FAR)] == [None]


def test_what_is_kept_does_not_grow_with_time() -> None:
    aggregate = Aggregator("1m", Origin("stdin"), grace=GRACE, lateness=LATENESS, volume="growth")
    for minute in range(2_000):
        aggregate.add("IBM", NOON + minute * MINUTE, 1.0, float(minute))
        list(aggregate.bars(NOON))
    (series,) = aggregate._series.values()
    assert len(series.periods) < 10
    assert not series.stale - set(series.unfinished)
