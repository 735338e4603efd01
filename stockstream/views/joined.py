"""Joined table: many frames as one, read a page at a time, never built as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stockstream.views.frame import Frame


class SlicedTable(Protocol):
    """A table that can be read in slices, such as a `Frame`."""

    def __len__(self) -> int:
        """Number of rows."""

    def slice(self, rows: slice, /) -> Frame:
        """A slice of the rows."""


class Joined:
    """The rows of several frames, the newest first; rows of one time in the order of the frames.

    Parameters
    ----------
    index
        The name of the frames' index.
    frames
        Each in the order of its index, all with the same columns.
    most
        Rows to keep, the newest; None for all.

    >>> day = lambda *days: Frame("day", {"day": np.array(days, "M8[D]"), "of": np.full(len(days), len(days))})
    >>> joined = Joined("day", [day("2026-03-02", "2026-03-04"), day("2026-03-04")])
    >>> len(joined), joined.slice(slice(0, 2))["of"].tolist(), joined.slice(slice(2, 3))["of"].tolist()
    (3, [2, 1], [2])
    """

    def __init__(self, index: str, frames: Sequence[Frame], most: int | None = None) -> None:
        self._index = index
        held = [(frame, frame.columns[index]) for frame in frames]
        self._frames = [frame for frame, instants in held if instants.size]
        self._instants = [instants for _, instants in held if instants.size]
        self._firsts = _firsts(self._instants, most)
        sizes = [each.size - first for each, first in zip(self._instants, self._firsts, strict=True)]
        self._starts = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        total = int(self._starts[-1])
        self._total = total if most is None else min(total, most)

    def __len__(self) -> int:
        return self._total

    def slice(self, rows: slice, /) -> Frame:
        """The rows of a page."""
        first, last, _ = rows.indices(len(self))
        if first >= last:
            return Frame(self._index, {self._index: np.empty(0, "M8[us]")})
        indexes = self._indexes(first, last)
        owners = np.searchsorted(self._starts, indexes, side="right") - 1
        within = (indexes - self._starts[owners]).tolist()
        cells = [
            (self._frames[owner], self._firsts[owner] + index) for owner, index in zip(owners, within, strict=True)
        ]
        columns = {
            name: np.array([frame[name][index] for frame, index in cells], dtype=column.dtype)
            for name, column in self._frames[0].columns.items()
        }
        return Frame(self._index, columns)

    @cached_property
    def _ages(self) -> NDArray[np.int64]:
        """Sort keys of the rows, frame after frame; smaller is newer."""
        kept = [each[first:] for each, first in zip(self._instants, self._firsts, strict=True)]
        return -np.concatenate(kept).astype(np.int64)

    def _indexes(self, first: int, last: int) -> NDArray[np.intp]:
        """Indexes of the rows with given ranks. Sorts no more than a page."""
        ages = self._ages
        if last - first == len(ages):
            return np.argsort(ages, kind="stable")
        youngest, oldest = np.partition(ages, (first, last - 1))[[first, last - 1]]
        page = np.flatnonzero((ages >= youngest) & (ages <= oldest))
        page = page[np.argsort(ages[page], kind="stable")]
        skipped = first - int(np.count_nonzero(ages < youngest))
        return page[skipped : skipped + last - first]


def _firsts(instants: Sequence[NDArray[np.datetime64]], most: int | None) -> list[int]:
    """First row of each frame that can be among the newest of all."""
    if most is None:
        return [0] * len(instants)
    if len(instants) <= most:
        return [max(0, len(each) - most) for each in instants]
    ends = np.array([each[-1] for each in instants])
    # Enough rows are at least as new as this.
    oldest = np.partition(ends, len(ends) - most)[len(ends) - most]
    return [int(each.searchsorted(oldest)) for each in instants]
