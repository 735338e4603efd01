"""Period in view of each key, as the user switches between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from stockstream.views.frame import Frame

Span = tuple[float, float]
"""The rows, or the values, at two edges of a view."""


@dataclass(frozen=True)
class Stretch:
    """The rows in view by their instants, with what of a view is beside them, in rows."""

    first: np.datetime64
    last: np.datetime64
    before: float
    after: float

    @classmethod
    def of(cls, frame: Frame, across: Span) -> Self | None:
        """What is in view of a frame; None where that is no row."""
        first, last = max(0, math.ceil(across[0])), min(len(frame) - 1, math.floor(across[1]))
        if first > last:
            return None
        return cls(frame.instants[first], frame.instants[last], first - across[0], across[1] - last)

    def within(self, frame: Frame) -> Span | None:
        """The rows at the edges of the same stretch of another frame; None where that has nothing there."""
        first = int(np.searchsorted(frame.instants, self.first, "left"))
        last = int(np.searchsorted(frame.instants, self.last, "right")) - 1
        return (first - self.before, last + self.after) if first <= last else None


@dataclass(frozen=True)
class Left:
    """How a view was left: the stretch, and the range of values of each panel where that was set by hand."""

    stretch: Stretch | None
    values: tuple[Span | None, ...]


class Visits:
    """The views that were left: that of each key which the user made, and the stretch that goes along to others."""

    def __init__(self) -> None:
        self._left: dict[str, Left] = {}
        self._along: Left | None = None

    def leave(self, key: str, left: Left | None) -> None:
        """The key is shown no longer; ``left`` is None while the newest rows were followed."""
        if left is None:
            self._left.pop(key, None)
        elif left != self._along:
            self._left[key] = left
        self._along = None if left is None else Left(left.stretch, (None,) * len(left.values))

    def enter(self, key: str) -> Left | None:
        """How to show a key now: as it was left, or the stretch that was just in view; None to follow the newest."""
        return self._left.get(key, self._along)
