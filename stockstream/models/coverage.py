"""Walk-forward evaluation of models that state intervals: how often what came was inside, by year.

Each interval was made from the bars up to its own. Those that are scored share no bar; one that is due in another year
than it was made in is in no year.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import erf, sqrt
from statistics import NormalDist
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stockstream.models.forecast import Forecast, IntervalScores
from stockstream.models.outlier import Outlier
from stockstream.models.scores import FEW, LEVEL, chance
from stockstream.models.student_t import central, inside
from stockstream.models.trend import Trend

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Figures: TypeAlias = Mapping[str, float | None]

WIDEST: Final = 200.0
"""Limit of a log return, as that of `Forecast`."""


@dataclass(frozen=True)
class Walk:
    """Bars and the points of a model over them, columns of shape (n,); ``first`` is the first bar that is scored.

    ``times`` are the bars' times; ``columns`` has ``close`` and the fields of the model, NaN where they are undefined.
    """

    times: NDArray[np.datetime64]
    columns: Mapping[str, Floats]
    first: int = 0

    def __getitem__(self, name: str) -> Floats:
        return self.columns[name]


@dataclass(frozen=True)
class Line:
    """The figures of a year, or of all: ``count`` intervals; shares as fractions, None where there are too few."""

    name: str
    count: int
    figures: Figures


@dataclass(frozen=True)
class Coverage:
    """How often intervals held: ``total`` of all, ``years`` of each year.

    ``what`` is what is counted; ``held`` names the figure to compare with ``wanted``, a fraction, which is that of
    ``reference``; ``purged`` counts intervals that are in no year, because they were due in the next.
    """

    what: str
    held: str
    wanted: float
    reference: str
    total: Line
    years: tuple[Line, ...]
    verdict: str
    purged: int

    @property
    def band(self) -> tuple[float, float]:
        """Where 95 of 100 shares lie of so many independent intervals that each hold with ``wanted``."""
        reach = 1.959963984540054 * sqrt(self.wanted * (1.0 - self.wanted) / max(self.total.count, 1))
        return max(self.wanted - reach, 0.0), min(self.wanted + reach, 1.0)


def states_intervals(kind: type[object]) -> bool:
    """Whether a kind of model can be evaluated here."""
    return issubclass(kind, (Forecast, Trend, Outlier))


def coverage(model: object, walk: Walk) -> Coverage:
    """How often the intervals of a model held. Raises TypeError for one that states none."""
    if isinstance(model, Forecast):
        return of_forecast(model, walk)
    if isinstance(model, Trend):
        return of_trend(model, walk)
    if isinstance(model, Outlier):
        return of_outlier(model, walk)
    raise TypeError(f"{model!r} states no intervals")


def of_forecast(model: Forecast, walk: Walk) -> Coverage:
    """Intervals for the close ``ahead`` bars on, beside those of a random walk with the mean size of all returns so
    far.
    """
    close, ahead = walk["close"], model.ahead
    priced = np.flatnonzero(close > 0.0)
    squares = np.append(0.0, np.diff(np.log(close[priced])) ** 2)
    mean = np.cumsum(squares) / np.maximum(np.arange(len(squares)), 1)
    normal = NormalDist().inv_cdf(0.5 + model.coverage / 2.0)
    known = np.isfinite(walk["lower"][priced])
    places = priced[known]
    made = np.arange(int(np.searchsorted(places, walk.first)), len(places) - ahead, ahead)
    start, due = places[made], places[made + ahead]
    size = np.abs(np.log(close[due] / close[start]))
    reach = np.minimum(np.log(walk["upper"][start] / close[start]), WIDEST)
    others = np.minimum(normal * np.sqrt(mean[known][made] * ahead), WIDEST)

    def figures(mask: Mask) -> Figures:
        scores = IntervalScores(model.coverage)
        for each in np.flatnonzero(mask).tolist():
            scores.take(float(size[each]), float(reach[each]), float(others[each]))
        _, _, _, _, ratio, p_value = scores.values
        return {
            "held": _share(size <= reach, mask),
            "walk_held": _share(size <= others, mask),
            "score": ratio,
            "p_value": p_value,
        }

    def verdict(total: Line) -> str:
        p_value = total.figures["p_value"]
        if p_value is None:
            return f"too few intervals to tell: {total.count}"
        return f"{'sharper' if p_value < LEVEL else 'no sharper'} than a random walk (p = {p_value:.2g})"

    return _coverage("intervals", model.coverage, "as stated", walk.times[start], walk.times[due], figures, verdict)


def of_trend(model: Trend, walk: Walk) -> Coverage:
    """Intervals of the slope of a window, and the slope of the next window, ``period`` bars on.

    Both slopes vary about the drift. So of a series with one drift, next slopes are inside less often than the drift:
    with the probability of a bound that is smaller by the root of 2. A trend is *seen* where 0 is outside; it *went on*
    where the next slope has the same sign.
    """
    period = model.period
    places = np.flatnonzero(np.isfinite(walk["slope"]))
    made = np.arange(int(np.searchsorted(places, walk.first)), len(places) - period, period)
    start, due = places[made], places[made + period]
    slope, after = walk["slope"][start], walk["slope"][due]
    inside_of = (walk["lower"][start] <= after) & (after <= walk["upper"][start])
    seen = (walk["lower"][start] > 0.0) | (walk["upper"][start] < 0.0)
    goes_on = np.sign(slope) == np.sign(after)
    wanted = inside(central(model.confidence, period - 2) / sqrt(2.0), period - 2)

    def figures(mask: Mask) -> Figures:
        chosen = mask & seen
        count, up = int(chosen.sum()), after[chosen] > 0.0
        said_up, right = int((slope[chosen] > 0.0).sum()), int(goes_on[chosen].sum())
        return {
            "held": _share(inside_of, mask),
            "seen": _share(seen, mask),
            "went_on": _share(goes_on, chosen),
            "p_value": chance(count, right, int(up.sum()), said_up) if count >= FEW else None,
        }

    def verdict(total: Line) -> str:
        p_value, count = total.figures["p_value"], round((total.figures["seen"] or 0.0) * total.count)
        if p_value is None:
            return f"too few trends to tell: {count}"
        better = "more often" if p_value < LEVEL else "no more often"
        return f"trends went on {better} than by chance (p = {p_value:.2g})"

    return _coverage("windows", wanted, "a series with one drift", walk.times[start], walk.times[due], figures, verdict)


def of_outlier(model: Outlier, walk: Walk) -> Coverage:
    """Bars whose score was not above the threshold, beside a normal distribution's; and the bar that came next."""
    score = walk["score"]
    start = np.flatnonzero(np.isfinite(score))
    start = start[start >= walk.first][:-1]
    due = start + 1
    unusual = score[start] > model.threshold
    again = score[due] > model.threshold
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.abs(np.log(walk["close"][due] / walk["close"][start]))
    fields = {name: np.abs(walk[f"{name}_z"][start]) > model.threshold for name in ("return", "range", "volume")}
    wanted = erf(model.threshold / sqrt(2.0))

    def figures(mask: Mask) -> Figures:
        calm, found = moves[mask & ~unusual & np.isfinite(moves)], moves[mask & unusual & np.isfinite(moves)]
        usual = float(calm.mean()) if len(calm) else 0.0
        return {
            "held": _share(~unusual, mask),
            **{f"{name}_out": _share(out, mask) for name, out in fields.items()},
            "again": _share(again, mask & unusual),
            "next_move": float(found.mean()) / usual if len(found) and usual else None,
        }

    def verdict(total: Line) -> str:
        held, again = total.figures["held"], total.figures["again"]
        if held is None or total.count < FEW:
            return f"too few bars to tell: {total.count}"
        after = "" if again is None else f"; after one the next bar is one in {again:.1%}"
        return f"{1.0 - held:.1%} of the bars are outliers{after}"

    return _coverage("bars", wanted, "a normal distribution", walk.times[start], walk.times[due], figures, verdict)


def _share(which: Mask, mask: Mask) -> float | None:
    return float(which[mask].mean()) if mask.any() else None


def _coverage(
    what: str,
    wanted: float,
    reference: str,
    made: NDArray[np.datetime64],
    due: NDArray[np.datetime64],
    figures: Callable[[Mask], Figures],
    verdict: Callable[[Line], str],
) -> Coverage:
    year, ends = made.astype("M8[Y]"), due.astype("M8[Y]")
    total = Line("all", len(made), figures(np.ones(len(made), dtype=bool)))
    within = [(each, (year == each) & (ends == each)) for each in np.unique(year)]
    years = tuple(Line(str(each), int(mask.sum()), figures(mask)) for each, mask in within if mask.any())
    return Coverage(what, "held", wanted, reference, total, years, verdict(total), int((year != ends).sum()))
