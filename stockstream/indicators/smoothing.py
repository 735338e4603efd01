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
def _powers(span: int) -> tuple[float, ...]:
    """The decay to the power of 1 ... BLOCK, each rounded once: dividing whole numbers does."""
    return tuple((span - 1) ** power / (span + 1) ** power for power in range(1, BLOCK + 1))


class Smoothed(Stateful):
    """An exponential moving average, seeded with a simple mean.

    ::

        average = mean of the first ``seeds`` values, then
        average = average + alpha * (value - average), alpha = 2 / (span + 1)

    Values come in blocks of `BLOCK`. Within one, all is measured from the last value of the former block (the
    pivot): ``average = pivot + excess * decay ** k + scan``, where excess is how far the average stood from the pivot
    when the block began, and scan is the same smoothing of the distances since, from 0. So prices that hardly
    differ lose no digits, a flat series has an average of just its price, and a whole array is a few operations
    along all blocks at once, the same ones and in the same order as for one value after the other.

    Sizes (values of one sign) are measured from 0 instead: nothing then cancels, so that after a spike of 1e9 the
    average of small ones is as exact as before it, and never below 0.

    >>> average = Smoothed.exponential(3)
    >>> [average.push(value) for value in (1.0, 2.0, 3.0, 6.0)]
    [None, None, 2.0, 4.0]
    >>> average.value
    4.0
    """

    __slots__ = (
        "_decay",
        "_powers",
        "alpha",
        "excess",
        "missing",
        "of_sizes",
        "pivot",
        "place",
        "scan",
        "seeds",
        "span",
        "total",
    )
    kept: ClassVar[tuple[str, ...]] = ("missing", "total", "pivot", "excess", "scan", "place")

    missing: int
    total: float
    pivot: float
    excess: float
    scan: float
    place: int

    def __init__(self, seeds: int, span: int, *, of_sizes: bool = False) -> None:
        self.seeds = seeds
        self.span = span
        self.of_sizes = of_sizes
        self.alpha = 2 / (span + 1)
        self._powers = _powers(span)
        self._decay = self._powers[0]
        self.missing = seeds
        self.total = 0.0  # of the seeds, measured from the first of them
        self.pivot = 0.0
        self.excess = 0.0
        self.scan = 0.0
        self.place = 0  # values in the block

    @classmethod
    def exponential(cls, period: int) -> Self:
        """The EMA: alpha = 2 / (period + 1), seeded with the mean of the first ``period`` values."""
        return cls(period, period)

    @classmethod
    def wilder(cls, period: int) -> Self:
        """Wilder's, of sizes: alpha = 1 / period, seeded with the mean of the first ``period`` values."""
        return cls(period, 2 * period - 1, of_sizes=True)

    @property
    def value(self) -> float | None:
        """The average now; None until seeded."""
        if self.missing:
            return None
        faded = self.excess * self._powers[self.place - 1] if self.place else self.excess
        return self.pivot + (faded + self.scan)

    def push(self, value: float) -> float | None:
        """Take the next value; the average, None until seeded."""
        if self.missing:
            return self._seed(value)
        place = self.place
        pivot = self.pivot
        self.scan = scan = self._decay * self.scan + self.alpha * (value - pivot)
        average = pivot + (self.excess * self._powers[place] + scan)
        if place == BLOCK - 1:
            self._turn(value, average)
        else:
            self.place = place + 1
        return average

    def _seed(self, value: float) -> float | None:
        if self.missing == self.seeds and not self.of_sizes:
            self.pivot = value
        self.total += value - self.pivot
        self.missing -= 1
        if self.missing:
            return None
        average = self.pivot + self.total / self.seeds
        self.total = 0.0
        self._turn(value, average)
        return average

    def _turn(self, pivot: float, average: float) -> None:
        """Begin a block."""
        self.pivot = pivot = 0.0 if self.of_sizes else pivot
        self.excess = average - pivot
        self.scan = 0.0
        self.place = 0

    def batch(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """`push` for an array, shape (n,), once seeded: the averages, shape (n,)."""
        import numpy as np

        averages = np.empty(len(values))
        first = min(-self.place % BLOCK, len(values))
        end = first + (len(values) - first) // BLOCK * BLOCK
        push = self.push
        averages[:first] = [push(value) for value in values[:first].tolist()]
        if first < end:
            self._blocks(values[first:end].reshape(-1, BLOCK), averages[first:end].reshape(-1, BLOCK))
        averages[end:] = [push(value) for value in values[end:].tolist()]
        return averages

    def _blocks(self, values: NDArray[np.float64], averages: NDArray[np.float64]) -> None:
        """Whole blocks, shape (blocks, BLOCK), into ``averages`` of the same shape."""
        import numpy as np

        powers = np.array(self._powers)[:, np.newaxis]
        step = 512  # as many as stay in the processor's cache
        for first in range(0, len(values), step):
            chunk = values[first : first + step]
            ends = np.zeros(len(chunk)) if self.of_sizes else chunk[:, -1]
            pivots = np.concatenate(([self.pivot], ends[:-1]))
            # Values of one place in their blocks lie side by side: a step along the blocks is one long operation.
            scan = np.subtract(chunk.T, pivots, order="C")
            scan *= self.alpha
            faded = np.empty(len(chunk))
            for above, row in pairwise(scan):
                np.multiply(above, self._decay, out=faded)
                row += faded
            excess = self._excesses(pivots.tolist(), ends.tolist(), scan[-1].tolist())
            scan += powers * excess
            scan += pivots
            averages[first : first + step] = scan.T

    def _excesses(self, pivots: list[float], ends: list[float], scans: list[float]) -> list[float]:
        """The excess with which each block begins; the state is then that after the last."""
        power = self._powers[-1]
        excess = self.excess
        excesses = []
        for pivot, end, scan in zip(pivots, ends, scans, strict=True):
            excesses.append(excess)
            excess = pivot + (excess * power + scan) - end
        self.pivot, self.excess = ends[-1], excess
        return excesses

    def _check(self) -> None:
        if not 0 <= self.missing <= self.seeds or not 0 <= self.place < BLOCK:
            raise checks.damaged(f"{self.missing} values missing, {self.place} in the block")
