"""Several sources in one series: which is polled, whose bars count, and the failure and return of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from stockstream.errors import SourceError, Unavailable
from stockstream.producers.bar_source import About
from stockstream.producers.market import MarketBars, Member
from stockstream.producers.source_bars import Polling
from stockstream.producers.splits import NOTHING_EARLIER, Earlier
from stockstream.records import Bar
from tests.producers.fake_source import MINUTE, OPENING, FakeSource, Market, minutes, row
from tests.producers.manual_clock import ManualClock
from tests.producers.polling import PATIENCE

LIVE = Polling("1m", "1d")


class Second(FakeSource):
    """Another source."""

    about: ClassVar[About] = replace(FakeSource.about, name="second", title="Second Exchange")


class Several:
    """A run of several sources while time passes."""

    def __init__(
        self,
        manual_clock: ManualClock,
        members: Sequence[Member],
        symbols: Sequence[str] = ("AAPL",),
        earlier: Earlier = NOTHING_EARLIER,
    ) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.bars: list[Bar] = []
        self.market = MarketBars(
            members,
            symbols,
            reporter=self,
            earlier=earlier,
            down_after=120.0,
            patience=PATIENCE,
            clock=manual_clock.clock,
        )
        self._manual_clock = manual_clock
        self._items = iter(self.market)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def until(self, moment: datetime) -> list[Bar]:
        """Let time pass, and give the bars that came meanwhile."""
        before = len(self.bars)
        while self._manual_clock.clock.now() < moment:
            item = next(self._items)
            if isinstance(item, Bar):
                self.bars.append(item)
        return self.bars[before:]

    def to_its_end(self) -> list[Bar]:
        self.bars += [item for item in self._items if isinstance(item, Bar)]
        return self.bars

    def close(self) -> None:
        self._items.close()  # type: ignore[attr-defined]


@pytest.fixture
def first(manual_clock: ManualClock) -> FakeSource:
    return FakeSource(manual_clock.clock.now, {"AAPL": Market(minutes(OPENING, 180))})


@pytest.fixture
def second(manual_clock: ManualClock) -> Second:
    """It has all the minutes, at prices of its own."""
    return Second(manual_clock.clock.now, {"AAPL": Market(minutes(OPENING, 180, 500.0))})


@pytest.fixture
def several(manual_clock: ManualClock, first: FakeSource, second: Second) -> Iterator[Several]:
    one = {"AAPL": "AAPL"}
    run = Several(manual_clock, [Member(first, one, LIVE), Member(second, one, LIVE)])
    yield run
    run.close()


def last_versions(bars: Sequence[Bar]) -> dict[datetime, Bar]:
    return {bar.time: bar for bar in bars}


def test_the_preferred_source_alone_is_asked_while_it_is_up(several: Several, second: Second) -> None:
    bars = several.until(OPENING + 60 * MINUTE)
    assert len(bars) == len({bar.time for bar in bars}) >= 58
    assert {bar.source for bar in bars} == {"fake"}
    assert second.asked == []
    assert several.market.doing == "Fake Exchange is live"


def test_the_next_takes_over_and_is_let_be_when_the_former_is_up_again(
    several: Several, first: FakeSource, second: Second
) -> None:
    several.until(OPENING + 20 * MINUTE)
    away = [Unavailable("Fake Exchange cannot be reached")] * 100_000
    first.faults.extend(away)
    several.until(OPENING + 21 * MINUTE)
    assert several.market.doing == "Fake Exchange cannot be reached", "none is live for two minutes"
    several.until(OPENING + 50 * MINUTE)
    assert "Second Exchange takes over AAPL" in several.warnings
    assert several.market.doing.startswith("Second Exchange is live; Fake Exchange cannot be reached")
    held = last_versions(several.bars)
    assert sorted(held) == [OPENING + number * MINUTE for number in range(len(held))], "no hole"
    assert len(held) >= 48
    assert Counter(bar.source for bar in held.values()) == {"fake": 19, "second": len(held) - 19}
    assert {bar.revision for bar in several.bars} == {0}, "no bar twice"
    first.faults.clear()
    several.until(OPENING + 90 * MINUTE)
    assert "Second Exchange is let be" in several.notes
    assert several.market.doing == "Fake Exchange is live"
    asked = len(second.asked)
    several.until(OPENING + 100 * MINUTE)
    assert len(second.asked) == asked
    held = last_versions(several.bars)
    assert {bar.source for bar in held.values()} == {"fake"}, "all that it has of that time counts"
    assert sorted(held) == [OPENING + number * MINUTE for number in range(len(held))]
    assert max(bar.revision for bar in several.bars) == 1


def test_a_substitute_never_replaces_a_bar_of_the_source_before_it(
    several: Several, first: FakeSource, second: Second
) -> None:
    several.until(OPENING + 20 * MINUTE)
    before = last_versions(several.bars)
    first.faults.extend([Unavailable("away")] * 100_000)
    several.until(OPENING + 40 * MINUTE)
    second.markets["AAPL"].rows[:20] = minutes(OPENING, 20, 900.0)
    several.until(OPENING + 60 * MINUTE)
    now = last_versions(several.bars)
    assert {time: now[time] for time in before} == before


def test_what_the_first_does_not_know_is_asked_of_the_next(
    manual_clock: ManualClock, first: FakeSource, second: Second
) -> None:
    second.markets["BTCUSDT"] = Market(minutes(OPENING, 60, 9000.0), session=None)
    symbols = {"AAPL": "AAPL", "BTC-USD": "BTC-USD"}
    theirs = {"AAPL": "AAPL", "BTC-USD": "BTCUSDT"}
    run = Several(manual_clock, [Member(first, symbols, LIVE), Member(second, theirs, LIVE)], ("AAPL", "BTC-USD"))
    run.until(OPENING + 30 * MINUTE)
    assert {(bar.symbol, bar.source) for bar in run.bars} == {("AAPL", "fake"), ("BTC-USD", "second")}
    assert {each.symbol for each in second.asked} == {"BTCUSDT"}
    assert run.market.given_up == []
    run.close()


def test_when_no_source_knows_a_symbol_it_is_named_and_when_none_is_left_it_ends(
    manual_clock: ManualClock, first: FakeSource, second: Second
) -> None:
    names = {"AAPL": "AAPL", "NOPE": "NOPE"}
    once = replace(LIVE, live=False)
    run = Several(manual_clock, [Member(first, names, once), Member(second, names, once)], ("AAPL", "NOPE"))
    assert {bar.source for bar in run.to_its_end()} == {"fake"}
    assert run.market.given_up == ["NOPE"]
    nothing = {"NOPE": "NOPE"}
    run = Several(manual_clock, [Member(first, nothing, LIVE), Member(second, nothing, LIVE)], ("NOPE",))
    with pytest.raises(SourceError, match="no source has any of these symbols: Fake Exchange does"):
        run.to_its_end()


def test_without_live_the_next_gives_the_history_that_the_first_cannot(
    manual_clock: ManualClock, first: FakeSource, second: Second
) -> None:
    once, one = replace(LIVE, live=False), {"AAPL": "AAPL"}
    first.faults.extend([Unavailable("away")] * 100)
    run = Several(manual_clock, [Member(first, one, once), Member(second, one, once)])
    assert {bar.source for bar in run.to_its_end()} == {"second"}
    assert run.warnings[-1] == "Second Exchange takes over AAPL"


def test_after_a_restart_a_substitute_continues_behind_what_is_there(
    manual_clock: ManualClock, first: FakeSource, second: Second
) -> None:
    earlier_run = Several(manual_clock, [Member(first, {"AAPL": "AAPL"}, LIVE)])
    held = earlier_run.until(OPENING + 15 * MINUTE)[-1]
    earlier_run.close()
    first.faults.extend([Unavailable("away")] * 100_000)
    one = {"AAPL": "AAPL"}
    earlier = Earlier({"AAPL": held}, lambda _: OPENING)
    run = Several(manual_clock, [Member(first, one, LIVE), Member(second, one, LIVE)], earlier=earlier)
    bars = run.until(OPENING + 40 * MINUTE)
    assert bars[0].time == held.time + MINUTE
    assert {bar.source for bar in bars} == {"second"}
    run.close()


def test_a_forming_bar_of_a_source_that_went_away_is_finished_by_the_next(
    manual_clock: ManualClock, first: FakeSource, second: Second
) -> None:
    forming, one = replace(LIVE, forming=True), {"AAPL": "AAPL"}
    run = Several(manual_clock, [Member(first, one, forming), Member(second, one, forming)])
    run.until(OPENING + 20 * MINUTE + timedelta(seconds=20))
    assert not run.bars[-1].final
    first.faults.extend([Unavailable("away")] * 100_000)
    first.markets["AAPL"].rows[20] = row(OPENING + 20 * MINUTE, 1.0)
    run.until(OPENING + 40 * MINUTE)
    finished = last_versions(run.bars)[OPENING + 20 * MINUTE]
    assert (finished.final, finished.source) == (True, "second")
    run.close()
