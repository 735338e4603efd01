"""EMA: the exponential moving average."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.smoothing import Smoothed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class EMAPoint(Point, frozen=True, gc=False):
    """The average at one bar, ``ema``, in the price's unit."""

    ema: float


class EMA(Indicator[PriceBar, EMAPoint]):
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

    __slots__ = ("_average", "period")

    name: ClassVar[str] = "ema"
    inputs: ClassVar[tuple[str, ...]] = ("close",)
    point: ClassVar[type[Point]] = EMAPoint
    kept: ClassVar[tuple[str, ...]] = ("_average",)

    def __init__(self, period: int = 20) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self._average = Smoothed.exponential(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` - 1."""
        return self.period - 1

    def update(self, bar: PriceBar) -> EMAPoint | None:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        if not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "close")
        average = self._average.push(close)
        if average is None:
            return None
        self.value = point = EMAPoint(average)
        return point

    def _implied(self) -> EMAPoint:
        return EMAPoint(self._average.present)

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        points[0] = self._average.batch(inputs[0])
