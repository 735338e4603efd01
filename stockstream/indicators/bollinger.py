"""Bollinger Bands: a moving average, and a band of a multiple of the standard deviation around it."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.rolling import Moments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class BollingerPoint(Point, frozen=True, gc=False):
    """The bands at one bar: ``lower``, ``middle``, ``upper`` in the price's unit, the others without.

    ``percent_b`` is 0 at the lower band and 1 at the upper one, None where the window is flat; ``bandwidth`` is a
    fraction of the middle, None where that is 0.
    """

    lower: float
    middle: float
    upper: float
    percent_b: float | None
    bandwidth: float | None


class Bollinger(Indicator[PriceBar, BollingerPoint]):
    """Bollinger Bands over the closes of the last ``period`` bars.

    ::

        middle = mean of the closes
        deviation = square root of the mean of (close - middle) ** 2
        lower, upper = middle -/+ width * deviation
        percent_b = (close - lower) / (upper - lower)
        bandwidth = (upper - lower) / middle

    Source: John Bollinger, "Bollinger on Bollinger Bands" (2001): a simple mean, the population's deviation. The
    first point is at the bar with index ``period`` - 1.

    Nothing is ever taken out of a sum, so that what has left the window leaves no trace, be it a price of 1e9 among
    prices of 100; the deviation's relative error is in the order of 1e-15, and it is exactly 0 in a flat window: see
    `stockstream.indicators.rolling.Moments` for the bound.

    Parameters
    ----------
    period
        Bars in the window, at least 2.
    width
        Deviations from the middle to each band, from 1e-6 to 1e6.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 2, or a width outside 1e-6 to 1e6.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> bands = Bollinger(period=4, width=2.0)
    >>> for close in (10.0, 14.0, 10.0, 14.0):
    ...     point = bands.update(SimpleNamespace(close=close))
    >>> point
    BollingerPoint(lower=8.0, middle=12.0, upper=16.0, percent_b=0.75, bandwidth=0.6666666666666666)
    """

    __slots__ = ("_scale", "_window", "period", "width")

    name: ClassVar[str] = "bollinger"
    undefined: ClassVar[str] = "the price did not move"
    inputs: ClassVar[tuple[str, ...]] = ("close",)
    point: ClassVar[type[Point]] = BollingerPoint
    kept: ClassVar[tuple[str, ...]] = ("_window",)
    at_once: ClassVar[int] = 131_072

    def __init__(self, period: int = 20, width: float = 2.0) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=2)
        self.width = checks.between("width", width, 1e-6, 1e6)
        self._scale = 4.0 * self.width**2 / self.period
        self._window = Moments(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` - 1."""
        return self.period - 1

    def update(self, bar: PriceBar) -> BollingerPoint | None:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        if not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "close")
        # `Moments.push`, whose call would be a fifth of an update.
        window = self._window
        window.block.append(close)
        totals = window.tail_totals
        if totals:
            offset = close - window.pivot
            window.total = total = window.total + offset
            window.squares = squares = window.squares + offset * offset
            total += totals.pop()
            mean = total / self.period
            squares = squares + window.tail_squares.pop() - total * mean
            span = sqrt(squares * self._scale) if squares > 0.0 else 0.0
            offset -= mean
        else:
            if len(window.block) < self.period:
                return None
            offset, squares = window.turn()
            span = sqrt(squares * self._scale)
        middle = close - offset
        half = 0.5 * span
        try:
            point = BollingerPoint(middle - half, middle, middle + half, 0.5 + offset / span, span / middle)
        except ZeroDivisionError:
            percent_b = 0.5 + offset / span if span else None
            point = BollingerPoint(middle - half, middle, middle + half, percent_b, span / middle if middle else None)
        self.value = point
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        (close,) = inputs
        lower, middle, upper, percent_b, bandwidth = points
        offset, squares = self._window.batch(close)
        np.subtract(close, offset, out=middle)
        squares *= self._scale
        span = np.sqrt(squares, out=squares)
        half = 0.5 * span
        np.subtract(middle, half, out=lower)
        np.add(middle, half, out=upper)
        with np.errstate(divide="ignore", invalid="ignore"):
            np.divide(offset, span, out=percent_b)
            np.divide(span, middle, out=bandwidth)
        percent_b += 0.5
        if not span.min() > 0.0:
            percent_b[span == 0.0] = np.nan
        if not middle.min() > 0.0:
            bandwidth[middle == 0.0] = np.nan
