"""Exponential smoothing, including Wilder's."""

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

_TILE: Final = 80
"""Blocks that are turned at once: as many as the processor's first cache holds, whatever their distance."""

_ASSUMED_FROM: Final = 500
"""Blocks below which a loop over them costs less than NumPy's calls."""

_PASSES: Final = 12
_FADE: Final = 0.02
"""What of a start may reach the next one, so that so many passes find them all."""


@lru_cache(maxsize=64)
def weights(span: int) -> tuple[tuple[float, float], ...]:
    """(alpha / decay ** k, decay ** k) for k = 0 ... BLOCK - 1, each rounded once: dividing whole numbers does."""
    kept, of = span - 1, span + 1
    return tuple((2 * of**k / (of * kept**k), kept**k / of**k) for k in range(BLOCK if kept else 1))


@lru_cache(maxsize=64)
def _columns(span: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same as two columns of shape (BLOCK, 1)."""
    import numpy as np

    gains, fades = np.array(weights(span))[:, :, np.newaxis].swapaxes(0, 1)
    return gains, fades


def whole_blocks(place: int, span: int, count: int) -> tuple[int, int]:
    """Where whole blocks start and end among the next ``count`` values, behind ``place`` values of a block.

    They are an odd number: columns of a power of two bytes apart would share few lines of the processor's cache,
    and take eight times as long to be turned into rows.
    """
    first = min(-place % BLOCK, count)
    blocks = (count - first) // BLOCK if span > 1 else 0
    return first, first + ((blocks - 1) | 1) * BLOCK if blocks else first


def by_place(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Blocks, shape (n, BLOCK), in a new array by place and block, shape (BLOCK, n)."""
    import numpy as np

    count = len(blocks)
    turned = np.empty((BLOCK, count))
    for first in range(0, count, _TILE):
        turned[:, first : first + _TILE] = blocks[first : first + _TILE].T
    return turned


def block_sums(values: NDArray[np.float64], span: int, out: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted sums so far of values by place and block, shape (BLOCK, n), written to ``out``; the last, shape (n,).

    Values of one place in their blocks lie side by side: a step along the blocks is one long operation.
    """
    import numpy as np

    np.multiply(values, _columns(span)[0], out=out)
    for above, row in pairwise(out):
        row += above
    last: NDArray[np.float64] = out[-1]
    return last


def block_starts(
    start: float, totals: NDArray[np.float64], shifts: NDArray[np.float64] | None, span: int
) -> NDArray[np.float64]:
    """What each block's sums begin with, shape (n,): the first as given, and from one block to the next::

        following = ((start + total) * fade + shift) * decay

    Takes the sums over whole blocks, shape (n,), and how far the pivot moves behind each, shape (n - 1,).

    A start depends but little on the one before it. So all are computed at once from assumed ones, and again from what
    this gave, until nothing changes, in any bit: then each follows from the one before it.
    """
    import numpy as np

    fade, decay = weights(span)[-1][1], (span - 1) / (span + 1)
    count = len(totals)
    if count >= _ASSUMED_FROM and fade <= _FADE:
        starts, following = np.zeros((2, count))
        starts[0] = following[0] = start
        for _ in range(_PASSES):
            moved = np.add(starts[:-1], totals[:-1], out=following[1:])
            moved *= fade
            if shifts is not None:
                moved += shifts
            moved *= decay
            if starts.tobytes() == following.tobytes():
                return starts
            starts, following = following, starts
    found = [start]
    if shifts is None:
        found += [start := (start + total) * fade * decay for total in totals[:-1].tolist()]
    else:
        moves = zip(totals[:-1].tolist(), shifts.tolist(), strict=True)
        found += [start := ((start + total) * fade + shift) * decay for total, shift in moves]
    return np.array(found)


class Smoothed(Stateful):
    """An exponential moving average, seeded with a simple mean.

    ::

        average = mean of the first ``seeds`` values, then
        average = decay * average + alpha * value, alpha = 2 / (span + 1), decay = 1 - alpha

    Values come in blocks of `BLOCK`. Within one, all is measured from a value of about that size (the pivot), and
    what fades is the sum as a whole, where each further value weighs more instead::

        average = pivot + excess
        excess = decay ** k * (decay * excess before the block + sum), k = 0, 1, ... in the block
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

    __slots__ = ("_decay", "_weights", "last", "of_sizes", "pivot", "place", "seeds", "span", "start", "total")
    kept: ClassVar[tuple[str, ...]] = ("place", "last", "pivot", "start", "total")

    place: int
    last: float
    pivot: float
    start: float
    total: float

    def __init__(self, seeds: int, span: int, *, of_sizes: bool = False) -> None:
        self.seeds = seeds
        self.span = span
        self.of_sizes = of_sizes
        self._weights = weights(span)
        self._decay = (span - 1) / (span + 1)
        self.place = -seeds  # values in the block; below 0, seeds that are missing
        self.last = 0.0
        self.pivot = 0.0
        self.start = 0.0  # the excess before the block; once it has a value, faded by that one
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
    def excess(self) -> float:
        """How far the average is from the pivot."""
        return (self.start + self.total) * self._weights[self.place - 1][1] if self.place > 0 else self.start

    @property
    def value(self) -> float | None:
        """The average now; None until seeded."""
        return None if self.place < 0 else self.pivot + self.excess

    def push(self, value: float) -> float | None:
        """Take the next value; the average, None until seeded."""
        place = self.place
        if not 0 < place < BLOCK:
            return self._seed(value) if place < 0 else self._begin(value)
        gain, fade = self._weights[place]
        pivot = self.pivot
        self.total = total = self.total + (value - pivot) * gain
        self.place = place + 1
        self.last = value
        return pivot + (self.start + total) * fade

    def _seed(self, value: float) -> float | None:
        if self.place == -self.seeds and not self.of_sizes:
            self.pivot = value
        self.total += value - self.pivot
        self.place += 1
        self.last = value
        if self.place:
            return None
        before = self.pivot
        self.pivot = pivot = 0.0 if self.of_sizes else value
        self.start = self.total / self.seeds + (before - pivot)
        self.total = 0.0
        return pivot + self.start

    def _begin(self, value: float) -> float:
        """Take the first value of a block."""
        pivot = self.pivot
        excess = self.excess
        if self.span == 1:
            self.pivot, self.start = value, 0.0  # nothing of the average is left: every value is a block
            return value
        if not self.of_sizes:
            self.pivot = value if abs(value) < abs(self.last) else self.last
            excess += pivot - self.pivot
            pivot = self.pivot
        self.start = start = excess * self._decay
        self.total = total = (value - pivot) * self._weights[0][0]
        self.place = 1
        self.last = value
        return pivot + (start + total)

    def batch(self, values: NDArray[np.float64], out: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """`push` for an array, shape (n,), once seeded: the averages, shape (n,), written to ``out`` if given."""
        import numpy as np

        from stockstream.indicators import arrays

        averages = np.empty(len(values)) if out is None else out
        push = self.push
        first, end = whole_blocks(self.place, self.span, len(values))
        averages[:first] = [push(value) for value in values[:first].tolist()]
        if first < end:
            blocks = values[first:end].reshape(-1, BLOCK)
            result = averages[first:end].reshape(-1, BLOCK)
            with arrays.whole_rows():
                offsets, pivots = self.offsets(blocks)
                self.fade(offsets, pivots, blocks[-1, -1].item(), out=offsets)
                if pivots is not None:
                    offsets += pivots
            result[:] = offsets.T
        averages[end:] = [push(value) for value in values[end:].tolist()]
        return averages

    def offsets(self, blocks: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Whole blocks, shape (n, BLOCK), as distances from their pivots, shape (BLOCK, n); the pivots, shape (n,)."""
        import numpy as np

        offsets = by_place(blocks)
        if self.of_sizes:
            return offsets, None
        first = blocks[:, 0]
        last = np.concatenate(([self.last], blocks[:-1, -1]))
        pivots = np.where(np.abs(first) < np.abs(last), first, last)
        offsets -= pivots
        return offsets, pivots

    def fade(
        self,
        offsets: NDArray[np.float64],
        pivots: NDArray[np.float64] | None,
        last: float,
        out: NDArray[np.float64],
    ) -> None:
        """The excess after each value, from its `offsets`, written to ``out``; the state is then that after the last.

        ``last`` is the last value; ``out`` may be the offsets.
        """
        totals = block_sums(offsets, self.span, out)
        start, shifts = self.excess, None
        if pivots is not None:
            start += self.pivot - pivots[0].item()
            shifts = pivots[:-1] - pivots[1:]
            self.pivot = pivots[-1].item()
        starts = block_starts(start * self._decay, totals, shifts, self.span)
        self.start = starts[-1].item()
        self.total = totals[-1].item()
        self.last = last
        self.place = BLOCK
        out += starts
        out *= _columns(self.span)[1]

    def _check(self) -> None:
        if not -self.seeds <= self.place <= (BLOCK if self.span > 1 else 0):
            raise checks.damaged(f"{self.place} values in the block")
