"""Bars of a source's live stream, made of quotes before the source returns its own bars."""

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
"""Time for which a bar is held back for delayed quotes."""

_LATELY: Final = 60.0
_EDGE: Final = timedelta(seconds=2)
_MOST_MARKED: Final = 20_000


class LiveBars:
    """Bars from the live stream of a source.

    A bar of quotes is yielded when its period is over, marked as unconfirmed: the source's own bar confirms or corrects
    it later. A period gives no bar if some of its quotes were missed, if nothing was traded in it, or
    if trades are only within two seconds of its beginning or end: the clocks that stamp quotes differ by as much.

    Parameters
    ----------
    source
        Source of the stream.
    symbols, interval
        Symbols of the bars, and their interval.
    forming
        Whether to yield also the bars of present periods, as they change.
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
        """Whether the stream is open and has recently sent data of the symbol."""
        heard_at = self._heard.get(symbol)
        up = self._stream is not None and self._stream.up
        return up and heard_at is not None and self._clock.monotonic() - heard_at < _LATELY

    def describe(self, symbol: str, bar: Bar, session: Session | None) -> None:
        """Set the currency, zone and session of a symbol's bars, from a bar of the source."""
        zone = ZoneInfo(bar.tz) if bar.tz else None
        origin = Origin(self._source, bar.feed, None, bar.currency, zone, session.start if session else None)
        if origin != self._origins.get(symbol):
            self._origins[symbol] = origin
            self._aggregator.describe(symbol, origin)

    def bars(self, *, market_open: bool) -> Iterator[Bar]:
        """New bars; call this some times a second."""
        if self._stream is not None:
            yield from self.made_of(self._stream.heard(market_open=market_open))

    def made_of(self, messages: Iterable[Heard]) -> Iterator[Bar]:
        """The new bars after some messages of the stream."""
        now = self._clock.monotonic()
        for heard in messages:
            self._heard[heard.symbol] = now
            if isinstance(heard, LiveRow):
                yield from self._of_row(heard)
            else:
                self._take(heard)
        for bar in self._aggregator.bars(self._clock.now(), forming=self._forming):
            if not bar.final or self._is_whole(bar):
                yield self._marked_as(bar)

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
        """Whether a bar of quotes is complete: no quotes were missed, and some trades are certainly in its period."""
        return PARTIAL not in bar.flags and bar.volume != 0 and (bar.symbol, bar.time) in self._inside

    def _opening(self, quote: Quote) -> datetime:
        origin = self._origins.get(quote.symbol)
        if origin is None or origin.anchor is None:
            return opening(quote.time, self._interval)
        return opening(quote.time, self._interval, origin.anchor)

    def _marked_as(self, bar: Bar) -> Bar:
        flags = bar.flags
        if (bar.symbol, bar.time) in self._marked:
            flags = (*flags, EXTENDED)
        if bar.final:
            flags = (*flags, UNCONFIRMED)
        return msgspec.structs.replace(bar, flags=flags, revision=0)

    def _of_row(self, heard: LiveRow) -> Iterator[Bar]:
        """A bar that the stream itself contains; the present one only if forming bars are wanted."""
        if not heard.final and not self._forming:
            return
        origin = self._origins.get(heard.symbol, Origin(self._source))
        reply = Reply((heard.row,), origin.zone or ZoneInfo("UTC"), origin.currency)
        for bar in read_reply(reply, self._source, heard.symbol, self._interval, self._clock.now()).bars:
            yield msgspec.structs.replace(bar, final=heard.final)


def _remember(places: set[tuple[str, datetime]], place: tuple[str, datetime]) -> None:
    """Remember a bar's symbol and time, in bounded memory: bars of the earlier ones were already yielded."""
    if len(places) >= _MOST_MARKED:
        places.clear()
    places.add(place)
