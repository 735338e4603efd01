"""Forecast: an interval for the close some bars on, and how often such intervals held."""

from __future__ import annotations

from math import erfc, exp, sqrt
from statistics import NormalDist
from typing import ClassVar, Final, TypeAlias

from stockstream.indicators import checks
from stockstream.indicators.base import Point, PriceBar
from stockstream.indicators.returns import log_return
from stockstream.indicators.stateful import Stateful
from stockstream.models.base import Model
from stockstream.models.scores import FEW

_FIRST: Final = 20
"""Returns before the first interval."""

_FAST: Final = 0.06
_STEP: Final = 0.05
_NARROWEST: Final = 0.1
"""Weight of the newest squared return (RiskMetrics' 0.94 for the rest), step by which the width follows its misses, and
the least number of deviations to each side.
"""

_WIDEST: Final = 200.0
"""Limit of a log return, so that prices stay numbers."""

Values: TypeAlias = tuple[float | None, float | None, float | None, float | None, float | None, float | None]

_LAGS: Final = 12
"""The most lags over which differences of scores are correlated: those of 14,000 intervals."""

_BAND: Final = 1.959963984540054


class ForecastPoint(Point, frozen=True, gc=False):
    """One bar's interval for the close ``ahead`` bars on, ``lower`` to ``upper``, and the one that was made so many
    bars before for this bar, ``due_lower`` to ``due_upper``, in the price's unit; the scores of all that are due:
    ``held``, the share that held, that of a random walk ``walk_held``, ``by_chance_low`` and ``by_chance_high`` (95 %
    of shares where each holds with ``coverage``), ``score`` (the mean interval score over a random walk's, below 1 is
    better), ``p_value`` (the chance that it is no better), ``scored`` (intervals counted).

    None at a price that is not above 0; the scores are None while fewer than 30 are due.
    """

    lower: float | None
    upper: float | None
    due_lower: float | None
    due_upper: float | None
    held: float | None
    walk_held: float | None
    by_chance_low: float | None
    by_chance_high: float | None
    score: float | None
    p_value: float | None
    scored: float


class IntervalScores(Stateful):
    """Counts and sums of intervals that are due, beside those of a random walk.

    By how much each was better than the random walk's is not independent of the ones before, as quiet and restless
    times last: the variance of the mean counts their autocovariances, as Newey and West (1987) weigh them.
    """

    __slots__ = ("_better", "_early", "_held", "_late", "_own", "_products", "_walk", "_walk_held", "count", "coverage")
    kept: ClassVar[tuple[str, ...]] = (
        "count", "_held", "_walk_held", "_own", "_walk", "_better", "_products", "_early", "_late",
    )  # fmt: skip
    version: ClassVar[int] = 2

    count: int
    _held: int
    _walk_held: int
    _own: float
    _walk: float
    _better: float
    _products: list[float]
    _early: list[float]
    _late: list[float]

    def __init__(self, coverage: float) -> None:
        self.coverage = coverage
        self.count = self._held = self._walk_held = 0
        self._own = self._walk = self._better = 0.0
        self._products = [0.0] * (_LAGS + 1)  # sums of differences x the one so many before
        self._early, self._late = [], []  # the first differences, and the last ones, the newest first

    def take(self, size: float, reach: float, walk: float) -> None:
        """Count intervals of two half widths, and the size of the log return that came."""
        self.count += 1
        self._held += size <= reach
        self._walk_held += size <= walk
        own, other = self._score(size, reach), self._score(size, walk)
        self._own += own
        self._walk += other
        difference = other - own
        self._better += difference
        for lag, before in enumerate((difference, *self._late)):
            self._products[lag] += difference * before
        if len(self._early) < _LAGS:
            self._early.append(difference)
        self._late = [difference, *self._late[: _LAGS - 1]]

    def _score(self, size: float, reach: float) -> float:
        """The interval score: the width, and what is outside of it, more the surer the interval was to hold."""
        return 2.0 * reach + 2.0 / (1.0 - self.coverage) * max(size - reach, 0.0)

    @property
    def values(self) -> Values:
        """``held`` to ``p_value`` of a point."""
        count, coverage = self.count, self.coverage
        if count < FEW:
            return None, None, None, None, None, None
        reach = _BAND * sqrt(coverage * (1.0 - coverage) / count)
        mean, variance = self._better / count, self._variance()
        chance = 0.5 * erfc(mean / sqrt(2.0 * variance)) if variance > 0.0 else 0.5
        ratio = self._own / self._walk if self._walk > 0.0 else None
        low, high = max(coverage - reach, 0.0), min(coverage + reach, 1.0)
        return self._held / count, self._walk_held / count, low, high, ratio, chance

    def _variance(self) -> float:
        """That of the mean difference, over as many lags as Newey and West (1994) take for so many values."""
        count, total = self.count, self._better
        mean = total / count
        lags = min(int(4.0 * (count / 100.0) ** (2.0 / 9.0)), _LAGS)
        found = self._products[0] / count - mean * mean
        ends = 0.0  # the differences that have no other one so many before or after them
        for lag in range(1, lags + 1):
            ends += self._early[lag - 1] + self._late[lag - 1]
            products = self._products[lag] - mean * (2.0 * total - ends) + (count - lag) * mean * mean
            found += 2.0 * (1.0 - lag / (lags + 1)) * products / count
        return found / count

    def _check(self) -> None:
        if not 0 <= min(self._held, self._walk_held) <= max(self._held, self._walk_held) <= self.count:
            raise checks.damaged(f"{self._held} of {self.count} intervals held")
        ends = min(self.count, _LAGS)
        if [len(self._products), len(self._early), len(self._late)] != [_LAGS + 1, ends, ends]:
            raise checks.damaged(f"differences of {self.count} intervals: {self._early} ... {self._late}")


