"""Linearly weighted means of the last values."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators.rolling import Mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class WeightedMean(Mean):
    """The mean of the last ``period`` values, where the oldest counts once and the newest ``period`` times.

    By the same blocks as `Mean`: nothing is ever taken out of a sum. The weighted sum of a block's tail is the sum of
    the plain sums of it and of all shorter ones, as its newest value is in each of them. The values of the next block
    count by their place in it, and once more for each value of that tail::

        (1 a + 2 b) + (3 c + 4 d) = (b + (a + b)) + (2 (c + d) + (1 c + 2 d))

    >>> mean = WeightedMean(3)
    >>> [mean.push(value) for value in (1.0, 4.0, 4.0, 10.0)]
    [None, None, 3.5, 7.0]
    """

    __slots__ = ("_ramp", "_weights")
    kept: ClassVar[tuple[str, ...]] = (*Mean.kept, "_ramp")

    _ramp: float

    def __init__(self, period: int) -> None:
        super().__init__(period)
        self._weights = period * (period + 1) / 2
        self._ramp = 0.0  # the sum of the block's values, from the pivot, each times its place

    def push(self, value: float) -> float | None:
        """Take the next value; the mean, None until there are ``period`` values."""
        block = self._block
        block.append(value)
        index = len(block)
        if self._tails:
            offset = value - self._pivot
            self._total = total = self._total + offset
            self._ramp = ramp = self._ramp + offset * index
            weighted = self._tails.pop() + (total * (self.period - index) + ramp)
            return self._pivot + weighted / self._weights
        return self._turn() if index == self.period else None

    def _turn(self) -> float:
        pivot = self._pivot = self._block[-1]
        tails = self._tails
        tails.clear()  # only of a batch is anything left
        total = weighted = 0.0
        for value in reversed(self._block):
            total += value - pivot
            weighted += total
            tails.append(weighted)
        self._block.clear()
        self._total = self._ramp = 0.0
        return pivot + tails.pop() / self._weights

    def _blocks(self, values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        from stockstream.indicators import blocks

        blocks.weighted_means(values, self.period, out)
