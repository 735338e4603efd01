"""Scores of predictions of a direction: how often they were right, against what needs no model."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt
from typing import ClassVar, Final

from stockstream.indicators import checks
from stockstream.indicators.stateful import Stateful

FEW: Final = 30
"""Predictions below which a rate says nothing, and is not given."""

LEVEL: Final = 0.05
"""Chance of a guess, below which a hit rate is called better than that of a coin."""

_WIDTH: Final = 1.959963984540054
"""Deviations on both sides within which 95 % of a normal distribution lie."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Scores so far, as fractions.

    ``hit_rate``, ``always_up`` and ``persistence`` are the shares of right predictions: of the model, of one that
    always says up, of one that says what the last bar did. ``coin_low`` and ``coin_high`` hold a coin's with 95 %.
    ``claimed`` is the mean probability that the model gave to what it said, ``brier`` the mean squared distance of its
    probability from the outcome, ``p_value`` the chance of a guess to be right as often: see `chance`.
    """

    hit_rate: float
    always_up: float
    persistence: float
    coin_low: float
    coin_high: float
    claimed: float
    brier: float
    p_value: float


class Scores(Stateful):
    """Counts of predictions and outcomes.

    >>> scores = Scores()
    >>> for place in range(40):
    ...     scores.take(0.75, up=place % 4 != 0, stayed=True)
    >>> scores.rates.hit_rate, scores.rates.always_up, scores.rates.claimed, scores.rates.p_value
    (0.75, 0.75, 0.75, 1.0)
    """

    __slots__ = ("_claimed", "_squares", "_stayed", "count", "hits", "said_up", "ups")
    kept: ClassVar[tuple[str, ...]] = ("count", "hits", "ups", "said_up", "_stayed", "_claimed", "_squares")

    count: int
    hits: int
    ups: int
    said_up: int
    _stayed: int
    _claimed: float
    _squares: float

    def __init__(self) -> None:
        self.count = self.hits = self.ups = self.said_up = self._stayed = 0
        self._claimed = self._squares = 0.0

    def take(self, probability: float, *, up: bool, stayed: bool) -> None:
        """Count a prediction: the probability of up, whether it went up, and whether it went the last bar's way."""
        says_up = probability >= 0.5
        self.count += 1
        self.hits += says_up == up
        self.ups += up
        self.said_up += says_up
        self._stayed += stayed
        self._claimed += probability if says_up else 1.0 - probability
        self._squares += (probability - up) ** 2

    @property
    def rates(self) -> Rates | None:
        """The scores; None while there are few."""
        count = self.count
        if count < FEW:
            return None
        reach = _WIDTH * sqrt(0.25 / count)
        return Rates(
            self.hits / count, self.ups / count, self._stayed / count, max(0.5 - reach, 0.0), min(0.5 + reach, 1.0),
            self._claimed / count, self._squares / count, chance(count, self.hits, self.ups, self.said_up),
        )  # fmt: skip

    def _check(self) -> None:
        counts = self.hits, self.ups, self.said_up, self._stayed
        if not 0 <= min(counts) <= max(counts) <= self.count or min(self._claimed, self._squares) < 0.0:
            raise checks.damaged(f"{self.hits} of {self.count} predictions were right")


def chance(count: int, hits: int, ups: int, said_up: int) -> float:
    """The chance of a guess to be right as often: the largest of three, all one-sided, in the normal approximation.

    The first is that of a coin. The second is that of Pesaran and Timmermann, "A Simple Nonparametric Test of
    Predictive Performance" (1992): of guesses that say up as often as these predictions, while it went up as often as
    it did. The third is that of one who always says what came more often: where the predictions say something else,
    they are right in more than half of the cases, or that one is better.

    >>> round(chance(400, 250, 200, 200), 5), chance(400, 230, 230, 400), round(chance(400, 200, 200, 200), 1)
    (0.00027, 1.0, 0.5)
    """
    coin = _above((hits - 0.5 * count - 0.5) / sqrt(0.25 * count))
    up, said = ups / count, said_up / count
    expected = up * said + (1.0 - up) * (1.0 - said)
    of_hits = expected * (1.0 - expected) / count
    of_up = (2.0 * up - 1.0) ** 2 * said * (1.0 - said) / count
    of_said = (2.0 * said - 1.0) ** 2 * up * (1.0 - up) / count
    of_both = 4.0 * up * said * (1.0 - up) * (1.0 - said) / count**2
    variance = of_hits - of_up - of_said - of_both
    if variance <= 1e-15 / count:
        return 1.0
    right_ups = (hits - count + said_up + ups) // 2
    rarer, right = (count - said_up, hits - right_ups) if 2 * ups >= count else (said_up, right_ups)
    constant = _above((right - 0.5 * rarer - 0.5) / sqrt(0.25 * rarer))
    return max(coin, _above((hits / count - expected) / sqrt(variance)), constant)


def _above(deviations: float) -> float:
    """The chance of a normal distribution to be so many deviations above its mean."""
    return 0.5 * erfc(deviations / sqrt(2.0))
