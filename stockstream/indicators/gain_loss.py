"""Averages of gains and losses, for RSI."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.smoothing import BLOCK, block_starts, block_sums, by_place, weights, whole_blocks
from stockstream.indicators.stateful import Stateful

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@lru_cache(maxsize=64)
def _gains(span: int) -> tuple[float, ...]:
    """The weight of a change at each place of a block except the first; 0 at the start of a block."""
    return 0.0, *(gain for gain, _ in weights(span)[1:]), 0.0


class GainLoss(Stateful):
    """Wilder's averages, over ``period``, of the changes upwards and of the sizes of those downwards: their ratio.

    They are what two `stockstream.indicators.smoothing.Smoothed` of sizes would give, by the same blocks, but for the
    factor by which both fade within a block. A ratio does not need it, and a change moves only one of the two sums.

    >>> sides = GainLoss(2)
    >>> [sides.push(change) for change in (3.0, -1.0, -4.0, 2.0)]
    [None, (1.5, 0.5), (0.75, 2.25), (2.75, 2.25)]
    >>> sides.averages
    (1.375, 1.125)
    """

    __slots__ = ("_decay", "_fades", "down", "down_before", "gains", "missing", "period", "place", "up", "up_before")
    kept: ClassVar[tuple[str, ...]] = ("missing", "place", "up", "down", "up_before", "down_before")

    missing: int
    place: int
    up: float
    down: float
    up_before: float
    down_before: float

    def __init__(self, period: int) -> None:
        span = 2 * period - 1
        self.period = period
        self.gains = _gains(span)
        self._fades = weights(span)
        self._decay = (span - 1) / (span + 1)
        self.missing = period  # seeds
        self.place = 0  # changes in the block
        self.up = self.down = 0.0  # the sums of the block, or of the seeds
        self.up_before = self.down_before = 0.0  # the averages before the block, faded by its first change

    @property
    def averages(self) -> tuple[float, float]:
        """The average change upwards, and downwards; the sums of the seeds while some are missing."""
        fade = self._fades[self.place - 1][1] if self.place else 1.0
        return (self.up_before + self.up) * fade, (self.down_before + self.down) * fade

    def push(self, change: float) -> tuple[float, float] | None:
        """Take the next change; both averages but for a common factor, None until there are ``period`` changes.

        `stockstream.indicators.rsi` has the inside of a block inlined.
        """
        place = self.place
        gain = self.gains[place]
        if not gain:
            return self._seed(change) if self.missing else self._begin(change)
        self.place = place + 1
        if change > 0.0:
            self.up += change * gain
        else:
            self.down -= change * gain
        return self.up_before + self.up, self.down_before + self.down

    def _seed(self, change: float) -> tuple[float, float] | None:
        if change > 0.0:
            self.up += change
        else:
            self.down -= change
        self.missing -= 1
        if self.missing:
            return None
        self.up_before, self.down_before = self.up / self.period, self.down / self.period
        self.up = self.down = 0.0
        return self.up_before, self.down_before

    def _begin(self, change: float) -> tuple[float, float]:
        """Take the first change of a block; over one change alone, every change is a block."""
        up, down = self.averages
        gain = self._fades[0][0]
        self.up_before, self.down_before = up * self._decay, down * self._decay
        self.up = change * gain if change > 0.0 else 0.0
        self.down = -change * gain if change < 0.0 else 0.0
        self.place = 1 if self.period > 1 else 0
        return self.up_before + self.up, self.down_before + self.down

    def batch(self, changes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`push` for an array, shape (n,), once seeded: both results, each of shape (n,)."""
        import numpy as np

        from stockstream.indicators import arrays

        results = np.empty((2, len(changes)))
        push = self.push
        first, end = whole_blocks(self.place, 2 * self.period - 1, len(changes))
        results[:, :first] = np.array([push(change) for change in changes[:first].tolist()]).reshape(-1, 2).T
        if first < end:
            before_up, before_down = self.averages
            blocks = changes[first:end].reshape(-1, BLOCK)
            up, down = by_place(blocks), by_place(blocks)
            np.maximum(up, 0.0, out=up)
            np.subtract(up, down, out=down)
            with arrays.whole_rows():
                self.up_before, self.up = self._side(up, before_up)
                self.down_before, self.down = self._side(down, before_down)
            self.place = BLOCK
            for side, result in zip((up, down), results, strict=True):
                result[first:end].reshape(-1, BLOCK)[:] = side.T
        results[:, end:] = np.array([push(change) for change in changes[end:].tolist()]).reshape(-1, 2).T
        return results[0], results[1]

    def _side(self, moves: NDArray[np.float64], average: float) -> tuple[float, float]:
        """From sizes by place and block, shape (BLOCK, n), to the results, in place; what the last block holds."""
        span = 2 * self.period - 1
        totals = block_sums(moves, span, out=moves)
        starts = block_starts(average * self._decay, totals, None, span)
        last = totals[-1].item()
        moves += starts
        return starts[-1].item(), last

    def _check(self) -> None:
        most = 0 if self.missing or self.period == 1 else BLOCK
        if not 0 <= self.missing <= self.period or not 0 <= self.place <= most:
            raise checks.damaged(f"{self.missing} seeds missing, {self.place} changes in the block")
        if min(self.up, self.down, self.up_before, self.down_before) < 0.0:
            raise checks.damaged("an average size below 0")
