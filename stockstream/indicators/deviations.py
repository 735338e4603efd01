"""How far the last values are from a centre, for windows so short that a loop is faster than NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stockstream.indicators import checks
from stockstream.indicators.stateful import Stateful

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Deviations(Stateful):
    """The last ``period`` values, and the sum of their absolute deviations, added from the oldest to the newest.

    >>> deviations = Deviations(3)
    >>> for value in (1.0, 2.0, 4.0, 9.0):
    ...     deviations.push(value)
    >>> deviations.around(5.0)
    8.0
    """

    __slots__ = ("_values", "period")
    kept: ClassVar[tuple[str, ...]] = ("_values",)

    _values: list[float]

    def __init__(self, period: int) -> None:
        self.period = period
        self._values = []

    def push(self, value: float) -> None:
        """Take the next value."""
        values = self._values
        values.append(value)
        if len(values) > self.period:
            del values[0]

    def around(self, centre: float) -> float:
        """The sum of the absolute deviations from a centre."""
        total = 0.0
        for value in self._values:
            deviation = value - centre
            total += deviation if deviation > 0.0 else -deviation
        return total

    def batch(self, values: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
        """`push` and `around` for arrays of shape (n,), once there were ``period`` values: the sums, shape (n,)."""
        import numpy as np

        stretch = np.concatenate((self._values[1:], values))
        self._values = stretch[-self.period :].tolist()
        totals = np.zeros(len(values))
        deviations = np.empty(len(values))
        for first in range(self.period):
            np.subtract(stretch[first : first + len(values)], centres, out=deviations)
            np.abs(deviations, out=deviations)
            totals += deviations
        return totals

    def _check(self) -> None:
        if len(self._values) > self.period:
            raise checks.damaged(f"{len(self._values)} values in a window of {self.period}")
