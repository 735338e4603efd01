"""Compound paths: many shapes as one path, so that a thousand candles cost what one does.

Paths are never simplified: the pixels of a row must not depend on the number of rows in the path.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.path import Path
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

EMPTY = Path(np.empty((0, 2)))

_STROKE: Final = 0.35
"""Half width, in rows, of the stroke of a single point."""


def _path(vertices: Numbers, codes: NDArray[np.uint8] | None = None) -> Path:
    path = Path(vertices, codes)
    path.should_simplify = False
    return path


def polyline(x: Numbers, y: Numbers) -> Path:
    """A line through points, interrupted where y is NaN; a single point is a short stroke."""
    if not len(x):
        return EMPTY
    known = np.concatenate(([False], np.isfinite(y), [False]))
    alone = np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])
    if len(alone):
        x, y = np.insert(x, alone + 1, x[alone] + _STROKE), np.insert(y, alone + 1, y[alone])
        x[alone + np.arange(len(alone))] -= _STROKE
    return _path(np.column_stack((x, y)))


def segments(x: Numbers, lower: Numbers, upper: Numbers) -> Path:
    """A vertical line for each row, from lower to upper."""
    if not len(x):
        return EMPTY
    vertices = np.empty((len(x), 2, 2))
    vertices[:, :, 0] = x[:, None]
    vertices[:, 0, 1] = lower
    vertices[:, 1, 1] = upper
    codes = np.tile(np.array([Path.MOVETO, Path.LINETO], np.uint8), len(x))
    return _path(vertices.reshape(-1, 2), codes)


def boxes(left: Numbers, right: Numbers, bottom: Numbers, top: Numbers) -> Path:
    """A closed rectangle for each row."""
    if not len(left):
        return EMPTY
    vertices = np.empty((len(left), 5, 2))
    vertices[:, (0, 3, 4), 0] = left[:, None]
    vertices[:, (1, 2), 0] = right[:, None]
    vertices[:, (0, 1, 4), 1] = bottom[:, None]
    vertices[:, (2, 3), 1] = top[:, None]
    one = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return _path(vertices.reshape(-1, 2), np.tile(np.array(one, np.uint8), len(left)))


def ribbon(x: Numbers, lower: Numbers, upper: Numbers) -> Path:
    """The area between two curves: a closed polygon for every run of rows in which both are numbers."""
    known = np.isfinite(lower) & np.isfinite(upper)
    bounds = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    parts: list[Numbers] = []
    codes: list[NDArray[np.uint8]] = []
    for first, last in zip(bounds[::2], bounds[1::2], strict=True):
        there = np.column_stack((x[first:last], upper[first:last]))
        back = np.column_stack((x[first:last], lower[first:last]))[::-1]
        parts.append(np.concatenate((there, back, there[:1])))
        code = np.full(2 * (last - first) + 1, Path.LINETO, np.uint8)
        code[0], code[-1] = Path.MOVETO, Path.CLOSEPOLY
        codes.append(code)
    return _path(np.concatenate(parts), np.concatenate(codes)) if parts else EMPTY
