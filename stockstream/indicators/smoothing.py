"""Averages that never forget: exponential smoothing, of which Wilder's is one kind."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Final, Self

from stockstream.indicators import checks
from stockstream.indicators.stateful import Stateful

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK: Final = 64
"""Values after which the average is measured from another value."""


@lru_cache(maxsize=64)
def _weights(span: int) -> tuple[tuple[float, float], ...]:
    """(alpha / decay ** k, decay ** k) for k = 0 ... BLOCK - 1, each rounded once: dividing whole numbers does."""
    kept, of = span - 1, span + 1
    return tuple((2 * of**k / (of * kept**k), kept**k / of**k) for k in range(BLOCK if kept else 1))


@lru_cache(maxsize=64)
def _columns(span: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same as two columns of shape (BLOCK, 1)."""
    import numpy as np

    gains, fades = np.array(_weights(span))[:, :, np.newaxis].swapaxes(0, 1)
    return gains, fades


class Smoothed(Stateful):
    """An exponential moving average, seeded with a simple mean.

    ::

        average = mean of the first ``seeds`` values, then
        average = decay * average + alpha * value, alpha = 2 / (span + 1), decay = 1 - alpha

    Values come in blocks of `BLOCK`. Within one, all is measured from a value of about that size (the pivot), and
    what fades is the sum as a whole, where each further value weighs more instead::

        average = pivot + decay ** k * (decay * (average before the block - pivot) + sum), k = 0, 1, ... in the block
        sum = alpha * (value[0] - pivot) + ... + alpha / decay ** k * (value[k] - pivot)

    So no rounding is carried on from value to value, prices that hardly differ lose no digits, a flat series has an
    average of just its price, and a whole array is a few operations along all blocks at once, the same ones and in
    the same order as for one value after the other. The pivot is the last value before the block or the first
    one in it, whichever is nearer to 0, as either might be a spike.

    Sizes (values of one sign) are measured from 0 instead: nothing then cancels, so that after a spike of 1e9 the
    average of small ones is as exact as before it, and never below 0.

    >>> average = Smoothed.exponential(3)
    >>> [average.push(value) for value in (1.0, 2.0, 3.0, 6.0)]
    [None, None, 2.0, 4.0]
    >>> average.value
    4.0
    """

    __slots__ = ("_decay", "_weights", "of_sizes", "pivot", "place", "seeds", "span", "start", "total")
    kept: ClassVar[tuple[str, ...]] = ("place", "pivot", "start", "total")

    place: int
    pivot: float
    start: float
    total: float

    def __init__(self, seeds: int, span: int, *, of_sizes: bool = False) -> None:
        self.seeds = seeds
        self.span = span
        self.of_sizes = of_sizes
        self._weights = _weights(span)
        self._decay = (span - 1) / (span + 1)
        self.place = -seeds  # values in the block; below 0, seeds that are missing
        self.pivot = 0.0
        self.start = 0.0  # the average before the block; once it has a value, faded by that one, from the pivot
        self.total = 0.0  # the sum of the block, or of the seeds, from the pivot

    @classmethod
    def exponential(cls, period: int) -> Self:
        """The EMA: alpha = 2 / (period + 1), seeded with the mean of the first ``period`` values."""
        return cls(period, period)

    @classmethod
    def wilder(cls, period: int) -> Self:
        """Wilder's, of sizes: alpha = 1 / period, seeded with the mean of the first ``period`` values."""
        return cls(period, 2 * period - 1, of_sizes=True)

    @property
    def missing(self) -> int:
        """Seeds that are still to come."""
        return max(-self.place, 0)

    @property
    def value(self) -> float | None:
        """The average now; None until seeded."""
        if self.place > 0:
            return self.pivot + (self.start + self.total) * self._weights[self.place - 1][1]
        return None if self.place else self.start

    def push(self, value: float) -> float | None:
        """Take the next value; the average, None until seeded."""
        place = self.place
        if place <= 0:
            return self._seed(value) if place else self._begin(value)
        gain, fade = self._weights[place]
        pivot = self.pivot
        self.total = total = self.total + (value - pivot) * gain
        average = pivot + (self.start + total) * fade
        if place < BLOCK - 1:
            self.place = place + 1
        else:
            self._end(value, average)
        return average

    def _seed(self, value: float) -> float | None:
        if self.place == -self.seeds and not self.of_sizes:
            self.pivot = value
        self.total += value - self.pivot
        self.place += 1
        if self.place:
            return None
        average = self.pivot + self.total / self.seeds
        self._end(value, average)
        return average

    def _begin(self, value: float) -> float:
        """Take the first value of a block."""
        if self.span == 1:
            self._end(value, value)
            return value
        if not self.of_sizes and abs(value) < abs(self.pivot):
            self.pivot = value
        pivot = self.pivot
        self.start = (self.start - pivot) * self._decay
        self.total = (value - pivot) * self._weights[0][0]
        self.place = 1
        return pivot + (self.start + self.total)

    def _end(self, value: float, average: float) -> None:
        """End a block."""
        self.pivot = 0.0 if self.of_sizes else value
        self.start = average
        self.total = 0.0
        self.place = 0

    def batch(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """`push` for an array, shape (n,), once seeded: the averages, shape (n,)."""
        import numpy as np

        averages = np.empty(len(values))
        first = min(-self.place % BLOCK, len(values))
        end = first + (len(values) - first) // BLOCK * BLOCK
        push = self.push
        averages[:first] = [push(value) for value in values[:first].tolist()]
        if first < end and self.span > 1:
            self._blocks(values[first:end].reshape(-1, BLOCK), averages[first:end].reshape(-1, BLOCK))
            first = end
        averages[first:] = [push(value) for value in values[first:].tolist()]
        return averages

    def _blocks(self, values: NDArray[np.float64], averages: NDArray[np.float64]) -> None:
        """Whole blocks, shape (blocks, BLOCK), into ``averages`` of the same shape."""
        import numpy as np

        gains, fades = _columns(self.span)
        # Values of one place in their blocks lie side by side: a step along the blocks is one long operation. Places a
        # power of two apart would share few lines of the processor's cache, and take several times as long.
        sums = np.empty((BLOCK, len(values) | 8))[:, : len(values)]
        pivots = self._pivots(values)
        if pivots is None:
            np.multiply(values.T, gains, out=sums)
        else:
            np.subtract(values.T, pivots, out=sums)
            sums *= gains
        for above, row in pairwise(sums):
            row += above
        sums += self._starts(sums[-1], pivots)
        np.multiply(sums.T, fades.T, out=averages)
        if pivots is not None:
            averages += pivots[:, np.newaxis]

    def _pivots(self, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """The pivot of each block; None where all is measured from 0."""
        import numpy as np

        if self.of_sizes:
            return None
        first = values[:, 0]
        last = np.concatenate(([self.pivot], values[:-1, -1]))
        self.pivot = values[-1, -1].item()
        return np.where(np.abs(first) < np.abs(last), first, last)

    def _starts(self, totals: NDArray[np.float64], pivots: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """What each block's sums begin with, from the sums over whole blocks; the state is then that after the last."""
        import numpy as np

        start = self.start
        decay = self._decay
        fade = self._weights[-1][1]
        if pivots is None:
            averages = [start := (start * decay + total) * fade for total in totals.tolist()]
        else:
            averages = [
                start := pivot + ((start - pivot) * decay + total) * fade
                for pivot, total in zip(pivots.tolist(), totals.tolist(), strict=True)
            ]
        starts = np.array([self.start, *averages[:-1]])
        self.start = start
        if pivots is not None:
            starts -= pivots
        starts *= decay
        return starts

    def _check(self) -> None:
        if not -self.seeds <= self.place < len(self._weights):
            raise checks.damaged(f"{self.place} values in the block")
