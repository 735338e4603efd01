"""Mean deviations over long windows, with NumPy (`deviations` is for short ones)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from stockstream.indicators.arrays import Floats
from stockstream.indicators.deviations import Deviations
from stockstream.indicators.stateful import State, converted

_AT_ONCE: Final = 16_384
"""Deviations that stay in the processor's cache."""

_absolute: Final = np.absolute
_sum: Final = np.add.reduce


class LongDeviations(Deviations):
    """What `stockstream.indicators.deviations.Deviations` is, but the sum is NumPy's, pair by pair.

    Both `push` and `batch` sum windows that lie side by side in memory, which NumPy does in one order.

    A push is linear in the period. It cannot be constant: from one mean to the next any number of values may change
    sides. Values kept in order, with sums over stretches of them, would take fewer steps, with a tree of sums as many
    as the logarithm of the period; but in Python a step costs as much as some hundred values here. It was tried with
    stretches of 16 to 64 values: slower at 2,000, 2.5 times as fast at 20,000. What is summed would then be the values
    themselves, which loses the digits that they share, in an order that depends on how the window came about.

    >>> deviations = LongDeviations(3)
    >>> [deviations.push(value, 0.0) for value in (1.0, 2.0, 4.0, 9.0)][2:]
    [(5.0, 10.0, 7.0), (12.0, 24.0, 15.0)]
    """

    __slots__ = ("_end", "_tape")
    kept: ClassVar[tuple[str, ...]] = ("_closes", "_spreads", "_pivot", "_total", "_tails")

    def __init__(self, period: int) -> None:
        super().__init__(period)
        self._tape = np.empty(2 * period)  # the window, and room for a block
        self._end = 0

    def push(self, close: float, spread: float) -> tuple[float, float, float] | None:
        """As `Deviations.push`."""
        self._closes.append(close)
        self._spreads.append(spread)
        tails = self._tails
        if not tails:
            return self._turn() if len(self._closes) == self.period else None
        offset = 3.0 * (close - self._pivot) + spread
        self._total = total = self._total + offset
        mean = (total + tails.pop()) / self.period
        self._tape[self._end] = offset
        self._end += 1
        return (offset - mean, self._around(mean), 3.0 * self._pivot + mean)

    def _turn(self) -> tuple[float, float, float]:
        pivot = self._pivot = self._closes[-1]
        offsets = np.array(self._closes)
        offsets -= pivot
        offsets *= 3.0
        offsets += self._spreads
        self._tape[: self.period] = offsets
        self._end = self.period
        self._tails = np.add.accumulate(offsets[::-1]).tolist()
        self._closes = []
        self._spreads = []
        self._total = 0.0
        mean = self._tails.pop() / self.period
        return (offsets[-1].item() - mean, self._around(mean), 3.0 * pivot + mean)

    def _around(self, mean: float) -> float:
        end = self._end
        deviations = self._tape[end - self.period : end] - mean
        return float(_sum(_absolute(deviations, deviations)))

    def _sums(self, segment: Floats, means: Floats) -> Floats:
        segment, means = np.ascontiguousarray(segment.T), np.ascontiguousarray(means.T)
        totals = np.empty(means.shape)
        step = -(-self.period // max(1, round(self.period**2 / _AT_ONCE)))
        for row, centres, sums in zip(segment, means, totals, strict=True):
            windows = sliding_window_view(row, self.period)
            for first in range(0, self.period, step):
                chunk = slice(first, first + step)
                deviations = windows[chunk] - centres[chunk, np.newaxis]
                _sum(_absolute(deviations, deviations), axis=1, out=sums[chunk])
        return totals.T

    def copy(self) -> Self:
        """Another one in the same state, which then goes its own way."""
        twin = super().copy()
        twin._tape = self._tape.copy()  # noqa: SLF001 - it is one of us
        return twin

    def state(self) -> State:
        """The whole state."""
        return super().state() | {"window": self._tape[max(0, self._end - self.period) : self._end].tolist()}

    def _check(self) -> None:
        """Nothing: the window is restored behind the rest."""

    def _restored(self, state: Mapping[str, object]) -> Self:
        fresh = super()._restored(state)
        window = converted("window", state.get("window"), list[float])
        fresh._fits(len(window))  # noqa: SLF001 - it is one of us
        fresh._tape[: len(window)] = window  # noqa: SLF001
        fresh._end = len(window)  # noqa: SLF001
        return fresh
