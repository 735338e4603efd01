"""Base class of the running totals of volume."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from stockstream.indicators.base import Indicator, P, PriceBar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RunningTotal(Indicator[PriceBar, P]):
    """A sum, from the first bar on, of what counts of each bar's volume by how its close changed.

    A subclass gives `update`, which has the former close as ``_last`` and the sum as ``_total``, and `_shares`.
    """

    __slots__ = ("_last", "_total")

    inputs: ClassVar[tuple[str, ...]] = ("close", "volume")
    point: ClassVar[type[Any]]
    kept: ClassVar[tuple[str, ...]] = ("_last", "_total")

    _last: float | None
    _total: float

    def __init__(self) -> None:
        super().__init__()
        self._last = None
        self._total = 0.0

    @property
    def lookback(self) -> int:
        """Bars before the first point: none."""
        return 0

    def _fill(self, points: NDArray[np.float64], *inputs: NDArray[np.float64]) -> None:
        import numpy as np  # as late as here: see base

        close, volume = inputs
        total = points[0]
        self._shares(np.concatenate(([self._last or 0.0], close)), total)
        total *= volume
        total[0] += self._total
        np.add.accumulate(total, out=total)
        self._last = close[-1].item()
        self._total = total[-1].item()

    @abstractmethod
    def _shares(self, closes: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        """Which share of its volume each bar adds, shape (n,), from the former close and the closes, shape (n + 1,)."""
