"""A record on which a fold fails, and a bar on which an indicator fails, are set aside and counted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from stockstream.consumers.guarded_fold import GuardedFold
from stockstream.indicators import SMA
from stockstream.records import Candle
from stockstream.views.bar_batch import BarBatch, gather
from stockstream.views.fold import Selection
from stockstream.views.series import SeriesFold
from tests.views.bars import walk


class Choosy(SeriesFold):
    """Fails at some bars, after it has taken others."""

    def apply(self, records: Sequence[Candle] | Sequence[BarBatch]) -> bool:
        changed = super().apply(records)
        for each in records:
            bars = [each.bar(index) for index in range(len(each))] if isinstance(each, BarBatch) else [each]
            if any(bar.time.minute == 40 for bar in bars):
                raise ZeroDivisionError("minute 40")
        return changed


@pytest.mark.parametrize("gathered", [True, False])
def test_a_record_at_which_a_fold_fails_is_counted_and_the_others_are_taken(gathered: bool) -> None:
    guarded, fold = GuardedFold(), Choosy({}, Selection())
    bars = walk(200)
    for start in range(0, 200, 50):
        batch = bars[start : start + 50]
        guarded.apply(fold, gather(batch) if gathered else batch)
    assert guarded.failed == 4
    assert len(fold.frame("AAPL")) == 200
    assert not fold.counts()


class Failing(SMA):
    """An average that some bars break, and that is no good any more after that."""

    __slots__ = ()

    def update(self, bar: Any) -> Any:
        if bar.close % 1 < 0.05:
            super().update(bar)
            raise OverflowError("too round")
        return super().update(bar)

    def _fill(self, points: Any, *inputs: Any) -> None:
        super()._fill(points, *inputs)
        if (inputs[0] % 1 < 0.05).any():
            raise OverflowError("too round")


@pytest.mark.parametrize("keep", [None, 150])
def test_a_bar_at_which_an_indicator_fails_is_skipped_by_it_and_doubtful(keep: int | None) -> None:
    dice = random.Random(3)
    fold = SeriesFold.of(Failing)(Selection(("AAPL",), keep=keep), {"period": 5})
    bars = walk(900)
    sent = list(bars)
    while sent:
        size = dice.choice((1, 3, 200))
        fold.apply(sent[:size])
        sent = sent[size:]
        fold.frame("AAPL")
    fold.apply([bars[-20]])
    plain = SMA(5)
    failing = [bar.close % 1 < 0.05 for bar in bars]
    values = [np.nan] * len(bars)
    for place, each in enumerate(bars):
        point = None if failing[place] else plain.update(each)
        values[place] = np.nan if point is None else point.sma
    frame = fold.frame("AAPL")
    np.testing.assert_array_equal(frame["sma"], values[-len(frame) :])
    assert frame["doubtful"].tolist() == failing[-len(frame) :]
    assert fold.counts() == {"doubtful": sum(failing[-len(frame) :])}
