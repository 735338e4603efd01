"""Keltner Channel: an exponential average, and a band of a multiple of the average true range around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.smoothing import Smoothed
from stockstream.indicators.true_range import AverageTrueRange

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class KeltnerPoint(Point, frozen=True, gc=False):
    """The channel at one bar, in the price's unit."""

    lower: float
    middle: float
    upper: float


class Keltner(Indicator[PriceBar, KeltnerPoint]):
    """The Keltner Channel of the closes.

    ::

        middle = exponential average of the closes over ``period``
        lower, upper = middle -/+ width * average true range over ``atr_period``

    Source: Chester W. Keltner, "How To Make Money in Commodities" (1960), in the form that Linda Bradford Raschke
    gave it in the 1980s: he took simple averages, over 10 bars, of (high + low + close) / 3 and of high - low. The
    averages are seeded as those of `stockstream.indicators.ATR` and of TA-Lib's EMA, with the mean of the first
    ``period`` closes. The first point is at the bar with index ``period`` - 1 or ``atr_period``, whichever is later.
    TA-Lib has no such channel, but both parts; others smooth the range exponentially, or over ``period``.

    Parameters
    ----------
    period
        Closes in the middle: each further one counts 2 / (period + 1), at least 1.
    atr_period
        True ranges in the average: each further one counts 1 / atr_period, at least 1.
    width
        Average ranges from the middle to each band, from 1e-6 to 1e6.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 1, or a width outside 1e-6 to 1e6.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> channel = Keltner(period=3, atr_period=2, width=1.5)
    >>> for high, low, close in ((11.0, 9.0, 10.0), (12.0, 10.0, 11.0), (13.0, 11.0, 12.0)):
    ...     point = channel.update(SimpleNamespace(high=high, low=low, close=close))
    >>> point
    KeltnerPoint(lower=8.0, middle=11.0, upper=14.0)
    """

    __slots__ = ("_middle", "_range", "atr_period", "period", "width")

    name: ClassVar[str] = "keltner"
    inputs: ClassVar[tuple[str, ...]] = ("high", "low", "close")
    point: ClassVar[type[Point]] = KeltnerPoint
    kept: ClassVar[tuple[str, ...]] = ("_middle", "_range")

    def __init__(self, period: int = 20, atr_period: int = 10, width: float = 2.0) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self.atr_period = checks.whole("atr_period", atr_period, least=1)
        self.width = checks.between("width", width, 1e-6, 1e6)
        self._middle = Smoothed.exponential(self.period)
        self._range = AverageTrueRange(self.atr_period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` - 1 or ``atr_period``, whichever is more."""
        return max(self.period - 1, self.atr_period)

    def update(self, bar: PriceBar) -> KeltnerPoint | None:  # noqa: D102 - as `Indicator` has it
        high = bar.high
        low = bar.low
        close = bar.close
        if not -1e100 <= low <= high <= 1e100 or not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "high", "low", "close")
        middle = self._middle.push(close)
        reach = self._range.push(high, low, close)
        if middle is None or reach is None:
            return None
        half = self.width * reach
        self.value = point = KeltnerPoint(middle - half, middle, middle + half)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        lower, middle, upper = points
        self._middle.batch(inputs[2], middle)
        half = self._range.batch(*inputs)
        half *= self.width
        lower[:] = middle
        lower -= half
        upper[:] = middle
        upper += half
