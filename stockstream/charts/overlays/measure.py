"""Measure tool: the change, in percent too, the bars and the time between two points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.path import Path

from stockstream.charts.overlays.overlay import Overlay, Piece, Place, Stroke, Tag, ViewContext
from stockstream.charts.panels.panel import DrawnPanel
from stockstream.charts.theme import Theme
from stockstream.present.formats import length

_BESIDE: Final = 8
"""Distance in pixels between the second end and the text."""

_END: Final = 4
"""Half width in pixels of the cross at an end."""


@dataclass(frozen=True)
class End:
    """One end: a panel by its number, a time, and a value."""

    panel: int
    instant: np.datetime64
    value: float


class Distance(Overlay):
    """A distance measured by two clicks; shown until it is cancelled or measured again.

    Its ends keep their times and values when the view changes.
    """

    def __init__(self) -> None:
        self._ends: list[End] = []
        self._wanted = 0

    def build(self, figure: Figure, theme: Theme) -> None:
        """Create the line and the text."""
        self._theme = theme
        self._line = Stroke(figure, theme.text, width=1.4)
        self._words = Tag(figure, theme)

    def begin(self) -> None:
        """Start measuring: wait for two clicks."""
        self._ends = []
        self._wanted = 2
        self.changed = True

    def cancel(self) -> bool:
        """Cancel; returns False if there was nothing to cancel."""
        was = self._wanted > 0 or bool(self._ends)
        self._ends = []
        self._wanted = 0
        self.changed |= was
        return was

    def click(self, view_context: ViewContext, place: Place) -> bool:
        """Set an end if one is expected; returns whether it was set."""
        end = self._end(view_context, place) if self._wanted else None
        if end is None:
            return False
        self._ends = [*self._ends[:1], end] if self._ends else [end, end]
        self._wanted -= 1
        self.changed = True
        return True

    def move(self, view_context: ViewContext, place: Place | None) -> None:
        """Move the second end with the mouse while it is expected."""
        if self._wanted == 1 and place is not None:
            end = self._end(view_context, place)
            if end is not None:
                self._ends = [self._ends[0], end]
                self.changed = True

    def _end(self, view_context: ViewContext, place: Place) -> End | None:
        """Nearest row to a position, and the value there, in the panel of the first end if there is one."""
        instants = view_context.plot_data.frame.instants
        panel = view_context.panels[self._ends[0].panel] if self._ends else view_context.panel(place)
        if panel is None or not len(instants):
            return None
        box = panel.axes.bbox
        row = min(max(view_context.nearest(place[0]), 0), len(instants) - 1)
        value = panel.axes.transData.inverted().transform((0.0, min(max(place[1], box.y0), box.y1)))[1]
        return End(list(view_context.panels).index(panel), instants[row], float(value))

    def place(self, view_context: ViewContext) -> Iterable[Piece]:
        """Move the line and the text to the ends."""
        if not self._ends:
            return
        panel = view_context.panels[self._ends[0].panel]
        instants = view_context.plot_data.frame.instants
        rows = [int(np.searchsorted(instants, end.instant)) for end in self._ends]
        heights = panel.axes.transData.transform([(0.0, end.value) for end in self._ends])[:, 1]
        (x0, y0), (x1, y1) = (
            (view_context.across(row) + 0.5, float(up)) for row, up in zip(rows, heights, strict=True)
        )
        crosses = [
            corner
            for x, y in ((x0, y0), (x1, y1))
            for corner in ((x - _END, y), (x + _END, y), (x, y - _END), (x, y + _END))
        ]
        vertices = [(x0, y0), (x1, y1), *crosses]
        yield self._line.put(view_context, Path(vertices, [Path.MOVETO, Path.LINETO] * 5))
        yield self._label(view_context, panel, rows, (x1, y1))

    def _label(self, view_context: ViewContext, panel: DrawnPanel, rows: list[int], at: Place) -> Piece:
        text = self.words(view_context, panel, rows)
        change = self._ends[1].value - self._ends[0].value
        color = self._theme.up if change > 0 else self._theme.down if change < 0 else self._theme.quiet
        self._words.style(text=self._theme.background, fill=color)
        wide, tall = self._words.size(view_context, text)
        box = panel.axes.bbox
        left = at[0] + _BESIDE if at[0] + _BESIDE + wide <= box.x1 else at[0] - _BESIDE - wide
        bottom = at[1] + _BESIDE if change >= 0 else at[1] - _BESIDE - tall
        return self._words.put(
            view_context, text, min(max(left, box.x0), box.x1 - wide), min(max(bottom, box.y0), box.y1 - tall)
        )

    def words(self, view_context: ViewContext, panel: DrawnPanel, rows: list[int]) -> str:
        """Text of the measurement."""
        first, second = self._ends
        change = second.value - first.value
        arrow = "▲" if change > 0 else "▼" if change < 0 else "="
        text = f"{arrow} {'+' if change > 0 else ''}{panel.format_value(change)}"
        if first.value > 0 and (panel.priced or panel.spec.from_zero):
            text += f" ({100 * change / first.value:+.2f} %)"
        if view_context.plot_data.key:
            count = abs(rows[1] - rows[0])
            text += f", {count:,} bar{'' if count == 1 else 's'}"
        return f"{text}, {length(second.instant - first.instant, daily=view_context.plot_data.daily)}"
