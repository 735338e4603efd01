"""ROC: the rate of change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ROCPoint(Point, frozen=True, gc=False):
    """The change up to one bar: ``roc`` in percent; None where the former close is 0, or next to it."""

    roc: float | None


class ROC(Indicator[PriceBar, ROCPoint]):
    """The rate of change of the close over ``period`` bars.

    ::

        roc = 100 * (close - former) / former, former being the close ``period`` bars before

    Source: Gerald Appel and Fred Hitschler, "Stock Market Trading Systems" (1980), as given by Robert W. Colby, "The
    Encyclopedia of Technical Market Indicators" (2003). The first point is at the bar with index ``period``. It is
    undefined where the former close is 0, where TA-Lib gives 0, and where the quotient is not a finite number; after a
    negative price the sign is that of the quotient. TA-Lib divides first and then takes 1 away, which loses the digits
    that two prices share: here they are subtracted first.

    Parameters
    ----------
    period
        Bars between the two closes, at least 1.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> roc = ROC(period=2)
    >>> [roc.update(SimpleNamespace(close=close)) for close in (10.0, 11.0, 12.5, 11.0)]
    [None, None, ROCPoint(roc=25.0), ROCPoint(roc=0.0)]
    """

    __slots__ = ("_closes", "_place", "period")

    name: ClassVar[str] = "roc"
    undefined: ClassVar[str] = "the former close is 0"
    inputs: ClassVar[tuple[str, ...]] = ("close",)
    point: ClassVar[type[Point]] = ROCPoint
    kept: ClassVar[tuple[str, ...]] = ("_closes", "_place")

    _closes: list[float]
    _place: int

    def __init__(self, period: int = 10) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=1)
        self._closes = []  # of the last bars, a ring once there are ``period`` of them
        self._place = 0  # of the oldest in the ring

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period``."""
        return self.period

    def update(self, bar: PriceBar) -> ROCPoint | None:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        if not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "close")
        closes = self._closes
        if len(closes) < self.period:
            closes.append(close)
            return None
        index = self._place
        former = closes[index]
        closes[index] = close
        self._place = index + 1 if index + 1 < self.period else 0
        rate = 100.0 * (close - former) / former if former else math.inf
        self.value = point = ROCPoint(rate if -math.inf < rate < math.inf else None)
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        (close,) = inputs
        held = self._closes[self._place :] + self._closes[: self._place]
        closes = np.concatenate((held, close))
        former = closes[: len(close)]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            np.divide(100.0 * (close - former), former, out=points[0])
        points[0, ~np.isfinite(points[0])] = np.nan
        # The ring turns by one place a bar, as bar by bar.
        self._place = (self._place + len(close)) % self.period
        newest = closes[len(closes) - self.period :].tolist()
        self._closes = newest[self.period - self._place :] + newest[: self.period - self._place]

    def _check(self) -> None:
        held, index = len(self._closes), self._place
        if held > self.period or not 0 <= index < self.period or (index and held < self.period):
            raise checks.damaged(f"{held} closes, the oldest at {index}")
