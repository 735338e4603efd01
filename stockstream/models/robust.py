"""Robust deviation of a value from the values before it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Self

from stockstream.indicators import checks
from stockstream.indicators.stateful import Stateful

_MEDIAN_SCALE: Final = 1.4826022185056018
_MEAN_SCALE: Final = 1.2533141373155003
"""Deviation of a normal distribution over its median absolute deviation, and over its mean absolute deviation."""


class RobustWindow(Stateful):
    """The last ``period`` values, and how far the next one is from them.

    The distance is in standard deviations, estimated from the median absolute deviation (MAD), which up to half of the
    values cannot spoil; where more than half are equal, so that it is 0, from the mean absolute deviation.

    >>> window = RobustWindow(5)
    >>> [window.push(value) for value in (1.0, 2.0, 3.0, 4.0, 5.0)][-1]
    >>> round(window.push(10.0), 2), round(window.push(4.0), 2)
    (4.72, 0.0)
    """

    __slots__ = ("_sorted", "_values", "period")
    kept: ClassVar[tuple[str, ...]] = ("_values",)

    _values: list[float]

    def __init__(self, period: int) -> None:
        self.period = period
        self._values = []
        self._sorted: list[float] = []

    @property
    def full(self) -> bool:
        """Whether the next value can be compared."""
        return len(self._values) == self.period

    def push(self, value: float) -> float | None:
        """Take the next value; its distance from the ones before, None while they are few or all equal."""
        ordered = self._sorted
        distance = None
        if self.full:
            middle = median(ordered)
            scale = _MEDIAN_SCALE * deviation(ordered, middle)
            if not scale:
                scale = _MEAN_SCALE * sum([abs(each - middle) for each in ordered]) / self.period
            distance = (value - middle) / scale if scale else None
            del ordered[bisect_left(ordered, self._values.pop(0))]
        self._values.append(value)
        insort(ordered, value)
        return distance

    def _restored(self, state: Mapping[str, object]) -> Self:
        fresh = super()._restored(state)
        fresh._sorted = sorted(fresh._values)  # noqa: SLF001 - it is one of us
        return fresh

    def _check(self) -> None:
        if len(self._values) > self.period:
            raise checks.damaged(f"{len(self._values)} values in a window of {self.period}")


def median(ordered: Sequence[float]) -> float:
    """The median of ascending values, at least one.

    >>> median([1.0, 2.0, 4.0]), median([1.0, 2.0, 4.0, 9.0])
    (2.0, 3.0)
    """
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2.0


def deviation(ordered: Sequence[float], middle: float) -> float:
    """The median distance of ascending values from their median.

    >>> deviation([1.0, 2.0, 4.0, 9.0], 3.0)
    1.5
    """
    half = len(ordered) // 2
    if len(ordered) % 2:
        return _nearest(ordered, middle, half + 1)
    return (_nearest(ordered, middle, half) + _nearest(ordered, middle, half + 1)) / 2.0


def _nearest(ordered: Sequence[float], middle: float, count: int) -> float:
    """Distance within which the ``count`` nearest of the values are, which follow one another in their order."""
    low, high = 0, len(ordered) - count
    while low < high:
        place = (low + high) // 2
        if middle - ordered[place] > ordered[place + count - 1] - middle:
            low = place + 1
        else:
            high = place
    result = max(middle - ordered[low], ordered[low + count - 1] - middle)
    if low:
        result = min(result, max(middle - ordered[low - 1], ordered[low + count - 2] - middle))
    return result
