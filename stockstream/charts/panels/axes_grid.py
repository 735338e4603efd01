"""Grid, tick labels and axis labels of a panel.

matplotlib's own axes use an artist for each tick; that took two thirds of a full draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, Unpack

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure, SubFigure
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

from stockstream.charts.styles import TextStyle
from stockstream.charts.text import glyph_cache
from stockstream.charts.text.text import Ruler
from stockstream.charts.theme import Theme

_THIN: Final = 0.8
_TICK: Final = 3.0
_PAD: Final = 5.0
_NAME_AT: Final = 13.0
_BENEATH: Final = 4.0
"""Points: width of lines and length of ticks; distance of labels from the axes, of the vertical axis's name from the
figure's edge, and of the horizontal axis's title from its labels.
"""


class AxesGrid(Artist):
    """Grid and labels of a panel. matplotlib's axis determines the positions of the values' ticks.

    Attributes
    ----------
    grid
        Whether grid lines are drawn.
    numbered
        Whether values are labelled.
    roomy, named, labelled, titled
        Whether there is room for the labels of values, for the name of their axis, for the labels of rows, and for the
        title of theirs.
    name
        Name of the vertical axis; left out if the panel is too low for it.
    rows
        Ticks of the horizontal axis: rows of the frame.
    row_labels
        Labels of these ticks in the lowest panel; None in the others.
    title
        Title of the horizontal axis, in the lowest panel.
    """

    def __init__(self, axes: Axes, theme: Theme, ruler: Ruler) -> None:
        super().__init__()
        self.grid, self.numbered = True, True
        self.roomy = self.named = self.labelled = self.titled = True
        self.name = ""
        self.rows: Sequence[int] = ()
        self.row_labels: Sequence[str] | None = None
        self.title = ""
        self._theme = theme
        self._ruler = ruler
        self._axes = axes
        self._words = Text(0, 0, "", color=theme.quiet, fontsize=theme.small_size, parse_math=False)
        self._words.set_transform(IdentityTransform())
        self.set_zorder(0.5)
        axes.xaxis.set_visible(False)
        axes.yaxis.set_visible(False)
        axes.add_artist(self)

    def set_figure(self, fig: Figure | SubFigure) -> None:
        """As every artist has it."""
        super().set_figure(fig)
        self._words.set_figure(fig)

    def values(self) -> list[float]:
        """Ticks of the vertical axis in view."""
        low, high = self._axes.get_ylim()
        return [float(value) for value in self._axes.yaxis.get_majorticklocs() if low <= value <= high]

    def labels(self) -> list[str]:
        """Theirs."""
        return self._axes.yaxis.get_major_formatter().format_ticks(self.values())

    def draw(self, renderer: RendererBase) -> None:
        """Draw grid, ticks and labels."""
        if not self.get_visible():
            return
        points, box = partial(_pixels, renderer), self._axes.bbox
        ups = self._places([(0.0, value) for value in self.values()])[:, 1]
        left, right = self._axes.get_xlim()
        shown = [place for place, row in enumerate(self.rows) if left <= row <= right]
        across = self._places([(float(self.rows[place]), 1.0) for place in shown])[:, 0]
        if self.grid:
            lines = [((box.x0, up), (box.x1, up)) for up in ups] + [((x, box.y0), (x, box.y1)) for x in across]
            self._draw_lines(renderer, lines, self._theme.grid)
        if self.numbered and self.roomy:
            self._number(renderer, ups)
        if self.named and points(self._ruler.points(self.name, self._theme.small_size)) <= box.height:
            self._write(
                renderer, self.name, (points(_NAME_AT), (box.y0 + box.y1) / 2),
                ha="center", va="baseline", rotation=90.0, rotation_mode="anchor",
            )  # fmt: skip
        if self.row_labels is not None and self.labelled:
            labels = [self.row_labels[place] for place in shown]
            self._label_rows(renderer, across, labels)

    def _number(self, renderer: RendererBase, ups: NDArray[np.float64]) -> None:
        """Draw labels of values from the lowest up; one that would touch another is left out."""
        box = self._axes.bbox
        tall = _pixels(renderer, 1.1 * self._theme.small_size)
        above = -np.inf
        for up, label in zip(ups, self.labels(), strict=True):
            if up - tall / 2 >= above and tall <= box.height + 2:
                self._write(renderer, label, (box.x0 - _pixels(renderer, _PAD), up), ha="right", va="center")
                above = up + tall / 2

    def _label_rows(self, renderer: RendererBase, across: NDArray[np.float64], labels: Sequence[str]) -> None:
        points, box = partial(_pixels, renderer), self._axes.bbox
        self._draw_lines(renderer, [((x, box.y0), (x, box.y0 - points(_TICK))) for x in across], self._theme.edge)
        down = box.y0 - points(_TICK + _PAD)
        width = self._axes.figure.bbox.width
        for x, label in zip(across, labels, strict=True):
            half = points(max(self._ruler.points(line, self._theme.small_size) for line in label.split("\n"))) / 2 + 1
            inside = min(max(x, half), max(half, width - half))
            self._write(renderer, label, (inside, down), ha="center", va="top")
        if not self.titled:
            return
        lines = max((label.count("\n") + 1 for label in labels), default=0)
        down -= points(lines * glyph_cache.SPACING * self._theme.small_size + _BENEATH)
        self._write(renderer, self.title, ((box.x0 + box.x1) / 2, down), ha="center", va="top")

    def _places(self, places: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
        """Data coordinates as pixels, shape (points, 2)."""
        pixels: NDArray[np.float64] = self._axes.transData.transform(np.reshape(places, (-1, 2)))
        return pixels

    def _draw_lines(
        self, renderer: RendererBase, lines: Sequence[tuple[tuple[float, float], tuple[float, float]]], color: str
    ) -> None:
        """Draw horizontal and vertical lines, each from one pixel to another, in one call."""
        if not lines:
            return
        gc = renderer.new_gc()
        gc.set_foreground(color)
        gc.set_linewidth(_THIN)
        gc.set_capstyle("butt")
        gc.set_snap(True)
        codes = np.tile(np.array([Path.MOVETO, Path.LINETO], dtype=Path.code_type), len(lines))
        renderer.draw_path(gc, Path(np.reshape(lines, (-1, 2)), codes), IdentityTransform())
        gc.restore()

    def _write(
        self, renderer: RendererBase, words: str, place: tuple[float, float], **style: Unpack[TextStyle]
    ) -> None:
        whole: TextStyle = {"rotation": 0.0, "rotation_mode": "default", **style}
        self._words.set(text=words, position=place, **whole)
        glyph_cache.draw(self._words, renderer)


def _pixels(renderer: RendererBase, points: float) -> float:
    return float(renderer.points_to_pixels(points))  # type: ignore[arg-type]
