"""Bars are sent once, changed ones again; memory holds only what can still be corrected, in a year of bars, too."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import msgspec
import pytest

from stockstream.errors import Unavailable
from stockstream.producers.bar_source import About, Reply, Split
from stockstream.producers.clock import Clock
from stockstream.producers.corrections import KEPT, SentBars
from stockstream.producers.market import MarketBars, Member
from stockstream.producers.source_bars import Polling, SourceBars
from stockstream.records import Bar
from tests.producers.fake_source import FakeSource, row
from tests.producers.polling import PATIENCE

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def bar(number: int, close: float = 5.0, **fields: object) -> Bar:
    made = Bar(symbol="A", interval="1h", time=START + number * HOUR, high=9.0, low=1.0, close=close, source="x")
    return msgspec.structs.replace(made, **fields)


def test_of_many_bars_the_newest_are_kept() -> None:
    sent = SentBars()
    count = 10 * KEPT
    assert len(list(sent.new(map(bar, range(count))))) == count
    assert KEPT <= len(sent.by_time) <= 2 * KEPT
    assert (sent.first, sent.last_final) == (START, START + (count - 1) * HOUR)
    newest = [bar(number) for number in range(count - KEPT, count)]
    assert list(sent.new(newest)) == [], "they have not changed"
    (changed,) = sent.new([bar(count - 9, 6.0)])
    assert changed.revision == 1


def test_a_forgotten_bar_counts_as_changed_and_its_revision_is_higher_than_any_before() -> None:
    sent = SentBars()
    list(sent.new([bar(0), bar(0, 6.0), bar(0, 7.0)]))
    list(sent.new(map(bar, range(1, 5 * KEPT))))
    (again,) = sent.new([bar(0, 7.0)])
    assert again.revision == 3
    before = len(sent.by_time)
    resent = list(sent.new(bar(number, 2.0) for number in range(5 * KEPT)))
    assert [each.time for each in resent] == [START + number * HOUR for number in range(5 * KEPT)]
    assert min(each.revision for each in resent) >= 1
    assert len(sent.by_time) <= max(before, 2 * KEPT)
    assert [each.revision for each in sent.new([bar(5 * KEPT)])] == [0], "a new bar is no correction"


class Year(FakeSource):
    """It has a bar of each hour of the year, made as it is asked."""

    about: ClassVar[About] = replace(FakeSource.about, intervals=("1h",), weekends=True)
    price = 100.0
    splits: tuple[Split, ...] = ()
    since = START + timedelta(days=999)

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        if self.faults:
            raise self.faults.popleft()
        self.since = min(start, self.since)
        if symbol not in ONE:
            return Reply()
        first = max(0, -((START - start) // HOUR))
        last = (self.now() - START) // HOUR
        rows = tuple(row(START + number * HOUR, self.price + number % 7) for number in range(first, last + 1))
        return Reply(rows, splits=self.splits)


class Everything(Year):
    """Whatever it is asked for, it gives all that it has."""

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        return super().history(symbol, interval, START)


class Leaps:
    """A clock that leaps by hours while somebody waits."""

    def __init__(self) -> None:
        self.slept = 0.0
        self.clock = Clock(self.now, lambda: self.slept, self.sleep)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept += max(seconds, 21_600.0)


class Silent:
    def note(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...


class Substitute(Year):
    about: ClassVar[About] = replace(Year.about, name="second", title="Second")
    price = 500.0


LIVE = Polling("1h", "1d")
ONE = {"A": "A"}


@pytest.fixture
def leaps() -> Leaps:
    return Leaps()


def test_memory_does_not_grow_with_a_year(leaps: Leaps) -> None:
    """Neither in the source's own series nor in that of several sources."""
    members = [Member(Year(leaps.now), ONE, LIVE), Member(Substitute(leaps.now), ONE, LIVE)]
    bars = MarketBars(members, ["A"], reporter=Silent(), patience=PATIENCE, clock=leaps.clock)
    tracemalloc.start()
    try:
        came, at, sizes = 0, 0.0, []
        for item in bars:
            came += isinstance(item, Bar)
            if leaps.slept - at > 86_400 * 91:
                at = leaps.slept
                sizes.append(tracemalloc.get_traced_memory()[0])
            if len(sizes) == 4:
                break
    finally:
        tracemalloc.stop()
    assert came >= 364 * 24
    # At most 2,000 bars in each series; all 8,736 would take six megabytes.
    assert max(sizes) < 2_500_000, sizes


def following(bars: MarketBars | SourceBars, leaps: Leaps) -> Iterator[list[Bar]]:
    """The bars of each day."""
    came: list[Bar] = []
    at = leaps.slept
    for item in bars:
        if isinstance(item, Bar):
            came.append(item)
        if leaps.slept - at >= 86_400:
            yield came
            came, at = [], leaps.slept


@pytest.mark.parametrize(("history", "days"), [("1d", 2), (START, 101)])
def test_a_source_that_gives_more_than_is_asked_sends_nothing_again(
    leaps: Leaps, history: str | datetime, days: int
) -> None:
    leaps.slept = 100 * 86_400.0
    polling = Polling("1h", history)
    source = Everything(leaps.now)
    bars = SourceBars(source, ["A"], polling, reporter=Silent(), patience=PATIENCE, clock=leaps.clock)
    came = next(following(bars, leaps))
    assert {each.revision for each in came} == {0}
    assert (days - 1) * 24 <= len({each.time for each in came}) == len(came) <= days * 24


def test_a_split_sends_a_year_again_although_its_bars_are_not_kept(leaps: Leaps) -> None:
    source = Year(leaps.now)
    days = following(SourceBars(source, ["A"], LIVE, reporter=Silent(), patience=PATIENCE, clock=leaps.clock), leaps)
    for _ in range(200):
        next(days)
    source.price, source.splits = 10.0, (Split(leaps.now(), 10.0),)
    again = next(days) + next(days)
    old = [each for each in again if each.revision]
    assert {each.close < 50 for each in old} == {True}
    assert [each.time for each in old[: 199 * 24]] == [START + number * HOUR for number in range(199 * 24)]
    assert len(old) == len({each.time for each in old}), "each once"


def test_a_substitute_replaces_no_bar_that_is_not_kept(leaps: Leaps) -> None:
    """It is asked for everything where one of the symbols has no bars yet."""
    first, second = Year(leaps.now), Substitute(leaps.now)
    both = {"A": "A", "B": "B"}
    members = [Member(first, both, LIVE), Member(second, both, Polling("1h", START))]
    bars = MarketBars(members, ["A", "B"], reporter=Silent(), patience=PATIENCE, clock=leaps.clock)
    days = following(bars, leaps)
    for _ in range(200):
        next(days)
    first.faults.extend([Unavailable("away")] * 1_000_000)
    came = [each for _ in range(5) for each in next(days)]
    assert second.since == START
    assert {(each.source, each.revision) for each in came} == {("second", 0)}
    assert min(each.time for each in came) > START + timedelta(days=198)
    assert len(came) == len({each.time for each in came}) > 90, "no hole, no bar twice"
