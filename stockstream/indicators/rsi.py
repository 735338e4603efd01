"""RSI: the share of gains in the recent movement."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.gain_loss import GainLoss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RSIPoint(Point, frozen=True, gc=False):
    """The index at one bar: ``rsi`` from 0 (all changes downwards) to 100 (all upwards)."""

    rsi: float


class RSI(Indicator[PriceBar, RSIPoint]):
    """The Relative Strength Index of the closes.

    ::

        gain, loss = Wilder's average, over ``period``, of the changes upwards, and of the sizes of those downwards
        rsi = 100 * (gain / (gain + loss)); 50 where nothing has changed

    Source: J. Welles Wilder, "New Concepts in Technical Trading Systems" (1978). Both averages are seeded with the
    mean of the first ``period`` changes, so that the first point is at the bar with index ``period``. Flat prices:
    50, as neither side is stronger; TA-Lib gives 0.

    Parameters
    ----------
    period
        Changes in the averages, at least 1.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> rsi = RSI(period=2)
    >>> [rsi.update(SimpleNamespace(close=close)) for close in (10.0, 13.0, 12.0)]
    [None, None, RSIPoint(rsi=75.0)]
    """

    __slots__ = ("_last", "_sides", "period")

    name: ClassVar[str] = "rsi"
    version: ClassVar[int] = 2
    inputs: ClassVar[tuple[str, ...]] = ("close",)
    point: ClassVar[type[Point]] = RSIPoint
    kept: ClassVar[tuple[str, ...]] = ("_last", "_sides")

    _last: float | None

    def __init__(self, period: int = 14) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self._last = None
        self._sides = GainLoss(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period``."""
        return self.period

    def update(self, bar: PriceBar) -> RSIPoint | None:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        if not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "close")
        last = self._last
        self._last = close
        if last is None:
            return None
        change = close - last
        # `GainLoss.push`, whose call would be a fifth of an update.
        sides = self._sides
        index = sides.place
        weight = sides.gains[index]
        if weight:
            sides.place = index + 1
            if change > 0.0:
                sides.up = gain = sides.up + change * weight
                loss = sides.down
            else:
                gain = sides.up
                sides.down = loss = sides.down - change * weight
            gain += sides.up_before
            loss += sides.down_before
        else:
            both = sides.push(change)
            if both is None:
                return None
            gain, loss = both
        try:
            self.value = point = RSIPoint(100.0 * (gain / (gain + loss)))
        except ZeroDivisionError:
            self.value = point = RSIPoint(50.0)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        (close,) = inputs
        change = np.diff(close, prepend=np.float64(self._last or 0.0))
        self._last = close[-1].item()
        gain, total = self._sides.batch(change)
        total += gain
        (rsi,) = points
        with np.errstate(invalid="ignore"):
            np.divide(gain, total, out=rsi)
        rsi *= 100.0
        rsi[total == 0.0] = 50.0

    def _check(self) -> None:
        if self._last is None and self._sides.missing < self.period:
            raise checks.damaged("changes without a last close")
