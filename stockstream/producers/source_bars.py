"""Bars of any source: the history first, then new bars."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from stockstream.errors import BadRow, RateLimited, SourceError, Unavailable
from stockstream.intervals import parse
from stockstream.periods import intraday, preceding
from stockstream.producers.background import Background
from stockstream.producers.bar_source import BarSource, Dividend, Session
from stockstream.producers.clock import SYSTEM, Clock
from stockstream.producers.corrections import SentBars
from stockstream.producers.final_bars import Answer, Null
from stockstream.producers.history_spans import beginning
from stockstream.producers.live_bars import LiveBars
from stockstream.producers.patience import USUAL, Breaker, Patience
from stockstream.producers.patient_source import PatientSource
from stockstream.producers.reporter import Reporter
from stockstream.producers.splits import NOTHING_EARLIER, Earlier, Splits
from stockstream.records import EXTENDED, UNCONFIRMED, Bar

CLOSED: Final = 300.0
"""Seconds between two polls while a market is closed; the maximum between any two."""

CHECK: Final = 300.0
"""Seconds between two polls of a symbol that the source's stream delivers."""

_BEAT: Final = 0.2
_BESIDE: Final = timedelta(hours=6)
_OVERLAP: Final = 20
_SHORTEST_OVERLAP: Final = timedelta(hours=1)
_SETTLED: Final = timedelta(minutes=10)
_MOST_REPORTED: Final = 10_000


@dataclass(frozen=True)
class Polling:
    """Options of polling a source.

    Attributes
    ----------
    interval
        Interval of the bars; one that the source has.
    history
        Length of the history: 5d, 1mo, 1y, max; or its first instant.
    live
        Whether to continue after the history.
    forming
        Whether to yield also the bar of the present period; it is not final and is yielded again as it changes.
    extended
        Whether to include bars outside of regular hours.
    stream
        Whether to listen to the source's stream, where it has one.
    poll
        Minimum number of seconds between two polls of a symbol.
    """

    interval: str
    history: str | datetime
    live: bool = True
    forming: bool = False
    extended: bool = False
    stream: bool = True
    poll: float = 30.0


@dataclass
class _Series:
    """State of a symbol: its sent bars, its reported messages, and the time of the next poll."""

    symbol: str
    due: float
    sent: SentBars = field(default_factory=SentBars)
    reported: set[datetime] = field(default_factory=set)
    dividends: set[Dividend] = field(default_factory=set)
    state: str = ""
    polled_to: datetime | None = None
    session: Session | None = None
    heard: bool = False

    def is_open(self, now: datetime) -> bool:
        """Whether the symbol may be traded now."""
        return self.session is None or self.session.start <= now < self.session.end

    def is_beside_hours(self, time: datetime) -> bool:
        """Whether a time is just before or after the known hours of the session."""
        if self.session is None or self.is_open(time):
            return False
        return self.session.start - _BESIDE < time < self.session.end + _BESIDE


