"""Logistic regression that learns one outcome at a time."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from operator import mul
from typing import ClassVar, Final

from stockstream.indicators import checks
from stockstream.indicators.stateful import Stateful

MOST: Final = 30.0
"""Limit of log-odds: beyond it a probability is 0 or 1 to the last digit that matters."""


def probability(log_odds: float) -> float:
    """The probability of log-odds.

    >>> probability(0.0), round(probability(-2.2), 3)
    (0.5, 0.1)
    """
    return 1.0 / (1.0 + exp(-min(max(log_odds, -MOST), MOST)))


def log_odds(probability: float) -> float:
    """The log-odds of a probability.

    >>> log_odds(0.5), round(log_odds(0.1), 1), log_odds(0.0)
    (0.0, -2.2, -30.0)
    """
    if not 0.0 < probability < 1.0:
        return MOST if probability > 0.5 else -MOST
    return min(max(log(probability / (1.0 - probability)), -MOST), MOST)


class OnlineLogistic(Stateful):
    """Bayesian logistic regression, one outcome at a time, in the Gaussian approximation.

    The weights have a normal distribution, at first with mean 0 and variance 1 / ``precision``. An outcome moves it by
    one step of Newton's method::

        v = covariance x,  s = p (1 - p),  d = 1 + s x'v
        weights += v (outcome - p) / d
        covariance -= v v' s / d

    Source: David J. Spiegelhalter, Steffen L. Lauritzen, "Sequential Updating of Conditional Probabilities on Directed
    Graphical Structures" (1990). There is no rate of learning to choose: what is known of a weight decides how far an
    outcome moves it.

    >>> model = OnlineLogistic(1, precision=1.0)
    >>> for outcome in (True, True, False, True):
    ...     model.learn([1.0], outcome)
    >>> round(probability(model.predict([1.0])), 2)
    0.62
    """

    __slots__ = ("_covariance", "_weights", "precision", "size")
    kept: ClassVar[tuple[str, ...]] = ("_weights", "_covariance")

    _weights: list[float]
    _covariance: list[list[float]]

    def __init__(self, size: int, precision: float) -> None:
        self.size = size
        self.precision = precision
        self._weights = [0.0] * size
        self._covariance = [
            [1.0 / precision if row == column else 0.0 for column in range(size)] for row in range(size)
        ]

    def predict(self, features: Sequence[float]) -> float:
        """The log-odds of the outcome."""
        return float(sum(map(mul, self._weights, features)))

    def learn(self, features: Sequence[float], outcome: bool, offset: float = 0.0) -> None:
        """Take the outcome of these features; ``offset`` is added to the log-odds that they have."""
        expected = probability(self.predict(features) + offset)
        moved = [sum(map(mul, row, features)) for row in self._covariance]
        certain = expected * (1.0 - expected)
        scale = 1.0 + certain * sum(map(mul, features, moved))
        step = (outcome - expected) / scale
        self._weights = [weight + step * each for weight, each in zip(self._weights, moved, strict=True)]
        shrink = certain / scale
        # New rows: copies of a model share the former ones.
        self._covariance = [
            [one - less * other for one, other in zip(row, moved, strict=True)]
            for row, less in zip(self._covariance, [shrink * each for each in moved], strict=True)
        ]

    def _check(self) -> None:
        sizes = {len(self._weights), len(self._covariance), *map(len, self._covariance)}
        if sizes != {self.size}:
            raise checks.damaged(f"{self.size} features have weights and covariances of sizes {sorted(sizes)}")
