"""Base class of overlays: keeps the pixels that it covers, and restores them.

Overlays lie over everything else, in their order. To move one all are lifted off the canvas, the last one first, and
laid anew; so the picture under them can change meanwhile, and is that of a full draw once they are gone.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

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
"""Pixels from the canvas's lower left corner."""

HALF: Final = 0.5
"""From a pixel's upper edge, where the mouse is said to be and thin lines snap from, to its middle."""

_PAD: Final = 3.0
_TALL: Final = 1.65
"""A tag's points left and right of its words, and its height in sizes of its type."""


@dataclass(frozen=True)
class ViewContext:
    """What is in view, for an overlay to take its bearings."""

    plot_data: PlotData
    panels: Sequence[DrawnPanel]
    scale: Scale
    theme: Theme
    ruler: Ruler

    def panel(self, place: Place) -> DrawnPanel | None:
        """The panel at a place."""
        return next((panel for panel in self.panels if panel.axes.bbox.contains(*place)), None)

    def row(self, x: float) -> int | None:
        """The row at a pixel across; None where there is none."""
        row = self.nearest(x)
        return row if 0 <= row < len(self.plot_data.frame) else None

    def nearest(self, x: float) -> int:
        """The row whose place is nearest to a pixel across, be there one or not."""
        return math.floor((x - self.scale.origin) / self.scale.pitch + 0.5)

    def across(self, row: int) -> int:
        """The pixel at the middle of a row."""
        return math.floor(self.scale.origin + row * self.scale.pitch)

    @property
    def pixel(self) -> float:
        """The points of a pixel."""
        return 72 / self.panels[0].axes.figure.dpi


@dataclass(frozen=True)
class Piece:
    """Artists that are drawn together, and the pixels that they may touch."""

    artists: Sequence[Artist]
    box: Bbox


class Overlay(ABC):
    """Something that is drawn over the picture.

    ``changed`` says that it is to be drawn anew; ``printed`` whether a file shows it, too.
    """

    changed = False
    printed = True

    @abstractmethod
    def build(self, figure: Figure, theme: Theme) -> None:
        """Make the artists, on a figure without them."""

    @abstractmethod
    def place(self, view_context: ViewContext) -> Iterable[Piece]:
        """Move the artists to where they belong now; what is to be drawn, in its order."""


class Overlays:
    """All overlays of one canvas."""

    def __init__(self, canvas: FigureCanvasAgg, overlays: Sequence[Overlay]) -> None:
        self._canvas = canvas
        self._overlays = overlays
        self._under: list[Ground] = []

    def build(self, figure: Figure, theme: Theme) -> None:
        """Make all artists anew."""
        for overlay in self._overlays:
            overlay.build(figure, theme)

    @property
    def changed(self) -> bool:
        """Whether any is to be drawn anew."""
        return any(overlay.changed for overlay in self._overlays)

    def lift(self) -> list[Bbox | None]:
        """Take all off the canvas; returns the places to blit."""
        places: list[Bbox | None] = []
        while self._under:
            under = self._under.pop()
            under.put_back()
            places.append(under.box)
        return places

    def forget(self) -> None:
        """The canvas has been painted over."""
        self._under.clear()

    def lay(self, renderer: RendererBase, view_context: ViewContext) -> list[Bbox | None]:
        """Draw all on a canvas without them; returns the places to blit."""
        for overlay in self._overlays:
            for piece in overlay.place(view_context):
                if whole(piece.box, self._canvas) is not None:
                    self._under.append(Ground(self._canvas, piece.box))
                    draw(piece, renderer)
            overlay.changed = False
        return [under.box for under in self._under]

    def render(self, renderer: RendererBase, view_context: ViewContext) -> None:
        """Draw on a renderer of any kind, as for a file."""
        for overlay in self._overlays:
            if overlay.printed:
                for piece in overlay.place(view_context):
                    draw(piece, renderer)


def draw(piece: Piece, renderer: RendererBase) -> None:
    """Draw a piece where it was put."""
    for artist in piece.artists:
        if isinstance(artist, Text):
            glyph_cache.draw(artist, renderer)
        else:
            artist.draw(renderer)


# What overlays are made of. All of it is placed in pixels.


class Stroke:
    """A thin line of any shape."""

    def __init__(self, figure: Figure, color: str, *, dashes: tuple[float, ...] = (), width: float = 1.0) -> None:
        self._width = width
        style: dict[str, Any] = {"linestyle": (0, dashes)} if dashes else {}
        self._patch = PathPatch(
            EMPTY, transform=IdentityTransform(), animated=True, fill=False, edgecolor=color, capstyle="butt",
            snap=width == 1.0, **style,
        )  # fmt: skip
        figure.add_artist(self._patch)

    def put(self, view_context: ViewContext, path: Path) -> Piece:
        """Give it its course."""
        width = self._width * view_context.scale.hairline
        self._patch.set_path(path)
        self._patch.set_linewidth(width)
        return Piece([self._patch], path.get_extents().padded(width / view_context.pixel + 1))


class Tag:
    """Words in a box."""

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

    def dress(self, *, text: str, fill: str = "none", edge: str = "none") -> None:
        """The colours of words, box and frame."""
        self._words.set_color(text)
        self._box.set(facecolor=fill, edgecolor=edge)
        self._boxed = (fill, edge) != ("none", "none")

    def size(self, view_context: ViewContext, text: str) -> tuple[float, float]:
        """How wide and tall it is with these words, in pixels."""
        wide = view_context.ruler.points(text, self._size, self._weight) + 2 * _PAD
        return math.ceil(wide / view_context.pixel), math.ceil(_TALL * self._size / view_context.pixel)

    def put(self, view_context: ViewContext, text: str, left: float, bottom: float) -> Piece:
        """Write words into it and set it to a place."""
        wide, tall = self.size(view_context, text)
        left, bottom = round(left), round(bottom)
        self._words.set_text(text)
        self._words.set_position((left + wide / 2, bottom + tall / 2))
        self._box.set_bounds(left, bottom, wide, tall)
        artists = [self._box, self._words] if self._boxed else [self._words]
        return Piece(artists, Bbox.from_bounds(left, bottom, wide, tall).padded(2))
