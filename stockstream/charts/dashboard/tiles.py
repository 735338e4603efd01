"""Artists of a dashboard's tiles, made once and moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar, Unpack

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backend_bases import RendererBase
from matplotlib.patches import Patch, Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from stockstream.charts.dashboard.tick_labels import TickLabels
from stockstream.charts.styles import TextStyle
from stockstream.charts.text import glyph_cache
from stockstream.charts.text.message import Message
from stockstream.charts.text.text import Ruler
from stockstream.charts.theme import Theme
from stockstream.names import harmless
from stockstream.present.dashboard_layout import Box
from stockstream.views.dashboard import Tables
from stockstream.views.frame import Frame
from stockstream.views.joined import SlicedTable
from stockstream.views.leaders import Leaders
from stockstream.views.tiles import Tile

A = TypeVar("A", bound=Artist)
Shape = TypeVar("Shape", bound=Patch)
M = TypeVar("M")

_ROOM: Final = 1.12
"""Margin of limits beyond the values. Limits are kept while values fill half of them: each change is a full draw."""

_APART: Final = 10.0
"""Distance in points between a tile's title and the text beside it."""

_LETTERS: Final = 9
"""Maximum number of characters of a symbol beneath a column and in a list of shares."""

_SIZES: Final = (8.0, 7.0, 6.0)
"""Sizes in points of the words in place of a picture."""


@dataclass(frozen=True, eq=False)
class Content:
    """The data of a dashboard.

    Attributes
    ----------
    leaders
        The symbols that pictures show individually, and the others.
    tables
        The tables of the group.
    """

    leaders: Leaders
    tables: Tables

    def rows(self, name: str) -> SlicedTable:
        """A table by name; the table of symbols is in the order of the leaders."""
        return self.leaders.ordered if name == "symbols" else self.tables.of(name)


class Scroll(NamedTuple):
    """Scrolling of a table: a number of steps, down if positive, of some rows, a page, or everything."""

    steps: int
    unit: Literal["rows", "page", "all"]


class DrawnTile(Generic[M]):
    """A tile on its axes.

    `show` moves the artists and returns whether the axes need a redraw; `draw` draws the artists that move.

    Parameters
    ----------
    tile
        The declaration.
    axes
        Where to draw.
    theme
        Colours.

    Attributes
    ----------
    box
        The tile's place on the figure, in points; nothing of it is drawn outside.
    tall
        Height in points of the axes and what is beneath them.
    margin
        `beneath` when the axes were last positioned.
    """

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        self.tile = tile
        self.axes = axes
        self.theme = theme
        self.mark: M = tile.mark  # type: ignore[assignment]
        self.moving: list[Artist] = []
        self.tick_labels: list[TickLabels] = []
        self.box = Box(0.0, 0.0, 0.0, 0.0)
        self.tall = math.inf
        self.margin = 0.0
        self._names: tuple[str, ...] = ()
        self._named = False
        self._style()

    def _style(self) -> None:
        axes, theme = self.axes, self.theme
        axes.set_autoscale_on(False)
        axes.set_axisbelow(True)
        axes.set_facecolor(theme.background)
        axes.tick_params(length=0)
        for side, spine in axes.spines.items():
            spine.set(color=theme.edge, linewidth=0.8, visible=side in ("bottom", "left"))
        axes.set_title(
            harmless(self.tile.title), loc="left", color=theme.text, fontsize=theme.text_size, fontweight="bold", pad=7
        )
        settle(axes)
        self._aside = axes.text(
            1, 1, "", transform=axes.transAxes, ha="right", va="baseline", parse_math=False, animated=True,
            color=theme.quiet, fontsize=theme.small_size,
        )  # fmt: skip
        words = axes.text(
            0.5, 0.5, "", transform=axes.transAxes, ha="center", va="center", parse_math=False, animated=True,
            color=theme.quiet,
        )  # fmt: skip
        figure = axes.get_figure(root=True)
        assert figure is not None
        self._reason = Message(words, Ruler(figure), _SIZES)

    @property
    def beneath(self) -> float:
        """Margin needed beneath the axes, in points."""
        return 0.0

    @property
    def over(self) -> float:
        """Distance in points by which the text beside the title may extend beyond the axes."""
        return 0.0

    @property
    def region(self) -> Bbox:
        """The tile's place on the figure, in pixels."""
        box, scale = self.box, self.axes.figure.dpi / 72
        return Bbox.from_bounds(scale * box.left, scale * box.bottom, scale * box.width, scale * box.height)

    def set_subtitle(self, *candidates: str) -> None:
        """Show the first text that fits beside the title, or none."""
        dpi = self.axes.figure.dpi
        taken = glyph_cache.font(self.theme.text_size, "bold", dpi).width(harmless(self.tile.title))
        small = glyph_cache.font(self.theme.small_size, "normal", dpi)
        over = self.over * dpi / 72
        room = self.axes.bbox.width + over - taken - _APART * dpi / 72
        self._aside.set_text(harmless(next((text for text in candidates if small.width(text) <= room), "")))
        self._aside.set_position(
            (1 + over / max(self.axes.bbox.width, 1.0), 1 + 7 * dpi / 72 / max(self.axes.bbox.height, 1.0))
        )

    def width_of(self, text: str) -> float:
        """Width of a text in pixels."""
        return glyph_cache.font(self.theme.small_size, "normal", self.axes.figure.dpi).width(text)

    @property
    def line(self) -> float:
        """Distance of lines in pixels."""
        font = glyph_cache.font(self.theme.small_size, "normal", self.axes.figure.dpi)
        return 1.15 * (font.ascent + font.descent)

    def set_data(self, content: Content) -> bool:
        """Set the data; returns whether the axes changed, and not only artists that move."""
        raise NotImplementedError

    def explain(self, content: Content) -> None:
        """Say why nothing is drawn, if no symbol shown has a value."""
        shown, rest = content.leaders.shown, content.leaders.rest
        reason = self.tile.lacking if len(shown) and not self._drawable(shown) else ""
        self._reason.say(f"{reason}; others have" if reason and self._drawable(rest) else reason)
        dpi = self.axes.figure.dpi
        self._reason.fit(72 / dpi * self.axes.bbox.width, 72 / dpi * self.axes.bbox.height)

    def _drawable(self, table: Frame) -> bool:  # noqa: ARG002 - for tiles that need values
        """Whether a row of the table can be drawn."""
        return True

    @property
    def artists(self) -> list[Artist]:
        """All artists that move, and the text beside the title."""
        return [*self.moving, self._aside, self._reason.artist]

    def draw(self, renderer: RendererBase) -> None:
        """Draw the artists that move."""
        for artist in self.artists:
            if isinstance(artist, Text):
                glyph_cache.draw(artist, renderer)
            else:
                artist.draw(renderer)

    def scroll(self, by: Scroll) -> None:
        """Scroll, if the tile scrolls."""

    def _label(self, axis: Axis, color: str, *, right: bool = False) -> TickLabels:
        """Label the ticks of an axis; those of a second vertical axis on the right."""
        labels = TickLabels(axis, axis.axes, right=right, color=color, fontsize=self.theme.small_size)
        self.tick_labels.append(labels)
        return labels

    def _add(self, artist: A) -> A:
        artist.set_animated(True)
        self.moving.append(artist)
        return artist

    def _patch(self, patch: Shape) -> Shape:
        self.axes.add_patch(patch)
        return self._add(patch)

    def _clear(self) -> None:
        for artist in self.moving:
            artist.remove()
        self.moving = []

    def _text(self, x: float, y: float, words: str, **style: Unpack[TextStyle]) -> Text:
        whole: TextStyle = {"color": self.theme.text, "fontsize": self.theme.small_size, **style}
        return self._add(self.axes.text(x, y, harmless(words), parse_math=False, **whole))

    def _box(self, corner: tuple[float, float], wide: float, tall: float, color: str) -> Rectangle:
        return self._patch(Rectangle(corner, wide, tall, color=color))

    def _renamed(self, names: Sequence[str]) -> bool:
        """Whether the rows are others than before, so that all artists must be recreated."""
        if self._named and tuple(names) == self._names:
            return False
        self._named = True
        self._names = tuple(names)
        self._clear()
        return True


