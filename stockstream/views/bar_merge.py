"""Merge of incoming bars with stored ones: each is new, late, unchanged or corrected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stockstream.records import Candle
from stockstream.views.bar_batch import BarBatch, microseconds

if TYPE_CHECKING:
    from stockstream.views.bars import Bars


class BarMerge:
    """A batch of bars in time order, each with the former bar of its time, if there is one.

    All bars are merged together, so that many late bars take no longer than as many new ones; the result is that of
    merging them one by one.

    Attributes
    ----------
    places
        Index of each among the stored bars, or where it would be inserted, shape (bars,).
    held
        Whether a stored bar has its time, shape (bars,).
    numbers
        As `BarBatch` has them.
    finals
        Whether each is final, shape (bars,).
    counting
        Bars to store: the last one of each time that differs from the one before; shape (changes,).
    late
        Number of bars that arrived after newer ones.
    corrections
        Number of final bars that arrived again with other values.
    """

    def __init__(self, batch: BarBatch, bars: Bars) -> None:
        self._batch = batch
        instants = batch.instants
        self._order = order = np.argsort(instants, kind="stable")
        ascending = instants[order]
        there = bars.instants()
        self.places = np.searchsorted(there, ascending)
        self.held = self.places < len(there)
        self.held[self.held] = there[self.places[self.held]] == ascending[self.held]
        self.numbers = batch.numbers[:, order]
        self.finals = np.array(batch.finals or [True] * len(batch))[order]

        repeated = np.concatenate(([False], ascending[1:] == ascending[:-1]))
        first = self.held & ~repeated
        known = repeated | first
        finals = _before(self.finals)
        finals[first] = bars.finals(self.places[first])
        same = known & (finals == self.finals) & self._alike(bars, first)
        if batch.flags or bars.flags:
            same &= self._flagged_alike(bars, first)
        changed = np.flatnonzero(~same)
        last = np.append(ascending[changed][1:] != ascending[changed][:-1], np.True_)
        self.counting = changed[last[: len(changed)]]

        self.late = int(np.count_nonzero(~known & _behind(instants, there)[order]))
        self.corrections = int(np.count_nonzero(known & ~same & finals))

    def _alike(self, bars: Bars, first: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which have the numbers of those before them, which for the first of a time are among ``bars``."""
        former = _before(self.numbers)
        former[:, first] = bars.numbers()[:, self.places[first]]
        return np.asarray(((former == self.numbers) | (np.isnan(former) & np.isnan(self.numbers))).all(axis=0))

    def _flagged_alike(self, bars: Bars, first: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which have the flags of those before them."""
        rows = np.arange(len(self._order))
        pairs = list(self.flags(rows))
        flags = [flags for _, flags in pairs]
        former = [(), *flags[:-1]]
        for row in np.flatnonzero(first).tolist():
            former[row] = bars.flags.get(pairs[row][0], ())
        return np.fromiter((was == now for was, now in zip(former, flags, strict=True)), np.bool_, len(flags))

    def instants(self, rows: NDArray[np.intp]) -> NDArray[np.datetime64]:
        """Start times of some of the bars."""
        return self._batch.instants[self._order[rows]]

    def flags(self, rows: NDArray[np.intp]) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The flags of some of the bars, each with the bar's time in microseconds."""
        flags, places = self._batch.flags, self._order[rows]
        for time, place in zip(microseconds(self._batch.instants[places]), places.tolist(), strict=True):
            yield time, () if flags is None else flags[place]

    def bar(self, row: int) -> Candle:
        """One of the bars."""
        return self._batch.bar(int(self._order[row]))


def _before(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Of each column the one before it; of the first one the last."""
    return np.roll(values, 1, axis=-1)


def _behind(instants: NDArray[np.datetime64], there: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Which instants arrive after a later one, including those already ``there``."""
    newest = there[-1:] if len(there) else instants[:1]
    latest = np.maximum.accumulate(np.concatenate((newest, instants[:-1])))
    return np.asarray(instants < latest)
