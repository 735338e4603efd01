"""Bars of a polled source over time: each once, final, corrected if the source corrects it, under all faults."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from stockstream.errors import RateLimited, SourceError, Unavailable, UnknownSymbol
from stockstream.producers.bar_source import Dividend, Session
from stockstream.producers.patience import Patience
from stockstream.producers.source_bars import Polling
from stockstream.records import OFF_GRID
from tests.producers.fake_source import CLOSING, MINUTE, OPENING, FakeSource, Market, minutes, null, row
from tests.producers.manual_clock import ManualClock
from tests.producers.polling import LIVE, ONCE, PATIENCE, Start

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
FIVE_DAYS = datetime(2026, 3, 13, tzinfo=UTC)
"""The Friday before the opening's Thursday: the first of five days of trading."""


def test_the_history_alone(start: Start, source: FakeSource) -> None:
    source.markets["MSFT"] = Market(minutes(OPENING, 3, 400.0))
    run = start("AAPL", "MSFT", polling=ONCE)
    assert [(bar.symbol, bar.time) for bar in run.to_its_end()] == [
        *(("AAPL", OPENING + number * MINUTE) for number in range(10)),
        *(("MSFT", OPENING + number * MINUTE) for number in range(3)),
    ]
    assert [asked.since for asked in source.asked] == [FIVE_DAYS, FIVE_DAYS]
    assert run.bars[0].source == "fake"
    assert not run.warnings


