"""Crosshair: the row and the value under the mouse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.path import Path

from stockstream.charts.marks.shapes import segments
from stockstream.charts.overlays.overlay import HALF, Overlay, Piece, Place, Stroke, Tag, ViewContext
from stockstream.charts.panels.panel import DrawnPanel
from stockstream.charts.theme import Theme

_DASHES: Final = (4.0, 3.0)
_APART: Final = 2
"""Distance in pixels between an axis and a tag."""

_MOST: Final = 0.5
"""Maximum width of a tag, as a share of the canvas."""


@dataclass(frozen=True)
class Aim:
    """Target of the mouse: a panel, a row and its pixel if there is one, and one of several columns."""

    panel: DrawnPanel
    row: int | None
    x: float
    column: str | None = None


class Crosshair(Overlay):
    """Lines through the row and the value under the mouse, with tags on the axes."""

    printed = False

    def __init__(self) -> None:
        self._mouse: Place | None = None

    def build(self, figure: Figure, theme: Theme) -> None:
        """Create lines and tags."""
        self._upright, self._horizontal = (Stroke(figure, theme.quiet, dashes=_DASHES) for _ in range(2))
        self._time, self._value = Tag(figure, theme), Tag(figure, theme)
        for tag in (self._time, self._value):
            tag.style(text=theme.background, fill=theme.text)

    def point(self, mouse: Place | None) -> bool:
        """Set the position of the mouse, None when it has left; returns whether anything changed."""
        if mouse == self._mouse:
            return False
        self._mouse = mouse
        self.changed = True
        return True

    @property
    def mouse(self) -> Place | None:
        """Where the mouse is; None outside."""
        return self._mouse

    def aim(self, view_context: ViewContext) -> Aim | None:
        """The target of the mouse; None if it is over no panel, or nothing is shown."""
        if self._mouse is None or not len(view_context.plot_data.frame):
            return None
        panel, row = view_context.panel(self._mouse), view_context.row(self._mouse[0])
        if panel is None:
            return None
        if row is None or not panel.axes.bbox.x0 <= view_context.across(row) <= panel.axes.bbox.x1:
            return Aim(panel, None, 0.0)
        column = panel.column_at(self._mouse, row, view_context.plot_data.frame, view_context.scale)
        return Aim(panel, row, view_context.across(row)) if column is None else Aim(panel, row, column[1], column[0])

    def place(self, view_context: ViewContext) -> Iterable[Piece]:
        """Move the crosshair under the mouse."""
        aim = self.aim(view_context)
        if aim is None or self._mouse is None:
            return
        if aim.row is not None:
            yield self._upright.put(view_context, _upright(view_context, aim.x))
            yield from self._at_time(view_context, aim.row, aim.x)
        box, height = aim.panel.axes.bbox, np.floor(self._mouse[1])
        yield self._horizontal.put(view_context, Path([(np.floor(box.x0) + 1, height), (np.floor(box.x1), height)]))
        yield from self._at_value(view_context, aim.panel, height)

    def _at_time(self, view_context: ViewContext, row: int, x: float) -> Iterable[Piece]:
        """Tag with the row's time beneath the panels, or over the foot of the lowest if nothing is beneath."""
        text = view_context.plot_data.moment(row, named=False)
        wide, tall = self._time.size(view_context, text)
        canvas, box = view_context.panels[0].axes.figure.bbox, view_context.panels[-1].axes.bbox
        if wide <= _MOST * canvas.width:
            left = min(max(x - wide // 2, 0), canvas.width - wide)
            yield self._time.put(view_context, text, left, max(0, box.y0 - _APART - tall))

    def _at_value(self, view_context: ViewContext, panel: DrawnPanel, height: float) -> Iterable[Piece]:
        value = panel.axes.transData.inverted().transform((0.0, height - HALF))[1]
        text = panel.format_value(float(value))
        wide, tall = self._value.size(view_context, text)
        if wide <= _MOST * view_context.panels[0].axes.figure.bbox.width:
            yield self._value.put(view_context, text, max(0, panel.axes.bbox.x0 - _APART - wide), height - tall // 2)


def _upright(view_context: ViewContext, x: float) -> Path:
    boxes = np.array([panel.axes.bbox.extents for panel in view_context.panels])
    return segments(np.full(len(boxes), x), boxes[:, 1], boxes[:, 3])
