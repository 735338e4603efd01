"""Spread: the distance between two averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.smoothing import BLOCK, Smoothed, whole_blocks
from stockstream.indicators.stateful import Stateful

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Spread(Stateful):
    """How far an exponential average over ``short`` values is above one over ``long``, which begins with the same one.

    Both are seeded with simple means that end with value number ``long``, and from then on measure from the same
    pivots: what they exceed these by is subtracted, and not the averages themselves, in which at prices of 1e9 the
    digits of small moves would be lost.

    >>> spread = Spread(3, 7)
    >>> [spread.push(value) for value in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 12.0)][5:]
    [None, 2.0, 3.0]
    """

    __slots__ = ("_fast", "_slow", "long", "short")
    kept: ClassVar[tuple[str, ...]] = ("_fast", "_slow")

    def __init__(self, short: int, long: int) -> None:
        self.short = short
        self.long = long
        self._fast = Smoothed.exponential(short)
        self._slow = Smoothed.exponential(long)

    @property
    def missing(self) -> int:
        """Values before the first spread that are still to come."""
        return self._slow.missing

    def push(self, value: float) -> float | None:
        """Take the next value; the spread, None until there were ``long`` values."""
        fast, slow = self._fast, self._slow
        if slow.push(value) is None:
            if slow.missing < self.short:
                fast.push(value)
            return None
        fast.push(value)
        return fast.excess - slow.excess

    def batch(self, values: NDArray[np.float64], spreads: NDArray[np.float64]) -> None:
        """`push` for an array, shape (n,), once there were ``long`` values; writes the spreads, shape (n,)."""
        import numpy as np

        from stockstream.indicators import arrays

        fast, slow = self._fast, self._slow
        first, end = whole_blocks(slow.place, slow.span, len(values))
        push = self.push
        spreads[:first] = [push(value) for value in values[:first].tolist()]
        if first < end:
            blocks = values[first:end].reshape(-1, BLOCK)
            last = blocks[-1, -1].item()
            with arrays.whole_rows():
                offsets, pivots = fast.offsets(blocks)
                subtrahend = np.empty(offsets.shape)
                slow.fade(offsets, pivots, last, out=subtrahend)
                fast.fade(offsets, pivots, last, out=offsets)
                offsets -= subtrahend
            spreads[first:end].reshape(-1, BLOCK)[:] = offsets.T
        spreads[end:] = [push(value) for value in values[end:].tolist()]

    def _check(self) -> None:
        fast, slow = self._fast, self._slow
        together = (fast.place, fast.pivot, fast.last) == (slow.place, slow.pivot, slow.last)
        if fast.missing != min(slow.missing, self.short) or not (slow.missing or together):
            raise checks.damaged("the fast average and the slow one are of other values")
