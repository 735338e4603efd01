"""Blitting in two layers: settled rows are cached in the background, live rows are drawn over it.

A full draw caches a copy of the drawn axes, draws the settled rows over it and caches a second copy. From then on a new
or changed row costs restoring the axes right of the seam, drawing the few rows there, and a blit. Everything left of
the seam depends on settled rows only. Live rows begin a little to the left of it, so that lines are joined correctly,
and what they draw left of the seam is restored: the picture is, pixel for pixel, that of a full draw.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from stockstream.charts.canvas_region import Ground, whole
from stockstream.charts.marks.lines import FrameSlice, Layer, Scale
from stockstream.charts.panels.panel import DrawnPanel
from stockstream.views.frame import Frame

_REACH: Final = 7.0
"""Distance in pixels, at 100 dots an inch, that a mark may extend from the middle of its row."""

_OPEN_ROWS: Final = 2
"""The newest rows are never settled: the last may be forming, and the one before it is often corrected."""

_JOINS: Final = 3
"""Buckets drawn before the first live one that crosses the seam, so that lines are joined correctly."""


@dataclass(frozen=True)
class _Cached:
    """Contents of the background: ``rows`` (a copy), up to ``settled``; live rows are drawn from ``live`` on."""

    rows: Frame
    first: int
    settled: int
    live: int
    scale: Scale
    grounds: Sequence[Ground]
    lefts: Sequence[Ground]
    area: Bbox | None


class BlitLayers:
    """The two layers of all panels on one canvas."""

    def __init__(self, canvas: FigureCanvasAgg, panels: Sequence[DrawnPanel]) -> None:
        self._canvas = canvas
        self._panels = panels
        self._cached: _Cached | None = None

    def holds(self, frame: Frame) -> bool:
        """Whether the cached background is still valid for a frame."""
        cached = self._cached
        if cached is None or set(cached.rows) != set(frame) or len(frame) < cached.settled:
            return False
        now = frame.slice(slice(cached.first, cached.settled))
        return all(_equal(cached.rows[name], now[name]) for name in frame)

    def cache(self, renderer: RendererBase, frame: Frame, first: int, last: int, scale: Scale) -> None:
        """Draw the rows from ``first`` to ``last`` over the axes, and cache those that are settled."""
        first -= first % scale.bucket
        settled = first
        if all(mark.settles for panel in self._panels for mark in panel.marks):
            settled = max(first, min(last, len(frame) - _OPEN_ROWS) // scale.bucket * scale.bucket)
        live, seam = self._seam(first, settled, scale)
        boxes = [_pixels(panel) for panel in self._panels]
        left, right = boxes[0].x0, boxes[0].x1
        seam = min(max(seam, left), right)
        grounds = [Ground(self._canvas, _part(box, seam, right)) for box in boxes]
        self._draw(Layer.SETTLED, renderer, frame, first, settled, first, scale)
        lefts = [Ground(self._canvas, _part(box, left, seam)) for box in boxes]
        rows = frame.slice(slice(first, settled))
        copied = rows.copy()
        area = whole(_part(Bbox.union(boxes), seam, right), self._canvas)
        self._cached = _Cached(copied, first, settled, live, scale, grounds, lefts, area)
        self.redraw(renderer, frame, last)

    def _seam(self, first: int, settled: int, scale: Scale) -> tuple[int, int]:
        """The first live row, and the first pixel that depends on more than settled rows."""
        if settled == first:
            return first, 0
        reach = _REACH * self._canvas.figure.dpi / 100
        # The join of the last settled row with the first live one may still change, and with it the stroke before.
        seam = math.floor(scale.origin + (settled - 2 * scale.bucket) * scale.pitch - reach)
        back = 2 + _JOINS + math.ceil(2 * reach / (scale.pitch * scale.bucket))
        return max(first, settled - back * scale.bucket), seam

    def redraw(self, renderer: RendererBase, frame: Frame, last: int) -> Bbox | None:
        """Redraw the live rows up to ``last``; returns the region to blit, None if none is in view."""
        cached = self._cached
        if cached is None or cached.area is None:
            return None
        for ground in cached.grounds:
            ground.put_back()
        self._draw(Layer.LIVE, renderer, frame, cached.live, last, cached.first, cached.scale)
        for kept in cached.lefts:
            kept.put_back()
        return cached.area

    def render(self, renderer: RendererBase, frame: Frame, first: int, last: int, scale: Scale) -> None:
        """Draw all rows with any renderer, as for a file; the canvas does not change."""
        first -= first % scale.bucket
        self._draw(Layer.SETTLED, renderer, frame, first, last, first, scale)

    def _draw(
        self, layer: Layer, renderer: RendererBase, frame: Frame, first: int, last: int, whole: int, scale: Scale
    ) -> None:
        some, every = (FrameSlice(frame.slice(slice(start, max(start, last))), start) for start in (first, whole))
        for panel in self._panels:
            for mark in panel.marks:
                if all(name in frame for name in mark.columns):
                    mark.place(layer, every if mark.whole else some, scale)
                    mark.draw(layer, renderer)


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two columns hold the same; numbers bit by bit: that is three times as fast, and a NaN equals itself."""
    if one.dtype == other.dtype and one.dtype.kind in "fM" and one.dtype.itemsize == 8:
        one, other = one.view(np.int64), other.view(np.int64)
    return np.array_equal(one, other)


def _pixels(panel: DrawnPanel) -> Bbox:
    """Pixels that a panel's marks may cover."""
    box = panel.axes.bbox
    return Bbox.from_extents(
        math.floor(box.x0) - 1, math.floor(box.y0) - 1, math.ceil(box.x1) + 2, math.ceil(box.y1) + 2
    )


def _part(box: Bbox, left: float, right: float) -> Bbox:
    return Bbox.from_extents(left, box.y0, right, box.y1)