AnyTile: TypeAlias = DrawnTile[Any]
"""One of some mark."""


def settle(axes: Axes) -> None:
    """Keep matplotlib from measuring all labels at each draw, to find a place for the title and the axes' names."""
    axes.set_title("", y=1.0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_label_coords(0.0, 0.0)


def reach(axes: Axes, across: tuple[float, float], up: tuple[float, float]) -> None:
    """Set limits of axes only if they differ: setting them takes as long as drawing a tile."""
    if axes.get_xlim() != across:
        axes.set_xlim(*across)
    if axes.get_ylim() != up:
        axes.set_ylim(*up)


def brief(value: float) -> str:
    """A large number with three digits.

    >>> brief(1_302_444_000.0), brief(999_999.0), brief(31.0)
    ('1.30B', '1.00M', '31')
    """
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            scaled = value / size
            return f"{scaled:.{max(0, 2 - len(str(int(scaled))) + 1)}f}{unit}"
    return f"{value:,.4g}"


def short(name: str) -> str:
    """A shortened name.

    >>> short("MSFT"), short("A-VERY-LONG-NAME")
    ('MSFT', 'A-VERY-L…')
    """
    name = harmless(name)
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"


def fitted(axes: Axes, values: NDArray[np.float64], *, across: bool = False) -> bool:
    """Fit an axis to all values, from zero or around them; returns whether it changed."""
    known = values[np.isfinite(values)]
    if not len(known):
        return False
    lowest, highest = float(known.min()), float(known.max())
    low, high = axes.get_xlim() if across else axes.get_ylim()
    if across:
        room = 0.15 * (highest - lowest) or 0.05 * abs(highest) or 1.0
        fits = low <= lowest - room / 3 and highest + room / 3 <= high and (high - low) <= 4 * (highest - lowest + room)
        wanted = lowest - room, highest + 3 * room
    else:
        top = max(highest, 0.0)
        fits = (
            low == 0 and top <= high and (top >= high / 2 or not top) if lowest >= 0 else low <= lowest and top <= high
        )
        wanted = (min(0.0, _ROOM * lowest), _ROOM * top or 1.0)
    if fits:
        return False
    (axes.set_xlim if across else axes.set_ylim)(*wanted)
    return True
