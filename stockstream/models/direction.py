"""Direction: whether the close will be higher, by a logistic regression that learns from bar to bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from stockstream.indicators import checks
from stockstream.models.features import NAMES
from stockstream.models.logistic import OnlineLogistic
from stockstream.models.predictor import Learner, Predictor


class LogisticLearner(Learner):
    """An `OnlineLogistic` over the features and a constant."""

    __slots__ = ("_model", "precision")
    kept: ClassVar[tuple[str, ...]] = ("_model",)

    def __init__(self, precision: float) -> None:
        self.precision = precision
        self._model = OnlineLogistic(len(NAMES) + 1, precision)

    def predict(self, features: Sequence[float]) -> float:
        """The log-odds of up."""
        return self._model.predict((*features, 1.0))

    def learn(self, features: Sequence[float], *, up: bool) -> None:
        """Take the outcome of these features."""
        self._model.learn((*features, 1.0), up)


class Direction(Predictor):
    """The probability that the close will be higher ``ahead`` bars on, and how good such predictions were so far.

    ::

        features = returns over 1, 5 and 20 bars, RSI, percent_b, range, volatility, time of day, day of the week
        log-odds = weights * features, weights by Bayesian logistic regression, one outcome at a time
        probability = 1 / (1 + exp(-(log-odds + a * log-odds + b))), where a and b are learned in the same way

    Source: David J. Spiegelhalter, Steffen L. Lauritzen, "Sequential Updating of Conditional Probabilities on Directed
    Graphical Structures" (1990); calibrated after John Platt, "Probabilistic Outputs for Support Vector Machines and
    Comparisons to Regularized Likelihood Methods" (1999). The first point is at the bar with index 20.

    Every score is of predictions made before their outcome was learned, from ``warmup`` outcomes on. Of predictions
    over several bars only those that share no bar are scored. ``p_value`` is the largest of the chances of a coin, of
    guesses that say up as often as the model does (Pesaran and Timmermann, 1992), and of always saying what came more
    often: only below 0.05 are predictions better than a coin. Who looks at every bar will sometimes see that by
    chance. Most series have nothing that such features could predict: then the probability stays near the share of
    closes that rise.

    Parameters
    ----------
    ahead
        Bars from a prediction to its outcome, at least 1.
    warmup
        Outcomes that are learned before predictions are scored.
    precision
        How strongly the weights are held at 0 at first, from 1e-3 to 1e9: the inverse of their variance.

    Raises
    ------
    ValueError
        For an ``ahead`` that is not a whole number of at least 1, a negative ``warmup``, or a ``precision`` outside
        1e-3 to 1e9.

    Examples
    --------
    >>> from datetime import UTC, datetime, timedelta
    >>> from types import SimpleNamespace
    >>> direction = Direction()
    >>> time, close = datetime(2026, 3, 2, tzinfo=UTC), 100.0
    >>> for place in range(400):  # up, up, down, and so on
    ...     close *= 1.01 if place % 3 else 0.985
    ...     bar = SimpleNamespace(high=close, low=close, close=close, tz=None, time=time + timedelta(minutes=place))
    ...     point = direction.update(bar)
    >>> point.hit_rate > 0.8, point.p_value < 0.001, 0.6 < point.always_up < 0.7
    (True, True, True)
    """

    __slots__ = ("precision",)

    name: ClassVar[str] = "direction"

    def __init__(self, ahead: int = 1, warmup: int = 50, precision: float = 100.0) -> None:
        self.precision = checks.between("precision", precision, 1e-3, 1e9)
        super().__init__(ahead, warmup, LogisticLearner(self.precision))
