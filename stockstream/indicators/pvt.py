"""PVT: the volume, weighted by the relative change of the price."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from stockstream.indicators import checks
from stockstream.indicators.base import Point, PriceBar
from stockstream.indicators.running_total import RunningTotal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NEXT_TO_0: Final = 1e-50


class PVTPoint(Point, frozen=True, gc=False):
    """The trend at one bar, ``pvt``, in the volume's unit."""

    pvt: float


class PVT(RunningTotal[PVTPoint]):
    """The Price Volume Trend.

    ::

        pvt = former pvt + volume * (close - former close) / former close

    Source: Norman G. Fosback, "Stock Market Logic" (1976), as Robert W. Colby, "The Encyclopedia of Technical Market
    Indicators" (2003), gives it. The first point is at the first bar and is 0. A former close of 0, or within 1e-50 of
    it, has no rate of change and adds nothing; so no sum of what bars may hold overflows. Some count in percent, a
    hundred times as much. TA-Lib does not have it.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> pvt = PVT()
    >>> [pvt.update(SimpleNamespace(close=close, volume=100.0)).pvt for close in (10.0, 11.0, 11.0, 5.5)]
    [0.0, 10.0, 10.0, -40.0]
    """

    __slots__ = ()

    name: ClassVar[str] = "pvt"
    point: ClassVar[type[PVTPoint]] = PVTPoint

    def update(self, bar: PriceBar) -> PVTPoint:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        volume = bar.volume
        if not -1e100 <= close <= 1e100 or volume is None or not 0.0 <= volume <= 1e100:
            raise checks.refusal(bar, "close", "volume")
        last = self._last
        self._last = close
        if last is not None and abs(last) > _NEXT_TO_0:
            self._total += (close - last) / last * volume
        self.value = point = PVTPoint(self._total)
        return point

    def _shares(self, closes: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        former = closes[:-1]
        out[:] = 0.0
        np.divide(closes[1:] - former, former, out=out, where=np.abs(former) > _NEXT_TO_0)
