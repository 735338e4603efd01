"""Williams %R: how far the close is below the highest high."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.extremes import Extremes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class WilliamsRPoint(Point, frozen=True, gc=False):
    """%R at one bar: ``williams_r`` from -100 (at the lowest low) to 0 (at the highest high).

    It is None in a flat window.
    """

    williams_r: float | None


class WilliamsR(Indicator[PriceBar, WilliamsRPoint]):
    """Williams %R over the last ``period`` bars.

    ::

        williams_r = 100 * (close - highest high) / (highest high - lowest low)

    Source: Larry Williams, "How I Made One Million Dollars Last Year Trading Commodities" (1973). The first point is
    at the bar with index ``period`` - 1. It is undefined in a flat window, where TA-Lib gives 0, as it does where the
    range is below 2e-14 of the price. A close beyond the extremes (which is outside of its own bar) counts as the
    nearer of them, as in TA-Lib.

    Each value is rounded once where the range is below 1/25 of the lowest low: differences and product are then exact.
    In wider windows it is within 2 units in the last place, or 4 where the lowest low is below half of the highest
    high. At the extremes it is exactly -100 and 0.

    Parameters
    ----------
    period
        Bars among which the extremes are, at least 1.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> williams = WilliamsR(period=2)
    >>> for high, low, close in ((10.0, 8.0, 9.0), (12.0, 9.0, 11.0)):
    ...     point = williams.update(SimpleNamespace(high=high, low=low, close=close))
    >>> point
    WilliamsRPoint(williams_r=-25.0)
    """

    __slots__ = ("_extremes", "period")

    name: ClassVar[str] = "williams_r"
    undefined: ClassVar[str] = "the price did not move"
    inputs: ClassVar[tuple[str, ...]] = ("high", "low", "close")
    point: ClassVar[type[Point]] = WilliamsRPoint
    kept: ClassVar[tuple[str, ...]] = ("_extremes",)

    def __init__(self, period: int = 14) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self._extremes = Extremes(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` - 1."""
        return self.period - 1

    def update(self, bar: PriceBar) -> WilliamsRPoint | None:  # noqa: D102 - as `Indicator` has it
        high = bar.high
        low = bar.low
        close = bar.close
        if not -1e100 <= low <= high <= 1e100 or not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "high", "low", "close")
        extremes = self._extremes.push(high, low)
        if extremes is None:
            return None
        highest, lowest = extremes
        if highest == lowest:
            self.value = point = WilliamsRPoint(None)
        elif close >= highest:
            self.value = point = WilliamsRPoint(0.0)
        elif close <= lowest:
            self.value = point = WilliamsRPoint(-100.0)
        else:
            self.value = point = WilliamsRPoint(100.0 * (close - highest) / (highest - lowest))
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        high, low, close = inputs
        highest, lowest = self._extremes.batch(high, low)
        value = np.subtract(close, highest, out=points[0])
        np.minimum(value, 0.0, out=value)
        value *= 100.0
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            value /= highest - lowest
        value[close <= lowest] = -100.0
        value[highest == lowest] = np.nan
