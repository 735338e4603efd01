"""Checks of bars on entry: doubtful bars are flagged and sent, never dropped."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from stockstream.errors import BadRow
from stockstream.periods import following, intraday, off_grid
from stockstream.records import CHANGED, CLOSING, EXTENDED, FROZEN, JUMP, OFF_GRID, OUTSIDE, READINGS, Bar, Series

_RETURNS: Final = 100
_FEWEST: Final = 30
"""Returns from which on a deviation is one."""

_REMEMBERED: Final = 2_000
"""Number of a series' last bars whose flags are remembered for repeats."""


@dataclass
class _Known:
    """State of the checks of a series."""

    last: Bar | None = None
    alike: int = 1
    returns: deque[float] = field(default_factory=lambda: deque(maxlen=_RETURNS))
    given: OrderedDict[datetime, tuple[str, tuple[str, ...]]] = field(default_factory=OrderedDict)
    """The source and the flags of the last bars, by time."""


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
        self._deviations = deviations
        self._frozen = frozen
        self._outside = outside
        self._known: dict[Series, _Known] = {}

    def checked(self, source: Iterable[Bar | BadRow | None]) -> Iterator[Bar | BadRow | None]:
        """Flag the bars of a source, and pass everything else on."""
        for item in source:
            yield self.flagged(item) if isinstance(item, Bar) else item

    def flagged(self, bar: Bar) -> Bar:
        """The bar with the flags of the checks."""
        known = self._known.get(bar.series)
        if known is None:
            known = self._known[bar.series] = _Known()
        source, flags = known.given.get(bar.time, (None, ()))
        if source != bar.source:
            flags = self._flags(known, bar)
            if bar.final:
                known.given[bar.time] = bar.source, flags
                if len(known.given) > _REMEMBERED:
                    known.given.popitem(last=False)
        more = tuple(flag for flag in flags if flag not in bar.flags)
        return msgspec.structs.replace(bar, flags=(*bar.flags, *more)) if more else bar

    def _flags(self, known: _Known, bar: Bar) -> tuple[str, ...]:
        last = known.last
        flags = [OFF_GRID] if off_grid(bar.time, bar.interval) else []
        if self._outside and EXTENDED not in bar.flags and CLOSING not in bar.flags and self._outside(bar):
            flags.append(OUTSIDE)
        if last is not None and bar.time > last.time:
            flags += [f"{CHANGED}:{name}" for name in ("currency", "tz") if _differ(last, bar, name)]
            change = _change(last, bar)
            if change is not None and self._jumps(known, change):
                flags.append(JUMP)
            alike = known.alike + 1 if _same_price(last, bar) else 1
            if alike >= self._frozen:
                flags.append(FROZEN)
            if bar.final:
                known.alike = alike
                if change is not None and JUMP not in flags:
                    known.returns.append(change)
        if bar.final and (last is None or bar.time > last.time):
            known.last = bar
        return tuple(flags)

    def _jumps(self, known: _Known, change: float) -> bool:
        if len(known.returns) < _FEWEST:
            return False
        deviation = math.sqrt(sum(each * each for each in known.returns) / len(known.returns))
        return deviation > 0 and abs(change) > self._deviations * deviation


def _differ(last: Bar, bar: Bar, name: str) -> bool:
    before, now = getattr(last, name), getattr(bar, name)
    return before is not None and now is not None and before != now


def _change(last: Bar, bar: Bar) -> float | None:
    """The return between bars that follow each other; None for others, and for prices that have none."""
    if intraday(bar.interval) and following(last.time, bar.interval) != bar.time:
        return None
    if bar.feed == READINGS:
        return bar.close - last.close
    if last.close <= 0 or bar.close <= 0:
        return None
    return math.log(bar.close / last.close)


def _same_price(last: Bar, bar: Bar) -> bool:
    """Whether a bar with trades, or of which none are known, has nothing but the price of the one before."""
    return bar.high == bar.low == bar.close == last.close == last.high == last.low and bar.volume != 0
