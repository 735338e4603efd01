"""Dashboard data: tables over the bars of all symbols, of one interval and feed at a time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol, runtime_checkable

import msgspec
import numpy as np

from stockstream.errors import StateError
from stockstream.indicators import SMA, Volatility
from stockstream.periods import following, intraday
from stockstream.records import MARKET, SIMULATED, Candle, Series
from stockstream.views.bar_batch import BarBatch
from stockstream.views.bars import Bars
from stockstream.views.digest import AVERAGE, ROWS, VOLATILITY, WINDOWS, Digest, Past, digest
from stockstream.views.fold import AnyFold, Selection
from stockstream.views.frame import Frame
from stockstream.views.group_tables import GroupTables, Tables
from stockstream.views.history import Leaving
from stockstream.views.returns import ReturnDistribution, return_distributions
from stockstream.views.series import Base, Head, Key, SeriesFold

__all__ = ["ROWS", "WINDOWS", "DashboardFold", "Group", "Section", "Tabled", "Tables", "sections", "tabled"]

_EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)


class Group(NamedTuple):
    """Series that can be compared: of the same interval and feed."""

    interval: str
    feed: str

    def __str__(self) -> str:
        return self.interval if self.feed == MARKET else f"{self.interval} {self.feed}"


class Section(NamedTuple):
    """A group with its tables, its return distribution and its `Tabled.sources`, for a report."""

    group: Group
    tables: Tables
    returns: ReturnDistribution
    sources: Sequence[str]


@runtime_checkable
class Tabled(Protocol):
    """A fold that has tables by group."""

    def groups(self) -> Sequence[Group]:
        """The groups with bars, in the order in which to show them."""

    def symbols(self, group: Group) -> Sequence[str]:
        """The symbols of a group, sorted."""

    def sources(self, group: Group) -> Sequence[str]:
        """Where the newest bars of a group come from, sorted; none for simulated ones."""

    def refresh(self, within: float | None = None) -> bool:
        """Compute changed series, for at most ``within`` seconds; returns whether all are computed."""

    def pending(self) -> int:
        """Number of series that `refresh` has not computed yet."""

    def tables(self, group: Group | None = None) -> Tables:
        """The tables of a group, None for the first, as of the last `refresh`; valid until the next `apply`."""

    def returns(self, group: Group) -> ReturnDistribution:
        """The return distribution of a group; computed at each call."""


def sections(fold: Tabled) -> list[Section]:
    """A section for each group."""
    return [Section(each, fold.tables(each), fold.returns(each), fold.sources(each)) for each in fold.groups()]


def tabled(fold: AnyFold) -> Tabled:
    """The fold, if it has tables. Raises TypeError otherwise."""
    if not isinstance(fold, Tabled):
        raise TypeError(f"{type(fold).__name__} has no tables")
    return fold


class DashboardFold(SeriesFold):
    """Bars by series, with moving average and volatility, and tables over all series of a group.

    Bars with a doubtful close or volume are only in the table of rows.

    Parameters
    ----------
    selection
        The symbols to keep (none for all), and their interval and feed (None for any).
    average
        Number of bars in the moving average of the closes.
    volatility
        Number of log returns in the volatility: their standard deviation, of a single bar, not annualised.
    """

    def __init__(self, selection: Selection, *, average: int = 3, volatility: int = 20) -> None:
        super().__init__(
            {AVERAGE: lambda: SMA(average), VOLATILITY: lambda: Volatility(volatility, factor=1.0)}, selection
        )
        self._digests: dict[Key, Digest] = {}
        self._past: dict[Key, Past] = {}
        self._stale: dict[Series, None] = {}
        self._members: dict[Group, list[str]] = {}
        self._tables: dict[Group, GroupTables] = {}
        self._counts: Counter[str] = Counter()

    def apply(self, records: Sequence[Candle] | Sequence[BarBatch]) -> bool:
        """As `SeriesFold.apply`; changes are computed by `refresh`."""
        changed = False
        for each in records:
            batch = each if isinstance(each, BarBatch) else BarBatch([each])
            if super().apply((batch,)):
                self._stale[Series(batch.last.symbol, batch.last.interval, batch.last.feed)] = None
                changed = True
        if sum(map(len, self._members.values())) != len(self._histories):
            self._arrange()
        return changed

    def _leaving(self, key: Key) -> Leaving:
        """The sums of dropped bars are kept, so that the tables include all bars."""

        def add(frame: Frame) -> None:
            self._past[key] = self._past.get(key, Past()).plus(frame, self._zone(key))

        return add

    def _summary(self, key: Key) -> Past | None:
        return self._past.get(key)

    def _take_up(self, key: Key, head: Head, base: Base | None, bars: Bars) -> None:
        if base is not None:
            try:
                self._past[key] = msgspec.convert(base.summary, Past)
            except msgspec.ValidationError as error:
                raise StateError(f"a saved dashboard cannot be read: {error}") from error
        super()._take_up(key, head, base, bars)

    def _zone(self, key: Key) -> str | None:
        """The zone of a series' days."""
        newest = self._histories[key].series.newest
        return newest.tz if newest is not None and intraday(self._selection.resample or key[1]) else None

    def restore(self, pages: Mapping[str, bytes]) -> None:
        """As `SeriesFold.restore`."""
        self._past.clear()
        super().restore(pages)
        self._digests.clear()
        self._counts.clear()
        self._stale = dict.fromkeys(Series(*key) for key in self._histories)
        self._arrange()

    def _arrange(self) -> None:
        """Group the series. The frame of a symbol is that of the first group with it."""
        members: dict[Group, list[str]] = {}
        for symbol, interval, feed in sorted(self._histories):
            members.setdefault(Group(interval, feed), []).append(symbol)
        order = sorted(members, key=lambda group: (-len(members[group]), *_rank(group)))
        self._members = {group: members[group] for group in order}
        self._tables.clear()
        for group, symbols in reversed(self._members.items()):
            self._shown.update((symbol, (symbol, *group)) for symbol in symbols)

    def groups(self) -> list[Group]:
        """As `Tabled.groups`: those with most symbols first, then those of the market, then the shortest interval."""
        return list(self._members)

    def symbols(self, group: Group) -> list[str]:
        """As `Tabled.symbols`; requested symbols in the order of the request."""
        members = self._members.get(group, [])
        asked = self._selection.keys
        return [symbol for symbol in asked if symbol in members] if asked else members

    def sources(self, group: Group) -> list[str]:
        """As `Tabled.sources`."""
        if group.feed == SIMULATED:
            return []
        newest = (self._histories[Series(symbol, *group)].series.newest for symbol in self.symbols(group))
        return sorted({bar.source for bar in newest if bar is not None and bar.source})

    def refresh(self, within: float | None = None) -> bool:
        """As `Tabled.refresh`."""
        ends = None if within is None else time.monotonic() + within
        while self._stale:
            series = next(iter(self._stale))
            del self._stale[series]
            history = self._histories[series]
            counts = {
                "corrected": history.corrections,
                "late": history.late,
                "doubtful": history.doubtful,
                "without open": history.without_open,
                "without volume": history.lacking,
            }
            zone, past = self._zone(series), self._past.get(series)
            frame = history.frame()
            self._put(series, digest(series.symbol, frame, zone, late=history.late, counts=counts, past=past))
            if ends is not None and time.monotonic() >= ends:
                break
        return not self._stale

    def _put(self, series: Series, digested: Digest) -> None:
        """Replace the digest."""
        former = self._digests.get(series)
        if former is not None:
            self._counts.subtract(former.counts)
        self._digests[series] = digested
        self._counts.update(digested.counts)
        held = self._tables.get(Group(series.interval, series.feed))
        if held is not None:
            held.put(series.symbol, digested)

    def pending(self) -> int:
        """As `Tabled.pending`."""
        return len(self._histories) - len(self._digests)

    def tables(self, group: Group | None = None) -> Tables:
        """As `Tabled.tables`; a symbol has no rows before its first `refresh`."""
        shown = group or next(iter(self.groups()), None)
        if shown is None:
            return GroupTables(()).tables()
        held = self._tables.get(shown)
        if held is None:
            held = self._tables[shown] = GroupTables(self.symbols(shown))
            for symbol in self.symbols(shown):
                if (found := self._digests.get((symbol, *shown))) is not None:
                    held.put(symbol, found)
        return held.tables()

    def returns(self, group: Group) -> ReturnDistribution:
        """As `Tabled.returns`."""
        frames = {
            Series(symbol, *group): self._histories[Series(symbol, *group)].frame() for symbol in self.symbols(group)
        }
        [spread] = return_distributions(frames)
        return spread

    def _ambiguity(self, symbol: str) -> None:
        """Never ambiguous: the series of a symbol are in different groups."""

    def counts(self) -> Mapping[str, int]:
        """As `SeriesFold.counts`, as of the last `refresh`."""
        older = sum(history.older for history in self._histories.values())
        counts = {**self._counts, "older than kept": older}
        return {name: count for name, count in counts.items() if count}


def _rank(group: Group) -> tuple[bool, float, str, str]:
    try:
        span = (following(_EPOCH, group.interval) - _EPOCH).total_seconds()
    except ValueError:  # an unknown interval of another program
        span = np.inf
    return group.feed != MARKET, span, group.interval, group.feed