class SourceBars:
    """The bars of some symbols: their history, and then new bars.

    Iterating yields a `Bar`, a `BadRow` for a past period that the source has without prices, and a None five times a
    second while there is no bar. An unchanged bar is yielded once, a changed one again with the next revision. A symbol
    that the source does not know is left out. If the source is down or refuses requests, this is reported and waited
    for. After a split, which changes the basis of all prices, all bars ever sent of the symbol are fetched and yielded
    again.

    Parameters
    ----------
    source
        The source.
    symbols
        Symbols in the source's notation.
    polling
        Interval, history and other options.
    earlier
        Bars that earlier runs have sent.
    patience
        Number and pauses of the attempts after an error.
    reporter
        Receives messages for the user.
    clock
        The clock to read and to wait with.

    Attributes
    ----------
    doing : str
        Reason of the present wait, if it is not for the next bars.
    set_aside : dict of SourceError
        Errors of the symbols that were left out.
    down_since : float or None
        Monotonic time since which the source fails; None while it answers.

    Raises
    ------
    SourceError
        While iterating: if no symbol is left; without ``live`` also if the source stays unavailable.
    """

    def __init__(
        self,
        source: BarSource,
        symbols: Sequence[str],
        polling: Polling,
        *,
        reporter: Reporter,
        earlier: Earlier = NOTHING_EARLIER,
        patience: Patience = USUAL,
        clock: Clock = SYSTEM,
    ) -> None:
        self.doing = ""
        self.set_aside: dict[str, SourceError] = {}
        self.down_since: float | None = None
        self._source = source
        self._symbols = symbols
        self._polling = polling
        self._every = max(polling.poll, min(CLOSED, parse(polling.interval).seconds / 20))
        self._earlier = earlier
        self._patience = patience
        self._breaker = Breaker(patience, clock)
        self._reporter = reporter
        self._clock = clock
        self._trouble = ""

    def __iter__(self) -> Iterator[Bar | BadRow | None]:
        polling, clock = self._polling, self._clock
        series = [_Series(symbol, clock.monotonic()) for symbol in self._symbols]
        live = self._live() if polling.live and polling.stream and intraday(polling.interval) else None
        try:
            for item in self._polled(series, live):
                yield item
                if item is None and live is not None:
                    yield from self._streamed(series, live)
        finally:
            if live is not None:
                live.close()
        if len(self.set_aside) == len(self._symbols):
            raise self._nothing_left()

    def _polled(self, series: list[_Series], live: LiveBars | None) -> Iterator[Bar | BadRow | None]:
        """Bars from polling the source, until no series is left."""
        polling, clock = self._polling, self._clock
        with Background() as background:
            source = PatientSource(
                self._source, polling.interval, background, self._patience, self._breaker, self._tell, clock
            )
            splits = Splits(source, self._source.about.title, polling.interval, self._earlier, clock)
            while series:
                one = min(series, key=lambda each: each.due)
                if one.due > clock.monotonic():
                    # Wait briefly only: messages of the stream may bring a poll forward.
                    yield from clock.wait_until(min(one.due, clock.monotonic() + _BEAT))
                    continue
                try:
                    answer = yield from self._asked(one, source, splits)
                    yield from self._taken(one, answer, live)
                except (RateLimited, Unavailable) as error:
                    if not polling.live:
                        raise
                    one.due = clock.monotonic() + CLOSED
                    self._tell(error, CLOSED)
                except SourceError as error:
                    series.remove(one)
                    self._give_up(one, error, others=bool(series))
                else:
                    if not polling.live:
                        series.remove(one)

    def _live(self) -> LiveBars:
        return LiveBars(
            self._source,
            self._symbols,
            self._polling.interval,
            forming=self._polling.forming,
            extended=self._polling.extended,
            patience=self._patience,
            breaker=self._breaker,
            reporter=self._reporter,
            clock=self._clock,
        )

    def _streamed(self, series: Sequence[_Series], live: LiveBars) -> Iterator[Bar]:
        """Bars from the source's stream; they never replace a bar of the source itself."""
        now = self._clock.now()
        named = {one.symbol: one for one in series}
        for bar in live.bars(market_open=any(one.is_open(now) for one in series)):
            one = named.get(bar.symbol)
            if one is None or one.polled_to is None:
                continue
            before = one.sent.by_time.get(bar.time)
            if UNCONFIRMED in bar.flags:
                if before and before.final and UNCONFIRMED not in before.flags:
                    continue
                if EXTENDED not in bar.flags and one.is_beside_hours(bar.time):
                    continue
            yield from one.sent.new([bar])
        soon = self._clock.monotonic() + self._every
        for one in series:
            if one.heard and not live.hears(one.symbol):
                one.heard, one.due = False, min(one.due, soon)

    def _asked(self, one: _Series, source: PatientSource, splits: Splits) -> Generator[None, None, Answer]:
        """The source's present answer for a symbol, on the basis of the bars sent before."""
        since = self._since(one, source.reach)
        if since is None:
            answer = yield from source.history(one.symbol, self._beginning())
        else:
            answer = _whole_periods((yield from source.history(one.symbol, since)), one)
        checked = yield from splits.on_one_basis(one.symbol, one.sent, answer)
        if checked.note:
            self._reporter.note(checked.note)
        if checked.warning:
            self._reporter.warn(checked.warning)
        splits.taken(one.symbol, checked.answer)
        self._tell_dividends(one, checked.answer)
        return checked.answer

    def _beginning(self) -> datetime:
        """Start of the history that the options ask for."""
        wished = self._polling.history
        if isinstance(wished, datetime):
            return wished
        return beginning(wished, self._clock.now(), weekends=self._source.about.weekends)

    def _since(self, one: _Series, reach: datetime) -> datetime | None:
        """Start of the next request: earlier by some bars, as sources correct the newest; None for all."""
        last = one.polled_to
        if last is None:
            return None
        start = min(preceding(last, self._polling.interval, _OVERLAP), last - _SHORTEST_OVERLAP)
        return None if start < reach else start

    def _taken(self, one: _Series, answer: Answer, live: LiveBars | None) -> Iterator[Bar | BadRow]:
        if self._trouble:
            self._reporter.note(f"{self._source.about.title} answers again")
        self._trouble = self.doing = ""
        self.down_since = None
        yield from one.sent.new([bar for bar in answer.bars if bar.final or self._polling.forming])
        for null in answer.nulls:
            if null.time not in one.reported and self._clock.now() - null.time > _SETTLED:
                if len(one.reported) >= _MOST_REPORTED:
                    one.reported = set(sorted(one.reported)[_MOST_REPORTED // 2 :])
                one.reported.add(null.time)
                yield self._missing(one.symbol, null)
        finals = [bar.time for bar in answer.bars if bar.final]
        if finals:
            one.polled_to = max(finals[-1], one.polled_to or finals[-1])
        one.session = answer.session
        if live is not None and answer.bars:
            live.describe(one.symbol, answer.bars[-1], answer.session)
        wait = self._next_look(one, answer)
        one.heard = live is not None and live.hears(one.symbol)
        one.due = self._clock.monotonic() + (max(wait, CHECK) if one.heard else wait)

    def _tell_dividends(self, one: _Series, answer: Answer) -> None:
        """Report dividends that are new since the first answer; in the history they are marked on their bars."""
        new = [each for each in answer.dividends if each not in one.dividends]
        if one.sent.by_time:
            for each in new:
                self._reporter.note(f"{one.symbol}: a dividend of {each.amount:g} a share on {each.time:%Y-%m-%d}")
        one.dividends.update(new)

    def _missing(self, symbol: str, null: Null) -> BadRow:
        interval = self._polling.interval
        what = {"symbol": symbol, "interval": interval, "time": null.time, "prices": None}
        return BadRow(
            f"{self._source.about.title}'s answer for {symbol} {interval}",
            null.row,
            None,
            f"no prices for {null.time:%Y-%m-%d %H:%MZ}",
            raw=msgspec.json.encode(what),
            key=f"{self._source.about.name}/{symbol}/{interval}/{null.time:%Y-%m-%dT%H:%MZ}",
        )

    def _next_look(self, one: _Series, answer: Answer) -> float:
        """Seconds until the symbol's next poll; reports a market that has closed or opened."""
        now, session = self._clock.now(), answer.session
        is_closed = session is not None and not session.start <= now < session.end + _SETTLED
        left = (session.start - now).total_seconds() if session else 0.0
        if not answer.bars and not one.sent.by_time:
            self._tell_state(one, f"{self._source.about.title} has no bars of it now: its market may be closed")
        elif session is None or not is_closed:
            self._tell_state(one, "")
        elif self._polling.live:
            until = f" until {session.start:%Y-%m-%d %H:%MZ}" if left > 0 else ""
            self._tell_state(one, f"its market is closed{until}")
        if not is_closed:
            return self._every
        slow = max(CLOSED, self._every)
        return min(slow, left) if left > 0 else slow

    def _tell_state(self, one: _Series, state: str) -> None:
        self.doing = f"{one.symbol}: {state}" if state else ""
        if state != one.state:
            self._reporter.note(f"{one.symbol}: {state or 'its market is open'}")
        one.state = state

    def _tell(self, error: SourceError, seconds: float) -> None:
        """Report an error once, however long it lasts."""
        if self.down_since is None:
            self.down_since = self._clock.monotonic()
        self.doing = error.message.partition(" (")[0]
        if error.message != self._trouble:
            self._reporter.warn(f"{error.message}; trying again in {seconds:.0f} s")
        self._trouble = error.message

    def _give_up(self, one: _Series, error: SourceError, *, others: bool) -> None:
        self.set_aside[one.symbol] = error
        # If no symbol is left, the final error names them all.
        if len(self.set_aside) < len(self._symbols):
            self._reporter.warn(f"{error}; it is set aside" + (", the others continue" if others else ""))

    def _nothing_left(self) -> SourceError:
        failures = list(self.set_aside.values())
        if len(failures) == 1:
            return failures[0]
        reasons = "; ".join(error.message for error in failures)
        return SourceError(f"{self._source.about.title} has none of these symbols: {reasons}")


def _whole_periods(answer: Answer, one: _Series) -> Answer:
    """The answer without its first bar, which is part of a week or month if the request began inside that period."""
    last = one.sent.last_final
    if last is None or not answer.bars or intraday(answer.bars[0].interval) or answer.bars[0].time > last:
        return answer
    return replace(answer, bars=answer.bars[1:])
