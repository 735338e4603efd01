"""Rolling windows over the last values, shared by several indicators."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from stockstream.indicators import checks
from stockstream.indicators.stateful import State, Stateful

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCKS_FROM: Final = 200
"""Values in whole blocks below which NumPy's calls cost more than pushes."""


class Moments(Stateful):
    """Mean and squared deviations of the last ``period`` values.

    Nothing is ever taken out of a sum, so that what has left the window leaves no trace, be it a price of 1e9 among
    prices of 100. Values are cut into blocks of ``period``. A window is the tail of one block and the start of the
    next: sums over all tails are made when a block is full, those over the start grow with each value, and a window's
    are theirs together.

    All is measured from a pivot, the last value of the former block: sums of x = value - pivot and of x**2, and the
    squared deviations are sum(x**2) - sum(x)**2 / n for a window of n (the shifted form in Chan, Golub & LeVeque,
    "Algorithms for Computing the Sample Variance", 1983). What such a difference can lose is bounded here, because
    the pivot is one of the window's values: by Cauchy and Schwarz it is at least sum(x**2) / n. So it is 0 in a flat
    window and in no other, and never below (squares too small for a float count as 0). The deviation's relative error
    stays within some units of 1e-16, in windows of hundreds some tens; only where the pivot is the one spike in a flat
    window can it come to n**2 units.
    A push costs the same for any period, on average: one in ``period`` closes a block.

    >>> moments = Moments(4)
    >>> [moments.push(value) for value in (10.0, 14.0, 10.0, 14.0)][-1]
    (2.0, 16.0)
    """

    __slots__ = ("block", "period", "pivot", "squares", "tail_squares", "tail_totals", "total")
    kept: ClassVar[tuple[str, ...]] = ("block", "pivot", "total", "squares", "tail_totals", "tail_squares")
    version: ClassVar[int] = 2

    block: list[float]
    pivot: float
    total: float
    squares: float
    tail_totals: list[float]
    tail_squares: list[float]

    def __init__(self, period: int) -> None:
        self.period = period
        self.block = []
        self.pivot = 0.0
        self.total = 0.0  # of the block's values, measured from the pivot
        self.squares = 0.0
        self.tail_totals = []  # of the last 1, 2, ... values of the former block that are in the window
        self.tail_squares = []

    def push(self, value: float) -> tuple[float, float] | None:
        """Take the next value: its distance from the window's mean, and the sum of all squared distances from that.

        None until there are ``period`` values. `stockstream.indicators.bollinger` has this inlined.
        """
        self.block.append(value)
        totals = self.tail_totals
        if not totals:
            return self.turn() if len(self.block) == self.period else None
        offset = value - self.pivot
        self.total = total = self.total + offset
        self.squares = squares = self.squares + offset * offset
        total += totals.pop()
        mean = total / self.period
        squares = squares + self.tail_squares.pop() - total * mean
        return offset - mean, squares if squares > 0.0 else 0.0

    def turn(self) -> tuple[float, float]:
        """Begin a block; what `push` gives for the value that filled the former one."""
        pivot = self.pivot = self.block[-1]
        totals: list[float] = []
        sums: list[float] = []
        total = squares = 0.0
        for value in reversed(self.block):
            offset = value - pivot
            total += offset
            squares += offset * offset
            totals.append(total)
            sums.append(squares)
        self.block = []
        self.total = self.squares = 0.0
        self.tail_totals = totals
        self.tail_squares = sums
        total = totals.pop()
        mean = total / self.period
        squares = sums.pop() - total * mean
        return -mean, squares if squares > 0.0 else 0.0

    def batch(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`push` for an array, shape (n,), once there were ``period`` values: both results, each of shape (n,)."""
        import numpy as np

        from stockstream.indicators import blocks

        results = np.empty((2, len(values)))
        # Complete blocks are taken at once, after a complete one; the values around them one by one.
        first = -len(self.block) % self.period + self.period
        end = first + (len(values) - first) // self.period * self.period
        if end - first < _BLOCKS_FROM:
            first = end = len(values)
        push = self.push
        results[:, :first] = np.array([push(value) for value in values[:first].tolist()]).reshape(-1, 2).T
        if first < end:
            blocks.moments(values[first - self.period : end], self.period, results[:, first:end])
            self.block = values[end - self.period : end].tolist()
            self.turn()
        results[:, end:] = np.array([push(value) for value in values[end:].tolist()]).reshape(-1, 2).T
        return results[0], results[1]

    def _check(self) -> None:
        block, totals, sums = len(self.block), len(self.tail_totals), len(self.tail_squares)
        indexes = block + totals
        if totals != sums or indexes >= self.period or (totals and indexes != self.period - 1):
            raise checks.damaged(f"block of {block}, tails of {totals} and {sums}")
        if min(self.squares, *self.tail_squares, 0.0) < 0.0:
            raise checks.damaged("a sum of squares below 0")


class Mean(Stateful):
    """The mean of the last ``period`` values, by the same blocks as `Moments`: nothing is ever taken out of a sum.

    Sizes (values of one sign) are measured from 0 instead of a value in the window: their mean is then as exact as
    its sum, to some units of 1e-16, however much they differ, and never on the other side of 0.

    >>> mean = Mean(3)
    >>> [mean.push(value) for value in (1.0, 2.0, 3.0, 7.0)]
    [None, None, 2.0, 4.0]
    """

    __slots__ = ("_block", "_pivot", "_tails", "_total", "of_sizes", "period")
    kept: ClassVar[tuple[str, ...]] = ("_block", "_pivot", "_total", "_tails")

    _block: list[float]
    _pivot: float
    _total: float
    _tails: list[float]

    def __init__(self, period: int, *, of_sizes: bool = False) -> None:
        self.period = period
        self.of_sizes = of_sizes
        self._block = []
        self._pivot = 0.0
        self._total = 0.0  # of the block's values, measured from the pivot
        self._tails = []  # the same of the last 1, 2, ... values of the former block that are in the window

    def push(self, value: float) -> float | None:
        """Take the next value; the mean, None until there are ``period`` values."""
        self._block.append(value)
        if self._tails:
            self._total = total = self._total + (value - self._pivot)
            return self._pivot + (total + self._tails.pop()) / self.period
        return self._turn() if len(self._block) == self.period else None

    def _turn(self) -> float:
        """Begin a block; the mean of the one that is full."""
        block = self._block
        pivot = self._pivot = 0.0 if self.of_sizes else block[-1]
        tails = self._tails
        tails.clear()  # only of a batch is anything left
        total = 0.0
        for value in reversed(block):
            total += value - pivot
            tails.append(total)
        block.clear()
        self._total = 0.0
        return pivot + tails.pop() / self.period

    def batch(self, values: NDArray[np.float64], out: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """`push` for an array, shape (n,), once there were ``period`` values: the means, written to ``out`` if given.

        These have shape (n,), and share no memory with the values.
        """
        import numpy as np

        means = np.empty(len(values)) if out is None else out
        first = -len(self._block) % self.period + self.period
        end = first + (len(values) - first) // self.period * self.period
        if end - first < _BLOCKS_FROM:
            first = end = len(values)
        push = self.push
        means[:first] = [push(value) for value in values[:first].tolist()]
        if first < end:
            self._blocks(values[first - self.period : end], means[first:end])
            self._block = values[end - self.period : end].tolist()
            self._turn()
        means[end:] = [push(value) for value in values[end:].tolist()]
        return means

    def _blocks(self, values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        """The mean of the window that ends at each value of whole blocks, but for the first block."""
        from stockstream.indicators import blocks

        blocks.means(values, self.period, out, of_sizes=self.of_sizes)

    def _check(self) -> None:
        block, tails = len(self._block), len(self._tails)
        if block + tails >= self.period or (tails and block + tails != self.period - 1):
            raise checks.damaged(f"block of {block}, tails of {tails}")


class Highest(Stateful):
    """How many bars ago the highest of the last ``size`` values was; of equal ones the most recent counts.

    Only values that exceed everything after them can ever be the highest: a stack of them, falling from the oldest
    to the newest (the monotonic queue). Each value enters it once and leaves it once, whatever the size. For
    the lowest, push negated values.

    >>> highest = Highest(3)
    >>> [highest.push(value) for value in (5.0, 7.0, 7.0, 6.0, 1.0)]
    [0, 0, 0, 1, 2]
    """

    __slots__ = ("_next", "_places", "_start", "_values", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: list[float] = []
        self._places: list[int] = []
        self._start = 0  # values before it have left the window
        self._next = 0

    def push(self, value: float) -> int:
        """Take the next value; bars since the highest, 0 for this one."""
        values = self._values
        indexes = self._places
        start = self._start
        index = self._next
        self._next = index + 1
        while len(values) > start and values[-1] <= value:
            values.pop()
            indexes.pop()
        values.append(value)
        indexes.append(index)
        if indexes[start] <= index - self.size:
            start += 1
            # Only when half of it is stale: a deletion at the front moves all the rest.
            if 2 * start > len(values):
                del values[:start], indexes[:start]
                start = 0
            self._start = start
        return index - indexes[start]

    @property
    def highest(self) -> float:
        """The highest of the window; IndexError before the first value."""
        return self._values[self._start]

    def batch(self, values: NDArray[np.float64]) -> NDArray[np.unsignedinteger]:
        """`push` for a stretch of values, shape (n,): bars since the highest, shape (n,)."""
        from stockstream.indicators import arrays

        return arrays.bars_since_highest(self._take(values), self.size)

    def batch_highest(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """`highest` after each `push` of a stretch of values, shape (n,); cheaper than `batch`."""
        from stockstream.indicators import arrays

        return arrays.highest(self._take(values), self.size)

    def _take(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Push them all; they themselves, behind what the windows of the first of them hold of the values before."""
        import numpy as np

        from stockstream.indicators import arrays

        lead = np.full(self.size - 1, -np.inf)
        for age, value in self.entries():
            if age < len(lead):
                lead[-1 - age] = value
        joined = np.concatenate((lead, values))
        if len(values):
            self.replace(arrays.falling(joined[-self.size :]))
        return joined

    def entries(self) -> list[tuple[int, float]]:
        """(bars ago, value) of all that can still become the highest, the oldest first: the state."""
        last = self._next - 1
        live = slice(self._start, None)
        return [(last - index, value) for index, value in zip(self._places[live], self._values[live], strict=True)]

    def replace(self, entries: Iterable[tuple[int, float]]) -> None:
        """Go on from these `entries`; ValueError where they are none of a window of this size."""
        stack = list(entries)
        ages = [self.size, *(age for age, _ in stack)]
        values = [math.inf, *(value for _, value in stack)]
        falls = all(older > newer for column in (ages, values) for older, newer in pairwise(column))
        if not falls or (stack and ages[-1] != 0) or values[-1] == -math.inf:
            raise ValueError(f"no falling stack of the last {self.size} values: {stack!r}")
        self._next = self.size
        self._places = [self.size - 1 - age for age, _ in stack]
        self._values = [value for _, value in stack]
        self._start = 0

    def state(self) -> State:
        """The whole state; of the values only those that can still become the highest, as [bars ago, value]."""
        return super().state() | {"entries": [list(entry) for entry in self.entries()]}

    def _restored(self, state: Mapping[str, Any]) -> Self:
        fresh = super()._restored(state)
        entries = state.get("entries")
        checks.finite("entries", entries)
        try:
            fresh.replace((operator.index(age), float(value)) for age, value in entries)  # type: ignore[union-attr]
        except (TypeError, ValueError) as error:
            raise checks.damaged(str(error)) from error
        return fresh
