"""Direction by river: a logistic regression by stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from stockstream.indicators import checks
from stockstream.models.base import missing
from stockstream.models.features import NAMES
from stockstream.models.logistic import log_odds
from stockstream.models.predictor import Learner, Predictor

_REGULARISATION = 1e-3


class RiverLearner(Learner):
    """River's `LogisticRegression`. The state is its weights; the object itself is made again from them."""

    __slots__ = ("_intercept", "_regression", "_weights", "rate")
    kept: ClassVar[tuple[str, ...]] = ("_weights", "_intercept")

    _weights: list[float]
    _intercept: float

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._weights = [0.0] * len(NAMES)
        self._intercept = 0.0
        self._regression: object = None

    def predict(self, features: Sequence[float]) -> float:
        """The log-odds of up."""
        return log_odds(self._made().predict_proba_one(dict(zip(NAMES, features, strict=True)))[True])

    def learn(self, features: Sequence[float], *, up: bool) -> None:
        """Take the outcome of these features."""
        regression = self._made()
        regression.learn_one(dict(zip(NAMES, features, strict=True)), up)
        weights = regression.weights
        self._weights = [float(weights[name]) for name in NAMES]
        self._intercept = float(regression.intercept)

    def copy(self) -> Self:
        """An independent copy in the same state."""
        twin = super().copy()
        twin._regression = None  # noqa: SLF001 - it is one of us; river's object changes in place
        return twin

    def _made(self) -> Any:
        """River's regression with these weights."""
        if self._regression is None:
            try:
                from river.linear_model import LogisticRegression
                from river.optim import SGD
            except ModuleNotFoundError as error:
                raise missing("direction_river", "river") from error
            made = LogisticRegression(
                optimizer=SGD(self.rate), l2=_REGULARISATION, intercept_init=self._intercept, intercept_lr=self.rate
            )
            for name, weight in zip(NAMES, self._weights, strict=True):
                made._weights[name] = weight  # noqa: SLF001 - river has no other way to set them
            self._regression = made
        return self._regression

    def _check(self) -> None:
        if len(self._weights) != len(NAMES):
            raise checks.damaged(f"{len(self._weights)} weights of {len(NAMES)} features")


class DirectionRiver(Predictor):
    """The probability that the close will be higher ``ahead`` bars on, by river's online logistic regression.

    ::

        weights -= rate * gradient of (log loss + 0.0005 * weights^2), one outcome at a time
        probability = 1 / (1 + exp(-(weights * features))), calibrated

    Source: Jacob Montiel et al., "River: machine learning for streaming data in Python" (2021). Features, calibration
    and scores are those of the model direction, and differences between the two are those of their ways to learn: here
    ``rate`` decides how far an outcome moves the weights, and older outcomes are forgotten little by little. Needs the
    extra models.

    Parameters
    ----------
    ahead
        Bars from a prediction to its outcome, at least 1.
    warmup
        Outcomes that are learned before predictions are scored.
    rate
        Step of the gradient descent, from 1e-6 to 1.

    Raises
    ------
    ValueError
        For an ``ahead`` that is not a whole number of at least 1, a negative ``warmup``, or a ``rate`` outside 1e-6 to
        1.

    Examples
    --------
    >>> from datetime import UTC, datetime, timedelta
    >>> from types import SimpleNamespace
    >>> direction = DirectionRiver(rate=0.05)
    >>> time, close = datetime(2026, 3, 2, tzinfo=UTC), 100.0
    >>> for place in range(300):  # up, down, and so on
    ...     close *= 1.01 if place % 2 else 0.99
    ...     bar = SimpleNamespace(high=close, low=close, close=close, tz=None, time=time + timedelta(minutes=place))
    ...     point = direction.update(bar)
    >>> point.hit_rate > 0.9, point.p_value < 0.001
    (True, True)
    """

    __slots__ = ("rate",)

    name: ClassVar[str] = "direction_river"
    packages: ClassVar[tuple[str, ...]] = ("river",)

    def __init__(self, ahead: int = 1, warmup: int = 50, rate: float = 0.01) -> None:
        self.rate = checks.between("rate", rate, 1e-6, 1.0)
        super().__init__(ahead, warmup, RiverLearner(self.rate))
