"""Period in view of each key, as the user switches between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from stockstream.views.frame import Frame

Span = tuple[float, float]
"""Rows, or values, at two edges of a view."""


@dataclass(frozen=True)
class TimeSpan:
    """The period in view: the times of its rows, and the empty width beside them, in rows."""

    first: np.datetime64
    last: np.datetime64
    before: float
    after: float

    @classmethod
    def of(cls, frame: Frame, across: Span) -> Self | None:
        """The period in view of a frame; None if no row is in view."""
        first, last = max(0, math.ceil(across[0])), min(len(frame) - 1, math.floor(across[1]))
        if first > last:
            return None
        return cls(frame.instants[first], frame.instants[last], first - across[0], across[1] - last)

    def within(self, frame: Frame) -> Span | None:
        """Rows at the edges of the same period in another frame; None if that has no rows there."""
        first = int(np.searchsorted(frame.instants, self.first, "left"))
        last = int(np.searchsorted(frame.instants, self.last, "right")) - 1
        return (first - self.before, last + self.after) if first <= last else None


@dataclass(frozen=True)
class SavedView:
    """A view as the user left it: the period, and the range of values of each panel if it was set by hand."""

    time_span: TimeSpan | None
    values: tuple[Span | None, ...]


class Visits:
    """Views left by the user: one for each key, and the last period, which is applied to other keys."""

    def __init__(self) -> None:
        self._left: dict[str, SavedView] = {}
        self._along: SavedView | None = None

    def leave(self, key: str, view: SavedView | None) -> None:
        """Save the view of a key that is no longer shown; ``view`` is None if it followed the newest rows."""
        if view is None:
            self._left.pop(key, None)
        elif view != self._along:
            self._left[key] = view
        self._along = None if view is None else SavedView(view.time_span, (None,) * len(view.values))

    def enter(self, key: str) -> SavedView | None:
        """The view of a key: as it was left, or the last period in view; None to follow the newest rows."""
        return self._left.get(key, self._along)
