"""Dashboard data: tables over the bars of all symbols, of one interval and feed at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import numpy as np

from stockstream.indicators import SMA, Volatility
from stockstream.periods import following, intraday
from stockstream.records import MARKET, Candle, Series
from stockstream.views.bar_batch import BarBatch
from stockstream.views.digest import AVERAGE, FIGURES, ROWS, VOLATILITY, WINDOWS, Digest, digest, texts
from stockstream.views.fold import Fold, Selection
from stockstream.views.frame import Frame
from stockstream.views.joined import Joined, SlicedTable
from stockstream.views.returns import ReturnDistribution, return_distributions
from stockstream.views.series import SeriesFold

__all__ = ["ROWS", "WINDOWS", "DashboardFold", "Group", "Section", "Tabled", "Tables", "tabled"]

_EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)


class Group(NamedTuple):
    """Series that compare with each other: a volume of a day is none of a minute, a simulated bar is no market's."""

    interval: str
    feed: str

    def __str__(self) -> str:
        return self.interval if self.feed == MARKET else f"{self.interval} {self.feed}"


class Tables(NamedTuple):
    """The tables of a group.

    Attributes
    ----------
    symbols
        A row a symbol: volume (the sum), close, moving_average and volatility (the latest), both of these at their
        highest, and share (the volatility's, of the sum of all).
    days
        A row a symbol and day of its exchange, the newest first: close, the mean.
    windows
        A row a symbol and minute by the bars' own time (a tumbling window from start up to end), the newest first:
        moving_average, the mean of it; bars, how many; late, how many of the symbol's bars came after newer ones.
    rows
        The newest bars, newest first.
    """

    symbols: Frame
    days: SlicedTable
    windows: SlicedTable
    rows: SlicedTable

    def of(self, name: str) -> SlicedTable:
        """The table of a name."""
        table: SlicedTable = getattr(self, name)
        return table


class Section(NamedTuple):
    """A group with its tables, and how its returns are spread: what a report says of it."""

    group: Group
    tables: Tables
    returns: ReturnDistribution


@runtime_checkable
class Tabled(Protocol):
    """A fold that has tables by group."""

    def groups(self) -> Sequence[Group]:
        """The groups that have bars, the one to show first in front."""

    def symbols(self, group: Group) -> Sequence[str]:
        """The symbols of a group by name."""

    def refresh(self, within: float | None = None) -> bool:
        """Compute what has changed, for so many seconds at most; True where nothing is left to compute."""

    def pending(self) -> int:
        """Series of which nothing is shown yet, as `refresh` has not come to them."""

    def tables(self, group: Group | None = None) -> Tables:
        """The tables of a group, None for the first, as of the last `refresh`; good until the next `apply`."""

    def returns(self, group: Group) -> ReturnDistribution:
        """How the returns of a group are spread; computed again each time."""


def tabled(fold: Fold[Any]) -> Tabled:
    """A fold that has tables. Raises TypeError for another one, which no tiles can show."""
    if not isinstance(fold, Tabled):
        raise TypeError(f"{type(fold).__name__} has no tables")
    return fold


