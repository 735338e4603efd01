"""Detection of splits: whether a source's prices are on another basis than the bars that were sent."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from stockstream.periods import preceding
from stockstream.producers.bar_source import Split
from stockstream.producers.clock import Clock
from stockstream.producers.corrections import SentBars
from stockstream.producers.final_bars import Answer
from stockstream.producers.patient_source import PatientSource
from stockstream.records import UNCONFIRMED, Bar

_LEAST: Final = 0.01
"""Minimum distance of the ratio of a split from 1."""

_TOLERANCE: Final = 0.002
"""Maximum difference between prices of the same basis, which are rounded."""


@dataclass(frozen=True)
class Earlier:
    """Bars of earlier runs at the same interval: the last bar of each symbol, and the time of its first bar."""

    last: Mapping[str, Bar] = field(default_factory=dict)
    first: Callable[[str], datetime | None] = lambda _: None


NOTHING_EARLIER: Final = Earlier()


@dataclass(frozen=True)
class Checked:
    """An answer on the same basis as what was sent before, with messages for the user."""

    answer: Answer
    note: str = ""
    warning: str = ""


class Splits:
    """Keeps each series on one basis: if its source adjusts prices, all bars that were ever sent are sent again.

    Parameters
    ----------
    source
        The source, for the whole series.
    title
        Name of the source in messages.
    interval
        How long a bar is.
    earlier
        Bars of earlier runs.
    clock
        The clock for times.
    """

    def __init__(self, source: PatientSource, title: str, interval: str, earlier: Earlier, clock: Clock) -> None:
        self._source = source
        self._title = title
        self._interval = interval
        self._earlier = earlier
        self._clock = clock
        self._known: dict[str, set[Split]] = {}

    def on_one_basis(self, symbol: str, sent: SentBars, answer: Answer) -> Generator[None, None, Checked]:
        """The answer; or, if what was sent before is on another basis, the present form of all that was sent."""
        reason = yield from self._reason(symbol, sent, answer)
        if not reason:
            return Checked(answer)
        begun = [sent.first, self._earlier.first(symbol)]
        first = min((time for time in begun if time is not None), default=self._clock.now())
        lost = ""
        if not answer.bars or answer.bars[0].time > first:
            # From somewhat earlier, so that the first period is complete.
            since = max(preceding(first, self._interval, 2), self._source.reach)
            whole = yield from self._source.history(symbol, since)
            answer = replace(whole, bars=tuple(bar for bar in whole.bars if bar.time >= first))
            if since > first:
                lost = f"{symbol}: its bars before {since:%Y-%m-%d} stay as they are: {self._title} no longer has them"
        begins = answer.bars[0].time if answer.bars else first
        return Checked(answer, f"{symbol}: {reason}: its bars from {begins:%Y-%m-%d} on are sent again", lost)

    def taken(self, symbol: str, answer: Answer) -> None:
        """Remember the splits of an answer that is being sent: they are handled."""
        self._known.setdefault(symbol, set()).update(answer.splits)

    def _reason(self, symbol: str, sent: SentBars, answer: Answer) -> Generator[None, None, str]:
        """Why what was sent before is on another basis; empty if it is not."""
        held = self._earlier.last.get(symbol)
        if not sent.by_time and held is None:
            return ""
        before = sent.by_time or ({held.time: held} if held else {})
        bars = answer.bars
        if held and not sent.by_time and bars and self._source.reach < held.time < bars[0].time:
            bars = (yield from self._source.history(symbol, preceding(held.time, self._interval, 2))).bars
        if ratio := rebased(before, bars):
            return f"{self._title} gives prices at {ratio:.6g} times what was sent, as after a split"
        known = self._known.get(symbol, set())
        return next((f"a split on {each.time:%Y-%m-%d}" for each in answer.splits if each not in known), "")


def rebased(before: Mapping[datetime, Bar], bars: Iterable[Bar]) -> float | None:
    """The constant ratio by which the prices of bars that were sent before have changed, if there is one.

    Parameters
    ----------
    before
        Bars that were sent, by time.
    bars
        The same bars as the source gives them now, in order.

    Returns
    -------
    float or None
        The ratio of the oldest bars; later ones may have been sent on the new basis already. None if they have not
        changed, or in another way, such as a correction of one bar.
    """
    pairs = [(before[bar.time], bar) for bar in bars if bar.final and bar.time in before and _given(before[bar.time])]
    ratios = [ratio for ratio in (_ratio(old, new) for old, new in pairs) if ratio is not None]
    if not ratios or abs(ratios[0] - 1) < _LEAST:
        return None
    alike = 0
    while alike < len(ratios) and _same(ratios[alike], ratios[0]):
        alike += 1
    return ratios[0] if alike > 1 or len(ratios) == 1 else None


def _given(bar: Bar) -> bool:
    """Whether the source itself returned the bar after its period; a bar of quotes has other prices."""
    return bar.final and UNCONFIRMED not in bar.flags


def _ratio(old: Bar, new: Bar) -> float | None:
    """The ratio by which all prices of a bar have changed; None if it differs between them."""
    prices = ((old.open, new.open), (old.high, new.high), (old.low, new.low), (old.close, new.close))
    ratios = [now / then for then, now in prices if then is not None and now is not None and then > 0]
    if not ratios:
        return None
    ratio = sorted(ratios)[len(ratios) // 2]
    return ratio if all(_same(each, ratio) for each in ratios) else None


def _same(ratio: float, other: float) -> bool:
    return abs(ratio - other) <= _TOLERANCE * abs(other)
