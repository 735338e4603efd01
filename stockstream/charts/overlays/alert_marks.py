"""Marks of alerts at their bars, and the notes of the bar under the mouse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform

from stockstream.charts.marks.shapes import EMPTY
from stockstream.charts.overlays.card import Card, CardLine
from stockstream.charts.overlays.crosshair import Crosshair
from stockstream.charts.overlays.overlay import Overlay, Piece, Place, ViewContext
from stockstream.charts.panels.panel import DrawnPanel
from stockstream.charts.theme import Theme
from stockstream.present.row_notes import RowNote

_HALF: Final = 6.0
_ABOVE: Final = 4.0
"""Half the width of a mark, and its distance from the bar, in pixels."""

_MOST: Final = 6
"""Maximum number of notes that are shown of a bar."""

_APART: Final = 12


class AlertMarks(Overlay):
    """A triangle over each bar at which an alert came: filled; grey where somebody has seen it; where its cause was
    taken away, an outline that is struck through."""

    def build(self, figure: Figure, theme: Theme) -> None:
        """Create the artists: one for each kind of mark."""
        self._patches = {
            "alert": _patch(figure, fill=theme.alarm, edge=theme.background),
            "seen": _patch(figure, fill=theme.quiet, edge=theme.background),
            "withdrawn": _patch(figure, fill="none", edge=theme.quiet),
        }

    def place(self, view_context: ViewContext) -> Iterable[Piece]:
        """Move the marks to their bars; those outside of the view are left out."""
        notes = view_context.plot_data.notes.notes
        if not notes or not view_context.plot_data.key:
            return
        panel = next((each for each in view_context.panels if each.priced), view_context.panels[0])
        for kind, patch in self._patches.items():
            rows = list(dict.fromkeys(note.row for note in notes if note.kind == kind))
            path = _path(view_context, panel, rows, struck=kind == "withdrawn")
            if path is not None:
                patch.set_path(path)
                patch.set_linewidth(view_context.scale.hairline)
                yield Piece([patch], path.get_extents().padded(2))


def _patch(figure: Figure, *, fill: str, edge: str) -> PathPatch:
    patch = PathPatch(EMPTY, transform=IdentityTransform(), animated=True, facecolor=fill, edgecolor=edge)
    figure.add_artist(patch)
    return patch


def _path(view_context: ViewContext, panel: DrawnPanel, rows: Sequence[int], *, struck: bool) -> Path | None:
    """The marks of some rows as one path; None without any in view."""
    frame, box = view_context.plot_data.frame, panel.axes.bbox
    name = next((each for each in ("high", "close") if each in frame), None)
    vertices: list[tuple[float, float]] = []
    codes: list[np.uint8] = []
    for row in rows:
        x = view_context.across(row) + 0.5
        if not (box.x0 <= x <= box.x1 and row < len(frame)):
            continue
        value = float(frame[name][row]) if name is not None and panel.priced else np.nan
        foot = float(panel.axes.transData.transform((0.0, value))[1]) + _ABOVE if np.isfinite(value) else np.inf
        foot = min(max(foot, box.y0), box.y1 - 2 * _HALF)
        vertices += [(x, foot), (x - _HALF, foot + 1.7 * _HALF), (x + _HALF, foot + 1.7 * _HALF), (x, foot)]
        codes += [Path.MOVETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
        if struck:
            middle = foot + _HALF
            vertices += [(x - 1.4 * _HALF, middle), (x + 1.4 * _HALF, middle)]
            codes += [Path.MOVETO, Path.LINETO]
    return Path(vertices, codes) if vertices else None


class BarNotes(Overlay):
    """A card with what is known of the bar under the mouse: its alerts and headlines."""

    printed = False

    def __init__(self, crosshair: Crosshair) -> None:
        self._crosshair = crosshair

    def build(self, figure: Figure, theme: Theme) -> None:
        """Create the card."""
        self._card, self._theme = Card(figure, theme), theme

    def place(self, view_context: ViewContext) -> Iterable[Piece]:
        """Place the card beside the mouse."""
        mouse = self._crosshair.mouse
        notes = [] if mouse is None else _under(view_context, mouse)
        if not notes or mouse is None:
            return
        box, canvas = view_context.panels[0].axes.bbox, view_context.panels[0].axes.figure.bbox
        lines = [self._line(note) for note in notes[:_MOST]]
        if len(notes) > _MOST:
            lines.append(CardLine(f"and {len(notes) - _MOST} more", self._theme.quiet))
        lines = self._card.fitted(view_context, lines, 0.6 * canvas.width)
        wide, tall = self._card.size(view_context, lines)
        right = mouse[0] + _APART + wide <= box.x1
        left = mouse[0] + _APART if right else max(2.0, mouse[0] - _APART - wide)
        yield self._card.put(view_context, lines, left, max(box.y1 - _APART, tall + 2))

    def _line(self, note: RowNote) -> CardLine:
        if note.kind == "alert":
            return CardLine(f"▼ {note.text}", self._theme.alarm)
        if note.kind == "news":
            return CardLine(note.text, self._theme.text)
        return CardLine(f"▽ {note.text}", self._theme.quiet)


def _under(view_context: ViewContext, mouse: Place) -> list[RowNote]:
    """The notes of the bars that are drawn at the mouse."""
    row = view_context.row(mouse[0])
    if row is None or view_context.panel(mouse) is None:
        return []
    bucket = max(1, view_context.scale.bucket)
    first = row - row % bucket
    return [note for note in view_context.plot_data.notes.notes if first <= note.row < first + bucket]
