"""The forest: what its parameters may be, and what is remembered of its fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stockstream.models import DirectionForest
from stockstream.models.direction_forest import ForestLearner
from stockstream.models.features import NAMES


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"train": 1_000_000}, "train is a whole number from 20 to 5000, not 1000000"),
        ({"every": 1}, "every is a whole number of at least 10, not 1"),
        ({"trees": 10_000}, "trees is a whole number from 1 to 200, not 10000"),
    ],
)
def test_a_forest_that_takes_too_long_or_too_much_memory_is_refused(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DirectionForest(**parameters)


def test_the_same_outcomes_are_fitted_once_and_few_fits_are_remembered() -> None:
    pytest.importorskip("sklearn")
    from stockstream.models.direction_forest import _fitted

    _fitted.cache_clear()
    dice = np.random.default_rng(4)
    for series in range(12):
        learner = ForestLearner(train=40, every=20, trees=1)
        for _ in range(19):
            learner.learn(dice.normal(0.0, 1.0, len(NAMES)).tolist(), up=bool(dice.random() < 0.5))
        forming = [learner.copy() for _ in range(3)]
        for each in forming:
            each.learn([float(series)] * len(NAMES), up=True)
        assert forming[0].state() == forming[2].state()
        assert forming[0].predict([0.0] * len(NAMES)) == forming[1].predict([0.0] * len(NAMES))
    remembered = _fitted.cache_info()
    assert (remembered.misses, remembered.hits) == (12, 24)
    assert remembered.currsize <= 8
