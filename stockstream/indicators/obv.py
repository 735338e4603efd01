"""OBV: the volume of rising bars less that of falling ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Point, PriceBar
from stockstream.indicators.running_total import RunningTotal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class OBVPoint(Point, frozen=True, gc=False):
    """The balance at one bar, ``obv``, in the volume's unit."""

    obv: float


class OBV(RunningTotal[OBVPoint]):
    """The On-Balance Volume.

    ::

        obv = former obv + volume where the close is above the former one, - volume where it is below

    Source: Joseph E. Granville, "Granville's New Key to Stock Market Profits" (1963). The first point is at the first
    bar and is its volume, as in TA-Lib; others start at 0, which shifts the line and leaves its shape. An equal close
    changes nothing. Whole volumes are summed without rounding as long as the balance is within 2 ** 53.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> obv = OBV()
    >>> [obv.update(SimpleNamespace(close=close, volume=5.0)).obv for close in (10.0, 11.0, 11.0, 9.0)]
    [5.0, 10.0, 10.0, 5.0]
    """

    __slots__ = ()

    name: ClassVar[str] = "obv"
    point: ClassVar[type[OBVPoint]] = OBVPoint

    def update(self, bar: PriceBar) -> OBVPoint:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        volume = bar.volume
        if not -1e100 <= close <= 1e100 or volume is None or not 0.0 <= volume <= 1e100:
            raise checks.refusal(bar, "close", "volume")
        last = self._last
        self._last = close
        if last is None or close > last:
            self._total += volume
        elif close < last:
            self._total -= volume
        self.value = point = OBVPoint(self._total)
        return point

    def _shares(self, closes: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        np.sign(np.diff(closes), out=out)
