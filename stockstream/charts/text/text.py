"""Text on a figure: its width, and texts that can change without a redraw."""

from __future__ import annotations

from typing import Unpack

from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from stockstream.charts.canvas_region import Ground
from stockstream.charts.styles import TextStyle
from stockstream.charts.text import glyph_cache
from stockstream.charts.theme import Theme
from stockstream.names import harmless


class Ruler:
    """Measures text as a figure's canvas draws it."""

    def __init__(self, figure: Figure) -> None:
        self._figure = figure

    def points(self, text: str, size: float, weight: str = "normal") -> float:
        """Width of a text in points."""
        dpi = self._figure.dpi
        return 72 / dpi * glyph_cache.font(size, weight, dpi).width(text)


class CachedText(Text):
    """A text without a box, on a figure, that is drawn from the cache of glyphs at each full draw."""

    def __init__(self, figure: Figure, text: str, **style: Unpack[TextStyle]) -> None:
        super().__init__(0, 0, text, parse_math=False, **style)
        figure.add_artist(self)

    def draw(self, renderer: RendererBase) -> None:
        """Draw it."""
        glyph_cache.draw(self, renderer)


class LiveText:
    """A text with a cached background, so that it can change without a full draw.

    ``box`` is its rectangle as fractions of the figure (left, bottom, right, top). It can be filled, for text that must
    not be missed.
    """

    def __init__(self, figure: Figure, theme: Theme, **style: Unpack[TextStyle]) -> None:
        self.artist = figure.text(0, 0, "", animated=True, parse_math=False, fontsize=theme.text_size, **style)
        self.box = (0.0, 0.0, 0.0, 0.0)
        self._fill: str | None = None
        self._filling = Rectangle((0, 0), 1, 1, transform=figure.transFigure, linewidth=0, snap=True)
        self._filling.set_figure(figure)
        self.changed = False
        self._ground: Ground | None = None

    def say(self, text: str, color: str | None = None, fill: str | None = None) -> None:
        """Change the text, and its colours if given."""
        text = harmless(text)
        if text != self.artist.get_text():
            self.artist.set_text(text)
            self.changed = True
        if color is not None and (color, fill) != (self.artist.get_color(), self._fill):
            self.artist.set_color(color)
            self._fill = fill
            self.changed = True

    def _bbox(self, canvas: FigureCanvasAgg) -> Bbox:
        width, height = canvas.get_width_height(physical=True)
        left, bottom, right, top = self.box
        return Bbox.from_extents(int(left * width), int(bottom * height), int(right * width) + 1, int(top * height) + 1)

    def keep(self, canvas: FigureCanvasAgg, renderer: RendererBase) -> None:
        """Cache the background from the canvas, and draw on it."""
        self._ground = Ground(canvas, self._bbox(canvas))
        self.draw(renderer)
        self.changed = False

    def draw(self, renderer: RendererBase) -> None:
        """Draw the fill and the text."""
        if self._fill is not None:
            left, bottom, right, top = self.box
            self._filling.set_bounds(left, bottom, right - left, top - bottom)
            self._filling.set_facecolor(self._fill)
            self._filling.draw(renderer)
        glyph_cache.draw(self.artist, renderer)

    def redraw(self, renderer: RendererBase) -> Bbox | None:
        """Redraw on the background that `keep` cached; returns the region to blit."""
        self.changed = False
        if self._ground is None or self._ground.box is None:
            return None
        self._ground.put_back()
        self.draw(renderer)
        return self._ground.box
