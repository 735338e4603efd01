"""Splits: whether Yahoo gives what was sent before on another basis now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from stockstream.records import Bar

_LEAST: Final = 0.01
"""How far from 1 the ratio of a split is, at the least."""

_TOLERANCE: Final = 0.002
"""How far the prices of one basis may be apart, for they are rounded."""


@dataclass(frozen=True)
class Earlier:
    """What earlier runs have sent at the same interval: by symbol its last bar; and when its first one opened."""

    last: Mapping[str, Bar] = field(default_factory=dict)
    first: Callable[[str], datetime | None] = lambda _: None


NOTHING_EARLIER: Final = Earlier()


def rebased(before: Mapping[datetime, Bar], bars: Iterable[Bar]) -> float | None:
    """Say by what the prices are multiplied at which bars come back that were sent before, if all by the same.

    Parameters
    ----------
    before
        What was sent, by time.
    bars
        What is given now, in order.

    Returns
    -------
    float or None
        The ratio of the oldest ones; those after it may have been sent on the new basis already. None where they are
        as they were, or differ in any other way: a correction of one bar among others is none.
    """
    pairs = [(before[bar.time], bar) for bar in bars if bar.final and bar.time in before and before[bar.time].final]
    ratios = [ratio for ratio in (_ratio(old, new) for old, new in pairs) if ratio is not None]
    if not ratios or abs(ratios[0] - 1) < _LEAST:
        return None
    alike = 0
    while alike < len(ratios) and _same(ratios[alike], ratios[0]):
        alike += 1
    return ratios[0] if alike > 1 or len(ratios) == 1 else None


def _ratio(old: Bar, new: Bar) -> float | None:
    """What all prices of a bar were multiplied by; None where that differs."""
    prices = ((old.open, new.open), (old.high, new.high), (old.low, new.low), (old.close, new.close))
    ratios = [now / then for then, now in prices if then is not None and now is not None and then > 0]
    if not ratios:
        return None
    ratio = sorted(ratios)[len(ratios) // 2]
    return ratio if all(_same(each, ratio) for each in ratios) else None


def _same(ratio: float, other: float) -> bool:
    return abs(ratio - other) <= _TOLERANCE * abs(other)
