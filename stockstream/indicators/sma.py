"""SMA: the simple moving average."""

from __future__ import annotations

from typing import ClassVar

from stockstream.indicators.base import Point
from stockstream.indicators.moving_average import MovingAverage
from stockstream.indicators.rolling import Mean


class SMAPoint(Point, frozen=True, gc=False):
    """The average at one bar, ``sma``, in the price's unit."""

    sma: float


class SMA(MovingAverage[SMAPoint]):
    """The simple moving average of the closes of the last ``period`` bars.

    ::

        sma = (sum of the last period closes) / period

    The first point is at the bar with index ``period`` - 1. No close is ever taken out of a sum, so that a spike leaves
    the window without a trace: see `stockstream.indicators.rolling.Mean`.

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
    >>> average = SMA(period=2)
    >>> [average.update(SimpleNamespace(close=close)) for close in (10.0, 12.0, 15.0)]
    [None, SMAPoint(sma=11.0), SMAPoint(sma=13.5)]
    """

    __slots__ = ()

    name: ClassVar[str] = "sma"
    version: ClassVar[int] = 2
    point: ClassVar[type[SMAPoint]] = SMAPoint

    def __init__(self, period: int = 20) -> None:
        super().__init__(period, Mean)
