"""Sums and extremes of many segments of an array at once, in NumPy."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stockstream.indicators.arrays import Column

_LONG: Final = 48
"""Bars from which a stretch is worth a call of its own."""


def running_sums(values: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """The sums of each stretch's first 1, 2, ... values, to the bit what adding one after the other gives; in place.

    Parameters
    ----------
    values
        Shape (n,).
    starts
        Where each stretch begins, ascending; the first at 0, each of at least one value.
    """
    lengths = np.diff(starts, append=len(values))
    long = lengths >= _LONG
    for start, length in zip(starts[long].tolist(), lengths[long].tolist(), strict=True):
        segment = values[start : start + length]
        np.add.accumulate(segment, out=segment)
    # A step along all the others at once, the longest first, so that the unfinished ones are always in front.
    order = np.argsort(-lengths[~long], kind="stable")
    indexes = starts[~long][order]
    lengths = lengths[~long][order]
    for step in range(1, int(lengths[0]) if len(lengths) else 0):
        indexes = indexes[: np.searchsorted(-lengths, -step)] + 1
        values[indexes] += values[indexes - 1]
    return values


def changes(keys: Column) -> NDArray[np.intp]:
    """Where each stretch of equal keys begins, shape (stretches,)."""
    return np.flatnonzero(np.concatenate((np.ones(min(1, len(keys)), dtype=np.bool_), keys[1:] != keys[:-1])))
