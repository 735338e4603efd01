"""Outlier: how unusual a bar's return, range and volume are."""

from __future__ import annotations

from math import log1p
from typing import ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Point, PriceBar
from stockstream.indicators.returns import log_return
from stockstream.models.base import Model
from stockstream.models.robust import RobustWindow


class OutlierPoint(Point, frozen=True, gc=False):
    """One bar against those before it, in robust deviations: ``return_z``, ``range_z``, ``volume_z``; ``score``, the
    largest of their sizes; ``outlier``, 1 where the score is above the threshold, else 0.

    None where the values before were all equal, and of return and range where a price is not above 0.
    """

    return_z: float | None
    range_z: float | None
    volume_z: float | None
    score: float | None
    outlier: float


class Outlier(Model[OutlierPoint]):
    """How unusual a bar's return, range and volume are, in robust deviations from the bars before it.

    ::

        return = log(close / former close)
        range = log(high / low)
        volume = log(1 + volume)
        z = (value - median) / (1.4826 * median distance from the median), both of the period values before this bar
        outlier = 1 where the largest size of the three is above threshold, else 0

    Source: Boris Iglewicz, David C. Hoaglin, "How to Detect and Handle Outliers" (1993): the modified z-score, here of
    a bar that is not itself in the window. Where more than half of the values are equal, the median distance is 0, and
    1.2533 times the mean distance takes its place. The first point is at the bar with index ``period`` + 1, as
    the first bar has no return.

    The first minutes of a session have larger ranges and volumes than its middle: there the model finds outliers each
    day. An outlier says that a bar is unlike those before it, not that it is wrong, and not what comes next.

    Parameters
    ----------
    period
        Bars before this one that it is compared with, at least 2.
    threshold
        Score above which a bar is an outlier, from 1e-6 to 1e6.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 2, or a threshold outside 1e-6 to 1e6.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> outlier = Outlier(period=3)
    >>> for close in (100.0, 101.0, 100.0, 102.0, 120.0):
    ...     point = outlier.update(SimpleNamespace(high=close + 1, low=close - 1, close=close, volume=50.0))
    >>> round(point.return_z, 1), point.volume_z, point.outlier
    (10.4, None, 1.0)
    """

    __slots__ = ("_last", "_ranges", "_returns", "_volumes", "period", "threshold")

    name: ClassVar[str] = "outlier"
    undefined: ClassVar[str] = "the values before are all equal, or a price is not above 0"
    inputs: ClassVar[tuple[str, ...]] = ("high", "low", "close", "volume")
    point: ClassVar[type[Point]] = OutlierPoint
    kept: ClassVar[tuple[str, ...]] = ("_last", "_returns", "_ranges", "_volumes")

    _last: float | None

    def __init__(self, period: int = 100, threshold: float = 6.0) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=2)
        self.threshold = checks.between("threshold", threshold, 1e-6, 1e6)
        self._last = None
        self._returns = RobustWindow(self.period)
        self._ranges = RobustWindow(self.period)
        self._volumes = RobustWindow(self.period)

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` + 1."""
        return self.period + 1

    def update(self, bar: PriceBar) -> OutlierPoint | None:  # noqa: D102 - as `Indicator` has it
        high = bar.high
        low = bar.low
        close = bar.close
        volume = bar.volume
        if not -1e100 <= low <= high <= 1e100 or not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "high", "low", "close")
        if volume is None or not 0.0 <= volume <= 1e100:
            raise checks.refusal(bar, "volume")
        ready = self._returns.full
        volume_z = self._volumes.push(log1p(volume))
        return_z = range_z = None
        if low > 0.0 and close > 0.0:
            range_z = self._ranges.push(log_return(low, high))
            if self._last is not None:
                return_z = self._returns.push(log_return(self._last, close))
            self._last = close
        if not ready:
            return None
        score = max([abs(each) for each in (return_z, range_z, volume_z) if each is not None], default=None)
        flag = 1.0 if score is not None and score > self.threshold else 0.0
        self.value = point = OutlierPoint(return_z, range_z, volume_z, score, flag)
        return point

    def _check(self) -> None:
        if self._last is not None and not 0.0 < self._last <= 1e100:
            raise checks.damaged(f"a last close of {self._last}")
