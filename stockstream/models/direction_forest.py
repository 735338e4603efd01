"""Direction by scikit-learn: a random forest, fitted again every so many outcomes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import ClassVar, Final, TypeAlias

from stockstream.indicators import checks
from stockstream.models.base import missing
from stockstream.models.features import NAMES
from stockstream.models.logistic import log_odds
from stockstream.models.predictor import Learner, Predictor

Trees: TypeAlias = tuple[tuple[float, ...], ...]

_NODE: Final = 5
"""Numbers of a node: the feature (-1 in a leaf), the threshold, the nodes of lower and of higher values, the share of
outcomes that were up.
"""

_DEPTH: Final = 3
_LEAST: Final = 0.05
"""Depth of a tree, and the share of all outcomes that each of its leaves has at least."""

_LONGEST: Final = 5_000
_OFTENEST: Final = 10
_MOST: Final = 200
_REMEMBERED: Final = 8
"""The most outcomes of a fit, the fewest from one fit to the next, the most trees, and the forests remembered: a fit
takes tens of milliseconds and more, and the outcomes of each series are part of its state.
"""

_SURE: Final = 0.01
"""Share of outcomes on either side below which a forest is not believed."""


class ForestLearner(Learner):
    """A forest over the last ``train`` outcomes, fitted again after ``every`` of them. Its state is those outcomes, and
    the trees as numbers: predictions are made from these, without scikit-learn.
    """

    __slots__ = ("_forest", "_outcomes", "_waiting", "every", "train", "trees")
    kept: ClassVar[tuple[str, ...]] = ("_outcomes", "_waiting", "_forest")

    _outcomes: list[list[float]]
    _waiting: int
    _forest: list[list[float]]

    def __init__(self, train: int, every: int, trees: int) -> None:
        self.train = train
        self.every = every
        self.trees = trees
        self._outcomes = []
        self._waiting = every
        self._forest = []

    def predict(self, features: Sequence[float]) -> float:
        """The log-odds of up; 0 before the first fit."""
        if not self._forest:
            return 0.0
        share = sum([_leaf(tree, features) for tree in self._forest]) / len(self._forest)
        return log_odds(min(max(share, _SURE), 1.0 - _SURE))

    def learn(self, features: Sequence[float], *, up: bool) -> None:
        """Take the outcome of these features."""
        self._outcomes.append([*features, float(up)])
        if len(self._outcomes) > self.train:
            del self._outcomes[0]
        self._waiting -= 1
        if not self._waiting:
            self._waiting = self.every
            fitted = _fitted(array("d", chain.from_iterable(self._outcomes)).tobytes(), self.trees)
            self._forest = [list(tree) for tree in fitted]

    def _check(self) -> None:
        if len(self._outcomes) > self.train or any(len(row) != len(NAMES) + 1 for row in self._outcomes):
            raise checks.damaged(f"{len(self._outcomes)} outcomes of {self.train}")
        if not 0 < self._waiting <= self.every:
            raise checks.damaged(f"waiting {self._waiting} of {self.every}")
        for tree in self._forest:
            count = len(tree) // _NODE
            if not tree or len(tree) % _NODE or not all(_is_node(tree, place, count) for place in range(count)):
                raise checks.damaged("a tree that is none")


def _is_node(tree: Sequence[float], place: int, count: int) -> bool:
    """Whether a node of a saved tree is a leaf, or leads on to later nodes."""
    feature, _, lower, higher, _ = tree[place * _NODE : (place + 1) * _NODE]
    if feature == -1.0:
        return True
    return feature in range(len(NAMES)) and all(child in range(place + 1, count) for child in (lower, higher))


def _leaf(tree: Sequence[float], features: Sequence[float]) -> float:
    """The share of outcomes that were up in the leaf of these features."""
    node = 0
    while (feature := int(tree[node])) >= 0:
        node = int(tree[node + 2 if features[feature] <= tree[node + 1] else node + 3]) * _NODE
    return tree[node + 4]


@lru_cache(maxsize=_REMEMBERED)
def _fitted(outcomes: bytes, trees: int) -> Trees:
    """The trees of a forest over outcomes, which are the doubles of their rows; none where all outcomes are the same.

    The same outcomes give the same trees. The last ones are remembered: a forming bar would otherwise have the same
    forest fitted with each of its changes, for each symbol whose fit is due.
    """
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ModuleNotFoundError as error:
        raise missing("direction_forest", "sklearn") from error
    import numpy as np

    table = np.frombuffer(outcomes).reshape(-1, len(NAMES) + 1)
    features, up = table[:, :-1], table[:, -1] > 0.5
    if up.all() or not up.any():
        return ()
    least = max(1, int(_LEAST * len(table)))
    forest = RandomForestClassifier(trees, max_depth=_DEPTH, min_samples_leaf=least, random_state=0)
    forest.fit(features, up)
    found = []
    for each in forest.estimators_:
        tree = each.tree_
        counts = tree.value[:, 0, :]
        shares = counts[:, 1] / counts.sum(axis=1)
        inner = tree.children_left >= 0
        columns = (
            np.where(inner, tree.feature, -1),
            np.where(inner, tree.threshold, 0.0),
            np.where(inner, tree.children_left, 0),
            np.where(inner, tree.children_right, 0),
            shares,
        )
        found.append(tuple(np.column_stack(columns).astype(np.float64).ravel().tolist()))
    return tuple(found)


class DirectionForest(Predictor):
    """The probability that the close will be higher ``ahead`` bars on, by a random forest of scikit-learn.

    ::

        every so many outcomes: trees of depth 3 over the last train outcomes, each of a sample of them
        probability = mean of the shares of up in the leaves, calibrated

    Source: Leo Breiman, "Random Forests" (2001). Features, calibration and scores are those of the model direction. The
    walk forward is purged: a forest is fitted to outcomes that are known, each ``ahead`` bars after its prediction, and
    predicts only bars after them. Before the first fit, at ``every`` outcomes, the probability is the share of up so
    far. Needs the extra models; its state is the outcomes and the trees as numbers.

    Parameters
    ----------
    ahead
        Bars from a prediction to its outcome, at least 1.
    warmup
        Outcomes that are learned before predictions are scored.
    train
        Outcomes to which a forest is fitted, the last ones, from 20 to 5,000.
    every
        Outcomes from one fit to the next, at least 10.
    trees
        Trees of the forest, from 1 to 200.

    Raises
    ------
    ValueError
        For an ``ahead``, ``train``, ``every`` or ``trees`` that is not a whole number within these limits, or a
        negative ``warmup``.

    Examples
    --------
    >>> from datetime import UTC, datetime, timedelta
    >>> from types import SimpleNamespace
    >>> direction = DirectionForest(train=200, every=50, trees=10)
    >>> time, close = datetime(2026, 3, 2, tzinfo=UTC), 100.0
    >>> for place in range(300):  # up, down, and so on
    ...     close *= 1.01 if place % 2 else 0.99
    ...     bar = SimpleNamespace(high=close, low=close, close=close, tz=None, time=time + timedelta(minutes=place))
    ...     point = direction.update(bar)
    >>> point.hit_rate > 0.9, point.p_value < 0.001
    (True, True)
    """

    __slots__ = ("every", "train", "trees")

    name: ClassVar[str] = "direction_forest"
    packages: ClassVar[tuple[str, ...]] = ("sklearn",)

    def __init__(self, ahead: int = 1, warmup: int = 100, train: int = 500, every: int = 100, trees: int = 30) -> None:
        self.train = checks.whole("train", train, least=20, most=_LONGEST)
        self.every = checks.whole("every", every, least=_OFTENEST)
        self.trees = checks.whole("trees", trees, least=1, most=_MOST)
        super().__init__(ahead, warmup, ForestLearner(self.train, self.every, self.trees))
