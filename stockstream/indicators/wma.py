"""WMA: the weighted moving average."""

from __future__ import annotations

from typing import ClassVar

from stockstream.indicators.base import Point
from stockstream.indicators.moving_average import MovingAverage
from stockstream.indicators.weighted import WeightedMean


class WMAPoint(Point, frozen=True, gc=False):
    """The average at one bar, ``wma``, in the price's unit."""

    wma: float


class WMA(MovingAverage[WMAPoint]):
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

    __slots__ = ()

    name: ClassVar[str] = "wma"
    version: ClassVar[int] = 2
    point: ClassVar[type[WMAPoint]] = WMAPoint

    def __init__(self, period: int = 20) -> None:
        super().__init__(period, WeightedMean)
