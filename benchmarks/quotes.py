"""Quotes of a market feed as bars: their rate, and the cost of a hundred symbols."""

from __future__ import annotations

import json
import random
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import ClassVar, Final

from yfinance.pricing_pb2 import PricingData

from stockstream.producers.bar_source import About, BarSource, Quote, Reply
from stockstream.producers.clock import Clock
from stockstream.producers.live_bars import LiveBars
from stockstream.producers.patience import USUAL, Breaker
from stockstream.producers.sources.yahoo_quotes import read_quotes

OPENING: Final = datetime(2026, 3, 19, 13, 30, tzinfo=UTC)
SYMBOLS: Final = 100
QUOTES: Final = 500_000
ROUNDS: Final = 3
AIM: Final = 200_000
BEAT: Final = 0.2


class _Source(BarSource):
    about: ClassVar[About] = About("bench", "Bench", "quotes", "nothing", "none", ("1m",))

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:  # noqa: ARG002 - it is never asked
        return Reply()


class _Silent:
    def note(self, text: str) -> None:
        """Nobody listens."""

    def warn(self, text: str) -> None:
        """Nobody listens."""


class _Watch:
    """A clock that shows the time that is set."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock(lambda: OPENING + timedelta(seconds=self.seconds), lambda: self.seconds, lambda _: None)


def _quotes(count: int, a_second: float) -> Iterator[Quote]:
    """Quotes of all symbols in turn, at a total rate a second."""
    chance = random.Random(7)
    volumes = [0] * SYMBOLS
    for number in range(count):
        symbol = chance.randrange(SYMBOLS)
        volumes[symbol] += 100
        time_ = OPENING + timedelta(seconds=number / a_second)
        yield Quote(f"S{symbol}", time_, 100.0 + chance.random(), float(volumes[symbol]))


def _bars(watch: _Watch) -> LiveBars:
    return LiveBars(
        _Source(),
        [f"S{number}" for number in range(SYMBOLS)],
        "1m",
        forming=False,
        extended=False,
        patience=USUAL,
        breaker=Breaker(USUAL, watch.clock),
        reporter=_Silent(),
        clock=watch.clock,
    )


def _message(quote: Quote) -> str:
    data = PricingData(id=quote.symbol, price=quote.price, time=round(quote.time.timestamp() * 1000), market_hours=1)
    data.day_volume = round(quote.volume or 0)
    return json.dumps({"type": "pricing", "message": b64encode(data.SerializeToString()).decode()})


def _aggregated(quotes: list[Quote], a_second: float) -> tuple[float, float]:
    """The seconds in which quotes become bars, by the clock and of CPU."""
    watch = _Watch()
    bars, given, here = _bars(watch), 0, iter(quotes)
    began, used = time.perf_counter(), time.process_time()
    while beat := list(islice(here, round(a_second * BEAT))):
        watch.seconds += BEAT
        given += sum(1 for _ in bars.made_of(beat))
    took = time.perf_counter() - began, time.process_time() - used
    if not given:
        raise AssertionError("no bar was made")
    return took


def run(bootstrap_servers: str, folder: Path) -> Iterator[str]:  # noqa: ARG001 - it needs no broker
    """Print quotes to bars a second, messages read a second, and the CPU of a hundred symbols."""
    a_second = 2_500.0
    quotes = list(_quotes(QUOTES, a_second))
    took, used = min(_aggregated(quotes, a_second) for _ in range(ROUNDS))
    yield (
        f"quotes: {SYMBOLS} symbols to bars of 1m: {QUOTES / took:,.0f} a second by the clock in one process"
        f" (aim >= {AIM:,}: {'reached' if QUOTES / took >= AIM else 'missed'}), {QUOTES / used:,.0f} a second of CPU"
    )
    messages = [_message(each) for each in quotes[:50_000]]
    used = time.process_time()
    read = sum(1 for message in messages for _ in read_quotes(message))
    yield f"quotes: messages of Yahoo's websocket read: {read / (time.process_time() - used):,.0f} a second of CPU"
    # Five quotes of each symbol a second are many: in busy hours a share has one or two.
    busy = SYMBOLS * 5.0
    minute = list(_quotes(round(busy * 120), busy))
    result = [_message(each) for each in minute]
    watch, used = _Watch(), time.process_time()
    bars, here = _bars(watch), iter(result)
    while beat := list(islice(here, round(busy * BEAT))):
        watch.seconds += BEAT
        for _ in bars.made_of(quote for message in beat for quote in read_quotes(message)):
            pass
    share = (time.process_time() - used) / 120
    yield f"quotes: {SYMBOLS} symbols live, {busy:.0f} quotes/s in all: {share:.1%} of a core"
