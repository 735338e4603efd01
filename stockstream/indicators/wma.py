"""WMA: the weighted moving average."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.weighted import WeightedMean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class WMAPoint(Point, frozen=True, gc=False):
    """The average at one bar, ``wma``, in the price's unit."""

    wma: float


class WMA(Indicator[PriceBar, WMAPoint]):
    """The linearly weighted moving average of the closes of the last ``period`` bars.

    ::

        wma = (1 * oldest close + 2 * next + ... + period * newest close) / (1 + 2 + ... + period)

    Source: Robert W. Colby, "The Encyclopedia of Technical Market Indicators" (2003). The first point is at the bar
    with index ``period`` - 1. All this is as in TA-Lib. No close is ever taken out of a sum, so that a spike leaves the
    window without a trace: see `stockstream.indicators.weighted.WeightedMean`.

    Parameters
    ----------
    period
        Bars in the window, at least 1.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> average = WMA(period=3)
    >>> [average.update(SimpleNamespace(close=close)) for close in (1.0, 4.0, 4.0, 10.0)]
    [None, None, WMAPoint(wma=3.5), WMAPoint(wma=7.0)]
    """

    __slots__ = ("_window", "period")

    name: ClassVar[str] = "wma"
    inputs: ClassVar[tuple[str, ...]] = ("close",)
    point: ClassVar[type[Point]] = WMAPoint
    kept: ClassVar[tuple[str, ...]] = ("_window",)

    def __init__(self, period: int = 20) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self._window = WeightedMean(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` - 1."""
        return self.period - 1

    def update(self, bar: PriceBar) -> WMAPoint | None:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        if not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "close")
        mean = self._window.push(close)
        if mean is None:
            return None
        self.value = point = WMAPoint(mean)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        points[0] = self._window.batch(inputs[0])
