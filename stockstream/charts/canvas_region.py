"""Regions of a canvas in whole pixels: a copy that can be restored, and a filled one."""

from __future__ import annotations

import math

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from matplotlib.transforms import Bbox, BboxTransformTo


def whole(box: Bbox, canvas: FigureCanvasAgg) -> Bbox | None:
    """The whole pixels that a box touches, clipped to the canvas; None if nothing is left."""
    if box.width < 0 or box.height < 0:
        return None
    width, height = canvas.get_width_height(physical=True)
    left, bottom = max(0, math.floor(box.x0)), max(0, math.floor(box.y0))
    right, top = min(width, math.ceil(box.x1)), min(height, math.ceil(box.y1))
    return Bbox.from_extents(left, bottom, right, top) if left < right and bottom < top else None


def fill(canvas: FigureCanvasAgg, box: Bbox, color: str) -> None:
    """Fill the whole pixels that a box touches."""
    place = whole(box, canvas)
    if place is not None:
        renderer = canvas.get_renderer()
        gc = renderer.new_gc()
        gc.set_linewidth(0)
        renderer.draw_path(gc, Path.unit_rectangle(), BboxTransformTo(place), to_rgba(color))
        gc.restore()


class Ground:
    """Copy of a region of a canvas, clipped to the canvas.

    Attributes
    ----------
    box
        The region in whole pixels, to be blitted after it was restored or drawn on; None if it is outside the canvas.
        For such a region Agg would request all memory.
    """

    def __init__(self, canvas: FigureCanvasAgg, box: Bbox) -> None:
        self._canvas = canvas
        self.box = whole(box, canvas)
        self._kept: object = None if self.box is None else canvas.copy_from_bbox(self.box)

    def put_back(self) -> None:
        """Restore the region."""
        if self._kept is not None:
            self._canvas.restore_region(self._kept)
