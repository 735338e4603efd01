"""SMA: the simple moving average."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.rolling import Mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SMAPoint(Point, frozen=True, gc=False):
    """The average at one bar, ``sma``, in the price's unit."""

    sma: float


class SMA(Indicator[PriceBar, SMAPoint]):
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

    __slots__ = ("_window", "period")

    name: ClassVar[str] = "sma"
    inputs: ClassVar[tuple[str, ...]] = ("close",)
    point: ClassVar[type[SMAPoint]] = SMAPoint  # a subclass has its own
    kept: ClassVar[tuple[str, ...]] = ("_window",)

    def __init__(self, period: int = 20) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self._window = Mean(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` - 1."""
        return self.period - 1

    def update(self, bar: PriceBar) -> SMAPoint | None:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        if not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "close")
        mean = self._window.push(close)
        if mean is None:
            return None
        self.value = point = self.point(mean)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        points[0] = self._window.batch(inputs[0])
