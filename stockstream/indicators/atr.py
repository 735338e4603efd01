"""ATR: the average true range of a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.true_range import AverageTrueRange

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ATRPoint(Point, frozen=True, gc=False):
    """The average range at one bar, ``atr``, in the price's unit: 0 or more."""

    atr: float


class ATR(Indicator[PriceBar, ATRPoint]):
    """The Average True Range.

    ::

        true range = max(high, last close) - min(low, last close)
        atr = Wilder's average of the true ranges over ``period``: each further one counts 1 / period

    Source: J. Welles Wilder, "New Concepts in Technical Trading Systems" (1978). The first bar has no close before
    it, and so no true range; some take its high - low. The average is seeded with the mean of the first ``period``
    true ranges, so that the first point is at the bar with index ``period``. Both are as in TA-Lib.

    Ranges are measured from 0, so that an average of small ones after a spike of 1e9 keeps its digits: its relative
    error stays within some units of 1e-15.

    Parameters
    ----------
    period
        True ranges in the average, at least 1.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> atr = ATR(period=2)
    >>> for high, low, close in ((9.0, 8.0, 8.5), (11.0, 9.5, 9.5), (10.0, 9.0, 9.75), (10.0, 9.75, 9.75)):
    ...     point = atr.update(SimpleNamespace(high=high, low=low, close=close))
    >>> point
    ATRPoint(atr=1.0)
    """

    __slots__ = ("_average", "period")

    name: ClassVar[str] = "atr"
    inputs: ClassVar[tuple[str, ...]] = ("high", "low", "close")
    point: ClassVar[type[Point]] = ATRPoint
    kept: ClassVar[tuple[str, ...]] = ("_average",)

    def __init__(self, period: int = 14) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self._average = AverageTrueRange(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period``."""
        return self.period

    def update(self, bar: PriceBar) -> ATRPoint | None:  # noqa: D102 - as `Indicator` has it
        high = bar.high
        low = bar.low
        close = bar.close
        if not -1e100 <= low <= high <= 1e100 or not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "high", "low", "close")
        average = self._average.push(high, low, close)
        if average is None:
            return None
        self.value = point = ATRPoint(average)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        high, low, close = inputs
        self._average.batch(high, low, close, points[0])
