"""Lines of the watched price levels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.path import Path

from stockstream.charts.overlays.overlay import HALF, Overlay, Piece, Place, Stroke, Tag, ViewContext
from stockstream.charts.theme import Theme
from stockstream.present.price_levels import LevelLine, Target

_DASHES: Final = (8.0, 3.0, 2.0, 3.0)
_FLAG: Final = "⚑"
_ONCE: Final = " once"
_REACH: Final = 4.0
"""Distance in points from a line within which the mouse selects it."""

_INSIDE: Final = 4
"""Distance in pixels from the panel's left edge to the flag of a level."""


class AlertLines(Overlay):
    """A line for each price level, with its value at the left."""

    def __init__(self) -> None:
        self._levels: tuple[LevelLine, ...] = ()

    def build(self, figure: Figure, theme: Theme) -> None:
        """Drop the artists of a cleared figure; new ones are made as levels need them."""
        self._figure, self._theme = figure, theme
        self._lines: list[tuple[Stroke, Tag]] = []

    def set_levels(self, levels: tuple[LevelLine, ...]) -> None:
        """Set the levels to show."""
        if levels != self._levels:
            self._levels = levels
            self.changed = True

    def target(self, view_context: ViewContext, place: Place) -> Target | None:
        """What is at a position of the canvas; None outside panels."""
        panel = view_context.panel(place)
        if panel is None:
            return None
        number = view_context.panels.index(panel)
        value = float(panel.axes.transData.inverted().transform((place[0], place[1] - HALF))[1])
        return Target(number, panel.rounded(value), self._near(view_context, number, place[1]), panel.format_value)

    def _near(self, view_context: ViewContext, panel: int, height: float) -> float | None:
        """Nearest level of a panel to a height in pixels, within reach of the mouse."""
        reach = _REACH / view_context.pixel
        near = [
            (abs(self._height(view_context, panel, value) - height), value)
            for place, value, _ in self._levels
            if place == panel
        ]
        distance, value = min(near, default=(reach + 1, 0.0))
        return value if distance <= reach else None

    @staticmethod
    def _height(view_context: ViewContext, panel: int, value: float) -> float:
        return float(view_context.panels[panel].axes.transData.transform((0.0, value))[1])

    def place(self, view_context: ViewContext) -> Iterable[Piece]:
        """Move the lines to their heights; those outside their panels are left out."""
        while len(self._lines) < len(self._levels):
            line, tag = Stroke(self._figure, self._theme.text, dashes=_DASHES), Tag(self._figure, self._theme)
            tag.style(text=self._theme.text, fill=self._theme.background, edge=self._theme.text)
            self._lines.append((line, tag))
        for (line, tag), (place, value, once) in zip(self._lines, self._levels, strict=False):
            panel = view_context.panels[place]
            box = panel.axes.bbox
            height = self._height(view_context, place, value)
            if not (np.isfinite(height) and box.y0 <= height <= box.y1):
                continue
            up = np.floor(height) + 1
            yield line.put(view_context, Path([(np.floor(box.x0) + 1, up), (np.floor(box.x1), up)]))
            text = f"{_FLAG} {panel.format_value(value)}{_ONCE if once else ''}"
            _, tall = tag.size(view_context, text)
            bottom = min(max(height - tall // 2, box.y0), box.y1 - tall)
            yield tag.put(view_context, text, box.x0 + _INSIDE, bottom)
