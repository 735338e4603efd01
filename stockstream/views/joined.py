"""Joined table: many frames as one, read a page at a time, never built completely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stockstream.indicators.arrays import Column
from stockstream.views.frame import Frame

Numbers: TypeAlias = NDArray[np.int64]

_DEPTH: Final = 8
"""Newest rows of each frame that are kept together, to find those on a page without reading the frames."""

_NEVER: Final = np.iinfo(np.int64).min


class SlicedTable(Protocol):
    """A table that can be read in slices, such as a `Frame`."""

    def __len__(self) -> int:
        """Number of rows."""

    def slice(self, rows: slice, /) -> Frame:
        """A slice of the rows."""


class _Cells(NamedTuple):
    """Rows of several frames: their times, their frames, and their indexes in the frame."""

    times: Numbers
    owners: Numbers
    rows: Numbers

    def newest(self, first: int, last: int) -> _Cells:
        """The rows with given ranks, the newest first; rows of one time in the order of the frames."""
        order = np.lexsort((self.rows, self.owners, -self.times))[first:last]
        return _Cells(self.times[order], self.owners[order], self.rows[order])

    def at_least(self, rank: int) -> _Cells:
        """The rows that may be among the newest ``rank``."""
        if rank >= len(self.times):
            return self
        some = np.flatnonzero(self.times >= _nth_largest(self.times, rank))
        return _Cells(self.times[some], self.owners[some], self.rows[some])


class Joined:
    """The rows of several frames, the newest first; rows of one time in the order of the frames.

    Each frame has its place and can be replaced: the data of the others stay.

    Parameters
    ----------
    index
        The name of the frames' index.
    count
        Number of places.
    most
        Rows to keep, the newest; None for all.

    >>> day = lambda *days: Frame("day", {"day": np.array(days, "M8[D]"), "of": np.full(len(days), len(days))})
    >>> joined = Joined("day", 2)
    >>> joined.put(0, day("2026-03-02", "2026-03-04"))
    >>> joined.put(1, day("2026-03-04"))
    >>> len(joined), joined.slice(slice(0, 2))["of"].tolist(), joined.slice(slice(2, 3))["of"].tolist()
    (3, [2, 1], [2])
    """

    def __init__(self, index: str, count: int, most: int | None = None) -> None:
        self._index = index
        self._most = most
        self._frames: list[Frame | None] = [None] * count
        self._sizes = np.zeros(count, dtype=np.int64)
        self._newest = np.full((count, _DEPTH), _NEVER, dtype=np.int64)
        self._held = 0
        self._all: _Cells | None = None

    def put(self, place: int, frame: Frame) -> None:
        """Set the frame of a place, in the order of its index; all have the same columns."""
        times = _times(frame)
        self._held += len(times) - int(self._sizes[place])
        self._frames[place] = frame
        self._sizes[place] = len(times)
        some = times[-_DEPTH:]
        self._newest[place, : len(some)] = some[::-1]
        self._newest[place, len(some) :] = _NEVER
        self._all = None

    def __len__(self) -> int:
        return self._held if self._most is None else min(self._held, self._most)

    def slice(self, rows: slice, /) -> Frame:
        """The rows of a page."""
        first, last, _ = rows.indices(len(self))
        if first >= last:
            return Frame(self._index, {self._index: np.empty(0, "M8[us]")})
        cells = self._candidates(last).newest(first, last)
        picked = list(zip(map(self._frame, cells.owners.tolist()), cells.rows.tolist(), strict=True))
        columns = {
            name: np.array([frame[name][row] for frame, row in picked], dtype=column.dtype)
            for name, column in picked[0][0].columns.items()
        }
        return Frame(self._index, columns)

    def _frame(self, place: int) -> Frame:
        frame = self._frames[place]
        assert frame is not None
        return frame

    def _candidates(self, rank: int) -> _Cells:
        """Rows that may be among the newest ``rank``."""
        if rank > np.count_nonzero(self._sizes):
            return self._whole().at_least(rank)
        # The newest rows of so many frames are at least as new as this, hence enough rows are.
        oldest = _nth_largest(self._newest[:, 0], rank)
        owners, depths = np.nonzero(self._newest >= oldest)
        cells = _Cells(self._newest[owners, depths], owners, self._sizes[owners] - 1 - depths)
        deep = np.flatnonzero(self._newest[:, -1] >= oldest).tolist()
        return _together([cells, *(self._beneath(place, oldest) for place in deep)]).at_least(rank)

    def _beneath(self, place: int, oldest: int) -> _Cells:
        """Rows of a frame from an instant on, but for the newest `_DEPTH`."""
        times = _times(self._frame(place))[:-_DEPTH]
        first = int(times.searchsorted(oldest))
        rows = np.arange(first, len(times))
        return _Cells(times[first:], np.full(len(rows), place), rows)

    def _whole(self) -> _Cells:
        if self._all is None:
            held = np.flatnonzero(self._sizes).tolist()
            times = [_times(self._frame(place)) for place in held]
            owners = np.repeat(held, self._sizes[held])
            self._all = _Cells(np.concatenate(times), owners, np.concatenate([np.arange(len(each)) for each in times]))
        return self._all


def _times(frame: Frame) -> Numbers:
    return frame.instants.view(np.int64)


def _nth_largest(values: Column, rank: int) -> int:
    return int(np.partition(values, len(values) - rank)[len(values) - rank])


def _together(parts: Sequence[_Cells]) -> _Cells:
    return parts[0] if len(parts) == 1 else _Cells(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
