"""Base class of overlays: keeps the pixels that it covers, and restores them.

Overlays are drawn over everything else, in their order. To move one, all are removed from the canvas, the last one
first, and drawn again. So the picture under them can change meanwhile, and without them it equals a full draw.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from stockstream.charts.canvas_region import Ground, whole
from stockstream.charts.marks.lines import Scale
from stockstream.charts.marks.shapes import EMPTY
from stockstream.charts.panels.panel import DrawnPanel
from stockstream.charts.text import glyph_cache
from stockstream.charts.text.text import Ruler
from stockstream.charts.theme import Theme
from stockstream.present.plot_data import PlotData

Place: TypeAlias = tuple[float, float]
"""Position in pixels from the canvas's lower left corner."""

HALF: Final = 0.5
"""Distance from the upper edge of a pixel, the origin of mouse positions and of thin lines, to its middle."""

_PAD: Final = 3.0
_TALL: Final = 1.65
"""Margins of a tag left and right of its text in points, and its height in font sizes."""


@dataclass(frozen=True)
class ViewContext:
    """The rows, panels and pixels in view, from which overlays compute their positions."""

    plot_data: PlotData
    panels: Sequence[DrawnPanel]
    scale: Scale
    theme: Theme
    ruler: Ruler

    def panel(self, place: Place) -> DrawnPanel | None:
        """The panel at a position, None outside panels."""
        return next((panel for panel in self.panels if panel.axes.bbox.contains(*place)), None)

    def row(self, x: float) -> int | None:
        """Row at a horizontal pixel; None if there is none."""
        row = self.nearest(x)
        return row if 0 <= row < len(self.plot_data.frame) else None

    def nearest(self, x: float) -> int:
        """Row index nearest to a horizontal pixel, whether it has a row or not."""
        return math.floor((x - self.scale.origin) / self.scale.pitch + 0.5)

    def across(self, row: int) -> int:
        """Pixel at the middle of a row."""
        return math.floor(self.scale.origin + row * self.scale.pitch)

    @property
    def pixel(self) -> float:
        """Size of a pixel in points."""
        return 72 / self.panels[0].axes.figure.dpi


@dataclass(frozen=True)
class Piece:
    """Artists that are drawn together, and the pixels that they may cover."""

    artists: Sequence[Artist]
    box: Bbox


class Overlay(ABC):
    """Base class: artists that are drawn over the picture.

    ``changed`` requests a redraw; ``printed`` says whether saved pictures include it.
    """

    changed = False
    printed = True

    @abstractmethod
    def build(self, figure: Figure, theme: Theme) -> None:
        """Create the artists on a figure."""

    @abstractmethod
    def place(self, view_context: ViewContext) -> Iterable[Piece]:
        """Move the artists to their present positions; returns what to draw, in order."""


class Overlays:
    """The overlays of one canvas."""

    def __init__(self, canvas: FigureCanvasAgg, overlays: Sequence[Overlay]) -> None:
        self._canvas = canvas
        self._overlays = overlays
        self._under: list[Ground] = []

    def build(self, figure: Figure, theme: Theme) -> None:
        """Create all artists again."""
        for overlay in self._overlays:
            overlay.build(figure, theme)

    @property
    def changed(self) -> bool:
        """Whether any needs a redraw."""
        return any(overlay.changed for overlay in self._overlays)

    def lift(self) -> list[Bbox | None]:
        """Remove all from the canvas; returns the regions to blit."""
        places: list[Bbox | None] = []
        while self._under:
            under = self._under.pop()
            under.put_back()
            places.append(under.box)
        return places

    def forget(self) -> None:
        """Forget the covered pixels, because the canvas was redrawn."""
        self._under.clear()

    def lay(self, renderer: RendererBase, view_context: ViewContext) -> list[Bbox | None]:
        """Draw all on a canvas without them; returns the regions to blit."""
        for overlay in self._overlays:
            for piece in overlay.place(view_context):
                if whole(piece.box, self._canvas) is not None:
                    self._under.append(Ground(self._canvas, piece.box))
                    draw(piece, renderer)
            overlay.changed = False
        return [under.box for under in self._under]

    def render(self, renderer: RendererBase, view_context: ViewContext) -> None:
        """Draw with any renderer, as for a file."""
        for overlay in self._overlays:
            if overlay.printed:
                for piece in overlay.place(view_context):
                    draw(piece, renderer)


def draw(piece: Piece, renderer: RendererBase) -> None:
    """Draw a piece at its position."""
    for artist in piece.artists:
        if isinstance(artist, Text):
            glyph_cache.draw(artist, renderer)
        else:
            artist.draw(renderer)


# Parts of overlays, positioned in pixels.


class Stroke:
    """A thin line of any path."""

    def __init__(self, figure: Figure, color: str, *, dashes: tuple[float, ...] = (), width: float = 1.0) -> None:
        self._width = width
        self._patch = PathPatch(
            EMPTY, transform=IdentityTransform(), animated=True, fill=False, edgecolor=color, capstyle="butt",
            snap=width == 1.0, linestyle=(0, dashes) if dashes else "-",
        )  # fmt: skip
        figure.add_artist(self._patch)

    def put(self, view_context: ViewContext, path: Path) -> Piece:
        """Set its path."""
        width = self._width * view_context.scale.hairline
        self._patch.set_path(path)
        self._patch.set_linewidth(width)
        return Piece([self._patch], path.get_extents().padded(width / view_context.pixel + 1))


class Tag:
    """A text in a box."""

    def __init__(self, figure: Figure, theme: Theme, *, bold: bool = False) -> None:
        self._size = theme.small_size
        self._weight = "bold" if bold else "normal"
        self._boxed = True
        self._box = Rectangle((0, 0), 1, 1, transform=IdentityTransform(), animated=True, linewidth=0.8, snap=True)
        figure.add_artist(self._box)
        self._words = figure.text(
            0, 0, "", transform=IdentityTransform(), animated=True, parse_math=False, ha="center",
            va="center", fontsize=self._size, fontweight=self._weight,
        )  # fmt: skip

    def style(self, *, text: str, fill: str = "none", edge: str = "none") -> None:
        """Set the colours of text, box and frame."""
        self._words.set_color(text)
        self._box.set(facecolor=fill, edgecolor=edge)
        self._boxed = (fill, edge) != ("none", "none")

    def size(self, view_context: ViewContext, text: str) -> tuple[float, float]:
        """Width and height with a text, in pixels."""
        wide = view_context.ruler.points(text, self._size, self._weight) + 2 * _PAD
        return math.ceil(wide / view_context.pixel), math.ceil(_TALL * self._size / view_context.pixel)

    def put(self, view_context: ViewContext, text: str, left: float, bottom: float) -> Piece:
        """Set its text and position."""
        wide, tall = self.size(view_context, text)
        left, bottom = round(left), round(bottom)
        self._words.set_text(text)
        self._words.set_position((left + wide / 2, bottom + tall / 2))
        self._box.set_bounds(left, bottom, wide, tall)
        artists = [self._box, self._words] if self._boxed else [self._words]
        return Piece(artists, Bbox.from_bounds(left, bottom, wide, tall).padded(2))
