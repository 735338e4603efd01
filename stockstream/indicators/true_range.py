"""True range: the range of a bar, including the gap before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.smoothing import Smoothed
from stockstream.indicators.stateful import Stateful

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def true_range(high: float, low: float, last: float) -> float:
    """From the lower of the low and the last close to the higher of the high and the last close, rounded once.

    That is the greatest of Wilder's three distances: high to low, last close to high, last close to low.

    >>> true_range(12.0, 11.0, last=9.5)
    2.5
    """
    if last > high:
        return last - low
    return high - (last if last < low else low)


def true_ranges(
    high: NDArray[np.float64], low: NDArray[np.float64], close: NDArray[np.float64], last: float
) -> NDArray[np.float64]:
    """`true_range` of each bar, shape (n,), from columns of shape (n,) and the close before them."""
    import numpy as np

    top, bottom = np.empty((2, len(close)))
    top[0], bottom[0] = max(high[0], last), min(low[0], last)
    np.maximum(high[1:], close[:-1], out=top[1:])
    np.minimum(low[1:], close[:-1], out=bottom[1:])
    top -= bottom
    return top


class AverageTrueRange(Stateful):
    """Wilder's average of the true ranges, from the second bar on: the first has no close before it.

    >>> average = AverageTrueRange(2)
    >>> [average.push(high, low, low) for high, low in ((9.0, 8.0), (10.0, 9.0), (12.0, 11.0), (11.0, 10.0))]
    [None, None, 2.5, 1.75]
    """

    __slots__ = ("_average", "_last", "period")
    kept: ClassVar[tuple[str, ...]] = ("_last", "_average")

    _last: float | None

    def __init__(self, period: int) -> None:
        self.period = period
        self._last = None
        self._average = Smoothed.wilder(period)

    def push(self, high: float, low: float, close: float) -> float | None:
        """Take the next bar; the average, None until there were ``period`` + 1 bars."""
        last = self._last
        self._last = close
        return None if last is None else self._average.push(true_range(high, low, last))

    def batch(
        self,
        high: NDArray[np.float64],
        low: NDArray[np.float64],
        close: NDArray[np.float64],
        out: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """`push` for columns of shape (n,), n >= 1, once there were ``period`` + 1 bars: the averages, shape (n,).

        They are written to ``out`` if given.
        """
        assert self._last is not None
        ranges = true_ranges(high, low, close, self._last)
        self._last = close[-1].item()
        return self._average.batch(ranges, out)

    def _check(self) -> None:
        if self._last is None and self._average.missing < self.period:
            raise checks.damaged("there is an average but no last close")
