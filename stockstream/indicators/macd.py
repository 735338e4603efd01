"""MACD: the difference of a fast and a slow average, and its own average."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.smoothing import Smoothed
from stockstream.indicators.spread import Spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class MACDPoint(Point, frozen=True, gc=False):
    """MACD at one bar: ``line``, ``signal`` and their difference ``histogram``, in the price's unit."""

    line: float
    signal: float
    histogram: float


class MACD(Indicator[PriceBar, MACDPoint]):
    """Moving Average Convergence/Divergence of the closes.

    ::

        line = EMA of the closes over ``fast`` - EMA of the closes over ``slow``
        signal = EMA of the line over ``signal``
        histogram = line - signal

    Source: Gerald Appel, "The Moving Average Convergence-Divergence Method" (1979); the histogram is Thomas Aspray's
    (1986). Each EMA is seeded with a simple mean: the slow one with that of the first ``slow`` closes, the fast one
    with that of the last ``fast`` of these, so that both begin at one bar, and the signal with that of the first lines.
    The first point is where the signal begins, at the bar with index ``slow`` + ``signal`` - 2. All this is as in
    TA-Lib; others seed the fast EMA with the first closes, which shifts the first lines (see `EMA`, which does so).

    The line is exactly 0 over flat prices, and has as many digits at prices of 1e9 as at others: see
    `stockstream.indicators.spread.Spread`.

    Parameters
    ----------
    fast
        Bars of the fast average, at least 2.
    slow
        Bars of the slow average, more than ``fast``.
    signal
        Bars of the signal's average, at least 1.

    Raises
    ------
    ValueError
        For one that is not a whole number, or too small.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> macd = MACD(fast=3, slow=7, signal=2)
    >>> for close in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 12.0):
    ...     point = macd.update(SimpleNamespace(close=close))
    >>> point
    MACDPoint(line=3.0, signal=2.5, histogram=0.5)
    """

    __slots__ = ("_average", "_spread", "fast", "signal", "slow")

    name: ClassVar[str] = "macd"
    inputs: ClassVar[tuple[str, ...]] = ("close",)
    point: ClassVar[type[Point]] = MACDPoint
    kept: ClassVar[tuple[str, ...]] = ("_spread", "_average")
    at_once: ClassVar[int] = 131_072

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        super().__init__()
        self.fast = checks.whole("fast", fast, least=2)
        self.slow = checks.whole("slow", slow, least=self.fast + 1)
        self.signal = checks.whole("signal", signal, least=1)
        self._spread = Spread(self.fast, self.slow)
        self._average = Smoothed(self.signal, self.signal, of_sizes=True)  # lines are around 0 anyway

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``slow`` + ``signal`` - 2."""
        return self.slow + self.signal - 2

    def update(self, bar: PriceBar) -> MACDPoint | None:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        if not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "close")
        line = self._spread.push(close)
        if line is None:
            return None
        signal = self._average.push(line)
        if signal is None:
            return None
        self.value = point = MACDPoint(line, signal, line - signal)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        line, signal, histogram = points
        self._spread.batch(inputs[0], line)
        self._average.batch(line, signal)
        np.subtract(line, signal, out=histogram)

    def _check(self) -> None:
        if self._spread.missing and self._average.missing < self.signal:
            raise checks.damaged("there is a signal but no line")
