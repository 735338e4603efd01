"""Predictor: base class of models that predict whether the close will be higher some bars on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final

from stockstream.indicators import checks
from stockstream.indicators.base import Point, PriceBar
from stockstream.indicators.stateful import Stateful
from stockstream.models.base import Model
from stockstream.models.features import INPUTS, NAMES, Features
from stockstream.models.logistic import OnlineLogistic, probability
from stockstream.models.scores import Rates, Scores

_TRUST: Final = 4.0
"""Precision with which the calibration at first leaves the learner's log-odds as they are."""

_MADE: Final = 4
"""Numbers of a pending prediction before its features: the close, the log-odds, the probability, the last way."""


class Learner(Stateful):
    """The part of a predictor that learns. Its state is numbers: what a library makes of them is made again."""

    __slots__ = ()

    @abstractmethod
    def predict(self, features: Sequence[float]) -> float:
        """The log-odds of up."""

    @abstractmethod
    def learn(self, features: Sequence[float], *, up: bool) -> None:
        """Take the outcome of these features."""


class PredictionPoint(Point, frozen=True, gc=False):
    """One bar's prediction, ``probability`` of a higher close, and the scores of all predictions that are due, as
    fractions: ``hit_rate``, ``always_up``, ``persistence`` (right predictions of the model, of one that always says up,
    of one that says what the last bar did), ``coin_low`` and ``coin_high`` (95 % of a coin's), ``claimed`` (the
    probability that the model gave to what it said), ``brier`` (0.25 for a coin), ``p_value`` (the chance of a guess
    to be right as often), ``scored`` (predictions counted).

    None at a price that is not above 0; the scores are None while fewer than 30 predictions are due.
    """

    probability: float | None
    hit_rate: float | None
    always_up: float | None
    persistence: float | None
    coin_low: float | None
    coin_high: float | None
    claimed: float | None
    brier: float | None
    p_value: float | None
    scored: float


class Predictor(Model[PredictionPoint]):
    """A model that predicts whether the close will be higher ``ahead`` bars on.

    At each bar it first learns the outcome of the prediction made ``ahead`` bars before, then predicts. The
    learner's log-odds are calibrated by a logistic regression of their own, which learns from the same outcomes how far
    they can be trusted. Predictions are scored after ``warmup`` outcomes, every ``ahead``-th of them, so that no
    two of those scored share a bar. A close that is the same is no outcome.

    A subclass declares a name, its parameters, and makes a `Learner`.
    """

    __slots__ = (
        "_calibration", "_clock", "_features", "_learned", "_learner", "_pending", "_rates", "_scores", "_way", "ahead",
        "warmup",
    )  # fmt: skip

    undefined: ClassVar[str] = "a price is not above 0, or few predictions are due"
    inputs: ClassVar[tuple[str, ...]] = INPUTS
    point: ClassVar[type[Point]] = PredictionPoint
    kept: ClassVar[tuple[str, ...]] = (
        "_features", "_learner", "_calibration", "_scores", "_pending", "_way", "_clock", "_learned",
    )  # fmt: skip

    _pending: list[list[float]]
    _way: float
    _clock: int
    _learned: int

    def __init__(self, ahead: int, warmup: int, learner: Learner) -> None:
        super().__init__()
        self.ahead = checks.whole("ahead", ahead, least=1)
        self.warmup = checks.whole("warmup", warmup, least=0)
        self._features = Features()
        self._learner = learner
        self._calibration = OnlineLogistic(2, _TRUST)
        self._scores = Scores()
        self._rates: Rates | None = None
        self._pending = []
        self._way = 1.0
        self._clock = self._learned = 0

    @property
    def lookback(self) -> int:
        """Bars before the first point: those that the features need."""
        return self._features.lookback

    def update(self, bar: PriceBar) -> PredictionPoint | None:  # noqa: D102 - as `Indicator` has it
        low, close = bar.low, bar.close
        if not -1e100 <= low <= bar.high <= 1e100 or not -1e100 <= close <= 1e100:
            raise checks.refusal(bar, "high", "low", "close")
        if low <= 0.0 or close <= 0.0:
            if self.value is not None:
                self.value = self._point(None)
            return self.value
        features = self._features.update(bar)
        if features is None:
            return None
        if len(self._pending) == self.ahead:
            self._judge(self._pending.pop(0), close)
        self._way = features[0] or self._way
        log_odds = self._learner.predict(features)
        calibrated = probability(log_odds + self._calibration.predict((log_odds, 1.0)))
        self._pending.append([close, log_odds, calibrated, self._way, *features])
        self.value = point = self._point(calibrated)
        return point

    def _judge(self, made: list[float], close: float) -> None:
        """Score a prediction that is due, and learn its outcome."""
        former, log_odds, calibrated, way = made[:_MADE]
        self._clock = (self._clock + 1) % self.ahead
        if close == former:
            return
        up = close > former
        if self._learned >= self.warmup and self._clock == 0:
            self._scores.take(calibrated, up=up, stayed=(way > 0.0) == up)
            self._rates = self._scores.rates
        self._learned += 1
        self._calibration.learn((log_odds, 1.0), up, offset=log_odds)
        self._learner.learn(made[_MADE:], up=up)

    def _point(self, calibrated: float | None) -> PredictionPoint:
        rates, scored = self._rates, float(self._scores.count)
        if rates is None:
            return PredictionPoint(calibrated, None, None, None, None, None, None, None, None, scored)
        return PredictionPoint(
            calibrated, rates.hit_rate, rates.always_up, rates.persistence, rates.coin_low, rates.coin_high,
            rates.claimed, rates.brier, rates.p_value, scored,
        )  # fmt: skip

    def _check(self) -> None:
        self._rates = self._scores.rates
        width = _MADE + len(NAMES)
        if len(self._pending) > self.ahead or any(len(made) != width for made in self._pending):
            raise checks.damaged(f"{len(self._pending)} predictions pending {self.ahead} bars ahead")
        if not 0 <= self._clock < self.ahead or self._learned < 0:
            raise checks.damaged(f"clock {self._clock}, learned {self._learned}")
