"""Quotes of Yahoo's websocket as bars, through the real client: subscriptions, silence, refusals and flags."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stockstream.producers.bar_source import Quote, Setup
from stockstream.producers.source_bars import Polling
from stockstream.producers.sources.yahoo import Yahoo
from stockstream.producers.sources.yahoo_quotes import read_quotes
from stockstream.records import Bar
from tests.producers.manual_clock import ManualClock
from tests.producers.polling import Run
from tests.producers.stream_standin import StreamStandin
from tests.producers.yahoo_standin import CLOSING, OPENING, Market, Standin, minutes, quote

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
NOON = OPENING + timedelta(hours=2)
USUAL = Polling("1m", "1d")


class Watch:
    """A run of Yahoo that has its history and listens; ``tell`` sends quotes and has them taken."""

    def __init__(self, standin: Standin, folder: Path, polling: Polling, at: datetime) -> None:
        self.manual_clock = ManualClock(at)
        self.standin = standin
        source = Yahoo(Setup(folder, spacing=0.0, extended=polling.extended, clock=self.manual_clock.clock))
        self.run = Run(source, self.manual_clock, ("AAPL",), polling)
        self.wait(lambda: standin.stream.connected > 0 and bool(standin.stream.said))
        self.beat(35 * SECOND)  # a last look at what was missed before the stream was there

    @property
    def now(self) -> datetime:
        return self.manual_clock.clock.now()

    @property
    def stream(self) -> StreamStandin:
        return self.standin.stream

    def beat(self, span: timedelta) -> list[Bar]:
        """Let time pass."""
        return self.run.until(self.now + span)

    def wait(self, condition: Callable[[], bool], beat: timedelta = SECOND / 5) -> None:
        """Let time pass, little by little, until something is so."""
        give_up = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < give_up, "it does not come to be"
            self.beat(beat)
            time.sleep(0.005)

    def tell(self, *quotes: str | bytes) -> None:
        """Send quotes, and let them be taken."""
        self.stream.tell(*quotes)
        self.stream.settle()
        time.sleep(0.05)
        self.beat(SECOND / 5)


Begin = Callable[..., Watch]


@pytest.fixture
def begin(standin: Standin, tmp_path: Path) -> Iterator[Begin]:
    """Begin to listen a minute before noon; the official bars are those of the morning."""
    standin.markets["AAPL"] = Market(minutes(OPENING, 117), (OPENING, CLOSING))
    watches: list[Watch] = []

    def begin(polling: Polling = USUAL, at: datetime = NOON - 70 * SECOND) -> Watch:
        watches.append(Watch(standin, tmp_path / "cache", polling, at))
        return watches[-1]

    yield begin
    for watch in watches:
        watch.run.close()


def test_a_bar_of_quotes_comes_when_its_minute_is_over_and_is_confirmed(begin: Begin, standin: Standin) -> None:
    watch = begin()
    watch.tell(quote("AAPL", NOON - 10 * SECOND, 100.0, 5000))
    watch.beat(NOON + 2 * SECOND - watch.now)
    for second, price, volume in ((1, 101.0, 5100), (20, 103.5, 5300), (30, 100.5, 5400), (50, 102.0, 5500)):
        watch.tell(quote("AAPL", NOON + second * SECOND, price, volume))
    (bar,) = watch.run.until(NOON + MINUTE + 10 * SECOND)
    assert (bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume) == (NOON, 101.0, 103.5, 100.5, 102.0, 500.0)
    assert (bar.final, bar.flags, bar.revision, bar.currency, bar.tz) == (
        True, ("unconfirmed",), 0, "USD", "America/New_York",
    )  # fmt: skip
    standin.markets["AAPL"].rows += minutes(NOON, 1, 102.0)
    (official,) = watch.beat(6 * MINUTE)
    assert (official.time, official.close, official.flags, official.revision) == (NOON, 102.5, (), 1)


def test_a_minute_that_was_not_heard_whole_is_left_to_the_source(begin: Begin) -> None:
    watch = begin()
    # It listens since the middle of this minute.
    watch.tell(quote("AAPL", NOON - 67 * SECOND, 100.0, 5000), quote("AAPL", NOON - 65 * SECOND, 101.0, 5100))
    assert watch.run.until(NOON + 20 * SECOND) == []
    watch.stream.reset()
    watch.wait(lambda: watch.stream.connected == 0)
    watch.wait(lambda: watch.stream.connected == 1)
    watch.tell(quote("AAPL", NOON + 40 * SECOND, 102.0, 5200))
    assert watch.run.until(NOON + MINUTE + 20 * SECOND) == []


def test_it_subscribes_again_every_fifteen_seconds(begin: Begin) -> None:
    watch = begin()
    before = len(watch.stream.said)
    for _ in range(4):
        watch.beat(15 * SECOND)
        time.sleep(0.05)
    watch.wait(lambda: len(watch.stream.said) >= before + 3, beat=timedelta())
    assert {json.dumps(json.loads(each)) for each in watch.stream.said} == {'{"subscribe": ["AAPL"]}'}
    assert len(watch.stream.said) <= before + 5


def test_silence_is_strange_only_while_the_market_is_open(begin: Begin, standin: Standin) -> None:
    watch = begin(at=CLOSING - 70 * SECOND)
    watch.tell(quote("AAPL", CLOSING - 10 * SECOND, 100.0, 5000))
    watch.beat(4 * timedelta(hours=1))
    assert len(watch.stream.paths) == 1
    assert not watch.run.warnings


def test_a_stream_that_falls_silent_is_opened_anew_and_polling_takes_its_place(begin: Begin, standin: Standin) -> None:
    watch = begin()
    for number in range(5):
        watch.tell(quote("AAPL", watch.now, 100.0, 5000 + number))
        watch.beat(20 * SECOND)
    asked = len(standin.charts("AAPL"))
    watch.beat(35 * SECOND)
    assert len(standin.charts("AAPL")) == asked, "while it is heard, the source is asked every five minutes"
    watch.beat(40 * SECOND)
    assert watch.run.warnings == [
        "Yahoo's stream: nothing was heard for 90 s; it is opened again, and polling goes on meanwhile"
    ]
    watch.wait(lambda: len(watch.stream.paths) >= 2)
    watch.beat(40 * SECOND)
    assert len(standin.charts("AAPL")) > asked


def test_a_stream_that_is_closed_over_and_over_is_reported_once_and_opened_ever_more_seldom(begin: Begin) -> None:
    watch = begin()
    for _ in range(4):
        watch.stream.close()
        watch.wait(lambda: watch.stream.connected == 0)
        watch.wait(lambda: watch.stream.connected == 1)
        watch.beat(2 * SECOND)
    assert len([line for line in watch.run.warnings if "stream" in line]) == 1
    assert len(watch.stream.paths) == 5


def test_a_refused_stream_keeps_everybody_from_asking(begin: Begin, standin: Standin) -> None:
    watch = begin()
    watch.stream.retry_after = "400"
    watch.stream.refusals.append(429)
    watch.stream.reset()
    watch.wait(lambda: len(watch.stream.paths) == 2)
    watch.wait(lambda: not watch.stream.refusals)
    time.sleep(0.1)
    watch.beat(SECOND)
    asked = len(standin.requests)
    watch.beat(390 * SECOND)
    assert (len(standin.requests), len(watch.stream.paths)) == (asked, 2)
    watch.wait(lambda: len(standin.requests) > asked and len(watch.stream.paths) > 2, beat=SECOND)


def test_quotes_outside_of_regular_hours_are_taken_where_they_are_wished_and_marked(begin: Begin) -> None:
    for polling, expected in ((USUAL, []), (Polling("1m", "1d", extended=True), ["extended"])):
        watch = begin(polling, at=CLOSING + 30 * SECOND)
        after = CLOSING + 2 * MINUTE
        watch.tell(quote("AAPL", after - 10 * SECOND, 100.0, 5000, 2))
        watch.beat(after + 2 * SECOND - watch.now)
        watch.tell(*(quote("AAPL", after + n * SECOND, 100.0 + n, 5000 + n, 2) for n in (1, 2, 3)))
        bars = watch.run.until(after + MINUTE + 10 * SECOND)
        assert [bar.flags for bar in bars] == [("extended", "unconfirmed") for _ in expected]
        watch.run.close()


def test_the_forming_bar_follows_the_quotes(begin: Begin) -> None:
    watch = begin(Polling("1m", "1d", forming=True))
    watch.beat(NOON + 2 * SECOND - watch.now)
    for number in (1, 2, 3):
        watch.tell(quote("AAPL", NOON + number * SECOND, 100.0 + number, 5000 + number))
    bars = [bar for bar in watch.run.bars if bar.time == NOON]
    assert [(bar.close, bar.final) for bar in bars] == [(101.0, False), (102.0, False), (103.0, False)]
    assert [bar.revision for bar in bars] == [0, 1, 2]


def test_a_message_that_cannot_be_read_is_reported_once_and_the_others_are_read(begin: Begin) -> None:
    watch = begin(Polling("1m", "1d", forming=True))
    watch.beat(NOON + 2 * SECOND - watch.now)
    watch.tell("", "{}", b"\xff\xff", '{"type": "pricing", "message": "%%%"}', quote("AAPL", NOON + SECOND, 99.5, 10))
    assert [line for line in watch.run.warnings if "cannot be read" in line] == watch.run.warnings[-1:]
    assert watch.run.bars[-1].close == 99.5


def test_what_a_quote_says() -> None:
    moment = datetime(2026, 3, 19, 15, 0, 0, 250_000, tzinfo=UTC)
    assert list(read_quotes(quote("AAPL", moment, 100.5, 7))) == [Quote("AAPL", moment, 100.5, 7)]
    assert list(read_quotes(quote("EURUSD=X", moment, 1.0625, 0))) == [Quote("EURUSD=X", moment, 1.0625)]
    assert next(iter(read_quotes(quote("AAPL", moment, 100.5, 7, hours=2)))).extended
    assert list(read_quotes(quote("AAPL", moment, 0.0, 7))) == []
    for bad in ("no JSON", '{"type": "pricing", "message": "%"}', '{"type": "pricing", "message": "////"}', b"\xff"):
        with pytest.raises(ValueError, match=":"):
            list(read_quotes(bad))


def test_a_quote_at_the_edge_of_its_minute_may_be_of_the_other_one(begin: Begin) -> None:
    watch = begin()
    watch.tell(quote("AAPL", NOON - 10 * SECOND, 100.0, 5000))
    watch.beat(NOON + 2 * SECOND - watch.now)
    watch.tell(quote("AAPL", NOON + 59 * SECOND, 101.0, 5100), quote("AAPL", NOON + MINUTE + 30 * SECOND, 102.0, 5200))
    bars = watch.run.until(NOON + 2 * MINUTE + 10 * SECOND)
    assert [bar.time for bar in bars if bar.time >= NOON] == [NOON + MINUTE]


def test_a_quote_just_before_the_opening_makes_no_bar(begin: Begin, standin: Standin) -> None:
    standin.markets["AAPL"].rows = minutes(OPENING - timedelta(days=1), 10)
    watch = begin(Polling("1m", "2d"), at=OPENING - 150 * SECOND)
    for minute in (-1, 0):
        at = OPENING + minute * MINUTE
        watch.beat(at + 25 * SECOND - watch.now)
        watch.tell(quote("AAPL", at + 20 * SECOND, 100.0, 5000 + minute))
    bars = watch.run.until(OPENING + MINUTE + 20 * SECOND)
    assert [bar.time for bar in bars] == [OPENING]
