"""Bars of a source's stream: what is known of a period before the source gives its bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from stockstream.intervals import parse
from stockstream.periods import opening
from stockstream.producers.aggregator import Aggregator, Origin
from stockstream.producers.bar_source import BarSource, Heard, LiveRow, Quote, Reply, Session
from stockstream.producers.clock import Clock
from stockstream.producers.final_bars import read_reply
from stockstream.producers.live_stream import LiveStream
from stockstream.producers.patience import Breaker, Patience
from stockstream.producers.reporter import Reporter
from stockstream.records import EXTENDED, PARTIAL, UNCONFIRMED, Bar

GRACE: Final = timedelta(seconds=3)
"""How long a bar is held back for quotes that are delayed."""

_LATELY: Final = 60.0
_EDGE: Final = timedelta(seconds=2)
_MOST_MARKED: Final = 20_000


class LiveBars:
    """Bars from what a source tells as it comes up.

    A bar of quotes is given when its period is over, marked as unconfirmed: the source's own bar confirms or corrects
    it later. A period of which some quotes were missed gives none, and neither does one in which nothing was traded, or
    only within two seconds of its beginning or end: the clocks of those who stamp quotes differ by as much.

    Parameters
    ----------
    source
        Whose stream it is.
    symbols, interval
        Whose bars, and how long they are.
    forming
        Whether to give the bars of present periods, too, as they change.
    extended
        Whether to take quotes outside of regular hours.
    patience, breaker, reporter, clock
        As for `LiveStream`.
    """

    def __init__(
        self,
        source: BarSource,
        symbols: Sequence[str],
        interval: str,
        *,
        forming: bool,
        extended: bool,
        patience: Patience,
        breaker: Breaker,
        reporter: Reporter,
        clock: Clock,
    ) -> None:
        about, stream = source.about, source.live(symbols, interval)
        self._source = about.name
        self._interval = interval
        self._length = timedelta(seconds=parse(interval).seconds)
        self._forming = forming
        self._extended = extended
        self._clock = clock
        self._aggregator = Aggregator(interval, Origin(about.name), grace=GRACE, volume="growth")
        self._origins: dict[str, Origin] = {}
        self._heard: dict[str, float] = {}
        self._inside: set[tuple[str, datetime]] = set()
        self._known_inside: dict[str, tuple[datetime, datetime]] = {}
        self._marked: set[tuple[str, datetime]] = set()
        self._stream: LiveStream | None = None
        if stream is not None:
            missed = self._aggregator.missed
            self._stream = LiveStream(
                stream, about.title, missed, patience=patience, breaker=breaker, reporter=reporter, clock=clock
            )

    def hears(self, symbol: str) -> bool:
        """Whether something of a symbol was told lately, on a stream that is open."""
        heard_at = self._heard.get(symbol)
        up = self._stream is not None and self._stream.up
        return up and heard_at is not None and self._clock.monotonic() - heard_at < _LATELY

    def describe(self, symbol: str, bar: Bar, session: Session | None) -> None:
        """Say what the source's bars of a symbol say besides their numbers, from one of them."""
        zone = ZoneInfo(bar.tz) if bar.tz else None
        origin = Origin(self._source, bar.feed, None, bar.currency, zone, session.start if session else None)
        if origin != self._origins.get(symbol):
            self._origins[symbol] = origin
            self._aggregator.describe(symbol, origin)

    def bars(self, *, market_open: bool) -> Iterator[Bar]:
        """What is new; to be called some times a second."""
        if self._stream is not None:
            yield from self.made_of(self._stream.heard(market_open=market_open))

    def made_of(self, told: Iterable[Heard]) -> Iterator[Bar]:
        """The bars that are new with what was told."""
        now = self._clock.monotonic()
        for heard in told:
            self._heard[heard.symbol] = now
            if isinstance(heard, LiveRow):
                yield from self._of_row(heard)
            else:
                self._take(heard)
        for bar in self._aggregator.bars(self._clock.now(), forming=self._forming):
            if not bar.final or self._is_whole(bar):
                yield self._told_as(bar)

    def close(self) -> None:
        """Close the stream."""
        if self._stream is not None:
            self._stream.close()

    def _take(self, quote: Quote) -> None:
        if quote.extended and not self._extended:
            return
        symbol, time = quote.symbol, quote.time
        if not self._aggregator.add(symbol, time, quote.price, quote.volume):
            return
        known = self._known_inside.get(symbol)
        if known is not None and known[0] <= time < known[1] and not quote.extended:
            return  # nothing new about its period
        begins = self._opening(quote)
        if quote.extended:
            _remember(self._marked, (symbol, begins))
        ends = begins + self._length
        if begins + _EDGE <= time <= ends - _EDGE:
            _remember(self._inside, (symbol, begins))
            self._known_inside[symbol] = begins, ends

    def _is_whole(self, bar: Bar) -> bool:
        """Whether a bar of quotes is as good as can be: all was heard, and something was traded in its period alone."""
        return PARTIAL not in bar.flags and bar.volume != 0 and (bar.symbol, bar.time) in self._inside

    def _opening(self, quote: Quote) -> datetime:
        origin = self._origins.get(quote.symbol)
        if origin is None or origin.anchor is None:
            return opening(quote.time, self._interval)
        return opening(quote.time, self._interval, origin.anchor)

    def _told_as(self, bar: Bar) -> Bar:
        flags = bar.flags
        if (bar.symbol, bar.time) in self._marked:
            flags = (*flags, EXTENDED)
        if bar.final:
            flags = (*flags, UNCONFIRMED)
        return msgspec.structs.replace(bar, flags=flags, revision=0)

    def _of_row(self, heard: LiveRow) -> Iterator[Bar]:
        """The bar that the source itself has told; the present one only where it is wished."""
        if not heard.final and not self._forming:
            return
        origin = self._origins.get(heard.symbol, Origin(self._source))
        reply = Reply((heard.row,), origin.zone or ZoneInfo("UTC"), origin.currency)
        for bar in read_reply(reply, self._source, heard.symbol, self._interval, self._clock.now()).bars:
            yield msgspec.structs.replace(bar, final=heard.final)


def _remember(places: set[tuple[str, datetime]], place: tuple[str, datetime]) -> None:
    """Keep a place, and not too many: what was told of those before is told."""
    if len(places) >= _MOST_MARKED:
        places.clear()
    places.add(place)
