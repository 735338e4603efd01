"""OBV: the volume of rising bars less that of falling ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks, tally
from stockstream.indicators.base import Indicator, Point, PriceBar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class OBVPoint(Point, frozen=True, gc=False):
    """The balance at one bar, ``obv``, in the volume's unit."""

    obv: float


class OBV(Indicator[PriceBar, OBVPoint]):
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

    __slots__ = ("_last", "_total")

    name: ClassVar[str] = "obv"
    inputs: ClassVar[tuple[str, ...]] = ("close", "volume")
    point: ClassVar[type[Point]] = OBVPoint
    kept: ClassVar[tuple[str, ...]] = ("_last", "_total")

    _last: float | None
    _total: float

    def __init__(self) -> None:
        super().__init__()
        self._last = None
        self._total = 0.0

    @property
    def lookback(self) -> int:
        """Bars before the first point: none."""
        return 0

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

    @property
    def taken(self) -> range:
        """How many bars it may have taken."""
        return tally.begun(self._last is not None)

    def _implied(self) -> OBVPoint:
        return OBVPoint(self._total)

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        close, volume = inputs
        total = points[0]
        np.sign(np.diff(close, prepend=np.float64(self._last or 0.0)), out=total)
        total *= volume
        total[0] += self._total
        np.add.accumulate(total, out=total)
        self._last = close[-1].item()
        self._total = total[-1].item()
