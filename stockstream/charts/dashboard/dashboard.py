"""Dashboard figure: tiles in rows; each can be shown alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backend_bases import DrawEvent, Event
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts.canvas_region import fill
from stockstream.charts.dashboard.listing import DrawnListing
from stockstream.charts.dashboard.tile_columns import DrawnHeights, DrawnProfile
from stockstream.charts.dashboard.tile_points import DrawnPoints
from stockstream.charts.dashboard.tile_shares import DrawnShares
from stockstream.charts.dashboard.tiles import AnyTile, Content, Scroll
from stockstream.charts.overlays.help import Help
from stockstream.charts.overlays.overlay import draw
from stockstream.charts.scene.viewport import Guard
from stockstream.charts.text.caption import MARGIN
from stockstream.charts.text.header import Header
from stockstream.charts.text.message import Message
from stockstream.charts.text.text import Ruler
from stockstream.charts.theme import Theme
from stockstream.present.dashboard_layout import Box, boxes, grid, pages
from stockstream.present.keys import DASHBOARD
from stockstream.present.status_bar import StatusBar
from stockstream.views import tiles
from stockstream.views.dashboard import Tables
from stockstream.views.leaders import Leaders, Ranking

KINDS: Final[Mapping[type[object], type[AnyTile]]] = {
    tiles.Heights: DrawnHeights,
    tiles.Shares: DrawnShares,
    tiles.Profile: DrawnProfile,
    tiles.Points: DrawnPoints,
    tiles.Listing: DrawnListing,
}
_EDGES: Final[Mapping[type[object], tuple[float, float, float, float]]] = {
    tiles.Heights: (42.0, 6.0, 10.0, 26.0),
    tiles.Shares: (16.0, 8.0, 8.0, 26.0),
    tiles.Profile: (42.0, 6.0, 42.0, 26.0),
    tiles.Points: (42.0, 6.0, 10.0, 26.0),
    tiles.Listing: (14.0, 6.0, 12.0, 26.0),
}
"""Margins of a tile's axes in points: left, bottom, right and top; see also `DrawnTile.beneath`."""

_SMALL: Final = 240.0
"""Height of a figure in points beneath which its header is kept small."""

RANKS: Final = ("volume", "volatility")
"""Columns of the table of symbols by which they can be ranked."""


