"""Trend: the slope of the regression line through the closes, and its confidence."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Point, PriceBar
from stockstream.indicators.rolling import Mean, Moments
from stockstream.indicators.weighted import WeightedMean
from stockstream.models.base import Model
from stockstream.models.student_t import central

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TrendPoint(Point, frozen=True, gc=False):
    """The trend at one bar: ``slope``, in the price's unit a bar; ``lower`` and ``upper``, its confidence interval;
    ``line``, the end of the regression line, in the price's unit.
    """

    slope: float
    lower: float
    upper: float
    line: float


class Trend(Model[TrendPoint]):
    """The slope of the regression line through the last closes, with an interval that a random walk deserves.

    ::

        slope, line = slope and end of the least-squares line through the last period closes
        s = standard deviation of their period - 1 changes (period - 2 in its denominator)
        lower, upper = slope -/+ t * s * sqrt(1.2 * (period^2 + 1) / (period * (period^2 - 1)))
        t = two-sided quantile of Student's t for confidence, period - 2 degrees of freedom

    Source: C. W. J. Granger, P. Newbold, "Spurious Regressions in Econometrics" (1974). The usual interval of
    a regression takes the distances from its line to be independent. Those of prices are not, and nearly every random
    walk would have a significant slope. Here the slope is what it is, a weighted mean of the changes, and the interval
    is that of this mean: of a random walk without a drift, it holds 0 as often as ``confidence`` says. Slope and line
    are those of TA-Lib's LINEARREG_SLOPE and LINEARREG. The first point is at the bar with index ``period`` - 1.

    Parameters
    ----------
    period
        Closes in the regression, at least 3.
    confidence
        Probability of the interval, from 0.5 to 0.999.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 3, or a confidence outside 0.5 to 0.999.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> trend = Trend(period=4)
    >>> for close in (10.0, 11.5, 12.0, 13.5):
    ...     point = trend.update(SimpleNamespace(close=close))
    >>> round(point.slope, 6), round(point.lower, 2), round(point.upper, 2), round(point.line, 6)
    (1.1, -0.35, 2.55, 13.4)
    """

    __slots__ = ("_changes", "_last", "_plain", "_reach", "_scale", "_weighted", "confidence", "period")

    name: ClassVar[str] = "trend"
    inputs: ClassVar[tuple[str, ...]] = ("close",)
    point: ClassVar[type[Point]] = TrendPoint
    kept: ClassVar[tuple[str, ...]] = ("_last", "_changes", "_plain", "_weighted")

    _last: float | None

    def __init__(self, period: int = 50, confidence: float = 0.95) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=3)
        self.confidence = checks.between("confidence", confidence, 0.5, 0.999)
        square = float(self.period) ** 2
        self._scale = 6.0 / (self.period - 1)
        variance = 1.2 * (square + 1.0) / (self.period * (square - 1.0)) / (self.period - 2)
        self._reach = central(self.confidence, self.period - 2) * sqrt(variance)
        self._last = None
        self._changes = Moments(self.period - 1)
        self._plain = Mean(self.period)
        self._weighted = WeightedMean(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` - 1."""
        return self.period - 1

    def update(self, bar: PriceBar) -> TrendPoint | None:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        if not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "close")
        last = self._last
        self._last = close
        moments = None if last is None else self._changes.push(close - last)
        plain = self._plain.push(close)
        weighted = self._weighted.push(close)
        if moments is None or plain is None or weighted is None:
            return None
        beyond = weighted - plain
        slope = beyond * self._scale
        reach = sqrt(moments[1]) * self._reach
        self.value = point = TrendPoint(slope, slope - reach, slope + reach, plain + beyond * 3.0)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        (close,) = inputs
        changes = np.diff(close, prepend=np.float64(self._last or 0.0))
        self._last = close[-1].item()
        _, squares = self._changes.batch(changes)
        plain = self._plain.batch(close)
        beyond = self._weighted.batch(close) - plain
        slope, lower, upper, line = points
        np.multiply(beyond, self._scale, out=slope)
        reach = np.sqrt(squares) * self._reach
        np.subtract(slope, reach, out=lower)
        np.add(slope, reach, out=upper)
        np.add(plain, beyond * 3.0, out=line)
