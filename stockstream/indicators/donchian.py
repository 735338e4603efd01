"""Donchian Channel: the highest high and the lowest low of the last bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.extremes import Extremes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class DonchianPoint(Point, frozen=True, gc=False):
    """The channel at one bar, in the price's unit."""

    lower: float
    middle: float
    upper: float


class Donchian(Indicator[PriceBar, DonchianPoint]):
    """The Donchian Channel over the last ``period`` bars.

    ::

        upper = highest high
        lower = lowest low
        middle = (upper + lower) / 2

    Source: Richard Donchian's four-week rule for futures, handed down without a paper of his. The window ends with
    this bar, as in TA-Lib's MAX, MIN and MIDPRICE; for breakouts through the channel of the bars before it, look at
    the point before. The first point is at the bar with index ``period`` - 1. Values are exact: upper and lower are
    prices that were there, middle is rounded once.

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
    >>> channel = Donchian(period=2)
    >>> for high, low in ((10.0, 7.0), (12.0, 9.0), (11.0, 10.0)):
    ...     point = channel.update(SimpleNamespace(high=high, low=low))
    >>> point
    DonchianPoint(lower=9.0, middle=10.5, upper=12.0)
    """

    __slots__ = ("_extremes", "period")

    name: ClassVar[str] = "donchian"
    inputs: ClassVar[tuple[str, ...]] = ("high", "low")
    point: ClassVar[type[Point]] = DonchianPoint
    kept: ClassVar[tuple[str, ...]] = ("_extremes",)

    def __init__(self, period: int = 20) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self._extremes = Extremes(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` - 1."""
        return self.period - 1

    def update(self, bar: PriceBar) -> DonchianPoint | None:  # noqa: D102 - as `Indicator` has it
        high = bar.high
        low = bar.low
        if not -1e100 <= low <= high <= 1e100:
            raise checks.refusal(bar, "high", "low")
        extremes = self._extremes.push(high, low)
        if extremes is None:
            return None
        upper, lower = extremes
        self.value = point = DonchianPoint(lower, (upper + lower) / 2, upper)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        lower, middle, upper = points
        upper[:], lower[:] = self._extremes.batch(*inputs)
        middle[:] = upper
        middle += lower
        middle /= 2
