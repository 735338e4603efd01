"""Walk-forward evaluation of a predictor: accuracy, Brier score, calibration, and equity after costs, by year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from stockstream.models.scores import FEW, LEVEL, chance

if TYPE_CHECKING:
    from collections.abc import Iterator

Floats = NDArray[np.float64]

_BINS: Final = 8
_ENOUGH: Final = 25
"""Calibration: bins of equally many predictions at most, and predictions of a bin at least."""


@dataclass(frozen=True)
class Predictions:
    """Predictions and their outcomes, of which no two share a bar; arrays of shape (n,).

    ``probability`` is that of a higher close, ``change`` the relative change of the close up to the outcome, ``before``
    the last one from bar to bar, up to the prediction, that was not 0 (1 without any). ``times`` and ``ends`` are when
    predictions were made and were due.
    """

    times: NDArray[np.datetime64]
    ends: NDArray[np.datetime64]
    probability: Floats
    change: Floats
    before: Floats

    def __len__(self) -> int:
        return len(self.times)

    def pick(self, mask: NDArray[np.bool_]) -> Predictions:
        """Those of a mask, shape (n,)."""
        return Predictions(
            self.times[mask], self.ends[mask], self.probability[mask], self.change[mask], self.before[mask]
        )

    @property
    def says_up(self) -> NDArray[np.bool_]:
        """Whether each says that the close will be higher, shape (n,)."""
        return np.asarray(self.probability >= 0.5)


@dataclass(frozen=True)
class Period:
    """The scores of a period, as fractions: see `stockstream.models.scores.Rates`.

    ``predictions`` counts those with an outcome, as closes that are the same are none. ``earned`` is the return after
    costs, ``held`` that of holding. Scores are None without any outcome.
    """

    name: str
    predictions: int
    hit_rate: float | None
    always_up: float | None
    persistence: float | None
    claimed: float | None
    brier: float | None
    p_value: float | None
    earned: float
    held: float

    @property
    def verdict(self) -> str:
        """How good the predictions are, in words."""
        if self.p_value is None or self.predictions < FEW:
            return f"too few predictions to tell: {self.predictions}"
        better = "better" if self.p_value < LEVEL else "no better"
        return f"{better} than a coin (p = {self.p_value:.2g})"


@dataclass(frozen=True)
class Bin:
    """Predictions of similar probability: their number, mean probability, and the share of closes that were higher."""

    predictions: int
    claimed: float
    came: float


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of a predictor over a series.

    ``total`` has the scores of all predictions, ``years`` those of each year. ``times`` are those of ``earned`` and
    ``held``, the value of 1 that was traded, and held: arrays of shape (n + 1,). ``trades`` counts changes of the
    position, ``purged`` predictions that are in no year, because they were due in the next.
    """

    total: Period
    years: tuple[Period, ...]
    calibration: tuple[Bin, ...]
    times: NDArray[np.datetime64]
    earned: Floats
    held: Floats
    trades: int
    purged: int
    cost: float


def predictions(
    times: NDArray[np.datetime64], closes: Floats, probability: Floats, *, ahead: int, first: int
) -> Predictions:
    """Pick the predictions to score, every ``ahead``-th from an index on.

    Parameters
    ----------
    times, closes, probability
        Of each bar that the model took, shape (n,); the probability NaN during warm-up.
    ahead
        Bars up to the outcome.
    first
        The first bar whose prediction counts. What the model had learned by then are outcomes that were known at that
        bar, each of a prediction made at least ``ahead`` bars before.
    """
    known = np.flatnonzero(np.isfinite(probability))
    start = max(first, int(known[0]) if len(known) else len(closes), 1)
    made = np.arange(start, len(closes) - ahead, ahead)
    return Predictions(
        times[made],
        times[made + ahead],
        probability[made],
        closes[made + ahead] / closes[made] - 1.0,
        _last_moves(closes)[made],
    )


def _last_moves(closes: Floats) -> Floats:
    """The last relative change up to each bar that is not 0, and 1 before the first: the window's persistence."""
    moves = np.append(1.0, closes[1:] / closes[:-1] - 1.0)
    return np.asarray(moves[np.maximum.accumulate(np.where(moves != 0.0, np.arange(len(moves)), 0))])


def evaluate(found: Predictions, *, cost: float, short: bool = False) -> Evaluation:
    """Score predictions, and trade on them: hold where they say up, else nothing, or sold short.

    A trade is filled at the close from which its prediction was made. Who is sold short loses all where the close more
    than doubles up to the outcome: the value is 0 from then on, never below. A year's return is that of its own trades.

    Parameters
    ----------
    found
        The predictions, at least one.
    cost
        What a trade costs, as a fraction of its value: 0.0005 is 0.05 %.
    short
        Whether it is sold short where they say down.
    """
    position = np.where(found.says_up, 1.0, -1.0 if short else 0.0)
    traded = np.abs(np.diff(position, prepend=0.0))
    gains = np.maximum((1.0 - cost * traded) * (1.0 + position * found.change), 0.0)
    held = (1.0 + found.change) * np.where(np.arange(len(found)) == 0, 1.0 - cost, 1.0)
    years = tuple(_years(found, gains, held))
    return Evaluation(
        _period("all", found, gains, held),
        years,
        _calibration(found),
        np.append(found.times[:1], found.ends),
        np.append(1.0, np.cumprod(gains)),
        np.append(1.0, np.cumprod(held)),
        int(np.count_nonzero(traded)),
        int((_year(found.times) != _year(found.ends)).sum()),
        cost,
    )


def _year(times: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    return times.astype("M8[Y]")


def _years(found: Predictions, gains: Floats, held: Floats) -> Iterator[Period]:
    """The scores of each year; predictions that are due in another year than they were made in are in none."""
    made, due = _year(found.times), _year(found.ends)
    for year in np.unique(made):
        mask = (made == year) & (due == year)
        if mask.any():
            yield _period(str(year), found.pick(mask), gains[mask], held[mask])


def _period(name: str, found: Predictions, gains: Floats, held: Floats) -> Period:
    earned, kept = float(np.prod(gains)) - 1.0, float(np.prod(held)) - 1.0
    moved = found.pick(found.change != 0.0)
    count = len(moved)
    if not count:
        return Period(name, 0, None, None, None, None, None, None, earned, kept)
    says_up, up = moved.says_up, moved.change > 0.0
    hits = int((says_up == up).sum())
    return Period(
        name,
        count,
        hits / count,
        float(up.mean()),
        float(((moved.before > 0.0) == up).mean()),
        float(np.maximum(moved.probability, 1.0 - moved.probability).mean()),
        float(((moved.probability - up) ** 2).mean()),
        chance(count, hits, int(up.sum()), int(says_up.sum())),
        earned,
        kept,
    )


def _calibration(found: Predictions) -> tuple[Bin, ...]:
    """Bins of equally many predictions, from the least to the greatest probability."""
    moved = found.pick(found.change != 0.0)
    order = np.argsort(moved.probability, kind="stable")
    count = min(_BINS, len(order) // _ENOUGH)
    parts = np.array_split(order, count) if count else []
    return tuple(
        Bin(len(part), float(moved.probability[part].mean()), float((moved.change[part] > 0.0).mean()))
        for part in parts
    )
