"""Splits: a series is on one basis, whenever its source gives it on another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from stockstream.producers.bar_source import Reply, Row, Session, Split
from stockstream.producers.final_bars import read_reply
from stockstream.producers.source_bars import Polling
from stockstream.producers.splits import Earlier
from tests.producers.fake_source import CLOSING, OPENING, FakeSource, Market, minutes, row, split
from tests.producers.manual_clock import ManualClock
from tests.producers.polling import ONCE, Start

DAY: Final = timedelta(days=1)
DAYS: Final = Polling("1d", "5d", live=False)


def days(count: int) -> list[Row]:
    """Daily rows up to a day before the opening's; prices no two of which are alike."""
    last = OPENING.replace(hour=0, minute=0) - DAY
    return [row(last - number * DAY, 400.0 + 3 * number % 7 + number, 900.0) for number in reversed(range(count))]


def sent_before(rows: list[Row], interval: str = "1d") -> Earlier:
    """These rows as an earlier run has left them in the topic."""
    bars = read_reply(Reply(tuple(rows)), "fake", "AAPL", interval, OPENING).bars
    return Earlier({"AAPL": bars[-1]}, lambda symbol: bars[0].time if symbol == "AAPL" else None)


def test_after_a_split_overnight_all_that_was_sent_comes_again(
    start: Start, market: Market, manual_clock: ManualClock
) -> None:
    run = start()
    run.until(OPENING + timedelta(minutes=11))
    market.rows = split(market.rows, 4) + minutes(OPENING + DAY, 10, 120.0)
    market.session = Session(OPENING + DAY, CLOSING + DAY)
    manual_clock.slept += (OPENING + DAY + timedelta(minutes=10) - manual_clock.clock.now()).total_seconds()
    again = run.until(OPENING + DAY + timedelta(minutes=14))
    assert [(bar.time, bar.close) for bar in again] == [(each.time, each.close) for each in market.rows]
    assert {bar.revision for bar in again[:10]} == {1}
    assert [note for note in run.notes if "split" in note] == [
        "AAPL: Fake Exchange gives prices at 0.25 times what was sent, as after a split:"
        " its bars from 2026-03-19 on are sent again"
    ]
    assert run.until(OPENING + DAY + timedelta(minutes=20)) == []


@pytest.mark.parametrize("announced", [True, False])
def test_a_run_after_a_split_sends_again_what_earlier_runs_have_sent(
    start: Start, source: FakeSource, announced: bool
) -> None:
    rows = days(60)
    now = split(rows, 4)
    splits = (Split(rows[-2].time, 4.0),) if announced else ()
    source.markets["AAPL"] = Market(now, splits=splits)
    # What the earlier run sent last is still on the old basis; or where the source reports the split, on the new one.
    topic = [*rows[:-2], now[-2]] if announced else rows[:-1]
    run = start(polling=DAYS, earlier=sent_before(topic))
    assert [bar.close for bar in run.to_its_end()] == [each.close for each in now]
    assert len([note for note in run.notes if "are sent again" in note]) == 1
    assert ("a split on 2026-03-17" in run.notes[0]) == announced


def test_a_split_that_was_reported_once_sends_the_series_again_once(start: Start, source: FakeSource) -> None:
    rows = days(60)
    source.markets["AAPL"] = Market(rows, splits=(Split(rows[-2].time, 4.0),))
    run = start(polling=replace(DAYS, live=True), earlier=sent_before(rows))
    assert len(run.until(OPENING + timedelta(minutes=11))) == 60
    assert run.until(OPENING + timedelta(hours=2)) == []
    assert len(run.notes) == 1


def test_a_long_pause_with_a_split_in_it_is_found_out(start: Start, source: FakeSource) -> None:
    rows = days(60)
    now = split(rows, 10)
    source.markets["AAPL"] = Market(now)
    run = start(polling=DAYS, earlier=sent_before(rows[:30]))
    assert [bar.close for bar in run.to_its_end()] == [each.close for each in now]


def test_without_a_split_nothing_but_the_history_is_sent(start: Start, source: FakeSource) -> None:
    rows = days(60)
    source.markets["AAPL"] = Market(rows)
    for topic in (rows[:-1], rows[:30], [*rows[:-2], rows[-2]._replace(close=401.0, volume=1.0)]):
        run = start(polling=DAYS, earlier=sent_before(topic))
        assert [bar.close for bar in run.to_its_end()] == [each.close for each in rows[-6:]]
        assert not run.notes
        assert not run.warnings


def test_bars_that_the_source_has_no_longer_stay_and_that_is_reported(start: Start, source: FakeSource) -> None:
    rows = minutes(OPENING - 9 * DAY, 30) + minutes(OPENING - DAY, 30)
    now = split(rows, 2)
    source.markets["AAPL"] = Market(now[30:])
    source.goes_back = timedelta(days=7)
    run = start(polling=ONCE, earlier=sent_before(rows, "1m"))
    assert [bar.close for bar in run.to_its_end()] == [each.close for each in now[30:]]
    assert run.warnings == ["AAPL: its bars before 2026-03-12 stay as they are: Fake Exchange no longer has them"]


def test_no_more_is_asked_for_than_the_source_goes_back(
    start: Start, source: FakeSource, manual_clock: ManualClock
) -> None:
    source.goes_back = timedelta(hours=1)
    reach = manual_clock.clock.now() - source.goes_back
    earlier = sent_before([row(reach.replace(second=0) + timedelta(minutes=1))], "1m")
    start(polling=ONCE, earlier=earlier).to_its_end()
    assert [asked.since for asked in source.asked] == [reach, reach]
