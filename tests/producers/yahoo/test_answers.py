"""Yahoo's good answers: rows, sessions, splits, pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stockstream.producers.bar_source import Dividend, Session, Split
from stockstream.producers.sources.yahoo import Yahoo
from stockstream.records import OFF_GRID, Bar
from tests.producers.yahoo.asking import EVENING, Ask
from tests.producers.yahoo_standin import (
    CLOSING,
    OPENING,
    Candle,
    Market,
    Standin,
    candle,
    minutes,
    null,
)

MINUTE = timedelta(minutes=1)


def test_a_good_answer(ask: Ask, market: Market) -> None:
    answer = ask()
    assert answer.session == Session(OPENING, CLOSING)
    assert answer.nulls == ()
    assert len(answer.bars) == 5
    assert answer.bars[1] == Bar(
        symbol="AAPL",
        interval="1m",
        time=OPENING + MINUTE,
        open=101.0,
        high=102.0,
        low=100.0,
        close=101.5,
        volume=500.0,
        currency="USD",
        tz="America/New_York",
        source="yahoo",
    )


def test_it_asks_for_what_it_is_reported(ask: Ask, market: Market, standin: Standin) -> None:
    ask(since=OPENING + 2 * MINUTE)
    (query,) = standin.charts("AAPL")
    assert (query["interval"], query["includePrePost"].lower()) == ("1m", "false")
    asked = [datetime.fromtimestamp(int(query[name]), UTC) for name in ("period1", "period2")]
    assert asked == [OPENING + 2 * MINUTE, EVENING + MINUTE]


def test_a_day_is_its_session_s_date_and_final_when_the_session_is_over(ask: Ask, standin: Standin) -> None:
    days = [candle(OPENING - timedelta(days=day), 100 + day) for day in (2, 1, 0)]
    standin.markets["AAPL"] = Market(days, (OPENING, CLOSING), interval="1d")
    for now, final in ((CLOSING - MINUTE, [True, True, False]), (CLOSING, [True, True, True])):
        answer = ask(interval="1d", since="1mo", now=now)
        assert [bar.time for bar in answer.bars] == [datetime(2026, 3, day, tzinfo=UTC) for day in (17, 18, 19)]
        assert [bar.final for bar in answer.bars] == final
        assert answer.bars[0].adj_close == pytest.approx(102.5 * 0.99)
        assert answer.bars[0].close == 102.5


def test_a_session_far_east_keeps_its_date(ask: Ask, standin: Standin) -> None:
    opening = datetime(2026, 3, 19, 0, 0, tzinfo=UTC)  # nine in Tokyo
    rows = [candle(opening - timedelta(days=1)), candle(opening)]
    session = (opening, opening + timedelta(hours=6))
    standin.markets["7203.T"] = Market(rows, session, "1d", "JPY", "Asia/Tokyo")
    answer = ask("7203.T", "1d", "1mo", session[1])
    assert [(bar.time.day, bar.final, bar.currency) for bar in answer.bars] == [(18, True, "JPY"), (19, True, "JPY")]


@pytest.mark.parametrize(
    ("interval", "first", "now", "final"),
    [
        ("1wk", datetime(2026, 3, 9, 4, tzinfo=UTC), datetime(2026, 3, 20, 21, tzinfo=UTC), [True, False]),
        ("1wk", datetime(2026, 3, 9, 4, tzinfo=UTC), datetime(2026, 3, 23, 5, tzinfo=UTC), [True, True]),
        ("1mo", datetime(2026, 2, 1, 5, tzinfo=UTC), datetime(2026, 3, 31, 21, tzinfo=UTC), [True, False]),
        ("1mo", datetime(2026, 2, 1, 5, tzinfo=UTC), datetime(2026, 4, 1, 5, tzinfo=UTC), [True, True]),
    ],
)
def test_weeks_and_months_are_final_when_the_next_has_begun(
    ask: Ask, standin: Standin, interval: str, first: datetime, now: datetime, final: list[bool]
) -> None:
    second = first + timedelta(days=7) if interval == "1wk" else datetime(2026, 3, 1, 5, tzinfo=UTC)
    standin.markets["AAPL"] = Market([candle(first), candle(second)], (OPENING, CLOSING), interval)
    assert [bar.final for bar in ask(interval=interval, since="1y", now=now).bars] == final


def test_the_last_bar_of_a_session_ends_with_it(ask: Ask, standin: Standin) -> None:
    hours = [candle(OPENING + timedelta(hours=number)) for number in range(7)]
    standin.markets["AAPL"] = Market(hours, (OPENING, CLOSING), "1h")
    assert [bar.final for bar in ask(interval="1h", now=CLOSING - MINUTE).bars] == [True] * 6 + [False]
    assert [bar.final for bar in ask(interval="1h", now=CLOSING).bars] == [True] * 7


def test_rows_without_prices_are_left_out_and_named(ask: Ask, market: Market) -> None:
    market.rows[2] = null(OPENING + 2 * MINUTE)
    market.rows[4] = market.rows[4]._replace(low=None)
    answer = ask()
    assert [bar.time for bar in answer.bars] == [OPENING, OPENING + MINUTE, OPENING + 3 * MINUTE]
    assert answer.nulls == ((3, OPENING + 2 * MINUTE), (5, OPENING + 4 * MINUTE))


def test_a_row_without_prices_of_a_period_that_is_not_over_is_no_news(ask: Ask, market: Market) -> None:
    market.rows[4] = null(OPENING + 4 * MINUTE)
    answer = ask(now=OPENING + timedelta(minutes=4, seconds=59))
    assert (len(answer.bars), answer.nulls) == (4, ())


def test_a_bar_off_the_grid_is_what_is_known_of_its_period(ask: Ask, market: Market) -> None:
    market.rows.append(candle(OPENING + timedelta(minutes=6, seconds=17), 106))
    *settled, stray = ask(now=OPENING + timedelta(minutes=6, seconds=20)).bars
    assert all(bar.final and not bar.flags for bar in settled)
    assert (stray.time, stray.final, stray.flags) == (OPENING + 6 * MINUTE, False, (OFF_GRID,))
    assert stray.close == 106.5


def test_a_bar_off_the_grid_is_never_final_however_late_it_is(ask: Ask, market: Market) -> None:
    market.rows.append(candle(OPENING + timedelta(minutes=6, seconds=17), 106))
    assert [bar.final for bar in ask(now=EVENING).bars] == [True] * 5 + [False]


def test_a_bar_off_the_grid_of_hours_belongs_to_the_hours_of_the_exchange(ask: Ask, standin: Standin) -> None:
    hours = [candle(OPENING), candle(OPENING + timedelta(minutes=75, seconds=3))]
    standin.markets["AAPL"] = Market(hours, (OPENING, CLOSING), "1h")
    bars = ask(interval="1h", now=OPENING + timedelta(minutes=76)).bars
    assert [bar.time for bar in bars] == [OPENING, OPENING + timedelta(hours=1)]


def test_a_bar_off_the_grid_does_not_replace_the_row_of_its_period(ask: Ask, market: Market) -> None:
    market.rows.insert(3, candle(OPENING + timedelta(minutes=2, seconds=17), 50.0))
    assert [(bar.close, bar.final) for bar in ask().bars] == [(100.5 + number, True) for number in range(5)]


def test_hours_after_a_break_at_noon_have_a_grid_of_their_own(ask: Ask, standin: Standin) -> None:
    nine_thirty = datetime(2026, 3, 19, 1, 30, tzinfo=UTC)
    hours = [candle(nine_thirty + timedelta(minutes=number)) for number in (0, 60, 120, 210)]
    hours.append(candle(nine_thirty + timedelta(minutes=290, seconds=3)))
    session = (nine_thirty, nine_thirty + timedelta(hours=6, minutes=30))
    standin.markets["0700.HK"] = Market(hours, session, "1h", "HKD", "Asia/Hong_Kong")
    bars = ask("0700.HK", "1h", now=nine_thirty + timedelta(minutes=291)).bars
    assert bars[-1].time == nine_thirty + timedelta(minutes=270)


@pytest.mark.parametrize("first", [0.0, None])
def test_an_open_that_is_missing_is_none(ask: Ask, market: Market, first: float | None) -> None:
    market.rows[1] = market.rows[1]._replace(open=first)
    bar = ask().bars[1]
    assert (bar.open, bar.close, bar.flags) == (None, market.rows[1].close, ())


def test_an_impossible_bar_travels_marked(ask: Ask, market: Market) -> None:
    market.rows[1] = market.rows[1]._replace(low=200.0)
    assert [bar.flags for bar in ask().bars] == [(), ("impossible:high,low",), (), (), ()]


def test_half_hours_without_trade_are_no_rows(ask: Ask, standin: Standin) -> None:
    days = [OPENING - timedelta(days=1), OPENING]
    rows = [
        candle(day + timedelta(minutes=15 * number)) for day in days for number in range(26) if number not in (8, 9)
    ]
    standin.markets["AAPL"] = Market(rows, (OPENING, CLOSING), "30m")
    answer = ask(interval="30m")
    assert (len(answer.bars), answer.nulls) == (24, ())


def test_splits_and_dividends_are_marked_on_their_bars(ask: Ask, standin: Standin) -> None:
    days = [candle(OPENING - timedelta(days=day), 100 + day) for day in (2, 1, 0)]
    stamp = int(days[1].time.timestamp())
    split = {"date": stamp, "numerator": 4, "denominator": 1, "splitRatio": "4:1"}
    events = {"dividends": {str(stamp): {"amount": 0.5, "date": stamp}}, "splits": {str(stamp): split}}
    standin.markets["AAPL"] = Market(days, (OPENING, CLOSING), "1d", events=events)
    answer = ask(interval="1d", since="1mo")
    assert [bar.close for bar in answer.bars] == [102.5, 101.5, 100.5]
    assert [bar.flags for bar in answer.bars] == [(), ("split:4", "dividend:0.5"), ()]
    day = datetime(2026, 3, 18, tzinfo=UTC)
    assert (answer.splits, answer.dividends) == ((Split(day, 4.0),), (Dividend(day, 0.5),))


def test_a_dividend_is_marked_on_the_first_minute_without_it(ask: Ask, standin: Standin) -> None:
    stamp = int(OPENING.timestamp())
    events = {"dividends": {str(stamp): {"amount": 0.26, "date": stamp}}}
    rows = minutes(OPENING - timedelta(days=1), 3) + minutes(OPENING + MINUTE, 3)
    standin.markets["AAPL"] = Market(rows, (OPENING, CLOSING), events=events)
    flags = {bar.time: bar.flags for bar in ask().bars}
    assert [time for time, each in flags.items() if each] == [OPENING + MINUTE]
    assert flags[OPENING + MINUTE] == ("dividend:0.26",)


def test_the_closing_auction_s_row_is_kept_and_marked(ask: Ask, standin: Standin) -> None:
    rows = [*minutes(CLOSING - 2 * MINUTE, 2), candle(CLOSING, 99.0, 1_000_000.0), candle(CLOSING + MINUTE)]
    standin.markets["AAPL"] = Market(rows, (OPENING, CLOSING))
    assert [(bar.time, bar.flags) for bar in ask().bars] == [
        (CLOSING - 2 * MINUTE, ()),
        (CLOSING - MINUTE, ()),
        (CLOSING, ("closing",)),
    ]
    rows[2] = rows[2]._replace(time=CLOSING + timedelta(seconds=1))  # as it is stamped at times
    assert ask().bars[2].flags == ("closing",)


def test_a_half_day_ends_when_its_own_hours_end(ask: Ask, standin: Standin) -> None:
    noon = OPENING + timedelta(hours=3, minutes=30)
    standin.markets["AAPL"] = Market(minutes(noon - 2 * MINUTE, 5), (OPENING, noon))
    assert [(bar.time, bar.flags) for bar in ask().bars][2:] == [(noon, ("closing",))]


def test_a_minute_further_back_than_a_request_gives_is_fetched_page_by_page(
    yahoo: Yahoo, market: Market, standin: Standin
) -> None:
    start = OPENING - timedelta(days=20)
    market.rows = [candle(start + number * timedelta(days=1)) for number in range(21)]
    rows: list[datetime] = []
    since: datetime | None = start
    while since is not None:
        reply = yahoo.history("AAPL", "1m", since)
        rows += [row.time for row in reply.rows]
        since = reply.more
    spans = [int(query["period2"]) - int(query["period1"]) for query in standin.charts("AAPL")]
    assert len(spans) == 3
    assert max(spans) < timedelta(days=8).total_seconds()
    assert sorted(set(rows)) == [row.time for row in market.rows]


def test_the_day_that_yahoo_gives_apart_joins_its_week(ask: Ask, standin: Standin) -> None:
    monday = datetime(2026, 3, 16, 4, tzinfo=UTC)
    weeks = [candle(monday - timedelta(days=7), 90.0), candle(monday, 100.0, 900.0), candle(OPENING, 120.0, 50.0)]
    standin.markets["AAPL"] = Market(weeks, (OPENING, CLOSING), "1wk")
    *_, week = ask(interval="1wk", since="1mo").bars
    assert (week.time.day, week.open, week.high, week.low, week.close, week.volume) == (
        16, 100.0, 121.0, 99.0, 120.5, 950.0,
    )  # fmt: skip
    days = [candle(OPENING - timedelta(days=1)), candle(OPENING, 100.0), candle(CLOSING, 120.0)]
    standin.markets["AAPL"] = Market(days, (OPENING, CLOSING), "1d")
    assert [bar.close for bar in ask(interval="1d", since="1mo").bars] == [100.5, 120.5]


@pytest.mark.parametrize(
    ("interval", "days"), [("1m", 29), ("2m", 58), ("90m", 58), ("1h", 720), ("1d", None), ("1wk", None)]
)
def test_how_far_back_yahoo_goes(yahoo: Yahoo, interval: str, days: int | None) -> None:
    assert yahoo.reach(interval) == (None if days is None else timedelta(days=days))


def recorded(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Charts that somebody recorded, by file: those that hold rows, and were not made up."""
    for path in sorted((folder / "api_json" / "yahoo_v8_chart").glob("*.json")):
        content: Any = path.read_text()
        while isinstance(content, str):
            content = json.loads(content)
        if "response" in content:
            content = content["response"].get("bodyJson") or json.loads(content["response"]["body"])
        if content["chart"]["result"][0].get("timestamp") and ".fake." not in path.name:
            yield path.name, content


