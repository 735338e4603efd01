"""Artists of lines and bands; each mark owns its artists, which are made once and moved.

A mark has two sets of artists, one for settled rows, which are cached in the background, and one for live rows. They
belong to the figure, not to the axes: a scene draws them itself, in its own order, over the axes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, Unpack

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform, Transform, blended_transform_factory
from numpy.typing import NDArray

from stockstream.charts.marks.shapes import EMPTY, Numbers, polyline, ribbon
from stockstream.charts.styles import ShapeStyle
from stockstream.charts.theme import Theme
from stockstream.indicators.arrays import Column
from stockstream.present import decimation
from stockstream.views.frame import Frame
from stockstream.views.marks import Band, Line


class Layer(IntEnum):
    """The two layers of a mark: settled rows, and live rows."""

    SETTLED = 0
    LIVE = 1


@dataclass(frozen=True)
class Scale:
    """Horizontal scale: positions of rows on the canvas.

    ``origin`` is the pixel of row 0 and ``pitch`` the distance of rows in pixels. If there are too many rows,
    ``bucket`` of them are drawn as one; ``shown`` rows are in view. ``hairline`` is the width, in points, of a line
    that takes a whole number of pixels.
    """

    origin: float
    pitch: float
    bucket: int
    shown: int
    hairline: float = 0.72

    def pixels(self, rows: Numbers) -> Numbers:
        """Whole pixel at the middle of each row."""
        return np.floor(self.origin + rows * self.pitch)

    @property
    def width(self) -> int:
        """Width of a bar in pixels: odd, with one pixel between bars if there is room."""
        pitch = self.pitch * self.bucket
        width = int(min(pitch - 1, 0.8 * pitch))
        return max(1, width - 1 + width % 2)


@dataclass(frozen=True)
class FrameSlice:
    """A slice of a frame; its first row has the index ``first`` (a multiple of the bucket) in the whole frame."""

    frame: Frame
    first: int

    def __getitem__(self, name: str) -> Column:
        return self.frame[name]

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def gaps(self) -> NDArray[np.intp]:
        """Indexes in the whole frame of rows after a gap."""
        return np.flatnonzero(self.frame["gap"]) + self.first if "gap" in self.frame else np.empty(0, dtype=np.intp)


class DrawnMark(ABC):
    """A mark with its artists.

    ``columns`` are the columns that it reads; the vertical axis shows all of them. ``whole`` says that the live artists
    always draw every row in view, ``settles`` that drawn rows rarely change.
    """

    columns: tuple[str, ...] = ()
    whole = False
    settles = True

    def __init__(self, axes: Axes) -> None:
        self._axes = axes
        self._patches: tuple[list[PathPatch], list[PathPatch]] = ([], [])

    @abstractmethod
    def place(self, layer: Layer, rows: FrameSlice, scale: Scale) -> None:
        """Move the artists of a layer to these rows."""

    def draw(self, layer: Layer, renderer: RendererBase) -> None:
        """Draw the artists of a layer in their order."""
        for patch in self._patches[layer]:
            if patch.get_visible():
                patch.draw(renderer)

    def remove(self) -> None:
        """Take the artists off the figure."""
        for patch in (*self._patches[0], *self._patches[1]):
            patch.remove()

    def patch(self, layer: Layer, number: int) -> PathPatch:
        """One of the artists of a layer."""
        return self._patches[layer][number]

    def set(self, layer: Layer, number: int, path: Path, *, width: float | None = None) -> None:
        """Set the path of an artist, and its line width in points; an empty path is not drawn."""
        patch = self._patches[layer][number]
        patch.set_visible(path is not EMPTY)
        patch.set_path(path)
        if width is not None:
            patch.set_linewidth(width)

    def stroke(self, color: str, width: float, *, dashed: bool = False) -> None:
        """Add a curve in data coordinates."""
        self._add(
            self._axes.transData, snap=False, capstyle="butt", joinstyle="round", edgecolor=color, linewidth=width,
            linestyle=(0, (5.0, 3.0)) if dashed else "-", fill=False,
        )  # fmt: skip

    def area(self, color: str, alpha: float) -> None:
        """Add an area in data coordinates."""
        self._add(self._axes.transData, snap=False, facecolor=color, edgecolor="none", alpha=alpha)

    def crisp(self, **style: Unpack[ShapeStyle]) -> None:
        """Add a shape with x in pixels and y in data coordinates, aligned to whole pixels."""
        across = blended_transform_factory(IdentityTransform(), self._axes.transData)
        self._add(across, snap=True, capstyle="butt", joinstyle="miter", **style)

    def pixels(self, **style: Unpack[ShapeStyle]) -> None:
        """Add a shape in whole pixels."""
        self._add(IdentityTransform(), snap=True, capstyle="butt", joinstyle="miter", **style)

    def _add(
        self,
        transform: Transform,
        *,
        snap: bool,
        capstyle: Literal["butt"] | None = None,
        joinstyle: Literal["miter", "round"] | None = None,
        **style: Unpack[ShapeStyle],
    ) -> None:
        ends = {"snap": snap, "capstyle": capstyle, "joinstyle": joinstyle}
        for layer in self._patches:
            patch = PathPatch(EMPTY, transform=transform, animated=True, visible=False, **ends, **style)
            self._axes.figure.add_artist(patch)
            patch.set_clip_box(self._axes.bbox)
            layer.append(patch)


class DrawnLine(DrawnMark):
    """A `Line`, interrupted where the column is undefined and at gaps."""

    def __init__(self, mark: Line, axes: Axes, theme: Theme) -> None:
        super().__init__(axes)
        self.columns = (mark.column,)
        # The position of dashes depends on the beginning of the line.
        self.whole = mark.dashed
        self.stroke(theme.color(mark.color), mark.width, dashed=mark.dashed)

    def place(self, layer: Layer, rows: FrameSlice, scale: Scale) -> None:
        """Move the line."""
        x, y = decimation.extremes(rows[self.columns[0]], rows.first, scale.bucket)
        self.set(layer, 0, polyline(*decimation.broken(rows.gaps, x, y)))


class DrawnBand(DrawnMark):
    """A `Band`: its area, and its edges over it."""

    def __init__(self, mark: Band, axes: Axes, theme: Theme) -> None:
        super().__init__(axes)
        self.columns = (mark.lower, mark.upper)
        color = theme.color(mark.color)
        self.area(color, 0.08)
        self.stroke(theme.pale(color, 0.8), 1.0)
        self.stroke(theme.pale(color, 0.8), 1.0)

    def place(self, layer: Layer, rows: FrameSlice, scale: Scale) -> None:
        """Move the area and the edges."""
        size, gaps = scale.bucket, rows.gaps
        lower, upper = (rows[name] for name in self.columns)
        x = decimation.centers(len(rows), rows.first, size)
        edges = decimation.lowest(lower, size), decimation.highest(upper, size)
        self.set(layer, 0, ribbon(*decimation.broken(gaps, x, *edges)))
        for number, edge in enumerate((lower, upper), start=1):
            self.set(layer, number, polyline(*decimation.broken(gaps, *decimation.extremes(edge, rows.first, size))))
