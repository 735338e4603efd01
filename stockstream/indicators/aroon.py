"""Aroon: the number of bars since the highest high and since the lowest low."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.rolling import Highest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class AroonPoint(Point, frozen=True, gc=False):
    """Aroon at one bar: ``up`` and ``down`` from 0 to 100, ``oscillator`` from -100 to 100."""

    up: float
    down: float
    oscillator: float


class Aroon(Indicator[PriceBar, AroonPoint]):
    """Aroon up, down and oscillator over the last ``period`` + 1 bars.

    ::

        up = 100 * (period - bars since the highest high) / period
        down = 100 * (period - bars since the lowest low) / period
        oscillator = up - down

    Source: Tushar Chande, "A Time Price Oscillator", Stocks & Commodities 13:9 (1995). Of equal extremes
    the most recent counts, as in TA-Lib; some take the oldest. The first point is at the bar with index ``period``.
    Values are exact (each is rounded once), and so is the agreement of `update` and `batch`.

    Parameters
    ----------
    period
        Bars to look back, at least 1.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> aroon = Aroon(period=2)
    >>> for high, low in ((10.0, 9.0), (12.0, 10.0), (11.0, 9.5)):
    ...     point = aroon.update(SimpleNamespace(high=high, low=low))
    >>> point
    AroonPoint(up=50.0, down=0.0, oscillator=50.0)
    """

    __slots__ = ("_highs", "_lows", "_missing", "period")

    name: ClassVar[str] = "aroon"
    inputs: ClassVar[tuple[str, ...]] = ("high", "low")
    point: ClassVar[type[Point]] = AroonPoint
    kept: ClassVar[tuple[str, ...]] = ("_highs", "_lows", "_missing")

    _missing: int

    def __init__(self, period: int = 25) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self._highs = Highest(self.period + 1)
        self._lows = Highest(self.period + 1)  # of the negated lows
        self._missing = self.period

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period``."""
        return self.period

    def update(self, bar: PriceBar) -> AroonPoint | None:  # noqa: D102 - as `Indicator` has it
        high = bar.high
        low = bar.low
        if not -1e100 <= low <= high <= 1e100:
            raise checks.refusal(bar, "high", "low")
        since_high = self._highs.push(high)
        since_low = self._lows.push(-low)
        if self._missing:
            self._missing -= 1
            return None
        period = self.period
        up = 100.0 * (period - since_high) / period
        down = 100.0 * (period - since_low) / period
        self.value = point = AroonPoint(up, down, up - down)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        high, low = inputs
        up, down, oscillator = points
        for ages, column in ((self._highs.batch(high), up), (self._lows.batch(-low), down)):
            np.multiply(self.period - ages, 100.0, out=column)
            column /= self.period
        np.subtract(up, down, out=oscillator)

    def _check(self) -> None:
        unseen = self._missing == self.period
        entries = self._highs.entries(), self._lows.entries()
        if not 0 <= self._missing <= self.period or any(unseen == bool(each) for each in entries):
            raise checks.damaged(f"missing is {self._missing}")