def test_recorded_answers_give_their_rows(real_data: Path, standin: Standin, ask: Ask) -> None:
    seen = 0
    for name, chart in recorded(real_data):
        result = chart["chart"]["result"][0]
        meta, quote = result["meta"], result["indicators"]["quote"][0]
        symbol, interval = meta["symbol"], meta["dataGranularity"]
        standin.replies[symbol] = chart
        answer = ask(symbol, interval, "max" if interval == "1d" else "5d", datetime(2026, 12, 1, tzinfo=UTC))
        rows = [
            Candle(datetime.fromtimestamp(stamp, UTC), *prices)
            for stamp, *prices in zip(
                result["timestamp"],
                *(quote[field] for field in ("open", "high", "low", "close", "volume")),
                strict=True,
            )
        ]
        assert all((bar.currency, bar.tz) == (meta["currency"], meta["exchangeTimezoneName"]) for bar in answer.bars)
        expected = [row for row in rows if row.close is not None]
        if interval != "1d":
            # What stands at the session's end is the closing auction's print, which yfinance takes out.
            ends = {period["end"] for day in meta["tradingPeriods"] for period in day}
            closing = [row.time for row in expected if int(row.time.timestamp()) in ends]
            assert [bar.time for bar in answer.bars if "closing" in bar.flags] == closing
            assert [bar.time for bar in answer.bars] == [row.time for row in expected], name
            assert len(answer.nulls) == sum(row.close is None for row in rows)
        assert [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in answer.bars] == [
            row[1:] for row in expected
        ], name
        assert all(bar.final for bar in answer.bars)
        seen += 1
    assert seen > 40
