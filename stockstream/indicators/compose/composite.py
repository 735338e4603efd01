"""Base class of composed indicators: all parts accept a bar, or none does."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from stockstream.indicators.base import AnyIndicator, Indicator, Point
from stockstream.indicators.stateful import copies

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Part: TypeAlias = AnyIndicator

_NOTED: Final = 64
"""Minimum number of bars between copies of the parts; longer windows, which cost more to copy, have more."""


class Composite(Indicator[Any, Point]):
    """An indicator over the same bars as its parts.

    If one part refuses a bar after others have taken it, those are restored from occasional copies, which take the bars
    since then again. A subclass implements `_advance`, `_points`, `lookback` and `peek`, and holds its parts nowhere
    else.

    Attributes
    ----------
    parts
        The indicators by name: copies of those given, in the state in which these were.
    """

    __slots__ = ("_copies", "_most", "_since", "fields", "inputs", "parts", "point")

    kept: ClassVar[tuple[str, ...]] = ("parts",)

    # Of each its own, where other indicators have them by class.
    inputs: tuple[str, ...]  # type: ignore[misc]
    point: type[Point]  # type: ignore[misc]
    fields: tuple[str, ...]  # type: ignore[misc]

    parts: dict[str, Part]
    _copies: dict[str, Part]
    _since: list[tuple[object, ...]]

    def __init__(self, parts: Mapping[str, Part], inputs: Iterable[str], point: type[Point]) -> None:
        super().__init__()
        self.parts = copies(parts)
        self.inputs = tuple(inputs)
        self.point = point
        self.fields = point.__struct_fields__
        self._copies = {}
        self._since = []
        self._most = max(_NOTED, *(part.lookback for part in parts.values()))

    def update(self, bar: object) -> Point | None:  # noqa: D102 - as `Indicator` has it
        # Not the bar itself, which may have changed by the time it is needed again.
        values = tuple([getattr(bar, name, None) for name in self.inputs])
        if not self._copies or len(self._since) == self._most:
            self._copies = copies(self.parts)
            self._since = []
        try:
            self.value = point = self._advance(bar)
        except BaseException:
            self._go_back()
            raise
        self._since.append(values)
        return point

    def _go_back(self) -> None:
        """Restore the parts to their states before the bar that one of them refuses."""
        self.parts = copies(self._copies)
        for values in self._since:
            self._advance(SimpleNamespace(**dict(zip(self.inputs, values, strict=True))))

    def batch(self, columns: object) -> Any:  # noqa: D102 - as `Indicator` has it
        from stockstream.indicators import arrays

        arrays.one_series(columns)
        count = len(arrays.columns_of(columns, self.inputs)[0])
        ahead = self.copy()
        points = ahead._points(columns, count)  # noqa: SLF001 - it is one of us
        self.parts = ahead.parts
        self.value = ahead.value
        self._copies = {}
        return arrays.like(columns, points)

    @abstractmethod
    def _advance(self, bar: object) -> Point | None:
        """Let the parts take a bar; returns the point. After an error the parts' states are undefined."""

    @abstractmethod
    def _points(self, columns: object, count: int) -> dict[str, NDArray[np.float64]]:
        """Let the parts take a range of bars; the points by field, each of shape (count,). Sets ``value``."""
