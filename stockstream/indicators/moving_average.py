"""Base class of the moving averages of closes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, P, PriceBar
from stockstream.indicators.rolling import Mean
from stockstream.indicators.smoothing import Smoothed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class MovingAverage(Indicator[PriceBar, P]):
    """An average of the closes that moves with them, from the bar with index ``period`` - 1 on.

    A subclass names what makes the average of so many closes, and a point of one field.
    """

    __slots__ = ("_average", "_point", "period")

    inputs: ClassVar[tuple[str, ...]] = ("close",)
    point: ClassVar[type[Any]]
    kept: ClassVar[tuple[str, ...]] = ("_average",)
    at_once: ClassVar[int] = 131_072

    _point: Callable[[float], P]

    def __init__(self, period: int, average: Callable[[int], Mean | Smoothed]) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self._average = average(self.period)
        self._point = self.point  # found in less time than the class's

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` - 1."""
        return self.period - 1

    def update(self, bar: PriceBar) -> P | None:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        if not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "close")
        average = self._average.push(close)
        if average is None:
            return None
        make = self._point
        self.value = point = make(average)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        self._average.batch(inputs[0], points[0])