class Forecast(Model[ForecastPoint]):
    """An interval for the close ``ahead`` bars on, its coverage so far, and that of a random walk's.

    ::

        variance = average of the squared log returns, the newest with weight 0.06
        interval = close * exp(-/+ width * sqrt(variance * ahead))
        width += 0.05 * ((1 if an interval that is due did not hold, else 0) - (1 - coverage))
        random walk: the mean of all squared log returns in place of the variance, and a normal distribution's width
        interval score = 2 * reach + 2 / (1 - coverage) * what is outside, of log returns

    Source: J.P. Morgan, "RiskMetrics Technical Document" (1996), for the variance; Isaac Gibbs, Emmanuel Candes,
    "Adaptive Conformal Inference Under Distribution Shift" (2021), for the width, which follows what was missed, so
    that intervals hold as often as ``coverage`` says whatever the returns are like. Scores are those of Gneiting and
    Raftery (2007), compared as in Diebold and Mariano (1995), over intervals that share no bar, with a variance that
    counts how their differences hang together (Newey and West, 1987, 1994). The middle is the present close: nothing is
    said about the direction. The first point is at the bar with index 20.

    Parameters
    ----------
    ahead
        Bars from an interval to the close that it is for, at least 1.
    coverage
        Share of the intervals that should hold, from 0.5 to 0.99.

    Raises
    ------
    ValueError
        For an ``ahead`` that is not a whole number of at least 1, or a coverage outside 0.5 to 0.99.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> forecast = Forecast(ahead=1)
    >>> for place in range(30):
    ...     point = forecast.update(SimpleNamespace(close=100.0 + place % 2))
    >>> round(point.lower, 1), round(point.upper, 1), round(point.due_upper, 1)
    (99.4, 102.6, 101.6)
    """

    __slots__ = (
        "_clock", "_last", "_normal", "_pending", "_returns", "_scores", "_squares", "_variance", "_width", "ahead",
        "coverage",
    )  # fmt: skip

    name: ClassVar[str] = "forecast"
    undefined: ClassVar[str] = "a price is not above 0, or few intervals are due"
    inputs: ClassVar[tuple[str, ...]] = ("close",)
    point: ClassVar[type[Point]] = ForecastPoint
    kept: ClassVar[tuple[str, ...]] = (
        "_last", "_returns", "_squares", "_variance", "_width", "_clock", "_pending", "_scores",
    )  # fmt: skip

    _last: float | None
    _returns: int
    _squares: float
    _variance: float
    _width: float
    _clock: int
    _pending: list[list[float]]

    def __init__(self, ahead: int = 5, coverage: float = 0.9) -> None:
        super().__init__()
        self.ahead = checks.whole("ahead", ahead, least=1)
        self.coverage = checks.between("coverage", coverage, 0.5, 0.99)
        self._normal = NormalDist().inv_cdf(0.5 + self.coverage / 2.0)
        self._last = None
        self._returns = 0
        self._squares = self._variance = 0.0
        self._width = self._normal
        self._clock = 0
        self._pending = []  # of each the close, the half width, and the random walk's
        self._scores = IntervalScores(self.coverage)

    @property
    def lookback(self) -> int:
        """Bars before the first point."""
        return _FIRST

    def update(self, bar: PriceBar) -> ForecastPoint | None:  # noqa: D102 - as `Indicator` has it
        close = bar.close
        if not 0.0 < close <= 1e100:
            if not -1e100 <= close <= 0.0:
                raise checks.refusal(bar, "close")
            if self.value is not None:
                self.value = ForecastPoint(None, None, None, None, *self._scores.values, float(self._scores.count))
            return self.value
        if self._last is not None:
            square = log_return(self._last, close) ** 2
            self._squares += square
            self._variance = self._variance + _FAST * (square - self._variance) if self._returns else square
            self._returns += 1
        self._last = close
        if self._returns < _FIRST:
            return None
        due: tuple[float | None, float | None] = (None, None)
        if len(self._pending) == self.ahead:
            former, reach, walk = self._pending.pop(0)
            due = former * exp(-reach), former * exp(reach)
            self._judge(abs(log_return(former, close)), reach, walk)
        reach = min(self._width * sqrt(self._variance * self.ahead), _WIDEST)
        walk = min(self._normal * sqrt(self._squares / self._returns * self.ahead), _WIDEST)
        self._pending.append([close, reach, walk])
        self.value = point = ForecastPoint(
            close * exp(-reach), close * exp(reach), *due, *self._scores.values, float(self._scores.count)
        )
        return point

    def _judge(self, size: float, reach: float, walk: float) -> None:
        """Score intervals that are due, and let the width follow."""
        self._clock = (self._clock + 1) % self.ahead
        if self._clock == 0:
            self._scores.take(size, reach, walk)
        self._width = max(self._width + _STEP * ((size > reach) - (1.0 - self.coverage)), _NARROWEST)

    def _check(self) -> None:
        expected = min(self.ahead, max(0, self._returns - _FIRST + 1))
        if len(self._pending) != expected or any(len(made) != 3 or made[0] <= 0.0 for made in self._pending):
            raise checks.damaged(f"{len(self._pending)} intervals pending {self.ahead} bars ahead")
        if not 0 <= self._clock < self.ahead or min(self._variance, self._squares, self._returns) < 0.0:
            raise checks.damaged(f"clock {self._clock}, variance {self._variance} of {self._returns} returns")
