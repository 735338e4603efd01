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
"""Seconds between two looks while a market is closed, and the most between any two."""

CHECK: Final = 300.0
"""Seconds between two looks at a symbol of which the source's stream tells."""

_BEAT: Final = 0.2
_BESIDE: Final = timedelta(hours=6)
_OVERLAP: Final = 20
_SHORTEST_OVERLAP: Final = timedelta(hours=1)
_SETTLED: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Polling:
    """What is asked of a source.

    Attributes
    ----------
    interval
        How long a bar is; one that the source has.
    history
        How far back to begin: 5d, 1mo, 1y, max; or from which instant on.
    live
        Whether to go on when the history is there.
    forming
        Whether to give the bar of the present period too; it is not final and comes again as it changes.
    extended
        Whether bars outside of regular hours are wanted, too.
    stream
        Whether to listen to the source's stream, where it has one.
    poll
        Seconds between two looks at a symbol, at the least.
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
    """A symbol: what was sent of it and told about it, and when to look again."""

    symbol: str
    due: float
    sent: SentBars = field(default_factory=SentBars)
    told: set[datetime] = field(default_factory=set)
    dividends: set[Dividend] = field(default_factory=set)
    state: str = ""
    polled_to: datetime | None = None
    session: Session | None = None
    heard: bool = False

    def is_open(self, now: datetime) -> bool:
        """Whether it may be traded now."""
        return self.session is None or self.session.start <= now < self.session.end

    def is_beside_hours(self, time: datetime) -> bool:
        """Whether it is just before or after the hours of the session, as far as that is known."""
        if self.session is None or self.is_open(time):
            return False
        return self.session.start - _BESIDE < time < self.session.end + _BESIDE


class SourceBars:
    """The bars of some symbols: their history, and then what is new.

    Iterating gives a `Bar`, a `BadRow` for a past period that the source has without prices, and a None five times a
    second while there is nothing. An unchanged bar is given once, a changed one again with the next revision. A symbol
    that the source does not know is set aside; the source being away, or refusing, is told and waited for. After a
    split, where it gives everything on another basis, all that was ever sent of that symbol is fetched and given again.

    Parameters
    ----------
    source
        Whom to ask.
    symbols
        As the source writes them.
    polling
        What to ask for.
    earlier
        What earlier runs have sent.
    patience
        How often and how soon to ask again where it failed.
    reporter
        Told what the user should know.
    clock
        What time it is, and how to let it pass.

    Attributes
    ----------
    doing : str
        What it waits for, if not simply for the next bars.
    set_aside : dict of SourceError
        Why symbols were set aside.
    down_since : float or None
        Since when, by the clock's stopwatch, the source fails; None while it answers.

    Raises
    ------
    SourceError
        While iterating: when no symbol is left; without ``live`` also when the source stays away.
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
        """What the source gives when it is asked, until no series is left."""
        polling, clock = self._polling, self._clock
        with Background() as background:
            source = PatientSource(
                self._source, polling.interval, background, self._patience, self._breaker, self._tell, clock
            )
            splits = Splits(source, self._source.about.title, polling.interval, self._earlier, clock)
            while series:
                one = min(series, key=lambda each: each.due)
                if one.due > clock.monotonic():
                    # Only for a beat: what the stream tells meanwhile may bring a look forward.
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
        """What the source's stream told; a bar that the source itself has given stands."""
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
        """What the source says of a symbol now, on one basis with what was sent before."""
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
        """From when on the history is wished."""
        wished = self._polling.history
        if isinstance(wished, datetime):
            return wished
        return beginning(wished, self._clock.now(), weekends=self._source.about.weekends)

    def _since(self, one: _Series, reach: datetime) -> datetime | None:
        """From when on to ask: some bars back, for sources correct the newest; None for the whole history asked for."""
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
            if null.time not in one.told and self._clock.now() - null.time > _SETTLED:
                one.told.add(null.time)
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
        """Tell those that are new since the first answer; in the history they are marked on their bars."""
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
        """Seconds until the symbol's next turn; says so when there is nothing to wait for, or again something."""
        now, session = self._clock.now(), answer.session
        if not answer.bars and not one.sent.by_time:
            self._tell_state(one, f"{self._source.about.title} has no bars of it now: its market may be closed")
        elif session is None or session.start <= now < session.end + _SETTLED:
            self._tell_state(one, "")
        elif self._polling.live:
            until = f" until {session.start:%Y-%m-%d %H:%MZ}" if session.start > now else ""
            self._tell_state(one, f"its market is closed{until}")
            left = (session.start - now).total_seconds()
            slow = max(CLOSED, self._every)
            return min(slow, left) if left > 0 else slow
        return self._every

    def _tell_state(self, one: _Series, state: str) -> None:
        self.doing = f"{one.symbol}: {state}" if state else ""
        if state != one.state:
            self._reporter.note(f"{one.symbol}: {state or 'its market is open'}")
        one.state = state

    def _tell(self, error: SourceError, seconds: float) -> None:
        """Tell a trouble once, however long it lasts."""
        if self.down_since is None:
            self.down_since = self._clock.monotonic()
        self.doing = error.message.partition(" (")[0]
        if error.message != self._trouble:
            self._reporter.warn(f"{error.message}; asking again in {seconds:.0f} s")
        self._trouble = error.message

    def _give_up(self, one: _Series, error: SourceError, *, others: bool) -> None:
        self.set_aside[one.symbol] = error
        # Where none was any good, the error that ends it names them all.
        if len(self.set_aside) < len(self._symbols):
            self._reporter.warn(f"{error}; it is set aside" + (", the others go on" if others else ""))

    def _nothing_left(self) -> SourceError:
        failures = list(self.set_aside.values())
        if len(failures) == 1:
            return failures[0]
        told = "; ".join(error.message for error in failures)
        return SourceError(f"{self._source.about.title} gives nothing of what was asked for: {told}")


def _whole_periods(answer: Answer, one: _Series) -> Answer:
    """The answer without its first bar, which holds a part of a week or month where the question began inside of it."""
    last = one.sent.last_final
    if last is None or not answer.bars or intraday(answer.bars[0].interval) or answer.bars[0].time > last:
        return answer
    return replace(answer, bars=answer.bars[1:])
