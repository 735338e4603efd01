"""ADX: the strength of a trend, whatever its direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, PriceBar
from stockstream.indicators.smoothing import Smoothed
from stockstream.indicators.true_range import true_range, true_ranges

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ADXPoint(Point, frozen=True, gc=False):
    """The movement at one bar: ``adx``, ``plus_di`` (upwards) and ``minus_di`` (downwards), each from 0 to 100."""

    adx: float
    plus_di: float
    minus_di: float


class ADX(Indicator[PriceBar, ADXPoint]):
    """The Average Directional Movement Index, and the directional indicators that it is made of.

    ::

        up, down = high - last high, last low - low
        plus, minus, range = Wilder's averages over ``period`` of
            up where it is above both down and 0, else 0
            down where it is above both up and 0, else 0
            the true range
        plus_di, minus_di = 100 * plus / range, 100 * minus / range
        adx = Wilder's average over ``period`` of dx = 100 * abs(plus - minus) / (plus + minus)

    Source: J. Welles Wilder, "New Concepts in Technical Trading Systems" (1978). Seeds are TA-Lib's: the averages of
    movements and ranges begin with ``period`` - 1 of them and a 0, and the next one makes the first plus_di and
    minus_di, at the bar with index ``period``; adx begins with the mean of the first ``period`` values of dx. The
    first point is at the bar with index 2 * ``period`` - 1, where all three are defined.

    Where neither side has moved, dx is 0, and so are both indicators. Of a market that has moved and then stands
    still, plus_di and minus_di keep their values until the averages fade below 1e-323, after 1,000 bars at a period of
    2 or 10,000 at 14: then they are 0, and adx falls, where TA-Lib's stay. A close outside of its own bar can make a
    range shorter than the movement: the indicator is then 100, where TA-Lib's is above that.

    Parameters
    ----------
    period
        Movements in an average, and values of dx in the next one, at least 2.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 2.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> adx = ADX(period=2)
    >>> for high, low, close in ((10.0, 8.0, 8.0), (12.0, 9.0, 11.5), (13.0, 11.0, 13.0), (13.0, 10.0, 10.0)):
    ...     point = adx.update(SimpleNamespace(high=high, low=low, close=close))
    >>> point
    ADXPoint(adx=50.0, plus_di=20.0, minus_di=20.0)
    """

    __slots__ = ("_index", "_last", "_minus", "_plus", "_range", "period")

    name: ClassVar[str] = "adx"
    inputs: ClassVar[tuple[str, ...]] = ("high", "low", "close")
    point: ClassVar[type[Point]] = ADXPoint
    kept: ClassVar[tuple[str, ...]] = ("_last", "_plus", "_minus", "_range", "_index")

    _last: list[float]

    def __init__(self, period: int = 14) -> None:
        super().__init__()
        self.period = checks.whole("period", period, least=2)
        self._last = []  # high, low and close of the bar before, once there is one
        self._plus = Smoothed.wilder(self.period)
        self._minus = Smoothed.wilder(self.period)
        self._range = Smoothed.wilder(self.period)
        self._index = Smoothed.wilder(self.period)
        for average in (self._plus, self._minus, self._range):
            average.push(0.0)

    @property
    def lookback(self) -> int:
        """Bars before the first point: 2 * ``period`` - 1."""
        return 2 * self.period - 1

    def update(self, bar: PriceBar) -> ADXPoint | None:  # noqa: D102 - as `Indicator` has it
        high = bar.high
        low = bar.low
        close = bar.close
        if not -1e100 <= low <= high <= 1e100 or not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "high", "low", "close")
        last = self._last
        self._last = [high, low, close]
        if not last:
            return None
        last_high, last_low, last_close = last
        up = high - last_high
        down = last_low - low
        seeding = self._plus.missing
        plus = self._plus.push(up if up > down and up > 0.0 else 0.0)
        minus = self._minus.push(down if down > up and down > 0.0 else 0.0)
        reach = self._range.push(true_range(high, low, last_close))
        if seeding or plus is None or minus is None or reach is None:
            return None
        moved = plus + minus
        adx = self._index.push(100.0 * (abs(plus - minus) / moved) if moved else 0.0)
        if adx is None:
            return None
        self.value = point = ADXPoint(adx if adx < 100.0 else 100.0, _percent(plus, reach), _percent(minus, reach))
        return point

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        high, low, close = inputs
        last_high, last_low, last_close = self._last
        self._last = [column[-1].item() for column in inputs]
        up = np.diff(high, prepend=last_high)
        down = np.diff(-low, prepend=-last_low)
        plus = self._plus.batch(np.maximum(up, 0.0) * (up > down))
        minus = self._minus.batch(np.maximum(down, 0.0) * (down > up))
        reach = self._range.batch(true_ranges(high, low, close, last_close))
        moved = plus + minus
        index = np.zeros(len(high))
        np.divide(np.abs(plus - minus), moved, out=index, where=moved != 0.0)
        np.minimum(self._index.batch(100.0 * index), 100.0, out=points[0])
        for moves, indicator in ((plus, points[1]), (minus, points[2])):
            np.multiply(moves > 0.0, 100.0, out=indicator)
            np.divide(100.0 * moves, reach, out=indicator, where=moves < reach)

    def _check(self) -> None:
        if len(self._last) not in (0, 3) or (not self._last and self._plus.missing < self.period - 1):
            raise checks.damaged(f"last is {self._last!r}")


def _percent(moves: float, reach: float) -> float:
    """The movement in percent of the range: 100 at most, 0 where nothing has moved."""
    if moves < reach:
        return 100.0 * moves / reach
    return 100.0 if moves else 0.0
