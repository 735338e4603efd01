"""Artist of dots: a triangle above each row that is marked."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from numpy.typing import NDArray

from stockstream.charts.marks.lines import DrawnMark, FrameSlice, Layer, Scale
from stockstream.charts.marks.shapes import EMPTY, Numbers
from stockstream.charts.theme import Theme
from stockstream.present import decimation
from stockstream.views.marks import Dots

_APART = 4.0
_HALF = 4.0
_HEIGHT = 6.0
"""Pixels, at 100 dots an inch: distance from the row, half of the width, and height of a triangle."""


class DrawnDots(DrawnMark):
    """`Dots`: a triangle that points at the row; a bucket of several rows has one if any of them is marked."""

    def __init__(self, mark: Dots, axes: Axes, theme: Theme) -> None:
        super().__init__(axes)
        self.columns = (mark.at,)
        self._flag = mark.column
        self.pixels(facecolor=theme.color(mark.color), edgecolor="none")

    def place(self, layer: Layer, rows: FrameSlice, scale: Scale) -> None:
        """Move the triangles."""
        size = scale.bucket
        flags = decimation.farthest(rows[self._flag], size)
        tops = decimation.highest(rows[self.columns[0]], size)
        marked = np.isfinite(flags) & (flags != 0) & np.isfinite(tops)
        x = scale.pixels(decimation.centers(len(rows), rows.first, size)[marked]) + 0.5
        y = self._axes.transData.transform(np.column_stack((np.zeros(len(x)), tops[marked])))[:, 1]
        self.set(layer, 0, _triangles(x, y, self._axes.figure.dpi / 100))


def _triangles(x: Numbers, y: Numbers, unit: float) -> Path:
    """A closed triangle above each point."""
    if not len(x):
        return EMPTY
    vertices = np.empty((len(x), 4, 2))
    vertices[:, :, 0] = x[:, None] + np.array([0.0, -_HALF, _HALF, 0.0]) * unit
    vertices[:, :, 1] = y[:, None] + np.array([_APART, _APART + _HEIGHT, _APART + _HEIGHT, _APART]) * unit
    one: list[np.uint8] = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    codes: NDArray[np.uint8] = np.tile(np.array(one, np.uint8), len(x))
    path = Path(vertices.reshape(-1, 2), codes)
    path.should_simplify = False
    return path
