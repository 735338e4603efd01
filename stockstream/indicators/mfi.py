"""MFI: the share of rising bars in the recent money flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.rolling import Mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NOISE: Final = 2e-14
"""The share of a typical price by which it has not changed."""


class MFIPoint(Point, frozen=True, gc=False):
    """The index at one bar: ``mfi`` from 0 (all money flows downwards) to 100 (all upwards)."""

    mfi: float


class MFI(Indicator[PriceBar, MFIPoint]):
    """The Money Flow Index: an RSI of prices weighted with their volume, over a window.

    ::

        typical = (high + low + close) / 3
        flow = abs(typical) * volume, upwards where typical is above that of the bar before, downwards where below
        mfi = 100 * upwards / (upwards + downwards), of the flows of the last ``period`` bars; 50 where there are none

    A change of typical by less than 2e-14 of it is none, as in TA-Lib: the sum of three decimal prices rounds by some
    1e-15, which would else give a whole bar's flow a direction by chance.

    Source: Gene Quong and Avrum Soudack, "Volume-Weighted RSI: Money Flow", Stocks & Commodities 7:3 (1989). The
    first bar has none before it, so that the first point is at the bar with index ``period``. Without any flow it is
    50, as neither side is stronger; TA-Lib gives 0. It gives 0 as well where prices are negative: here a flow is a
    size, whatever the sign of the price.

    Nothing is ever taken out of a sum, so that what has left the window leaves no trace, be it a volume of 1e15:
    see `stockstream.indicators.rolling.Mean`.

    Parameters
    ----------
    period
        Flows in the window, at least 1.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> mfi = MFI(period=2)
    >>> for price, volume in ((10.0, 100.0), (12.0, 100.0), (8.0, 50.0)):
    ...     point = mfi.update(SimpleNamespace(high=price, low=price, close=price, volume=volume))
    >>> point
    MFIPoint(mfi=75.0)
    """

    __slots__ = ("_down", "_last", "_up", "period")

    name: ClassVar[str] = "mfi"
    inputs: ClassVar[tuple[str, ...]] = ("high", "low", "close", "volume")
    point: ClassVar[type[Point]] = MFIPoint
    kept: ClassVar[tuple[str, ...]] = ("_last", "_up", "_down")

    _last: float | None

    def __init__(self, period: int = 14) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self._last = None
        self._up = Mean(self.period, of_sizes=True)
        self._down = Mean(self.period, of_sizes=True)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period``."""
        return self.period

    def update(self, bar: PriceBar) -> MFIPoint | None:  # noqa: D102 - as `Indicator` has it
        high = bar.high
        low = bar.low
        close = bar.close
        volume = bar.volume
        if not -1e100 <= low <= high <= 1e100 or not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "high", "low", "close")
        if volume is None or not 0.0 <= volume <= 1e100:
            raise checks.refusal(bar, "volume")
        typical = (high + low + close) / 3.0
        last = self._last
        self._last = typical
        if last is None:
            return None
        change = typical - last
        size = abs(typical)
        noise = _NOISE * size
        flow = size * volume
        up = self._up.push(flow if change > noise else 0.0)
        down = self._down.push(flow if change < -noise else 0.0)
        if up is None or down is None:
            return None
        total = up + down
        self.value = point = MFIPoint(100.0 * (up / total) if total else 50.0)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        high, low, close, volume = inputs
        typical = high + low
        typical += close
        typical /= 3.0
        change = np.diff(typical, prepend=np.float64(self._last or 0.0))
        self._last = typical[-1].item()
        size = np.abs(typical, out=typical)
        noise = _NOISE * size
        flow = np.multiply(size, volume, out=size)
        up = self._up.batch(flow * (change > noise))
        down = self._down.batch(flow * (change < -noise))
        total = up + down
        points[0] = 0.5
        np.divide(up, total, out=points[0], where=total != 0.0)
        points[0] *= 100.0
