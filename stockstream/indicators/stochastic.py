"""Stochastic: the position of the close between the recent extremes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.extremes import Extremes
from stockstream.indicators.rolling import Mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class StochasticPoint(Point, frozen=True, gc=False):
    """The oscillator at one bar: ``k`` and its average ``d``, 0 at the lowest low and 100 at the highest high.

    Each is None where one of the bars that it averages ends a flat window.
    """

    k: float | None
    d: float | None


class Stochastic(Indicator[PriceBar, StochasticPoint]):
    """The slow stochastic oscillator.

    ::

        raw = 100 * (close - lowest low) / (highest high - lowest low), of the last ``period`` bars
        k = simple average of the last ``smooth`` raw values
        d = simple average of the last ``signal`` values of k

    Source: George C. Lane, "Lane's Stochastics", Stocks & Commodities 2:3 (1984). It is TA-Lib's STOCH with simple
    averages, but by default of 14 bars, 3 and 3, as charts mostly have it, where TA-Lib's default is 5, 3 and 3;
    ``smooth`` = 1 is the fast one (STOCHF). The first point, with both fields, is at the bar with index
    ``period`` + ``smooth`` + ``signal`` - 3.

    In a flat window (highest high = lowest low) the close has no position in the range: that raw value is undefined,
    and so are the ``smooth`` values of k and the ``smooth`` + ``signal`` - 1 values of d that it would count in. TA-Lib
    takes it as 0, and a range below 2e-14 of the price for flat. A close beyond the extremes (which is outside of its
    own bar) counts as the nearer of them, where TA-Lib goes below 0 or above 100.

    Parameters
    ----------
    period
        Bars among which the extremes are, at least 1.
    smooth
        Raw values in k, at least 1.
    signal
        Values of k in d, at least 1.

    Raises
    ------
    ValueError
        For a parameter that is not a whole number of at least 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> stochastic = Stochastic(period=2, smooth=1, signal=2)
    >>> for high, low, close in ((10.0, 8.0, 9.0), (12.0, 9.0, 11.0), (12.0, 10.0, 12.0)):
    ...     point = stochastic.update(SimpleNamespace(high=high, low=low, close=close))
    >>> point
    StochasticPoint(k=100.0, d=87.5)
    """

    __slots__ = ("_clean", "_extremes", "_raws", "_signals", "period", "signal", "smooth")

    name: ClassVar[str] = "stochastic"
    undefined: ClassVar[str] = "the price did not move"
    inputs: ClassVar[tuple[str, ...]] = ("high", "low", "close")
    point: ClassVar[type[Point]] = StochasticPoint
    kept: ClassVar[tuple[str, ...]] = ("_extremes", "_raws", "_signals", "_clean")

    _clean: int

    def __init__(self, period: int = 14, smooth: int = 3, signal: int = 3) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self.smooth = checks.whole("smooth", smooth, least=1)
        self.signal = checks.whole("signal", signal, least=1)
        self._extremes = Extremes(self.period)
        self._raws = Mean(self.smooth)
        self._signals = Mean(self.signal)
        self._clean = 0  # raw values since the last undefined one, up to as many as d reaches back

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` + ``smooth`` + ``signal`` - 3."""
        return self.period + self.smooth + self.signal - 3

    def update(self, bar: PriceBar) -> StochasticPoint | None:  # noqa: D102 - as `Indicator` has it
        high = bar.high
        low = bar.low
        close = bar.close
        if not -1e100 <= low <= high <= 1e100 or not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "high", "low", "close")
        extremes = self._extremes.push(high, low)
        if extremes is None:
            return None
        highest, lowest = extremes
        if highest > lowest:
            inside = lowest if close < lowest else highest if close > highest else close
            raw = 100.0 * ((inside - lowest) / (highest - lowest))
            clean = self._clean + 1
        else:
            raw = 0.0  # a placeholder in the averages while they are undefined
            clean = 0
        reach = self.smooth + self.signal - 1
        self._clean = clean if clean < reach else reach
        k = self._raws.push(raw)
        if k is None:
            return None
        d = self._signals.push(k)
        if d is None:
            return None
        self.value = point = StochasticPoint(k if clean >= self.smooth else None, d if clean >= reach else None)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        high, low, close = inputs
        k, d = points
        highest, lowest = self._extremes.batch(high, low)
        flat = highest == lowest
        raw = np.minimum(np.maximum(close, lowest), highest)
        raw -= lowest
        np.divide(raw, highest - lowest, out=raw, where=~flat)
        raw *= 100.0
        k[:] = self._raws.batch(raw)
        d[:] = self._signals.batch(k)
        index = np.arange(len(raw))
        clean = index - np.maximum.accumulate(np.where(flat, index, -1 - self._clean))
        reach = self.smooth + self.signal - 1
        k[clean < self.smooth] = np.nan
        d[clean < reach] = np.nan
        self._clean = min(clean[-1].item(), reach)

    def _check(self) -> None:
        if not 0 <= self._clean < self.smooth + self.signal:
            raise checks.damaged(f"clean is {self._clean}")
