"""CCI: the distance of the price from its mean, in mean deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.deviations import Deviations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LONG_FROM: Final = 48
"""The period from which NumPy sums the deviations of one window in less time than a loop."""

_NOISE: Final = 1e-14
"""The share of their mean by which typical prices deviate where they only differ in how they were rounded, at most."""


class CCIPoint(Point, frozen=True, gc=False):
    """The index at one bar: ``cci``, mostly from -100 to 100, without bounds; None in a flat window."""

    cci: float | None


class CCI(Indicator[PriceBar, CCIPoint]):
    """The Commodity Channel Index over the last ``period`` bars.

    ::

        typical = (high + low + close) / 3
        mean = mean of the typical prices
        cci = (typical - mean) / (0.015 * mean of abs(typical - mean)), of the same mean for all of the window

    Source: Donald R. Lambert, "Commodity Channel Index: Tool for Trading Cyclic Trends", Commodities (October 1980).
    The first point is at the bar with index ``period`` - 1. In a flat window it is undefined, where TA-Lib gives 0.
    For both, flat is also one with a mean deviation below 1e-14 of the mean: three decimal prices round by some 1e-15,
    which is no movement. Prices are measured from one of them, which loses no digits, also at 1e9 +- 0.01.

    Every deviation of the window changes with the mean, so that each update adds all of them up: its cost is linear in
    the period, where that of other indicators is constant. As NumPy does it, a value more takes half a nanosecond: an
    update at 200 takes twice as long as one at 20, at 2,000 not three times, at 20,000 nine times.
    `stockstream.indicators.long_deviations.LongDeviations` says why it is left so.

    Parameters
    ----------
    period
        Bars in the window, at least 2.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 2.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> cci = CCI(period=4)
    >>> for price in (10.0, 10.0, 10.0, 14.0):
    ...     point = cci.update(SimpleNamespace(high=price, low=price, close=price))
    >>> round(point.cci, 6)
    133.333333
    """

    __slots__ = ("_noise", "_scale", "_window", "period")

    name: ClassVar[str] = "cci"
    undefined: ClassVar[str] = "the price did not move"
    inputs: ClassVar[tuple[str, ...]] = ("high", "low", "close")
    point: ClassVar[type[Point]] = CCIPoint
    kept: ClassVar[tuple[str, ...]] = ("_window",)
    version: ClassVar[int] = 2

    def __init__(self, period: int = 20) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=2)
        self._scale = self.period / 0.015
        self._noise = self.period * _NOISE
        self._window: Deviations
        if self.period < _LONG_FROM:
            self._window = Deviations(self.period)
        else:
            from stockstream.indicators.long_deviations import LongDeviations  # it loads NumPy

            self._window = LongDeviations(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` - 1."""
        return self.period - 1

    def update(self, bar: PriceBar) -> CCIPoint | None:  # noqa: D102 - as `Indicator` has it
        high = bar.high
        low = bar.low
        close = bar.close
        if not -1e100 <= low <= high <= 1e100 or not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "high", "low", "close")
        # Of three times the typical price the index is the same, and rounds less.
        found = self._window.push(close, (high - close) + (low - close))
        if found is None:
            return None
        distance, total, mean = found
        flat = total <= self._noise * abs(mean)
        self.value = point = CCIPoint(None if flat else distance / total * self._scale)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        high, low, close = inputs
        distance, total, mean = self._window.batch(close, (high - close) + (low - close))
        flat = total <= self._noise * np.abs(mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            cci = np.divide(distance, total, out=points[0])
        cci *= self._scale
        cci[flat] = np.nan