class DashboardFold(SeriesFold):
    """Bars by series with a moving average and the volatility of each, and tables over all of one group.

    Bars whose close or volume is in doubt are in the table of rows alone.

    Parameters
    ----------
    selection
        The symbols to keep (none: every one), and their interval and feed (None: any).
    average
        Bars in the moving average of the closes.
    volatility
        Log returns in the volatility, which is that of a single bar: their standard deviation, not annualised.
    """

    def __init__(self, selection: Selection, *, average: int = 3, volatility: int = 20) -> None:
        super().__init__(
            {AVERAGE: lambda: SMA(average), VOLATILITY: lambda: Volatility(volatility, factor=1.0)}, selection
        )
        self._digests: dict[tuple[str, str, str], Digest] = {}
        self._stale: dict[Series, None] = {}
        self._members: dict[Group, list[str]] = {}

    def apply(self, records: Sequence[Candle] | Sequence[BarBatch]) -> bool:
        """As `SeriesFold.apply`; what has changed is computed by `refresh`."""
        changed = False
        for each in records:
            batch = each if isinstance(each, BarBatch) else BarBatch([each])
            if super().apply((batch,)):
                self._stale[Series(batch.last.symbol, batch.last.interval, batch.last.feed)] = None
                changed = True
        if sum(map(len, self._members.values())) != len(self._histories):
            self._arrange()
        return changed

    def restore(self, state: bytes) -> None:
        """As `SeriesFold.restore`."""
        super().restore(state)
        self._digests.clear()
        self._stale = dict.fromkeys(Series(*key) for key in self._histories)
        self._arrange()

    def _arrange(self) -> None:
        """Put the series into groups; a symbol's frame, for a table of values, is that of the first one that has it."""
        members: dict[Group, list[str]] = {}
        for symbol, interval, feed in sorted(self._histories):
            members.setdefault(Group(interval, feed), []).append(symbol)
        order = sorted(members, key=lambda group: (-len(members[group]), *_rank(group)))
        self._members = {group: members[group] for group in order}
        for group, symbols in reversed(self._members.items()):
            self._shown.update((symbol, (symbol, *group)) for symbol in symbols)

    def groups(self) -> list[Group]:
        """As `Tabled.groups`: those of most symbols first, then the market's, then those of the shortest interval."""
        return list(self._members)

    def symbols(self, group: Group) -> list[str]:
        """As `Tabled.symbols`; those that were asked for in the order in which they were."""
        members = self._members.get(group, [])
        asked = self._selection.keys
        return [symbol for symbol in asked if symbol in members] if asked else members

    def refresh(self, within: float | None = None) -> bool:
        """As `Tabled.refresh`."""
        ends = None if within is None else time.monotonic() + within
        while self._stale:
            series = next(iter(self._stale))
            del self._stale[series]
            history = self._histories[series]
            newest = history.series.newest
            intraday_bars = intraday(self._selection.resample or series.interval)
            zone = newest.tz if newest is not None and intraday_bars else None
            counts = {
                "doubtful": history.doubtful,
                "without open": history.without_open,
                "without volume": history.lacking,
            }
            self._digests[series] = digest(series.symbol, history.frame(), zone, late=history.late, counts=counts)
            if ends is not None and time.monotonic() >= ends:
                break
        return not self._stale

    def pending(self) -> int:
        """As `Tabled.pending`: those of which there is nothing to show yet."""
        return len(self._histories) - len(self._digests)

    def tables(self, group: Group | None = None) -> Tables:
        """As `Tabled.tables`; before the first `refresh` of a symbol it has no rows."""
        shown = group or next(iter(self.groups()), None)
        series = [] if shown is None else [(symbol, *shown) for symbol in self.symbols(shown)]
        known = {key[0]: found for key in series if (found := self._digests.get(key)) is not None}
        parts = list(known.values())
        return Tables(
            _symbols(known),
            Joined("day", [part.days for part in parts]),
            Joined("start", [part.windows for part in parts]),
            Joined("time", [part.rows for part in parts], ROWS),
        )

    def returns(self, group: Group) -> ReturnDistribution:
        """As `Tabled.returns`."""
        frames = {
            Series(symbol, *group): self._histories[Series(symbol, *group)].frame() for symbol in self.symbols(group)
        }
        [spread] = return_distributions(frames)
        return spread

    def _ambiguity(self, symbol: str) -> None:
        """Nothing is ambiguous: the series of a symbol are in different groups."""

    def counts(self) -> Mapping[str, int]:
        """As `SeriesFold.counts`, as of the last `refresh`."""
        histories = self._histories.values()
        counts = {
            "corrected": sum(history.corrections for history in histories),
            "late": sum(history.late for history in histories),
        }
        for digested in self._digests.values():
            for name, count in digested.counts.items():
                counts[name] = counts.get(name, 0) + count
        return {name: count for name, count in counts.items() if count}


def _rank(group: Group) -> tuple[bool, float, str, str]:
    try:
        span = (following(_EPOCH, group.interval) - _EPOCH).total_seconds()
    except ValueError:  # what another program calls an interval
        span = np.inf
    return group.feed != MARKET, span, group.interval, group.feed


def _symbols(digests: Mapping[str, Digest]) -> Frame:
    figures = np.array([each.figures for each in digests.values()]).reshape(len(digests), len(FIGURES)).T
    columns: dict[str, Any] = {"symbol": texts(list(digests)), **dict(zip(FIGURES, figures, strict=True))}
    total = np.nansum(columns[VOLATILITY])
    columns["share"] = columns[VOLATILITY] / total if total else np.full(len(digests), np.nan)
    return Frame("symbol", columns)
