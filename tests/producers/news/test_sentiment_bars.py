"""Bars of scores: any order of headlines gives the same bars, and each is given again only if it changed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec

from stockstream.producers.news.sentiment_bars import SentimentBars
from stockstream.records import Bar, News, doubts

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
LATER = START + timedelta(days=1)


def news(minute: int, score: float | None, symbol: str = "AAPL") -> News:
    time = START + timedelta(minutes=minute)
    return News(symbol=symbol, time=time, id=f"{symbol}{minute}", title="t", source="s", sentiment=score)


def bars(made: SentimentBars, *some: News, now: datetime = LATER) -> list[Bar]:
    made.take(some)
    return list(made.bars(now))


def test_a_bar_holds_the_mean_the_extremes_and_the_number() -> None:
    (bar, other) = bars(SentimentBars("1h"), news(50, 0.8), news(10, -0.4), news(20, 0.2), news(90, 0.0), news(5, None))
    assert (bar.symbol, bar.interval, bar.feed, bar.unit) == ("AAPL.sentiment", "1h", "readings", "sentiment")
    assert (bar.time, bar.open, bar.high, bar.low, bar.volume) == (START, -0.4, 0.8, -0.4, 3.0)
    assert abs(bar.close - 0.2) < 1e-12
    assert (other.time, other.volume) == (START + timedelta(hours=1), 1.0)


def test_the_order_makes_no_difference_and_no_bar_is_doubtful() -> None:
    chance = random.Random(16)
    some = [news(minute, chance.choice([0.1, 0.3, -0.7, 0.1234567])) for minute in range(120)]
    whole = bars(SentimentBars("15m"), *some)
    chance.shuffle(some)
    made, found = SentimentBars("15m"), dict[datetime, Bar]()
    for each in some:
        found |= {bar.time: bar for bar in bars(made, each)}
    assert [msgspec.structs.replace(found[time], revision=0) for time in sorted(found)] == whole
    assert not any(doubts(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in whole)


def test_a_bar_is_forming_until_its_period_is_over() -> None:
    made = SentimentBars("1h")
    now = START + timedelta(minutes=30)
    assert [bar.final for bar in bars(made, news(1, 0.5), now=now)] == [False]
    assert bars(made, now=now + timedelta(minutes=1)) == []
    (last,) = bars(made, now=START + timedelta(hours=1))
    assert (last.final, last.revision) == (True, 1)
    assert bars(made, now=LATER) == []


def test_a_bar_keeps_its_values_when_the_topic_has_lost_some_of_its_headlines() -> None:
    early = START + timedelta(minutes=40)
    made = SentimentBars("1h")
    (held,) = bars(made, news(1, 0.5), news(20, -0.1), news(30, 0.3), now=early)
    again = SentimentBars("1h", {held.series: {held.time: held}})
    assert bars(again, news(30, 0.3), now=early) == []
    assert bars(again, news(35, -0.9), now=early) == []
    (over,) = bars(again)
    assert over == msgspec.structs.replace(held, final=True, revision=1)
    for place in (36, 37):
        again.take([news(place, 0.0)])
    (changed,) = again.bars(LATER)
    assert (changed.volume, changed.revision) == (4.0, 2)


def test_what_the_topic_holds_is_given_again_only_if_it_differs() -> None:
    (held,) = bars(SentimentBars("1h"), news(1, 0.5))
    again = SentimentBars("1h", {held.series: {held.time: held}})
    assert bars(again, news(1, 0.5)) == []
    (changed,) = bars(again, news(2, 0.1))
    assert (changed.revision, changed.volume) == (1, 2.0)
