"""Windows over the last bars, one bar at a time, that several indicators need."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Highest:
    """How many bars ago the highest of the last ``size`` values was; of equal ones the most recent counts.

    Only values that exceed everything after them can ever be the highest: a stack of them, falling from the oldest
    to the newest (the monotonic queue). Each value enters it once and leaves it once, whatever the size. For
    the lowest, push negated values.

    >>> highest = Highest(3)
    >>> [highest.push(value) for value in (5.0, 7.0, 7.0, 6.0, 1.0)]
    [0, 0, 0, 1, 2]
    """

    __slots__ = ("_next", "_places", "_size", "_start", "_values")

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: list[float] = []
        self._places: list[int] = []
        self._start = 0  # what stands before it has left the window
        self._next = 0

    def push(self, value: float) -> int:
        """Take the next value; bars since the highest, 0 for this one."""
        values = self._values
        places = self._places
        start = self._start
        place = self._next
        self._next = place + 1
        while len(values) > start and values[-1] <= value:
            values.pop()
            places.pop()
        values.append(value)
        places.append(place)
        if places[start] <= place - self._size:
            start += 1
            # Only when half of it is stale: a deletion at the front moves all the rest.
            if 2 * start > len(values):
                del values[:start], places[:start]
                start = 0
            self._start = start
        return place - places[start]

    def batch(self, values: NDArray[np.float64]) -> NDArray[np.unsignedinteger[Any]]:
        """`push` for a stretch of values, shape (n,): bars since the highest, shape (n,)."""
        import numpy as np

        from stockstream.indicators import arrays

        if not len(values):
            return np.empty(0, dtype=np.uint8)
        lead = np.full(self._size - 1, -np.inf)
        for age, value in self.entries():
            if age < len(lead):
                lead[-1 - age] = value
        stretch = np.concatenate((lead, values))
        self.replace(arrays.falling(stretch[-self._size :]))
        return arrays.bars_since_highest(stretch, self._size)

    def entries(self) -> list[tuple[int, float]]:
        """(bars ago, value) of all that can still become the highest, the oldest first: the state."""
        last = self._next - 1
        live = slice(self._start, None)
        return [(last - place, value) for place, value in zip(self._places[live], self._values[live], strict=True)]

    def replace(self, entries: Iterable[tuple[int, float]]) -> None:
        """Go on from these `entries`; ValueError where they are none of a window of this size."""
        stack = list(entries)
        ages = [self._size, *(age for age, _ in stack)]
        values = [math.inf, *(value for _, value in stack)]
        falls = all(older > newer for column in (ages, values) for older, newer in pairwise(column))
        if not falls or (stack and ages[-1] != 0) or values[-1] == -math.inf:
            raise ValueError(f"no falling stack of the last {self._size} values: {stack!r}")
        self._next = self._size
        self._places = [self._size - 1 - age for age, _ in stack]
        self._values = [value for _, value in stack]
        self._start = 0

    def copy(self) -> Highest:
        """Another window in the same state."""
        twin = Highest(self._size)
        twin._next = self._next
        twin._places = self._places.copy()
        twin._values = self._values.copy()
        twin._start = self._start
        return twin
