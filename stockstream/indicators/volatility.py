"""Volatility: the standard deviation of the returns."""

from __future__ import annotations

from collections.abc import Iterable
from math import log1p, sqrt
from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.returns import far_return, log_return
from stockstream.indicators.rolling import Moments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class VolatilityPoint(Point, frozen=True, gc=False):
    """The volatility at one bar, ``volatility``, as a fraction: 0.2 is 20 % a year where ``factor`` is bars a year.

    None at a close that is not above 0.
    """

    volatility: float | None


class Volatility(Indicator[PriceBar, VolatilityPoint]):
    """The rolling volatility of the closes: the standard deviation of their log returns, annualised.

    ::

        return = log(close / former close)
        volatility = sqrt(factor) * standard deviation of the last period returns (n - 1 in its denominator)

    Source: John C. Hull, "Options, Futures, and Other Derivatives" (2018), "Estimating volatility from historical
    data": the sample's deviation, without a factor for its bias. The first point is at the bar with index ``period``.
    It is exactly 0 where nothing has changed. A close that is not above 0 has no logarithm: at that bar the volatility
    is undefined, and the next return is the one from the last close above 0.

    Returns are taken from the difference of two closes where they are near each other, and the deviation from
    `stockstream.indicators.rolling.Moments`, so that prices at 1e9 +- 0.01 keep their digits and a spike leaves the
    window without a trace.

    Parameters
    ----------
    period
        Returns in the window, at least 2.
    factor
        Bars a year, by whose square root it is annualised: 252 for daily bars, 52 for weekly ones, 98,280 for minutes
        of a session of six hours and a half; 1 gives the volatility of one bar.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 2, or a factor outside 1e-6 to 1e9.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> volatility = Volatility(period=2, factor=1.0)
    >>> for close in (100.0, 110.0, 110.0):
    ...     point = volatility.update(SimpleNamespace(close=close))
    >>> round(point.volatility, 6)  # of the returns 0.09531 and 0
    0.067394
    """

    __slots__ = ("_last", "_returns", "_scale", "factor", "period")

    name: ClassVar[str] = "volatility"
    undefined: ClassVar[str] = "a close is not above 0"
    inputs: ClassVar[tuple[str, ...]] = ("close",)
    point: ClassVar[type[Point]] = VolatilityPoint
    kept: ClassVar[tuple[str, ...]] = ("_last", "_returns")

    _last: float | None

    def __init__(self, period: int = 20, factor: float = 252.0) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=2)
        self.factor = checks.between("factor", factor, 1e-6, 1e9)
        self._scale = self.factor / (self.period - 1)
        self._last = None
        self._returns = Moments(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period``."""
        return self.period

    def update(self, bar: PriceBar) -> VolatilityPoint | None:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        if not 0.0 < close <= 1e100:
            if not -1e100 <= close <= 0.0:
                raise checks.refusal(bar, "close")
            if self.value is not None:
                self.value = VolatilityPoint(None)
            return self.value
        last = self._last
        self._last = close
        if last is None:
            return None
        moments = self._returns.push(log_return(last, close))
        if moments is None:
            return None
        self.value = point = VolatilityPoint(sqrt(moments[1] * self._scale))
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        (close,) = inputs
        positive = close > 0.0
        if not positive.all():
            points[0] = np.nan
            known = np.empty((1, np.count_nonzero(positive)))
            if known.size:
                self._fill(known, close[positive])
            points[:, positive] = known
            return
        former = np.concatenate(([self._last or 0.0], close[:-1]))
        self._last = close[-1].item()
        with np.errstate(over="ignore"):  # as far apart as that, `far_return` takes them
            change = (close - former) / former
        near = (change >= -0.5) & (change <= 1.0)
        # Python's logarithm: NumPy's own is another in the last digit on some processors.
        returns = _array(map(log1p, np.where(near, change, 0.0).tolist()), len(close))
        far = np.flatnonzero(~near)
        returns[far] = _array(map(far_return, former[far].tolist(), close[far].tolist()), len(far))
        _, squares = self._returns.batch(returns)
        np.sqrt(squares * self._scale, out=points[0])


def _array(values: Iterable[float], count: int) -> NDArray[np.float64]:
    import numpy as np

    return np.fromiter(values, np.float64, count)