def test_live_every_minute_comes_once_when_it_is_over(start: Start, market: Market, manual_clock: ManualClock) -> None:
    market.rows = minutes(OPENING, 60)
    run = start()
    arrived: dict[datetime, datetime] = {}
    while manual_clock.clock.now() < OPENING + timedelta(minutes=40):
        for bar in run.until(manual_clock.clock.now() + SECOND):
            assert bar.time not in arrived
            arrived[bar.time] = manual_clock.clock.now()
            numbers = market.rows[(bar.time - OPENING) // MINUTE][1:6]
            assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == numbers
            assert (bar.final, bar.revision, bar.flags) == (True, 0, ())
    assert list(arrived) == [OPENING + number * MINUTE for number in range(39)]
    late = [at - opened for opened, at in arrived.items()][10:]
    assert min(late) >= MINUTE
    assert max(late) <= MINUTE + timedelta(seconds=32)
    assert not run.warnings


def test_the_forming_bar_comes_when_it_is_wished_and_is_replaced(
    start: Start, market: Market, manual_clock: ManualClock
) -> None:
    market.rows = minutes(OPENING, 11)
    run = start(polling=replace(LIVE, forming=True))
    *_, forming = run.until(OPENING + timedelta(minutes=10, seconds=20))
    assert (forming.time, forming.final, forming.revision) == (OPENING + 10 * MINUTE, False, 0)
    market.rows[10] = row(OPENING + 10 * MINUTE, 300.0)
    (later,) = run.until(OPENING + timedelta(minutes=10, seconds=50))
    assert (later.close, later.final, later.revision) == (300.5, False, 1)
    (final,) = run.until(OPENING + timedelta(minutes=12))
    assert (final.close, final.final, final.revision) == (300.5, True, 2)


def test_a_bar_is_final_only_if_it_was_over_when_the_source_was_asked(
    start: Start, source: FakeSource, market: Market, manual_clock: ManualClock
) -> None:
    market.rows = minutes(OPENING, 11)

    def think() -> None:
        manual_clock.slept += 60

    source.thinks = think
    assert start(polling=ONCE).to_its_end()[-1].time == OPENING + 9 * MINUTE


def test_a_corrected_bar_comes_again_with_the_next_revision(start: Start, market: Market) -> None:
    run = start()
    assert len(run.until(OPENING + timedelta(minutes=11))) == 10
    for revision, volume in enumerate((900.0, 901.0), start=1):
        market.rows[4] = market.rows[4]._replace(volume=volume)
        (corrected,) = run.until(OPENING + timedelta(minutes=11 + 2 * revision))
        assert (corrected.time, corrected.volume, corrected.revision) == (OPENING + 4 * MINUTE, volume, revision)


def test_a_final_bar_is_never_taken_back_to_a_forming_one(start: Start, market: Market) -> None:
    run = start(polling=replace(LIVE, forming=True))
    run.until(OPENING + timedelta(minutes=11))
    # The source forgets the row and only knows of a trade in its period.
    market.rows[9] = row(OPENING + timedelta(minutes=9, seconds=30), 50.0)
    assert run.until(OPENING + timedelta(minutes=13)) == []


def test_a_row_off_the_grid_is_its_period_s_forming_bar(start: Start, market: Market) -> None:
    market.rows.append(row(OPENING + timedelta(minutes=10, seconds=3), 50.0))
    *_, stray = start(polling=replace(ONCE, forming=True)).to_its_end()
    assert (stray.time, stray.final, stray.flags) == (OPENING + 10 * MINUTE, False, (OFF_GRID,))


def test_it_asks_for_little_when_it_knows_the_history(start: Start, source: FakeSource) -> None:
    start().until(OPENING + timedelta(minutes=12))
    first, *others = source.asked
    assert first.since == FIVE_DAYS
    assert len(others) >= 2
    assert {asked.since for asked in others} == {OPENING - timedelta(minutes=51)}


@pytest.mark.parametrize("goes_back", [timedelta(days=7), None])
def test_after_a_sleep_beyond_the_source_s_reach_it_asks_for_the_history(
    start: Start, source: FakeSource, manual_clock: ManualClock, goes_back: timedelta | None
) -> None:
    source.goes_back = goes_back
    run = start()
    run.until(OPENING + timedelta(minutes=11))
    manual_clock.slept += 9 * 86_400
    run.until(OPENING + timedelta(days=9, minutes=30))
    now = manual_clock.clock.now()
    since = source.asked[-1].since
    assert (now - since < timedelta(days=7, minutes=1)) == (goes_back is not None)


def test_a_sleep_loses_nothing_that_the_source_still_has(
    start: Start, market: Market, manual_clock: ManualClock
) -> None:
    run = start()
    run.until(OPENING + timedelta(minutes=11))
    market.rows += minutes(OPENING + DAY, 100)
    market.session = Session(OPENING + DAY, CLOSING + DAY)
    manual_clock.slept += DAY.total_seconds() + 2 * 3600
    again = run.until(OPENING + DAY + timedelta(hours=3))
    assert [bar.time for bar in again] == [OPENING + DAY + number * MINUTE for number in range(100)]


def test_rows_without_prices_are_reported_once(start: Start, market: Market) -> None:
    market.rows[2] = null(OPENING + 2 * MINUTE)
    run = start()
    run.until(OPENING + timedelta(minutes=25))
    (bad,) = run.bad
    assert str(bad) == "Fake Exchange's answer for AAPL 1m, line 3: no prices for 2026-03-19 13:32Z"
    assert bad.key == "fake/AAPL/1m/2026-03-19T13:32Z"
    assert msgspec.json.decode(bad.raw)["time"] == "2026-03-19T13:32:00Z"


def test_a_row_that_gets_its_prices_soon_is_not_reported(start: Start, market: Market) -> None:
    market.rows[9] = null(OPENING + 9 * MINUTE)
    run = start()
    run.until(OPENING + timedelta(minutes=12))
    market.rows[9] = row(OPENING + 9 * MINUTE)
    assert [bar.time for bar in run.until(OPENING + timedelta(minutes=25))] == [OPENING + 9 * MINUTE]
    assert not run.bad


def test_an_unknown_symbol_is_set_aside_alone(start: Start, source: FakeSource) -> None:
    run = start("NOPE", "AAPL")
    run.until(OPENING + timedelta(minutes=13))
    assert len(run.bars) == 10
    assert run.warnings == ["Fake Exchange does not know NOPE; it is set aside, the others continue"]
    assert [asked.symbol for asked in source.asked].count("NOPE") == 1
    assert [error.message for error in run.polled.set_aside.values()] == ["Fake Exchange does not know NOPE"]


def test_when_the_source_knows_none_of_them_it_ends(start: Start) -> None:
    with pytest.raises(UnknownSymbol, match="does not know NOPE"):
        start("NOPE").to_its_end()
    with pytest.raises(SourceError, match=r"Fake Exchange has none of these symbols: .*NOPE.*; .*NADA"):
        start("NOPE", "NADA").to_its_end()


def test_what_a_source_never_gives_is_not_asked_again(start: Start, source: FakeSource) -> None:
    source.faults.append(SourceError("only 8 days"))
    with pytest.raises(SourceError, match="only 8 days"):
        start().to_its_end()
    assert len(source.asked) == 1


def test_a_source_that_is_away_is_reported_once_and_waited_for(
    start: Start, source: FakeSource, market: Market
) -> None:
    run = start()
    run.until(OPENING + timedelta(minutes=11))
    source.faults.extend([Unavailable("Fake Exchange cannot be reached (reset)")] * 200)
    market.rows += minutes(OPENING + 10 * MINUTE, 10)
    assert run.until(OPENING + timedelta(minutes=25)) == []
    assert [warning.partition(";")[0] for warning in run.warnings] == ["Fake Exchange cannot be reached (reset)"]
    assert run.polled.doing == "Fake Exchange cannot be reached"
    source.faults.clear()
    assert len(run.until(OPENING + timedelta(minutes=31))) == 10
    assert "Fake Exchange answers again" in run.notes
    assert not run.polled.doing


def test_what_failed_is_asked_again_with_patience(start: Start, source: FakeSource, manual_clock: ManualClock) -> None:
    at: list[float] = []
    source.thinks = lambda: at.append(manual_clock.slept)
    source.faults.extend([Unavailable("away")] * 4)
    patience = Patience(attempts=5, first=2.0, longest=9.0)
    assert len(start(polling=ONCE, patience=patience).to_its_end()) == 10
    pauses = [round(later - earlier, 6) for earlier, later in pairwise(at)]
    assert all(least <= pause <= most for pause, least, most in zip(pauses, (2, 4, 8, 9), (4, 6, 9, 9), strict=True))


def test_without_live_an_absence_ends_it_after_the_last_attempt(start: Start, source: FakeSource) -> None:
    source.faults.extend([Unavailable("away")] * 40)
    with pytest.raises(Unavailable, match="away"):
        start(polling=ONCE).to_its_end()
    assert len(source.asked) == PATIENCE.attempts


def test_a_refusal_is_reported_and_waited_out(start: Start, source: FakeSource, manual_clock: ManualClock) -> None:
    at: list[float] = []
    source.thinks = lambda: at.append(manual_clock.slept)
    source.faults.append(RateLimited("Fake Exchange refuses for now", retry_after=120.0))
    run = start(polling=ONCE)
    assert len(run.to_its_end()) == 10
    assert run.warnings == ["Fake Exchange refuses for now; trying again in 120 s"]
    assert round(at[1] - at[0], 6) >= 120.0


@pytest.mark.parametrize("rows", [0, 3])
def test_a_closed_market_is_looked_at_rarely_whether_it_had_bars_or_none(
    start: Start, market: Market, source: FakeSource, rows: int
) -> None:
    market.rows = minutes(OPENING, rows)
    run = start()
    run.until(CLOSING + timedelta(minutes=20))
    source.asked.clear()
    run.until(CLOSING + timedelta(minutes=80))
    assert len(source.asked) in (12, 13)
    market.session = Session(CLOSING + timedelta(minutes=82), CLOSING + DAY)
    market.rows = minutes(CLOSING + timedelta(minutes=82), 3)
    run.until(CLOSING + timedelta(minutes=90))
    assert len(run.bars) == rows + 3


def test_a_closed_market_is_reported_and_looked_at_rarely_until_it_opens(
    start: Start, source: FakeSource, market: Market, manual_clock: ManualClock
) -> None:
    market.session = Session(OPENING + DAY, CLOSING + DAY)
    manual_clock.slept += (DAY - timedelta(minutes=21)).total_seconds()
    run = start()
    run.until(OPENING + DAY - 30 * SECOND)
    assert run.notes == ["AAPL: its market is closed until 2026-03-20 13:30Z"]
    assert run.polled.doing == run.notes[0]
    assert len(source.asked) == 3
    run.until(OPENING + DAY + 2 * MINUTE)
    assert run.notes[1:] == ["AAPL: its market is open"]
    assert len(source.asked) >= 6


def test_a_source_that_shows_no_hours_is_asked_around_the_clock(
    start: Start, source: FakeSource, market: Market, manual_clock: ManualClock
) -> None:
    market.session = None
    manual_clock.slept += 12 * 3600
    run = start()
    run.until(manual_clock.clock.now() + 10 * MINUTE)
    assert len(source.asked) >= 20
    assert not run.notes


def test_no_bars_at_all_are_reported_and_waited_for(start: Start, market: Market) -> None:
    rows, market.rows = market.rows, []
    run = start()
    assert run.until(OPENING + timedelta(minutes=12)) == []
    assert run.notes == ["AAPL: Fake Exchange has no bars of it now: its market may be closed"]
    market.rows = rows
    assert len(run.until(OPENING + timedelta(minutes=14))) == 10


def test_while_the_source_thinks_there_is_a_none_in_every_second(start: Start, source: FakeSource) -> None:
    source.thinks = lambda: time.sleep(1.5)
    nones = 0
    for item in start(polling=ONCE).polled:
        if item is not None:
            break
        nones += 1
    assert nones >= 4


def test_a_part_of_a_week_is_not_taken(start: Start, source: FakeSource, market: Market) -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    market.rows = [row(monday + number * timedelta(days=7), 100 + number) for number in range(-30, 3)]
    run = start(polling=Polling("1wk", "1y"))
    run.until(OPENING + timedelta(minutes=11))
    assert len(run.bars) == 32
    # Asked from the middle of a week on, a source may make a bar of the rest of it.
    asked = run.bars[-1].time - timedelta(days=140)
    part = next(number for number, each in enumerate(market.rows) if each.time >= asked)
    market.rows[part] = market.rows[part]._replace(volume=1.0)
    assert run.until(OPENING + timedelta(minutes=30)) == []


def test_a_history_that_is_longer_than_a_reply_is_fetched_page_by_page(start: Start, source: FakeSource) -> None:
    source.page = 4
    source.faults.extend([Unavailable("away")])
    run = start(polling=ONCE)
    assert [bar.time for bar in run.to_its_end()] == [OPENING + number * MINUTE for number in range(10)]
    pages = [FIVE_DAYS, FIVE_DAYS, OPENING + 4 * MINUTE, OPENING + 8 * MINUTE]
    assert [asked.since for asked in source.asked] == pages


def test_a_refusal_keeps_every_symbol_from_asking(start: Start, source: FakeSource, manual_clock: ManualClock) -> None:
    source.markets |= {symbol: Market(minutes(OPENING, 3)) for symbol in ("MSFT", "IBM")}
    at: list[float] = []
    source.thinks = lambda: at.append(manual_clock.slept)
    source.faults.extend([RateLimited("refused")] * 3)
    patience = Patience(attempts=1, refused=40.0)
    run = start("AAPL", "MSFT", "IBM", patience=patience)
    run.until(OPENING + timedelta(minutes=30))
    pauses = [later - earlier for earlier, later in pairwise(at[:4])]
    assert all(least <= pause for pause, least in zip(pauses, (40, 80, 160), strict=True)), pauses
    assert {bar.symbol for bar in run.bars} >= {"MSFT", "IBM"}


def test_a_dividend_is_reported_when_it_comes_and_not_for_the_history(start: Start, market: Market) -> None:
    market.dividends = (Dividend(OPENING - 30 * DAY, 0.2),)
    run = start()
    run.until(OPENING + timedelta(minutes=11))
    assert not run.notes
    market.dividends = (*market.dividends, Dividend(OPENING, 0.26))
    (marked,) = run.until(OPENING + timedelta(minutes=13))
    assert (marked.time, marked.flags, marked.revision) == (OPENING, ("dividend:0.26",), 1)
    assert run.notes == ["AAPL: a dividend of 0.26 a share on 2026-03-19"]
