"""Decimation: fewer points than rows, without losing a peak.

Rows are grouped into buckets that are anchored to the row index in the whole frame, not to the view. A full bucket
never changes again, so scrolling and new bars move no pixel of it.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MOST_ROWS: Final = 2_000
"""Up to this many rows, each row is drawn separately."""


def bucket_size(rows: int, width: float) -> int:
    """Rows per bucket: 1 for up to `MOST_ROWS` rows, otherwise a power of two, so that a bucket is at least 2 pixels
    wide.

    >>> bucket_size(2_000, 900), bucket_size(5_000, 900)
    (1, 16)
    """
    if rows <= MOST_ROWS:
        return 1
    return 1 << max(1, math.ceil(math.log2(2 * rows / max(width, 200))))


def _buckets(values: Numbers, size: int) -> Numbers:
    missing = -len(values) % size
    return np.concatenate((values.astype(np.float64), np.full(missing, np.nan))).reshape(-1, size)


def extremes(values: Numbers, first: int, size: int) -> tuple[Numbers, Numbers]:
    """Minimum and maximum of every bucket, in the order in which they occur.

    ``values`` begin at row ``first`` of the frame, a multiple of ``size``. Returns row indexes and values; NaN for a
    bucket without values.

    >>> extremes(np.array([3.0, 1.0, 2.0, 5.0]), 8, 4)
    (array([ 9., 11.]), array([1., 5.]))
    """
    if size == 1:
        return np.arange(first, first + len(values), dtype=np.float64), values.astype(np.float64)
    table = _buckets(values, size)
    unknown = np.isnan(table)
    least = np.where(unknown, np.inf, table).argmin(axis=1)
    greatest = np.where(unknown, -np.inf, table).argmax(axis=1)
    places = np.sort(np.column_stack((least, greatest)), axis=1)
    rows = first + size * np.arange(len(table))[:, None] + places
    return rows.ravel().astype(np.float64), np.take_along_axis(table, places, axis=1).ravel()


def broken(gaps: NDArray[np.intp], x: Numbers, *columns: Numbers) -> tuple[Numbers, ...]:
    """Columns over ascending rows ``x``, and ``x``, with a NaN inserted between the rows on either side of a gap.

    >>> broken(np.array([2]), np.array([0.0, 1.0, 2.0]), np.array([5.0, 6.0, 7.0]))
    (array([0. , 1. , 1.5, 2. ]), array([ 5.,  6., nan,  7.]))
    """
    places = np.searchsorted(x, gaps)
    inside = (places > 0) & (places < len(x))
    if not inside.any():
        return x, *columns
    places = places[inside]
    return np.insert(x, places, gaps[inside] - 0.5), *(np.insert(column, places, np.nan) for column in columns)


def centers(count: int, first: int, size: int) -> Numbers:
    """Positions on the axis of the buckets of ``count`` rows from row ``first`` on."""
    return np.asarray(np.arange(first, first + count, size, dtype=np.float64) + (size - 1) / 2)


def highest(values: Numbers, size: int) -> Numbers:
    """Maximum of every bucket; NaN for a bucket without values."""
    return np.asarray(np.fmax.reduce(_buckets(values, size), axis=1))


def lowest(values: Numbers, size: int) -> Numbers:
    """Minimum of every bucket; NaN for a bucket without values."""
    return np.asarray(np.fmin.reduce(_buckets(values, size), axis=1))


def farthest(values: Numbers, size: int) -> Numbers:
    """Value farthest from zero in every bucket; NaN for a bucket without values.

    >>> farthest(np.array([1.0, -3.0, 2.0, np.nan]), 2)
    array([-3.,  2.])
    """
    high, low = highest(values, size), lowest(values, size)
    return np.where(high >= -low, high, low)


def firsts(values: Numbers, size: int) -> Numbers:
    """First known value of every bucket; NaN for a bucket without values."""
    if size == 1 or not len(values):
        return values
    table = _buckets(values, size)
    found: Numbers = table[np.arange(len(table)), np.isfinite(table).argmax(axis=1)]
    return found


def lasts(values: Numbers, size: int) -> Numbers:
    """Last known value of every bucket; NaN for a bucket without values.

    >>> lasts(np.array([1.0, np.nan, 3.0]), 2)
    array([1., 3.])
    """
    if size == 1 or not len(values):
        return values
    table = _buckets(values, size)[:, ::-1]
    found: Numbers = table[np.arange(len(table)), np.isfinite(table).argmax(axis=1)]
    return found
