"""Bollinger Bands: a moving average and a band of so many standard deviations around it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import sqrt
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from stockstream.indicators import checks
from stockstream.indicators.protocol import Columns, Point, PriceBar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_ONCE_FROM: Final = 200
"""Bars below which NumPy's calls cost more than updates."""


class BollingerPoint(Point, frozen=True, gc=False):
    """The bands at one bar: ``lower``, ``middle``, ``upper`` in the price's unit, the others without.

    ``percent_b`` is 0 at the lower band and 1 at the upper one, None where the window is flat; ``bandwidth`` is a
    fraction of the middle, None where that is 0.
    """

    lower: float
    middle: float
    upper: float
    percent_b: float | None
    bandwidth: float | None


@lru_cache(maxsize=64)
def _weights(period: int) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[float, ...], ...]]:
    """The constants for k = 1 ... period values, shared by all of that period: as rows of each k, and as columns.

    They are k, 1 / k, k / (k - 1) (a value's squared distance from the mean with it, times that, is what it adds to
    the sum of squares) and the share of the window that is not among the k.
    """
    rows = tuple((float(k), 1 / k, k / (k - 1) if k > 1 else 0.0, (period - k) / period) for k in range(1, period + 1))
    return rows, tuple(zip(*rows, strict=True))


class Bollinger:
    """Bollinger Bands over the closes of the last ``period`` bars.

    ::

        middle = mean of the closes
        deviation = square root of the mean of (close - middle) ** 2
        lower, upper = middle -/+ width * deviation
        percent_b = (close - lower) / (upper - lower)
        bandwidth = (upper - lower) / middle

    Source: John Bollinger, "Bollinger on Bollinger Bands" (2001): a simple mean, the population's deviation. The
    first point is at the bar with index ``period`` - 1.

    Nothing is ever taken out of a sum, so that what has left the window leaves no trace, be it a price of 1e9 among
    prices of 100. Bars are cut into blocks of ``period``. A window is the tail of one block and the start of the
    next: the moments of all tails are computed when a block is full, those of the start with each bar, and both are
    merged (Chan, Golub & LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979;
    within a block the recurrence is essentially Welford's, 1962). All is measured from the last close of the former
    block, which the window holds as long as the block is not full, and so prices that hardly differ lose no digits.
    The deviation's relative error stays within some units of 1e-16, and it is exactly 0 in a flat window. `update`
    costs the same for any period, on average: one in ``period`` closes a block.

    Parameters
    ----------
    period
        Bars in the window, at least 2.
    width
        Deviations from the middle to each band, from 1e-6 to 1e6.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 2, or a width outside 1e-6 to 1e6.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> bands = Bollinger(period=4, width=2.0)
    >>> for close in (10.0, 14.0, 10.0, 14.0):
    ...     point = bands.update(SimpleNamespace(close=close))
    >>> point
    BollingerPoint(lower=8.0, middle=12.0, upper=16.0, percent_b=0.75, bandwidth=0.6666666666666666)
    """

    __slots__ = (
        "_block",
        "_columns",
        "_pivot",
        "_scale",
        "_squares",
        "_tail_means",
        "_tail_squares",
        "_total",
        "_weights",
        "period",
        "width",
    )

    inputs: ClassVar[tuple[str, ...]] = ("close",)
    fields: ClassVar[tuple[str, ...]] = BollingerPoint.__struct_fields__
    _VERSION: Final = 1

    def __init__(self, period: int = 20, width: float = 2.0) -> None:
        self.period = checks.whole("period", period, least=2)
        self.width = checks.between("width", width, 1e-6, 1e6)
        self._weights, self._columns = _weights(self.period)
        self._scale = 4.0 * self.width**2 / self.period
        self._block: list[float] = []
        self._pivot = 0.0
        self._total = 0.0  # of the block's closes, measured from the pivot
        self._squares = 0.0  # of their distances from their own mean
        self._tail_means: list[float] = []  # of the last 1, 2, ... closes of the former block that are in the window
        self._tail_squares: list[float] = []

    @property
    def lookback(self) -> int:
        """Bars before the first point: ``period`` - 1."""
        return self.period - 1

    def update(self, bar: PriceBar) -> BollingerPoint | None:
        """Take the next bar.

        Returns
        -------
        BollingerPoint or None
            None for the first ``period`` - 1 bars.

        Raises
        ------
        InvalidBar
            The close is not finite, or beyond 1e100, where its square is no number; nothing has changed.
        """
        close = bar.close
        if not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "close")
        block = self._block
        tail_means = self._tail_means
        if tail_means:
            k, inverse, gain, share = self._weights[len(block)]
            block.append(close)
            offset = close - self._pivot
            self._total = total = self._total + offset
            mean = total * inverse
            offset -= mean
            self._squares = squares = self._squares + offset * offset * gain
            delta = mean - tail_means.pop()
            pull = delta * share
            span = sqrt((squares + self._tail_squares.pop() + pull * delta * k) * self._scale)
            offset += pull
        else:
            block.append(close)
            if len(block) < self.period:
                return None
            mean, squares = self._turn()
            span = sqrt(squares * self._scale)
            offset = -mean
        middle = close - offset
        half = 0.5 * span
        try:
            return BollingerPoint(middle - half, middle, middle + half, 0.5 + offset / span, span / middle)
        except ZeroDivisionError:
            percent_b = 0.5 + offset / span if span else None
            return BollingerPoint(middle - half, middle, middle + half, percent_b, span / middle if middle else None)

    def _turn(self) -> tuple[float, float]:
        """Begin a block; the mean (measured from the last close) and the sum of squares of the one that is full."""
        pivot = self._pivot = self._block[-1]
        means: list[float] = []
        sums: list[float] = []
        total = squares = 0.0
        _, inverses, gains, _ = self._columns
        for close, inverse, gain in zip(reversed(self._block), inverses, gains):  # noqa: B905 - costs 3 % of an update
            offset = close - pivot
            total += offset
            mean = total * inverse
            offset -= mean
            squares += offset * offset * gain
            means.append(mean)
            sums.append(squares)
        self._block = []
        self._total = self._squares = 0.0
        self._tail_means = means
        self._tail_squares = sums
        return means.pop(), sums.pop()

    def peek(self, bar: PriceBar) -> BollingerPoint | None:
        """What `update` would give for a bar that is still forming; changes nothing."""
        return self.copy().update(bar)

    def batch(self, columns: Columns) -> Columns:
        """`update` for the array close, shape (n,): the fields' arrays, NaN in warm-up and where undefined."""
        import numpy as np  # as late as here: see protocol

        from stockstream.indicators import arrays

        (close,) = arrays.columns_of(columns, self.inputs)
        arrays.refuse_unless(np.abs(close) <= 1e100, close=close)
        points = np.empty((len(self.fields), len(close)))
        # Whole blocks go at once, behind one that is known in full; what stands around them bar by bar.
        first = -len(self._block) % self.period + self.period
        end = first + (len(close) - first) // self.period * self.period
        if end - first < _AT_ONCE_FROM:
            first = end = len(close)
        points[:, :first] = self._one_by_one(close[:first])
        if first < end:
            self._blocks(close[first - self.period : end], points[:, first:end])
        points[:, end:] = self._one_by_one(close[end:])
        return dict(zip(self.fields, points, strict=True))

    def _one_by_one(self, close: NDArray[np.float64]) -> NDArray[np.float64]:
        import numpy as np

        update: Any = self.update
        unready = (None,) * len(self.fields)
        points = [tuple(update(SimpleNamespace(close=value)) or unready) for value in close.tolist()]
        return np.array(points, dtype=np.float64).reshape(-1, len(self.fields)).T

    def _blocks(self, close: NDArray[np.float64], points: NDArray[np.float64]) -> None:
        """The points of all blocks but the first, which were seen already; then the state is that after the last."""
        import numpy as np

        from stockstream.indicators import arrays

        period = self.period
        for chunk, offset, squares in arrays.moments(close, np.array(self._columns)):
            lower, middle, upper, percent_b, bandwidth = points[:, chunk]
            np.subtract(close[period:][chunk], offset, out=middle)
            squares *= self._scale
            span = np.sqrt(squares, out=squares)
            half = 0.5 * span
            np.subtract(middle, half, out=lower)
            np.add(middle, half, out=upper)
            with np.errstate(divide="ignore", invalid="ignore"):
                np.divide(offset, span, out=percent_b)
                np.divide(span, middle, out=bandwidth)
            percent_b += 0.5
            percent_b[span == 0.0] = np.nan
            bandwidth[middle == 0.0] = np.nan
        self._block = close[-period:].tolist()
        self._turn()

    def state(self) -> dict[str, Any]:
        """The whole state: JSON-safe, with a version. Closes, and moments measured from ``pivot``."""
        return {
            "indicator": "bollinger",
            "version": self._VERSION,
            "period": self.period,
            "width": self.width,
            "block": self._block.copy(),
            "pivot": self._pivot,
            "total": self._total,
            "squares": self._squares,
            "tail_means": self._tail_means.copy(),
            "tail_squares": self._tail_squares.copy(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`; ValueError for one of other parameters or version, or a damaged one."""
        checks.same(state, indicator="bollinger", version=self._VERSION, period=self.period, width=self.width)
        block, means, sums = (checks.numbers(state, name) for name in ("block", "tail_means", "tail_squares"))
        pivot, total, squares = (checks.number(state, name) for name in ("pivot", "total", "squares"))
        places = len(block) + len(means)
        if len(means) != len(sums) or places >= self.period or (means and places != self.period - 1):
            raise checks.damaged(f"block of {len(block)}, tails of {len(means)} and {len(sums)}")
        if min(squares, *sums, 0.0) < 0.0:
            raise checks.damaged("a sum of squares below 0")
        self._block, self._tail_means, self._tail_squares = block, means, sums
        self._pivot, self._total, self._squares = pivot, total, squares

    def copy(self) -> Bollinger:
        """Another Bollinger in the same state."""
        twin = Bollinger(self.period, self.width)
        twin._block = self._block.copy()
        twin._pivot = self._pivot
        twin._total = self._total
        twin._squares = self._squares
        twin._tail_means = self._tail_means.copy()
        twin._tail_squares = self._tail_squares.copy()
        return twin
