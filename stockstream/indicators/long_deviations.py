"""How far the last values are from a centre, for windows in which NumPy is faster than a loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from stockstream.indicators import checks
from stockstream.indicators.stateful import Stateful, converted

_AT_ONCE: Final = 16_384
"""Deviations that stay in the processor's cache."""

_absolute: Final = np.absolute
_sum: Final = np.add.reduce


class LongDeviations(Stateful):
    """What `stockstream.indicators.deviations.Deviations` is, but the sum is NumPy's, pair by pair.

    Both `around` and `batch` sum windows that lie side by side in memory, which NumPy does in one order.

    `around` is linear in the period. It cannot be constant: from one centre to the next any number of values may change
    sides. Values kept in order, with sums over stretches of them, would take fewer steps, with a tree of sums as many
    as the logarithm of the period; but in Python a step costs as much as some hundred values here. It was tried with
    stretches of 16 to 64 values: slower at 2,000, 2.5 times as fast at 20,000. What is summed would then be the values
    themselves, which loses the digits that they share, in an order that depends on how the window came about.

    >>> deviations = LongDeviations(3)
    >>> for value in (1.0, 2.0, 4.0, 9.0):
    ...     deviations.push(value)
    >>> deviations.around(5.0)
    8.0
    """

    __slots__ = ("_end", "_tape", "period")

    def __init__(self, period: int) -> None:
        self.period = period
        self._tape = np.empty(2 * period)
        self._end = 0

    def push(self, value: float) -> None:
        """Take the next value."""
        end = self._end
        if end == 2 * self.period:
            self._replace(self._tape[1 - self.period :])
            end = self._end
        self._tape[end] = value
        self._end = end + 1

    def around(self, centre: float) -> float:
        """The sum of the absolute deviations from a centre."""
        end = self._end
        deviations = self._tape[end - self.period : end] - centre
        return float(_sum(_absolute(deviations, deviations)))

    def batch(self, values: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
        """`push` and `around` for arrays of shape (n,), once there were ``period`` values: the sums, shape (n,)."""
        stretch = np.concatenate((self._tape[self._end - self.period + 1 : self._end], values))
        self._replace(stretch[-self.period :])
        windows = sliding_window_view(stretch, self.period)
        totals = np.empty(len(values))
        step = max(1, _AT_ONCE // self.period)
        for first in range(0, len(values), step):
            chunk = slice(first, first + step)
            deviations = windows[chunk] - centres[chunk, np.newaxis]
            _sum(_absolute(deviations, deviations), axis=1, out=totals[chunk])
        return totals

    def copy(self) -> Self:
        """Another one in the same state, which then goes its own way."""
        twin = super().copy()
        twin._tape = self._tape.copy()  # noqa: SLF001 - it is one of us
        return twin

    def state(self) -> dict[str, Any]:
        """The whole state."""
        return super().state() | {"values": self._tape[max(0, self._end - self.period) : self._end].tolist()}

    def _restored(self, state: Mapping[str, Any]) -> Self:
        fresh = super()._restored(state)
        values = converted("values", state.get("values"), list[float])
        if len(values) > self.period:
            raise checks.damaged(f"{len(values)} values in a window of {self.period}")
        fresh._replace(values)
        return fresh

    def _replace(self, values: Sequence[float] | NDArray[np.float64]) -> None:
        """Go on from these values."""
        self._end = len(values)
        self._tape[: self._end] = values
