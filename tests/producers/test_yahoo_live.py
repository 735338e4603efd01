"""Bars from Yahoo over time, through the real yfinance: Yahoo's deviations from the contract of a source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stockstream.producers.bar_source import Setup
from stockstream.producers.source_bars import Polling
from stockstream.producers.sources.yahoo import Yahoo
from stockstream.producers.splits import NOTHING_EARLIER, Earlier
from stockstream.records import OFF_GRID, Bar
from tests.producers.manual_clock import ManualClock
from tests.producers.polling import LIVE as STREAMED
from tests.producers.polling import Run
from tests.producers.yahoo_standin import (
    CLOSING,
    DROP,
    OPENING,
    TOO_MANY,
    Candle,
    Market,
    Standin,
    candle,
    minutes,
    null,
)

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
LIVE = replace(STREAMED, stream=False)
"""Its bars alone; tests/producers/test_live_bars.py has the quotes."""


@dataclass
class Trading(Market):
    """A market that trades while the clock moves: the last row is stamped at the last trade, as Yahoo does it."""

    manual_clock: ManualClock = field(default_factory=ManualClock)

    def visible(self) -> list[Candle]:
        now = self.manual_clock.clock.now()
        rows = [row for row in self.rows if row.time + MINUTE <= now]
        forming = [row for row in self.rows if row.time <= now < row.time + MINUTE]
        return rows + [candle(now.replace(microsecond=0), (row.open or 0) - 0.25, 0) for row in forming]


Begin = Callable[..., Run]


@pytest.fixture
def begin(standin: Standin, tmp_path: Path) -> Iterator[Begin]:
    """Begin a run of Yahoo, which the stand-in is."""
    runs: list[Run] = []

    def begin(
        *symbols: str,
        at: datetime = OPENING + timedelta(minutes=10, seconds=5),
        manual_clock: ManualClock | None = None,
        earlier: Earlier = NOTHING_EARLIER,
        polling: Polling = LIVE,
    ) -> Run:
        manual_clock = manual_clock or ManualClock(at)
        run = Run(
            Yahoo(Setup(tmp_path / "cache", spacing=0.0, clock=manual_clock.clock)),
            manual_clock,
            symbols or ("AAPL",),
            polling,
            earlier,
        )
        runs.append(run)
        return run

    yield begin
    for run in runs:
        run.close()


@pytest.fixture
def market(standin: Standin) -> Market:
    """Ten minutes of AAPL."""
    standin.markets["AAPL"] = Market(minutes(OPENING, 10), (OPENING, CLOSING))
    return standin.markets["AAPL"]


def test_live_every_minute_comes_once_when_it_is_over(begin: Begin, standin: Standin) -> None:
    manual_clock = ManualClock(OPENING + timedelta(minutes=10, seconds=5))
    rows = minutes(OPENING, 60)
    standin.markets["AAPL"] = Trading(rows, (OPENING, CLOSING), manual_clock=manual_clock)
    run = begin(manual_clock=manual_clock)
    arrived: dict[datetime, datetime] = {}
    while manual_clock.clock.now() < OPENING + timedelta(minutes=40):
        for bar in run.until(manual_clock.clock.now() + SECOND):
            assert bar.time not in arrived
            arrived[bar.time] = manual_clock.clock.now()
            row = rows[(bar.time - OPENING) // MINUTE]
            assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == row[1:]
            assert (bar.final, bar.revision, bar.flags) == (True, 0, ())
    assert list(arrived) == [OPENING + number * MINUTE for number in range(39)]
    late = [at - time for time, at in arrived.items()][10:]
    assert min(late) >= MINUTE
    assert max(late) <= MINUTE + timedelta(seconds=32)
    assert not run.warnings


def test_the_forming_bar_comes_when_it_is_wished_and_is_replaced(begin: Begin, standin: Standin) -> None:
    manual_clock = ManualClock(OPENING + timedelta(minutes=3, seconds=5))
    rows = minutes(OPENING, 60)
    standin.markets["AAPL"] = Trading(rows, (OPENING, CLOSING), manual_clock=manual_clock)
    run = begin(manual_clock=manual_clock, polling=replace(LIVE, forming=True, poll=15.0))
    run.until(OPENING + timedelta(minutes=8, seconds=50))
    by_time: dict[datetime, list[Bar]] = {}
    for bar in run.bars:
        by_time.setdefault(bar.time, []).append(bar)
    assert list(by_time) == [OPENING + number * MINUTE for number in range(9)]
    for number, (moment, versions) in enumerate(by_time.items()):
        assert [bar.revision for bar in versions] == list(range(len(versions)))
        if 3 <= number < 8:
            assert [bar.final for bar in versions] == [False] * (len(versions) - 1) + [True]
            assert {bar.flags for bar in versions[:-1]} == {(OFF_GRID,)}
            assert versions[-1].close == rows[number].close
        assert all(bar.time == moment for bar in versions)
    assert not by_time[OPENING + 8 * MINUTE][-1].final


def test_a_final_bar_is_never_taken_back_to_a_forming_one(begin: Begin, market: Market) -> None:
    run = begin(polling=replace(LIVE, forming=True))
    run.until(OPENING + timedelta(minutes=11))
    # Yahoo forgets the row and only knows of a trade in its period.
    market.rows[9] = candle(OPENING + timedelta(minutes=9, seconds=30), 50.0)
    assert run.until(OPENING + timedelta(minutes=13)) == []


def test_it_asks_for_little_when_it_knows_the_history(begin: Begin, market: Market, standin: Standin) -> None:
    begin().until(OPENING + timedelta(minutes=12))
    first, *others = standin.charts("AAPL")
    assert int(first["period1"]) == datetime(2026, 3, 13, tzinfo=UTC).timestamp()
    assert len(others) >= 2
    assert {int(query["period1"]) for query in others} == {(OPENING - timedelta(minutes=51)).timestamp()}


def test_after_a_sleep_beyond_yahoo_s_reach_it_asks_for_the_history(
    begin: Begin, market: Market, standin: Standin
) -> None:
    run = begin()
    run.until(OPENING + timedelta(minutes=11))
    run.manual_clock.slept += 40 * 86_400
    run.until(OPENING + timedelta(days=40, minutes=30))
    # The fortieth day is a Tuesday: five days of trading begin on the Wednesday before.
    assert int(standin.charts("AAPL")[-1]["period1"]) == datetime(2026, 4, 22, tzinfo=UTC).timestamp()


def test_midnight_loses_nothing_of_a_market_that_never_closes(begin: Begin, standin: Standin) -> None:
    midnight = datetime(2026, 3, 20, tzinfo=UTC)
    manual_clock = ManualClock(midnight - 5 * MINUTE)
    session = (midnight, midnight + timedelta(hours=24) - SECOND)
    rows = minutes(midnight - 30 * MINUTE, 60)
    standin.markets["BTC-USD"] = Trading(
        rows, session, zone="UTC", instrument="CRYPTOCURRENCY", manual_clock=manual_clock
    )
    run = begin("BTC-USD", manual_clock=manual_clock)
    run.until(midnight + timedelta(minutes=20))
    assert [bar.time for bar in run.bars] == [midnight + number * MINUTE for number in range(-30, 19)]


def test_rows_without_prices_are_reported_once(begin: Begin, market: Market) -> None:
    market.rows[2] = null(OPENING + 2 * MINUTE)
    run = begin(at=OPENING + timedelta(minutes=20))
    run.until(OPENING + timedelta(minutes=25))
    (bad,) = run.bad
    assert str(bad) == "Yahoo's answer for AAPL 1m, line 3: no prices for 2026-03-19 13:32Z"
    assert bad.key == "yahoo/AAPL/1m/2026-03-19T13:32Z"
    assert msgspec.json.decode(bad.raw)["time"] == "2026-03-19T13:32:00Z"


def test_an_unknown_symbol_is_set_aside_alone(begin: Begin, market: Market, standin: Standin) -> None:
    run = begin("NOPE", "AAPL")
    run.until(OPENING + timedelta(minutes=13))
    assert len(run.bars) == 10
    assert run.warnings == [
        "Yahoo does not know NOPE (No data found, symbol may be delisted); it is set aside, the others continue"
    ]
    asked = len(standin.requests)
    run.until(OPENING + timedelta(minutes=15))
    assert all("NOPE" not in request.path for request in standin.requests[asked:])


def test_yahoo_being_away_is_reported_once_and_waited_for(begin: Begin, market: Market, standin: Standin) -> None:
    run = begin()
    run.until(OPENING + timedelta(minutes=11))
    standin.faults.extend([DROP] * 200)
    market.rows += minutes(OPENING + 10 * MINUTE, 10)
    assert run.until(OPENING + timedelta(minutes=25)) == []
    assert [warning.partition(" (")[0] for warning in run.warnings] == ["Yahoo cannot be reached"]
    assert run.polled.doing == "Yahoo cannot be reached"
    standin.faults.clear()
    assert len(run.until(OPENING + timedelta(minutes=31))) == 10
    assert "Yahoo answers again" in run.notes
    assert not run.polled.doing


def test_a_refusal_is_reported_and_waited_out(begin: Begin, market: Market, standin: Standin) -> None:
    standin.faults.append(TOO_MANY)
    run = begin()
    assert len(run.until(OPENING + timedelta(minutes=11))) == 10
    (warning,) = run.warnings
    assert warning.startswith("Yahoo refuses for now (429 Too Many Requests); trying again in")


def test_a_closed_market_is_reported_and_looked_at_rarely_until_it_opens(
    begin: Begin, market: Market, standin: Standin
) -> None:
    day = timedelta(days=1)
    market.session = (OPENING + day, CLOSING + day)
    run = begin(at=OPENING + day - timedelta(minutes=11))
    run.until(OPENING + day - 30 * SECOND)
    assert run.notes == ["AAPL: its market is closed until 2026-03-20 13:30Z"]
    assert run.polled.doing == run.notes[0]
    assert len(standin.charts("AAPL")) == 3
    run.until(OPENING + day + 2 * MINUTE)
    assert run.notes[1:] == ["AAPL: its market is open"]
    assert len(standin.charts("AAPL")) >= 6


def test_days_are_asked_from_well_before_the_last_and_a_part_of_a_week_is_not_taken(
    begin: Begin, standin: Standin
) -> None:
    monday = datetime(2026, 3, 2, 5, tzinfo=UTC)
    weeks = [candle(monday + number * timedelta(days=7), 100 + number) for number in range(-30, 3)]
    market = Market(weeks, (OPENING, CLOSING), "1wk")
    standin.markets["AAPL"] = market
    run = begin(polling=Polling("1wk", "1y"), at=OPENING)
    run.until(OPENING + timedelta(minutes=1))
    assert len(run.bars) == 32
    # Asked from the middle of a week on, Yahoo makes a bar of the rest of it.
    asked = run.bars[-1].time - timedelta(days=140)
    part = next(number for number, row in enumerate(market.rows) if row.time >= asked)
    market.rows[part] = market.rows[part]._replace(volume=1.0)
    assert run.until(OPENING + timedelta(minutes=20)) == []


DAY = timedelta(days=1)


def days(count: int, last: datetime = OPENING) -> list[Candle]:
    """Daily rows, the last of them at ``last``; prices no two of which are alike."""
    return [candle(last - number * DAY, 400.0 + 3 * number % 7 + number, 900.0) for number in reversed(range(count))]


def split(rows: list[Candle], shares: float) -> list[Candle]:
    """The rows as Yahoo gives them after a split."""
    prices = ("open", "high", "low", "close")
    return [row._replace(**{name: getattr(row, name) / shares for name in prices}) for row in rows]


def happened(at: datetime, shares: int) -> dict[str, Any]:
    """A split among the events of a reply."""
    stamp = int(at.timestamp())
    event = {"date": stamp, "numerator": shares, "denominator": 1, "splitRatio": f"{shares}:1"}
    return {"splits": {str(stamp): event}}


def sent_before(rows: list[Candle], interval: str = "1d") -> Earlier:
    """These rows as an earlier run has left them in the topic."""
    bars = [
        Bar(
            symbol="AAPL",
            interval=interval,
            time=row.time.replace(hour=0, minute=0) if interval == "1d" else row.time,
            open=row.open or 0,
            high=row.high or 0,
            low=row.low or 0,
            close=row.close or 0,
            volume=row.volume,
            source="yahoo",
        )
        for row in rows
    ]
    return Earlier({"AAPL": bars[-1]}, lambda symbol: bars[0].time if symbol == "AAPL" else None)


def test_after_a_split_overnight_all_that_was_sent_comes_again(begin: Begin, standin: Standin) -> None:
    rows = minutes(OPENING, 390)
    market = Market(rows, (OPENING, CLOSING))
    standin.markets["AAPL"] = market
    run = begin(at=CLOSING)
    assert len(run.until(CLOSING + MINUTE)) == 390
    market.rows = split(rows, 4) + minutes(OPENING + DAY, 10, 120.0)
    market.session = (OPENING + DAY, CLOSING + DAY)
    run.manual_clock.slept += (OPENING + DAY + timedelta(minutes=9) - run.manual_clock.clock.now()).total_seconds()
    again = run.until(OPENING + DAY + timedelta(minutes=14))
    assert [bar.time for bar in again] == [row.time for row in market.rows]
    assert [bar.close for bar in again] == [row.close for row in market.rows]
    assert {bar.revision for bar in again[:390]} == {1}
    assert [note for note in run.notes if "split" in note] == [
        "AAPL: Yahoo gives prices at 0.25 times what was sent, as after a split:"
        " its bars from 2026-03-19 on are sent again"
    ]
    assert run.until(OPENING + DAY + timedelta(minutes=20)) == []


@pytest.mark.parametrize("announced", [True, False])
def test_a_run_after_a_split_sends_again_what_earlier_runs_have_sent(
    begin: Begin, standin: Standin, announced: bool
) -> None:
    rows = days(60)
    now = split(rows, 4)
    events = happened(OPENING - DAY, 4) if announced else {}
    standin.markets["AAPL"] = Market(now, (OPENING, CLOSING), "1d", events=events)
    # What the earlier run sent last is still on the old basis; or where Yahoo reports the split, on the new one.
    topic = [*rows[:-2], now[-2]] if announced else rows[:-1]
    run = begin(polling=Polling("1d", "5d", live=False), at=CLOSING + timedelta(hours=1), earlier=sent_before(topic))
    assert [bar.close for bar in run.to_its_end()] == [row.close for row in now]
    assert len([note for note in run.notes if "are sent again" in note]) == 1
    assert ("a split on 2026-03-18" in run.notes[0]) == announced
