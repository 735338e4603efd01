"""Highest high and lowest low of the last bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.rolling import Highest
from stockstream.indicators.stateful import Stateful

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Extremes(Stateful):
    """The highest high and the lowest low of the last ``period`` bars, this one included.

    >>> extremes = Extremes(2)
    >>> [extremes.push(high, low) for high, low in ((9.0, 8.0), (12.0, 11.0), (11.0, 10.0))]
    [None, (12.0, 8.0), (12.0, 10.0)]
    """

    __slots__ = ("_highs", "_lows", "_missing", "period")
    kept: ClassVar[tuple[str, ...]] = ("_highs", "_lows", "_missing")

    _missing: int

    def __init__(self, period: int) -> None:
        self.period = period
        self._highs = Highest(period)
        self._lows = Highest(period)  # of the negated lows
        self._missing = period - 1

    def push(self, high: float, low: float) -> tuple[float, float] | None:
        """Take the next bar; both extremes, None until there are ``period`` bars."""
        highs = self._highs
        lows = self._lows
        highs.push(high)
        lows.push(-low)
        if self._missing:
            self._missing -= 1
            return None
        return highs.highest, -lows.highest

    def batch(
        self, high: NDArray[np.float64], low: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`push` for columns of shape (n,), once there were ``period`` bars: both extremes, each of shape (n,)."""
        return self._highs.batch_highest(high), -self._lows.batch_highest(-low)

    def _check(self) -> None:
        seen = self.period - 1 - self._missing  # of the bars that the first extremes wait for
        if not 0 <= seen < self.period or any(seen and not each.entries() for each in (self._highs, self._lows)):
            raise checks.damaged(f"missing is {self._missing}")
