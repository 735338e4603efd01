"""Checks of bars on entry: doubtful bars are flagged and sent, never dropped."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec

from stockstream.errors import BadRow
from stockstream.intervals import parse
from stockstream.periods import off_grid
from stockstream.records import CHANGED, CLOSING, EXTENDED, FROZEN, JUMP, OFF_GRID, OUTSIDE, READINGS, Bar

_RETURNS: Final = 100
_FEWEST: Final = 30
"""Returns from which on a deviation is one."""

_FALL: Final = 1e-3
"""Share of its largest value at which a running sum is computed anew: it keeps that value's errors of rounding."""

_COMPARED: Final = frozenset({JUMP, FROZEN, CHANGED})

_REMEMBERED: Final = 2_000
"""Number of a series' last bars whose flags are remembered for repeats."""


class _Returns:
    """The last returns, and the mean of their squares: 0 for too few of them."""

    def __init__(self) -> None:
        self.variance = 0.0
        self._last: deque[float] = deque(maxlen=_RETURNS)
        self._squares = 0.0
        self._largest = 0.0
        self._added = 0

    def add(self, change: float) -> None:
        """Take the next one.

        The sum is computed anew now and then, and where an outlier leaves, so that no error of rounding remains.
        """
        last, square = self._last, change * change
        if len(last) == _RETURNS:
            self._squares += square - last[0] * last[0]
        else:
            self._squares += square
        last.append(change)
        self._added += 1
        self._largest = max(self._largest, self._squares)
        if not self._added % _RETURNS or self._squares < _FALL * self._largest:
            self._squares = self._largest = sum(each * each for each in last)
        if len(last) >= _FEWEST:
            self.variance = self._squares / len(last)


@dataclass
class _Known:
    """State of the checks of a series; ``length`` is None from a day on."""

    length: timedelta | None
    last: Bar | None = None
    alike: int = 1
    returns: _Returns = field(default_factory=_Returns)
    given: OrderedDict[datetime, tuple[str, tuple[str, ...]]] = field(default_factory=OrderedDict)
    """The source and the flags of the last bars that have any, by time."""


class Checks:
    """Flags the bars of any number of series, each in the order of time.

    - ``off-grid``: the bar does not open on its interval's grid.
    - ``outside``: the bar is outside of its exchange's hours, and not marked as extended or closing.
    - ``jump``: the close is more than ``deviations`` standard deviations from the last one, of the 100 returns before
      it; 30 at the least, and between bars that follow each other. Of readings, differences in place of returns.
    - ``frozen``: ``frozen`` consecutive bars up to this one have the same price although there were trades.
    - ``changed:currency``, ``changed:tz``: the series had another one before.

    A bar that its source sends again keeps these flags. Contradictions are flagged when bars are made
    (`records.doubts`).

    Parameters
    ----------
    deviations, frozen
        As above.
    outside
        Whether a bar is outside of its exchange's hours, as far as they are known; None if none are.
    """

    def __init__(
        self, deviations: float = 10.0, frozen: int = 20, outside: Callable[[Bar], bool] | None = None
    ) -> None:
        self._squared = deviations * deviations
        self._frozen = frozen
        self._outside = outside
        self._known: dict[tuple[str, str, str], _Known] = {}

    def checked(self, source: Iterable[Bar | BadRow | None]) -> Iterator[Bar | BadRow | None]:
        """Flag the bars of a source, and pass everything else on."""
        for item in source:
            yield self.flagged(item) if isinstance(item, Bar) else item

    def flagged(self, bar: Bar) -> Bar:
        """The bar with the flags of the checks."""
        known = self._known.get((bar.symbol, bar.interval, bar.feed))
        if known is None:
            known = self._known[bar.symbol, bar.interval, bar.feed] = _Known(_length(bar.interval))
        last = known.last
        # A bar that is newer than the last one was not given before.
        source, flags = (None, ()) if last is None or bar.time > last.time else known.given.get(bar.time, (None, ()))
        if source != bar.source:
            flags = self._flags(known, last, bar)
            if flags and bar.final:
                known.given[bar.time] = bar.source, flags
                if len(known.given) > _REMEMBERED:
                    known.given.popitem(last=False)
        if not flags:
            return bar
        more = tuple(flag for flag in flags if flag not in bar.flags)
        return msgspec.structs.replace(bar, flags=(*bar.flags, *more)) if more else bar

    def _flags(self, known: _Known, last: Bar | None, bar: Bar) -> tuple[str, ...]:
        flags = [OFF_GRID] if off_grid(bar.time, bar.interval) else []
        if self._outside and EXTENDED not in bar.flags and CLOSING not in bar.flags and self._outside(bar):
            flags.append(OUTSIDE)
        if last is None:
            known.last = bar if bar.final else None
        elif bar.time > last.time:
            flags += self._compared(known, last, bar)
        return tuple(flags) if flags else ()

    def _compared(self, known: _Known, last: Bar, bar: Bar) -> list[str]:
        """The flags of a bar beside the last one."""
        flags: list[str] = []
        if bar.currency != last.currency or bar.tz != last.tz:
            flags += [f"{CHANGED}:{name}" for name in ("currency", "tz") if _differ(last, bar, name)]
        change, returns = _change(last, bar, known.length), known.returns
        jumps = change is not None and 0.0 < self._squared * returns.variance < change * change
        if jumps:
            flags.append(JUMP)
        alike = known.alike + 1 if bar.high == bar.low and _same_price(last, bar) else 1
        if alike >= self._frozen:
            flags.append(FROZEN)
        if bar.final:
            known.last, known.alike = bar, alike
            if change is not None and not jumps:
                returns.add(change)
        return flags


def without_comparisons(bar: Bar) -> Bar:
    """The bar without the flags that depend on the bars before it, of which a later run may have fewer."""
    flags = tuple(flag for flag in bar.flags if flag.partition(":")[0] not in _COMPARED)
    return bar if len(flags) == len(bar.flags) else msgspec.structs.replace(bar, flags=flags)


def _length(interval: str) -> timedelta | None:
    length = parse(interval)
    return timedelta(seconds=length.size) if length.intraday else None


def _differ(last: Bar, bar: Bar, name: str) -> bool:
    before, now = getattr(last, name), getattr(bar, name)
    return before is not None and now is not None and before != now


def _change(last: Bar, bar: Bar, length: timedelta | None) -> float | None:
    """The return between bars that follow each other; None for others, and for prices that have none."""
    if length is not None and bar.time - last.time != length:
        return None
    if bar.feed == READINGS:
        return bar.close - last.close
    if last.close <= 0 or bar.close <= 0:
        return None
    return math.log(bar.close / last.close)


def _same_price(last: Bar, bar: Bar) -> bool:
    """Whether a bar with trades, or of which none are known, has nothing but the price of the one before."""
    return bar.high == bar.low == bar.close == last.close == last.high == last.low and bar.volume != 0
