"""Bars from Yahoo: the history first, then what is new, as long as one likes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

import msgspec

from stockstream.errors import BadRow, RateLimited, SourceError, Unavailable
from stockstream.intervals import parse
from stockstream.periods import intraday, preceding
from stockstream.producers.background import Background
from stockstream.producers.clock import SYSTEM, Clock
from stockstream.producers.yahoo import Yahoo
from stockstream.producers.yahoo_bars import Answer, Null
from stockstream.records import Bar

CLOSED: Final = 300.0
"""Seconds between two looks while a market is closed, and the most between any two."""

_OVERLAP: Final = 20
_SHORTEST_OVERLAP: Final = timedelta(hours=1)
_SETTLED: Final = timedelta(minutes=10)
_BEAT: Final = 0.2

# How far back Yahoo goes for bars below a day; asked for more it gives none at all.
_REACH: Final = {"1m": timedelta(days=7), "1h": timedelta(days=720)}
_REACH_BELOW_AN_HOUR: Final = timedelta(days=58)


@dataclass
class _Series:
    """What was sent of a symbol, and when to look again."""

    symbol: str
    due: float
    sent: dict[datetime, Bar] = field(default_factory=dict)
    last: datetime | None = None
    told: set[datetime] = field(default_factory=set)
    state: str = ""

    def new(self, bars: Sequence[Bar]) -> Iterator[Bar]:
        """The bars that were not sent before as they are now. A final bar is never taken back to a forming one."""
        for bar in bars:
            before = self.sent.get(bar.time)
            if before is not None:
                if before.final and not bar.final:
                    continue
                bar = msgspec.structs.replace(bar, revision=before.revision)
                if bar == before:
                    continue
                bar = msgspec.structs.replace(bar, revision=before.revision + 1)
            self.sent[bar.time] = bar
            if bar.final and (self.last is None or bar.time > self.last):
                self.last = bar.time
            yield bar


class YahooBars:
    """The bars of some symbols: their history, and then what is new.

    Iterating gives a `Bar`, a `BadRow` for a past period that Yahoo has without prices, and a None five times a second
    while there is nothing. An unchanged bar is given once, a changed one again with the next revision. A symbol that
    Yahoo does not know is set aside; Yahoo being away, or refusing, is told and waited for.

    Parameters
    ----------
    yahoo
        Whom to ask.
    symbols
        As Yahoo writes them.
    interval
        One of `stockstream.intervals.YAHOO`.
    history
        How far back to begin: 5d, 1mo, 1y, max.
    live
        Whether to go on when the history is there.
    forming
        Whether to give the bar of the present period too; it is not final and comes again as it changes.
    poll
        Seconds between two looks at a symbol, at the least.
    note, warn
        Told what the user should know.
    clock
        What time it is, and how to let it pass.

    Attributes
    ----------
    doing : str
        What it waits for, if not simply for the next bars.
    failures : list of SourceError
        Why symbols were set aside, one each.

    Raises
    ------
    SourceError
        While iterating: when no symbol is left; without ``live`` also when Yahoo stays away.
    """

    def __init__(
        self,
        yahoo: Yahoo,
        symbols: Sequence[str],
        *,
        interval: str,
        history: str,
        live: bool = True,
        forming: bool = False,
        poll: float = 30.0,
        note: Callable[[str], None],
        warn: Callable[[str], None],
        clock: Clock = SYSTEM,
    ) -> None:
        self.doing = ""
        self.failures: list[SourceError] = []
        self._yahoo = yahoo
        self._symbols = symbols
        self._interval = interval
        self._history = history
        self._live = live
        self._forming = forming
        self._every = max(poll, min(CLOSED, parse(interval).seconds / 20))
        self._note = note
        self._warn = warn
        self._clock = clock
        self._troubles: SimpleQueue[tuple[SourceError, float]] = SimpleQueue()
        self._trouble = ""

    def __iter__(self) -> Iterator[Bar | BadRow | None]:
        series = [_Series(symbol, self._clock.monotonic()) for symbol in self._symbols]
        try:
            with Background() as background:
                while series:
                    one = min(series, key=lambda each: each.due)
                    yield from self._clock.wait_until(one.due)
                    since = self._since(one)
                    job = background.submit(partial(self._ask, one.symbol, since))
                    yield from self._until_done(job)
                    try:
                        yield from self._taken(one, job.result(), since)
                    except (RateLimited, Unavailable) as error:
                        if not self._live:
                            raise
                        one.due = self._clock.monotonic() + CLOSED
                        self._tell(error, CLOSED)
                    except SourceError as error:
                        series.remove(one)
                        self._set_aside(error, others=bool(series))
                    else:
                        if not self._live:
                            series.remove(one)
        finally:
            self._yahoo.stop()
        if len(self.failures) == len(self._symbols):
            raise _nothing_left(self.failures)

    def _set_aside(self, error: SourceError, *, others: bool) -> None:
        self.failures.append(error)
        # Where none was any good, the error that ends it names them all.
        if len(self.failures) < len(self._symbols):
            self._warn(f"{error}; it is set aside" + (", the others go on" if others else ""))

    def _ask(self, symbol: str, since: datetime | str) -> Answer:
        return self._yahoo.bars(
            symbol,
            self._interval,
            since,
            trouble=lambda error, seconds: self._troubles.put((error, seconds)),
            now=self._clock.now,
        )

    def _since(self, one: _Series) -> datetime | str:
        """From when on to ask: some bars back, for Yahoo corrects the newest."""
        if one.last is None:
            return self._history
        start = min(preceding(one.last, self._interval, _OVERLAP), one.last - _SHORTEST_OVERLAP)
        below_a_day = _REACH.get(self._interval, _REACH_BELOW_AN_HOUR) if intraday(self._interval) else None
        if below_a_day is not None and self._clock.now() - start > below_a_day:
            return self._history
        return start

    def _until_done(self, job: Future[Answer]) -> Iterator[None]:
        while not job.done():
            wait([job], _BEAT)
            self._tell_troubles()
            yield None
        self._tell_troubles()

    def _tell_troubles(self) -> None:
        while True:
            try:
                self._tell(*self._troubles.get_nowait())
            except Empty:
                return

    def _tell(self, error: SourceError, seconds: float) -> None:
        """Tell a trouble once, however long it lasts."""
        self.doing = error.message.partition(" (")[0]
        if error.message != self._trouble:
            self._warn(f"{error.message}; asking again in {seconds:.0f} s")
        self._trouble = error.message

    def _taken(self, one: _Series, answer: Answer, since: datetime | str) -> Iterator[Bar | BadRow]:
        if self._trouble:
            self._note("Yahoo answers again")
        self._trouble = self.doing = ""
        bars = answer.bars
        if one.last is not None and not isinstance(since, str) and bars and bars[0].time <= one.last:
            # Where the question begins inside of a week or a month, the first bar only holds a part of it.
            bars = bars[1:]
        yield from one.new([bar for bar in bars if bar.final or self._forming])
        for null in answer.nulls:
            if null.time not in one.told and self._clock.now() - null.time > _SETTLED:
                one.told.add(null.time)
                yield self._missing(one.symbol, null)
        one.due = self._clock.monotonic() + self._next_look(one, answer)

    def _missing(self, symbol: str, null: Null) -> BadRow:
        what = {"symbol": symbol, "interval": self._interval, "time": null.time, "prices": None}
        return BadRow(
            f"Yahoo's answer for {symbol} {self._interval}",
            null.row,
            None,
            f"no prices for {null.time:%Y-%m-%d %H:%MZ}",
            raw=msgspec.json.encode(what),
            key=f"yahoo/{symbol}/{self._interval}/{null.time:%Y-%m-%dT%H:%MZ}",
        )

    def _next_look(self, one: _Series, answer: Answer) -> float:
        """Seconds until the symbol's next turn; says so when there is nothing to wait for, or again something."""
        now, session = self._clock.now(), answer.session
        if not answer.bars and not one.sent:
            self._tell_state(one, "Yahoo has no bars of it now: its market may be closed")
        elif session is None or session.start <= now < session.end + _SETTLED:
            self._tell_state(one, "")
        elif self._live:
            until = f" until {session.start:%Y-%m-%d %H:%MZ}" if session.start > now else ""
            self._tell_state(one, f"its market is closed{until}")
            left = (session.start - now).total_seconds()
            slow = max(CLOSED, self._every)
            return min(slow, left) if left > 0 else slow
        return self._every

    def _tell_state(self, one: _Series, state: str) -> None:
        self.doing = f"{one.symbol}: {state}" if state else ""
        if state != one.state:
            self._note(f"{one.symbol}: {state or 'its market is open'}")
        one.state = state


def _nothing_left(failures: Sequence[SourceError]) -> SourceError:
    if len(failures) == 1:
        return failures[0]
    return SourceError(f"Yahoo gives nothing of what was asked for: {'; '.join(error.message for error in failures)}")
