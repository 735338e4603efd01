"""EMA: the exponential moving average."""

from __future__ import annotations

from typing import ClassVar

from stockstream.indicators.base import Point
from stockstream.indicators.moving_average import MovingAverage
from stockstream.indicators.smoothing import Smoothed


class EMAPoint(Point, frozen=True, gc=False):
    """The average at one bar, ``ema``, in the price's unit."""

    ema: float


class EMA(MovingAverage[EMAPoint]):
    """The exponential moving average of the closes.

    ::

        ema = former ema + alpha * (close - former ema), alpha = 2 / (period + 1)

    Source: Robert G. Brown, "Statistical Forecasting for Inventory Control" (1959), as John J. Murphy, "Technical
    Analysis of the Financial Markets" (1999), takes alpha from a period. It is seeded with the mean of the first
    ``period`` closes, as in TA-Lib, so that the first point is at the bar with index ``period`` - 1. Some start at the
    first close, as pandas' ewm without adjust: there the difference fades by 1 - alpha with each bar.

    The relative error stays within some units of 1e-16, after a lone spike too, and the average of a flat series is
    just its price: see
    `stockstream.indicators.smoothing.Smoothed`.

    Parameters
    ----------
    period
        Of as many closes a simple average would be as old, at least 1.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> ema = EMA(period=3)
    >>> [ema.update(SimpleNamespace(close=close)) for close in (1.0, 2.0, 3.0, 6.0)]
    [None, None, EMAPoint(ema=2.0), EMAPoint(ema=4.0)]
    """

    __slots__ = ()

    name: ClassVar[str] = "ema"
    point: ClassVar[type[EMAPoint]] = EMAPoint

    def __init__(self, period: int = 20) -> None:
        super().__init__(period, Smoothed.exponential)
