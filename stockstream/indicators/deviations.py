"""Mean deviations over short windows, where a loop is faster than NumPy (`long_deviations` is for long ones)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from stockstream.indicators import checks
from stockstream.indicators.stateful import Stateful

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

_BLOCKS_FROM: Final = 200
"""Values in whole blocks below which NumPy's calls cost more than pushes."""


class Deviations(Stateful):
    """Three times the typical prices of the last ``period`` bars, and how far they are from their mean.

    A value is 3 * close + spread, with spread = (high - close) + (low - close), and is never rounded as such: all are
    measured from a pivot, the close that filled the last block of ``period`` bars, as `rolling.Moments` does it. Prices
    near each other differ by a number that is exact, so that 1e9 +- 0.01 keeps its digits. When a block is full its
    bars are the window, and all of them are measured again.

    >>> deviations = Deviations(3)
    >>> [deviations.push(value, 0.0) for value in (1.0, 2.0, 4.0, 9.0)][2:]
    [(5.0, 10.0, 7.0), (12.0, 24.0, 15.0)]
    """

    __slots__ = ("_closes", "_pivot", "_spreads", "_tails", "_total", "_window", "period")
    kept: ClassVar[tuple[str, ...]] = ("_closes", "_spreads", "_pivot", "_total", "_tails", "_window")

    _closes: list[float]
    _spreads: list[float]
    _pivot: float
    _total: float
    _tails: list[float]
    _window: list[float]

    def __init__(self, period: int) -> None:
        self.period = period
        self._closes = []  # of the present block
        self._spreads = []
        self._pivot = 0.0
        self._total = 0.0  # of the block's values, measured from the pivot
        self._tails = []  # the same of the last 1, 2, ... values of the former block that are in the window
        self._window = []  # the last values, measured from the pivot; none before the first block is full

    def push(self, close: float, spread: float) -> tuple[float, float, float] | None:
        """Take the next value: its distance from the mean, the sum of all absolute distances from that, and the mean.

        The sum is added from the oldest value to the newest; the mean is rounded as a price. None until there are
        ``period`` values.
        """
        self._closes.append(close)
        self._spreads.append(spread)
        tails = self._tails
        if not tails:
            return self._turn() if len(self._closes) == self.period else None
        offset = 3.0 * (close - self._pivot) + spread
        self._total = total = self._total + offset
        mean = (total + tails.pop()) / self.period
        window = self._window
        window.append(offset)
        del window[0]
        total = 0.0
        for value in window:
            deviation = value - mean
            total += deviation if deviation > 0.0 else -deviation
        return (offset - mean, total, 3.0 * self._pivot + mean)

    def _turn(self) -> tuple[float, float, float]:
        """Begin a block; what `push` gives for the value that filled the former one."""
        pivot = self._pivot = self._closes[-1]
        offsets = [3.0 * (close - pivot) + spread for close, spread in zip(self._closes, self._spreads, strict=True)]
        tails = []
        total = 0.0
        for offset in reversed(offsets):
            total += offset
            tails.append(total)
        self._closes = []
        self._spreads = []
        self._total = 0.0
        self._tails = tails
        self._window = offsets
        mean = tails.pop() / self.period
        return (offsets[-1] - mean, self._around(mean), 3.0 * pivot + mean)

    def _around(self, mean: float) -> float:
        """The sum of the absolute deviations from a mean."""
        total = 0.0
        for value in self._window:
            deviation = value - mean
            total += deviation if deviation > 0.0 else -deviation
        return total

    def batch(self, closes: Floats, spreads: Floats) -> Floats:
        """`push` for arrays, each of shape (n,), once there were ``period`` values: shape (3, n)."""
        import numpy as np

        from stockstream.indicators.deviation_blocks import of_blocks

        results = np.empty((3, len(closes)))
        # Complete blocks are taken at once, after a complete one; the values around them one by one.
        first = -len(self._closes) % self.period + self.period
        end = first + (len(closes) - first) // self.period * self.period
        if end - first < _BLOCKS_FROM:
            first = end = len(closes)
        self._push_all(closes[:first], spreads[:first], results[:, :first])
        if first < end:
            blocks = slice(first - self.period, end)
            of_blocks(closes[blocks], spreads[blocks], self.period, self._sums, results[:, first - 1 : end - 1])
            self._closes = closes[end - self.period : end].tolist()
            self._spreads = spreads[end - self.period : end].tolist()
            results[:, end - 1] = self._turn()
        self._push_all(closes[end:], spreads[end:], results[:, end:])
        return results

    def _push_all(self, closes: Floats, spreads: Floats, out: Floats) -> None:
        for index, (close, spread) in enumerate(zip(closes.tolist(), spreads.tolist(), strict=True)):
            found = self.push(close, spread)
            assert found is not None
            out[:, index] = found

    def _sums(self, segment: Floats, means: Floats) -> Floats:
        """`_around` of many windows: each column of a segment, shape (2 * period - 1, n), holds ``period`` of them.

        ``means`` are those of the windows, shape (period, n), as are the sums.
        """
        import numpy as np

        totals = np.zeros(means.shape)
        deviations = np.empty(means.shape)
        for first in range(self.period):
            np.subtract(segment[first : first + self.period], means, out=deviations)
            np.abs(deviations, out=deviations)
            totals += deviations
        return totals

    def _check(self) -> None:
        self._fits(len(self._window))

    def _fits(self, window: int) -> None:
        """Raise `checks.damaged` where block, tails and a window of so many values are not of one state."""
        closes, spreads, tails = len(self._closes), len(self._spreads), len(self._tails)
        begun = window == self.period and closes + tails == self.period - 1
        if closes != spreads or not (begun or (window == tails == 0 and closes < self.period)):
            raise checks.damaged(f"{closes} and {spreads} values, tails of {tails}, and a window of {window}")
