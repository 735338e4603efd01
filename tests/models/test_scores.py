"""Scores: the chance of a guess, against simulation."""

from __future__ import annotations

import numpy as np
import pytest

from stockstream.models.scores import Scores, chance


def guessed(dice: np.random.Generator, *, says_up: float, goes_up: float, count: int = 200) -> float:
    said, up = dice.random(count) < says_up, dice.random(count) < goes_up
    return chance(count, int((said == up).sum()), int(up.sum()), int(said.sum()))


@pytest.mark.parametrize(("says_up", "goes_up"), [(0.5, 0.5), (0.6, 0.55), (0.9, 0.6)])
def test_guesses_are_called_better_than_chance_no_more_often_than_one_in_twenty(says_up: float, goes_up: float) -> None:
    dice = np.random.default_rng(2)
    found = np.mean([guessed(dice, says_up=says_up, goes_up=goes_up) < 0.05 for _ in range(4_000)])
    assert found < 0.06


def test_who_always_says_up_is_never_better_however_often_it_rises() -> None:
    assert chance(1_000, 700, 700, 1_000) == 1.0
    assert chance(1_000, 690, 700, 990) > 0.05


def test_who_is_right_less_often_than_always_up_is_no_better() -> None:
    # Of 9,642 days 51.5 % rose: a model that is right on 51.4 % beats a coin, and is worth nothing.
    assert chance(9_642, 4_956, 4_962, 7_500) > 0.4
    assert chance(1_000, 560, 540, 700) == pytest.approx(chance(1_000, 560, 460, 300))


def test_who_knows_is_better() -> None:
    assert chance(100, 66, 50, 50) < 0.02
    assert chance(1_000, 530, 500, 500) == pytest.approx(0.097, abs=0.002)


def test_counts_that_contradict_each_other_are_no_state() -> None:
    scores = Scores()
    for _ in range(5):
        scores.take(0.7, up=True, stayed=False)
    with pytest.raises(ValueError, match="damaged: 6 of 5 predictions were right"):
        Scores().restore(scores.state() | {"hits": 6})
