"""Snapshots of an indicator's state, to return to an earlier bar."""

from __future__ import annotations

from typing import Generic, Self, TypeVar

from stockstream.indicators.stateful import Stateful

S = TypeVar("S", bound=Stateful)


class Snapshots(Generic[S]):
    """Copies of an indicator's state at earlier bars, to continue from when a later bar is corrected.

    A place is a number of bars taken. The first snapshot is made before the first bar.

    >>> from types import SimpleNamespace
    >>> from stockstream.indicators import SMA
    >>> sma = SMA(1)
    >>> snapshots = Snapshots(every=2)
    >>> for place in range(5):
    ...     snapshots.note(place, sma)
    ...     point = sma.update(SimpleNamespace(close=float(place)))
    >>> snapshots.back(3)[0]
    2
    """

    __slots__ = ("_copies", "_every")

    def __init__(self, every: int) -> None:
        self._every = every
        self._copies: list[tuple[int, S]] = []

    def note(self, index: int, present: S) -> None:
        """Make a snapshot, if the last one was made long enough ago."""
        if not self._copies or index - self._copies[-1][0] >= self._every:
            self._copies.append((index, present.copy()))

    def back(self, index: int) -> tuple[int, S]:
        """The last snapshot up to a place, and its own place; later ones are dropped."""
        copies = self._copies
        while copies[-1][0] > index:
            copies.pop()
        start, snapshot = copies[-1]
        return start, snapshot.copy()

    def before(self, index: int) -> tuple[int, S]:
        """A copy of the last snapshot up to a place, and its own place; all are kept."""
        start, snapshot = next(pair for pair in reversed(self._copies) if pair[0] <= index)
        return start, snapshot.copy()

    def cut(self, index: int, present: S) -> None:
        """Drop the snapshots before a place, and count places from there on; ``present`` is the state there."""
        behind = [(start - index, snapshot) for start, snapshot in self._copies if start > index]
        self._copies = [(0, present.copy()), *behind]

    def forget(self, index: int) -> int:
        """Let go of what is not needed to go back to a place: how many bars before the first snapshot that is left.

        From then on, places are counted from there.
        """
        copies = self._copies
        while len(copies) > 1 and copies[1][0] <= index:
            del copies[0]
        first = copies[0][0]
        if first:
            self._copies = [(start - first, snapshot) for start, snapshot in copies]
        return first

    def copy(self) -> Self:
        """An independent copy with the same snapshots."""
        twin = type(self)(self._every)
        twin._copies = self._copies.copy()  # noqa: SLF001 - it is one of us
        return twin
