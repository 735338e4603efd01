"""Bars of the first source of a list that is up: the next one takes over if it is down, into the same series."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import msgspec

from stockstream.errors import BadRow, SourceError
from stockstream.producers.bar_source import BarSource
from stockstream.producers.clock import SYSTEM, Clock
from stockstream.producers.corrections import KEPT, SentBars
from stockstream.producers.patience import USUAL, Patience
from stockstream.producers.reporter import Reporter
from stockstream.producers.source_bars import Polling, SourceBars
from stockstream.producers.splits import NOTHING_EARLIER, Earlier
from stockstream.records import Bar

DOWN_AFTER: Final = 120.0
"""Seconds for which a source may fail before the next one takes over."""

Items = Generator[Bar | BadRow | None, None, None]


@dataclass(frozen=True)
class Member:
    """A source of the list: its notation of our symbols (without the ones that it lacks), and its polling."""

    source: BarSource
    symbols: Mapping[str, str]
    polling: Polling

    @property
    def title(self) -> str:
        """Name in messages."""
        return self.source.about.title


@dataclass
class _Run:
    """A member at work on some symbols."""

    symbols: frozenset[str]
    bars: SourceBars
    items: Items


@dataclass
class _Place:
    """State of a member: the symbols that it gave up on, and its present work."""

    rank: int
    member: Member
    given_up: set[str] = field(default_factory=set)
    run: _Run | None = None

    def is_down(self, now: float, after: float) -> bool:
        """Whether it has failed for longer than ``after`` seconds."""
        since = self.run.bars.down_since if self.run else None
        return since is not None and now - since >= after

    def stop(self) -> None:
        """Stop using it."""
        if self.run is not None:
            self.run.items.close()
        self.run = None


@dataclass
class _Joined:
    """The one series of a symbol: its sent bars, and the rank of the source of each."""

    sent: SentBars = field(default_factory=SentBars)
    _ranks: dict[datetime, int] = field(default_factory=dict)
    _forgotten: int | None = None
    """The best rank among the bars that are not kept any more: none of them is known to be of another source."""

    def rank(self, time: datetime) -> int | None:
        """The rank of the source whose bar was sent; None if none was."""
        rank = self._ranks.get(time)
        return self._forgotten if rank is None and self.sent.has_forgotten(time) else rank

    def note(self, time: datetime, rank: int) -> None:
        """Note the source of a bar that is being sent."""
        if len(self._ranks) > 4 * KEPT:
            gone = [each for each in self._ranks if each not in self.sent.by_time]
            ranks = [self._ranks.pop(each) for each in gone]
            self._forgotten = min(ranks if self._forgotten is None else [*ranks, self._forgotten])
        self._ranks[time] = rank


class MarketBars:
    """The bars of some symbols, each from the first source of a list that is up.

    Iterating yields the same items as `SourceBars`. A bar of a source later in the list never replaces one of a source
    before it; one of a source before it does, with the next revision. A source that takes over begins with the last bar
    of the series. When the former source is up again, it yields its bars of the time between, and the substitute is no
    longer used.

    Parameters
    ----------
    members
        The sources, the preferred one first.
    symbols
        Symbols in the user's notation.
    reporter
        Receives messages for the user.
    earlier
        Bars that earlier runs have sent: only the first source replaces bars up to the last one.
    down_after
        Seconds for which a source may fail before the next one takes over.
    patience, clock
        As for `SourceBars`.

    Attributes
    ----------
    failures : list of SourceError
        Errors for which sources gave up on symbols, in order.

    Raises
    ------
    SourceError
        While iterating: if no source is left for any symbol.
    """

    def __init__(
        self,
        members: Sequence[Member],
        symbols: Sequence[str],
        *,
        reporter: Reporter,
        earlier: Earlier = NOTHING_EARLIER,
        down_after: float = DOWN_AFTER,
        patience: Patience = USUAL,
        clock: Clock = SYSTEM,
    ) -> None:
        self.failures: list[SourceError] = []
        self._places = [_Place(rank, member) for rank, member in enumerate(members)]
        self._symbols = symbols
        self._reporter = reporter
        self._earlier = earlier
        self._down_after = down_after
        self._patience = patience
        self._clock = clock
        self._joined = {symbol: _Joined() for symbol in symbols}
        self._live: dict[str, int] = {}
        self._done: set[str] = set()

    @property
    def doing(self) -> str:
        """The live sources, and the reasons of their waits, if they are not for the next bars."""
        live = [self._places[rank] for rank in sorted(set(self._live.values()))]
        names = " and ".join(each.member.title for each in live if each.run and each.run.bars.down_since is None)
        waits = [place.run.bars.doing for place in self._places if place.run and place.run.bars.doing]
        return "; ".join(filter(None, (f"{names} is live" if names else "", *waits[:1])))

    @property
    def given_up(self) -> list[str]:
        """The symbols without a source."""
        return [symbol for symbol in self._symbols if not self._takers(symbol)]

    def __iter__(self) -> Iterator[Bar | BadRow | None]:
        try:
            while self._assign():
                for place in self._places:
                    if place.run is not None:
                        yield from self._step(place, place.run)
        finally:
            for place in self._places:
                place.stop()
        if len(self.given_up) == len(self._symbols):
            reasons = "; ".join(dict.fromkeys(error.message for error in self.failures))
            raise SourceError(f"no source has any of these symbols: {reasons}")

    def _takers(self, symbol: str) -> list[_Place]:
        """The sources that may give a symbol, the preferred one first."""
        return [each for each in self._places if symbol in each.member.symbols and symbol not in each.given_up]

    def _assign(self) -> bool:
        """Poll each symbol at the first source that is up, and at those before it, to detect their return."""
        now = self._clock.monotonic()
        wanted: dict[int, set[str]] = {place.rank: set() for place in self._places}
        for symbol in self._symbols:
            for place in self._takers(symbol) if symbol not in self._done else ():
                wanted[place.rank].add(symbol)
                if not place.is_down(now, self._down_after):
                    break
        for place in self._places:
            symbols = frozenset(wanted[place.rank])
            if place.run is not None and place.run.symbols - place.given_up != symbols:
                if not symbols:
                    self._reporter.note(f"{place.member.title} is let be")
                place.stop()
            if place.run is None and symbols:
                place.run = self._begun(place, symbols)
        return any(place.run for place in self._places)

    def _begun(self, place: _Place, symbols: Collection[str]) -> _Run:
        member = place.member
        if place.rank:
            self._reporter.warn(f"{member.title} takes over {', '.join(sorted(symbols))}")
        lasts = [self._joined[symbol].sent.last_final for symbol in symbols]
        polling = member.polling
        known = [last for last in lasts if last is not None]
        if place.rank and len(known) == len(lasts):
            polling = replace(polling, history=min(known))
        theirs = [member.symbols[symbol] for symbol in self._symbols if symbol in symbols]
        bars = SourceBars(
            member.source,
            theirs,
            polling,
            reporter=self._reporter,
            earlier=self._of(member) if place.rank == 0 else NOTHING_EARLIER,
            patience=self._patience,
            clock=self._clock,
        )
        return _Run(frozenset(symbols), bars, _items(bars))

    def _of(self, member: Member) -> Earlier:
        """Bars that earlier runs have sent of a source, by its own symbols."""
        ours = {theirs: symbol for symbol, theirs in member.symbols.items()}
        held = ((theirs, self._earlier.last.get(symbol)) for theirs, symbol in ours.items())
        name = member.source.about.name
        last = {theirs: bar for theirs, bar in held if bar is not None and bar.source == name}
        return Earlier(last, lambda theirs: self._earlier.first(ours[theirs]))

    def _step(self, place: _Place, run: _Run) -> Iterator[Bar | BadRow | None]:
        """The next items of a source, up to its next pause."""
        while True:
            try:
                item = next(run.items)
            except StopIteration:
                # Without ``live``: the request is complete.
                self._note_given_up(place, run)
                self._done |= run.symbols - place.given_up
                place.run = None
                return
            except SourceError as error:
                place.run = None
                place.given_up |= run.symbols
                self.failures.append(error)
                if any(self._takers(symbol) for symbol in run.symbols):
                    self._reporter.warn(f"{error.message}; the next source is asked")
                return
            self._note_given_up(place, run)
            if isinstance(item, Bar):
                yield from self._taken(place, item)
            else:
                yield item
                if item is None:
                    return

    def _note_given_up(self, place: _Place, run: _Run) -> None:
        """Note the symbols that the source has left out."""
        for symbol in run.symbols - place.given_up:
            error = run.bars.set_aside.get(place.member.symbols[symbol])
            if error is not None:
                place.given_up.add(symbol)
                self.failures.append(error)

    def _taken(self, place: _Place, bar: Bar) -> Iterator[Bar]:
        """The bar in the one series of its symbol, if no source before this one has given it."""
        symbol = next(ours for ours, theirs in place.member.symbols.items() if theirs == bar.symbol)
        joined = self._joined[symbol]
        rank, before = joined.rank(bar.time), joined.sent.by_time.get(bar.time)
        if rank is not None and rank < place.rank and (before is None or before.final or not bar.final):
            return
        last = self._earlier.last.get(symbol)
        if place.rank and rank is None and last is not None and bar.time <= last.time:
            return
        joined.note(bar.time, place.rank)
        if self._live.get(symbol) != place.rank:
            self._live[symbol] = place.rank
        yield from joined.sent.new([msgspec.structs.replace(bar, symbol=symbol, revision=0)])


def _items(bars: SourceBars) -> Items:
    yield from bars
