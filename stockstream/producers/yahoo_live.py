"""Bars from Yahoo: the history first, then what is new, as long as one likes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

import msgspec

from stockstream.errors import BadRow, RateLimited, SourceError, Unavailable
from stockstream.intervals import parse
from stockstream.periods import intraday, preceding
from stockstream.producers.background import Background
from stockstream.producers.clock import SYSTEM, Clock
from stockstream.producers.yahoo import Yahoo
from stockstream.producers.yahoo_bars import Answer, Null, Split
from stockstream.producers.yahoo_splits import NOTHING_EARLIER, Earlier, rebased
from stockstream.records import Bar

T = TypeVar("T")

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
    splits: set[Split] = field(default_factory=set)
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


@dataclass(frozen=True)
class _Checked:
    """An answer on one basis with what was sent before, and what is to be told of that."""

    answer: Answer
    note: str = ""
    warning: str = ""


class YahooBars:
    """The bars of some symbols: their history, and then what is new.

    Iterating gives a `Bar`, a `BadRow` for a past period that Yahoo has without prices, and a None five times a second
    while there is nothing. An unchanged bar is given once, a changed one again with the next revision. A symbol that
    Yahoo does not know is set aside; Yahoo being away, or refusing, is told and waited for. After a split, where Yahoo
    gives everything on another basis, all that was ever sent of that symbol is fetched and given again.

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
    earlier
        What earlier runs have sent.
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
        earlier: Earlier = NOTHING_EARLIER,
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
        self._earlier = earlier
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
                        answer = _whole_periods(one, job.result(), since)
                        check = background.submit(partial(self._on_one_basis, one, answer))
                        yield from self._until_done(check)
                        yield from self._taken(one, self._told(check.result()))
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
        return self._history if start < self._reach() else start

    def _reach(self) -> datetime:
        """How far back Yahoo goes."""
        if not intraday(self._interval):
            return datetime.min.replace(tzinfo=UTC)
        return self._clock.now() - _REACH.get(self._interval, _REACH_BELOW_AN_HOUR)

    def _on_one_basis(self, one: _Series, answer: Answer) -> _Checked:
        """The answer; or where what was sent before is on another basis all that was sent, as it is now."""
        reason = self._split(one, answer)
        if not reason:
            return _Checked(answer)
        begun = [*one.sent, self._earlier.first(one.symbol)]
        first = min((time for time in begun if time is not None), default=self._clock.now())
        lost = ""
        if not answer.bars or answer.bars[0].time > first:
            # From somewhat earlier on, so that the first period is whole.
            since = max(preceding(first, self._interval, 2), self._reach())
            whole = self._ask(one.symbol, since)
            answer = replace(whole, bars=tuple(bar for bar in whole.bars if bar.time >= first))
            if since > first:
                lost = f"{one.symbol}: its bars before {since:%Y-%m-%d} stay as they are: Yahoo has them no longer"
        begins = answer.bars[0].time if answer.bars else first
        return _Checked(answer, f"{one.symbol}: {reason}: its bars from {begins:%Y-%m-%d} on are sent again", lost)

    def _told(self, checked: _Checked) -> Answer:
        if checked.note:
            self._note(checked.note)
        if checked.warning:
            self._warn(checked.warning)
        return checked.answer

    def _split(self, one: _Series, answer: Answer) -> str:
        """Why what was sent before is on another basis; empty where it is not."""
        held = self._earlier.last.get(one.symbol)
        if not one.sent and held is None:
            return ""
        before = one.sent or ({held.time: held} if held else {})
        bars = answer.bars
        if held and not one.sent and bars and self._reach() < held.time < bars[0].time:
            bars = self._ask(one.symbol, max(preceding(held.time, self._interval, 2), self._reach())).bars
        if ratio := rebased(before, bars):
            return f"Yahoo gives prices at {ratio:.6g} times what was sent, as after a split"
        return next((f"a split on {each.time:%Y-%m-%d}" for each in answer.splits if each not in one.splits), "")

    def _until_done(self, job: Future[T]) -> Iterator[None]:
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

    def _taken(self, one: _Series, answer: Answer) -> Iterator[Bar | BadRow]:
        if self._trouble:
            self._note("Yahoo answers again")
        self._trouble = self.doing = ""
        yield from one.new([bar for bar in answer.bars if bar.final or self._forming])
        one.splits.update(answer.splits)
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


def _whole_periods(one: _Series, answer: Answer, since: datetime | str) -> Answer:
    """The answer without its first bar, which holds a part of a week or month where the question began inside of it."""
    if one.last is None or isinstance(since, str) or not answer.bars or answer.bars[0].time > one.last:
        return answer
    return replace(answer, bars=answer.bars[1:])


def _nothing_left(failures: Sequence[SourceError]) -> SourceError:
    if len(failures) == 1:
        return failures[0]
    return SourceError(f"Yahoo gives nothing of what was asked for: {'; '.join(error.message for error in failures)}")