class Dashboard:
    """Tiles on a figure. If only values change, one blit updates them; an axis that changes costs its tile's axes.

    Parameters
    ----------
    rows
        The tiles in order.
    figure
        Where to draw; its canvas must be one that draws with Agg.
    theme
        Colours.
    guard
        Wraps every callback of the canvas.

    Attributes
    ----------
    alone
        Name of the tile that is shown alone; None if all are shown.
    ranked
        Whether shares are shown as ranked bars, not as a pie.
    by
        Column of `RANKS` by which symbols are ranked.
    page
        Current page of symbols, from 0.
    tile_page
        Current page of tiles, from 0, if not all have room.
    """

    def __init__(self, rows: Sequence[tiles.Tile], figure: Figure, theme: Theme, guard: Guard | None = None) -> None:
        canvas = figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        self.canvas = canvas
        self.figure = figure
        self.theme = theme
        self.alone: str | None = None
        self.ranked = False
        self._ground: object = None
        self._full = True
        self._outdated: list[AnyTile] = []
        self._blank = False
        self._moved = False
        self._ranking = Ranking()
        self.by = RANKS[0]
        self.page = self.tile_page = 0
        self._tables: Tables | None = None
        self._names: tuple[str, ...] = ("",)
        self._simulated = False
        figure.set_facecolor(theme.background)
        self.header = Header(figure, theme, Ruler(figure))
        self.tiles: list[AnyTile] = [self._made(tile) for tile in rows]
        middle = figure.text(0.5, 0.5, "", ha="center", va="center", color=theme.quiet, parse_math=False)
        self.message = Message(middle, Ruler(figure))
        self._help = Help(DASHBOARD)
        self._help.build(figure, theme)
        wrap = guard or (lambda function: function)
        self._connected = [
            canvas.mpl_connect("draw_event", wrap(self._on_draw)),
            canvas.mpl_connect("resize_event", wrap(self._on_resize)),
        ]

    def close(self) -> None:
        """Release the figure, emptied, to another dashboard."""
        for number in self._connected:
            self.canvas.mpl_disconnect(number)
        self.figure.clear()

    def _made(self, tile: tiles.Tile) -> AnyTile:
        axes = self.figure.add_axes((0.1, 0.1, 0.2, 0.2), label=tile.name)
        return KINDS[type(tile.mark)](tile, axes, self.theme)

    @property
    def shown(self) -> list[AnyTile]:
        """Tiles on the current page."""
        if self.alone is not None:
            return [tile for tile in self.tiles if tile.tile.name == self.alone]
        across, down = grid(len(self.tiles), *self._room())
        first = self.tile_page * across * down
        return self.tiles[first : first + across * down]

    def _room(self) -> tuple[float, float]:
        """Width and height available for tiles, in points."""
        width, height = (72.0 * inches for inches in self.figure.get_size_inches())
        small = height < _SMALL
        down = self.header.layout(above=8.0, lines=1) if small else self.header.layout()
        return width, height - down - 6.0

    def set_data(self, tables: Tables, names: Sequence[str], *, simulated: bool, empty: str = "") -> None:
        """Set the data, without drawing.

        ``names`` are titles, the longest first; the first that fits is shown.
        """
        self._blank = False
        self._tables = tables
        self._names = tuple(names)
        self._simulated = simulated
        self._full |= self.message.say(empty)
        self._put()

    @property
    def leaders(self) -> Leaders | None:
        """The symbols of the current page, and the others."""
        return None if self._tables is None else self._ranking.page(self._tables.symbols, self.by, self.page)

    def _put(self) -> None:
        found = self.leaders
        if found is None or self._tables is None:
            return
        self.page = found.page
        self._entitle(found)
        content = Content(found, self._tables)
        empty = bool(self.message.words)
        shown = [] if empty else self.shown
        for tile in self.tiles:
            seen = tile in shown
            for axes in axes_of(tile):
                axes.set_visible(seen)
            if isinstance(tile, DrawnShares):
                tile.ranked = self.ranked
            if seen:
                if tile.set_data(content) and tile not in self._outdated:
                    self._outdated.append(tile)
                self._full |= tile.beneath != tile.margin
                tile.explain(content)
        self._moved = True

    def _entitle(self, found: Leaders) -> None:
        """Set the title: the first name that fits, with the range of symbols shown."""
        width = 72.0 * self.figure.get_size_inches()[0] - 2 * MARGIN - (90.0 if self._simulated else 0.0)
        which = f", {found.span} by {self.by}" if found.span else ""
        said = [name + which for name in self._names]
        ruler, size = Ruler(self.figure), self.theme.title_size
        fitting = (name for name in said if ruler.points(name, size, "bold") <= width)
        self.header.name(next(fitting, said[-1]), simulated=self._simulated)
        self._full |= self.header.stale

    def say(self, status: StatusBar) -> None:
        """Set the status bar."""
        self.header.say(status)
        self._moved |= self.header.status_bar.changed

    def open(self, name: str | None) -> None:
        """Show a tile alone, or all of them."""
        if name != self.alone:
            self.alone = name
            self._full = True
            self._lay_out()
            self._put()

    def toggle(self) -> None:
        """Switch between ranked bars and a pie."""
        self.ranked = not self.ranked
        self._put()

    def turn(self, pages: int) -> None:
        """Show the next page of symbols, or the previous one."""
        found = self.leaders
        if found is not None:
            self.page = (self.page + pages) % found.pages
            self._put()

    def rank(self) -> None:
        """Rank symbols by the next column of `RANKS`."""
        self.by = RANKS[(RANKS.index(self.by) + 1) % len(RANKS)]
        self.page = 0
        self._put()

    def next_tiles(self) -> None:
        """Show the next page of tiles."""
        self.tile_page = (self.tile_page + 1) % pages(len(self.tiles), *self._room())
        self._full = True

    @property
    def tile_pages(self) -> int:
        """Number of pages of tiles."""
        return 1 if self.alone else pages(len(self.tiles), *self._room())

    def assist(self, *, off: bool = False) -> None:
        """Show or hide the help; ``off`` always hides it."""
        self._help.toggle(off=off)
        self._moved = True

    def follow(self, former: Dashboard) -> None:
        """Copy the state of another dashboard with the same tiles."""
        self.alone, self.ranked = former.alone, former.ranked
        self.by, self.page, self.tile_page = former.by, former.page, former.tile_page
        self._help.toggle(off=not former._help.shown)

    def at(self, axes: object) -> str | None:
        """Name of the tile with the given axes."""
        return next((tile.tile.name for tile in self.shown if axes in axes_of(tile)), None)

    def scroll(self, axes: object, by: Scroll) -> None:
        """Scroll the tile with the given axes; without axes, the only tile shown."""
        shown = self.shown
        for tile in shown:
            if axes in axes_of(tile) or (axes is None and len(shown) == 1):
                tile.scroll(by)
        self._put()

    def blank(self, text: str) -> None:
        """Show only a text and the status bar, until the next `show`."""
        self._blank = self._full = True
        self.message.say(text)
        for tile in self.tiles:
            for axes in axes_of(tile):
                axes.set_visible(False)

    def paint(self) -> None:
        """Update the canvas in the cheapest way."""
        if self._full:
            if self._blank:
                self._fit_message()
            else:
                self._lay_out()
                self._put()
                self._lay_out()  # turned names need other margins
                self._put()
            self._full = False
            self.canvas.draw()
        elif self._moved and self._ground is not None:
            self.canvas.restore_region(self._ground)
            if self._outdated:
                self._draw_outdated()
            self._draw_moving()
            self.canvas.blit(self.figure.bbox)
        self._outdated.clear()
        self._moved = False

    def _draw_outdated(self) -> None:
        """Draw the axes of tiles that have changed into the background."""
        renderer = self.canvas.get_renderer()
        for tile in self._outdated:
            fill(self.canvas, tile.region, self.theme.background)
            for axes in axes_of(tile):
                axes.draw(renderer)
        self._ground = self.canvas.copy_from_bbox(self.figure.bbox)

    def _draw_moving(self) -> None:
        renderer = self.canvas.get_renderer()
        self.header.status_bar.draw(renderer)
        if not self.message.words:
            for tile in self.shown:
                tile.draw(renderer)
        for piece in self._help.arrange():
            draw(piece, renderer)

    def _on_draw(self, event: DrawEvent) -> None:
        if self.canvas.is_saving():  # to a file, which lacks only what is drawn on the canvas itself
            self._full = True
            self.header.status_bar.draw(event.renderer)
            return
        self._ground = self.canvas.copy_from_bbox(self.figure.bbox)
        self._draw_moving()

    def _on_resize(self, _: Event) -> None:
        self._full = True

    def _lay_out(self) -> None:
        """Position all tiles."""
        room = self._room()
        self.tile_page = min(self.tile_page, pages(len(self.tiles), *room) - 1)
        size = tuple(72.0 * inches for inches in self.figure.get_size_inches())
        self._fit_message()
        shown = self.shown
        for tile, box in zip(shown, boxes([tile.tile.weight for tile in shown], *room), strict=False):
            place(tile, Box(box.left, box.bottom + 6.0, box.width, box.height), (size[0], size[1]))

    def _fit_message(self) -> None:
        width, height = self._room()
        self.message.fit(width - 2 * MARGIN, height)
        self.message.artist.set_position((0.5, 0.5 * height / (72.0 * self.figure.get_size_inches()[1])))


def axes_of(tile: AnyTile) -> list[Axes]:
    """The axes of a tile, in the order in which they are drawn."""
    siblings = tile.axes.get_shared_x_axes().get_siblings(tile.axes)
    return [tile.axes, *(axes for axes in siblings if axes is not tile.axes)]


def place(tile: AnyTile, box: Box, size: tuple[float, float]) -> None:
    """Position a tile on a figure of a size in points."""
    left, bottom, right, top = _EDGES[type(tile.tile.mark)]
    tile.box = box
    tile.tall = box.height - bottom - top
    tile.margin = tile.beneath
    bottom += tile.margin
    width, height = size
    for axes in axes_of(tile):
        axes.set_position(
            (
                (box.left + left) / width,
                (box.bottom + bottom) / height,
                max(1.0, box.width - left - right) / width,
                max(1.0, box.height - bottom - top) / height,
            )
        )
