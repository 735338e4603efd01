"""A dashboard on a figure: tiles in rows, each of which can be opened alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from matplotlib.backend_bases import DrawEvent, Event
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts.header import Header
from stockstream.charts.help import Help
from stockstream.charts.keys import DASHBOARD
from stockstream.charts.listing import DrawnListing
from stockstream.charts.overlay import draw
from stockstream.charts.strip import Strip
from stockstream.charts.theme import Theme
from stockstream.charts.tiles import DrawnHeights, DrawnPoints, DrawnProfile, DrawnShares, DrawnTile
from stockstream.charts.words import Ruler
from stockstream.views import tiles
from stockstream.views.frame import Frame

Guard = Callable[[Callable[[Any], None]], Callable[[Any], None]]

KINDS: Final[Mapping[type[Any], type[DrawnTile[Any]]]] = {
    tiles.Heights: DrawnHeights,
    tiles.Shares: DrawnShares,
    tiles.Profile: DrawnProfile,
    tiles.Points: DrawnPoints,
    tiles.Listing: DrawnListing,
}
_EDGES: Final[Mapping[type[Any], tuple[float, float, float, float]]] = {
    tiles.Heights: (42.0, 22.0, 16.0, 26.0),
    tiles.Shares: (16.0, 12.0, 12.0, 26.0),
    tiles.Profile: (48.0, 22.0, 48.0, 26.0),
    tiles.Points: (50.0, 36.0, 16.0, 26.0),
    tiles.Listing: (16.0, 8.0, 16.0, 26.0),
}
"""Points left of, beneath, right of and above a tile's axes, for what stands there."""


class Dashboard:
    """Tiles on a figure, drawn whole when anything but their values changes, else by one blit.

    Parameters
    ----------
    rows
        The tiles, row by row from the top; those of a row share its width.
    figure
        Where to draw; its canvas must be one that draws with Agg.
    theme
        How it looks.
    guard
        Wraps every function that the canvas calls.

    Attributes
    ----------
    alone
        The name of the tile that is shown alone; None while all are.
    ranked
        Whether shares are shown as bars in falling order, not as a pie.
    """

    def __init__(
        self, rows: Sequence[Sequence[tiles.Tile]], figure: Figure, theme: Theme, guard: Guard | None = None
    ) -> None:
        canvas = figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        self.canvas = canvas
        self.figure = figure
        self.theme = theme
        self.alone: str | None = None
        self.ranked = False
        self._ground: Any = None
        self._full = True
        self._moved = False
        self._tables: Mapping[str, Frame] = {}
        figure.set_facecolor(theme.background)
        self.header = Header(figure, theme, Ruler(figure))
        self._rows = [[self._made(tile) for tile in row] for row in rows]
        self._middle = figure.text(
            0.5, 0.5, "", ha="center", va="center", color=theme.quiet, fontsize=11, parse_math=False
        )
        self._help = Help(DASHBOARD)
        self._help.build(figure, theme)
        wrap = guard or (lambda function: function)
        self._connected = [
            canvas.mpl_connect("draw_event", wrap(self._on_draw)),
            canvas.mpl_connect("resize_event", wrap(self._on_resize)),
        ]

    def close(self) -> None:
        """Leave the figure, empty, to another one."""
        for number in self._connected:
            self.canvas.mpl_disconnect(number)
        self.figure.clear()

    def _made(self, tile: tiles.Tile) -> DrawnTile[Any]:
        axes = self.figure.add_axes((0.1, 0.1, 0.2, 0.2), label=tile.name)
        return KINDS[type(tile.mark)](tile, axes, self.theme)

    @property
    def tiles(self) -> list[DrawnTile[Any]]:
        """All tiles."""
        return [tile for row in self._rows for tile in row]

    @property
    def shown(self) -> list[DrawnTile[Any]]:
        """The tiles that are to be seen."""
        return [tile for tile in self.tiles if self.alone in (None, tile.tile.name)]

    def show(self, tables: Mapping[str, Frame], title: str, *, simulated: bool, empty: str = "") -> None:
        """Take what is to be seen; nothing is painted yet."""
        self._tables = tables
        self.header.name(title, simulated=simulated)
        self._full |= self.header.stale or empty != self._middle.get_text()
        self._middle.set_text(empty)
        self._put()

    def _put(self) -> None:
        empty = bool(self._middle.get_text())
        for tile in self.tiles:
            seen = tile in self.shown and not empty
            for axes in axes_of(tile):
                axes.set_visible(seen)
            if isinstance(tile, DrawnShares):
                tile.ranked = self.ranked
            if seen and tile.tile.table in self._tables:
                self._full |= tile.show(self._tables[tile.tile.table])
        self._moved = True

    def say(self, strip: Strip) -> None:
        """Say how the data stands."""
        self.header.say(strip)
        self._moved |= self.header.strip.changed

    def open(self, name: str | None) -> None:
        """Show a tile alone, or all of them."""
        if name != self.alone:
            self.alone = name
            self._full = True
            self._lay_out()
            self._put()

    def toggle(self) -> None:
        """Show shares as ranks, or as a pie again."""
        self.ranked = not self.ranked
        self._put()

    def assist(self, *, off: bool = False) -> None:
        """Show the keys over the tiles, or hide them; ``off`` hides them in any case."""
        self._help.toggle(off=off)
        self._moved = True

    def follow(self, former: Dashboard) -> None:
        """Show what another one does, of the same tiles."""
        self.alone, self.ranked = former.alone, former.ranked
        self._help.toggle(off=not former._help.shown)

    def at(self, axes: object) -> str | None:
        """The name of the tile that has some axes."""
        return next((tile.tile.name for tile in self.shown if axes in axes_of(tile)), None)

    def scroll(self, axes: object, rows: int) -> None:
        """Scroll the tile that has some axes."""
        for tile in self.shown:
            if axes in axes_of(tile):
                tile.scroll(rows)
        self._put()

    def paint(self) -> None:
        """Bring the canvas up to date in the cheapest way."""
        if self._full:
            self._lay_out()
            self._put()
            self._full = False
            self.canvas.draw()
        elif self._moved and self._ground is not None:
            self.canvas.restore_region(self._ground)
            self._draw_moving()
            self.canvas.blit(self.figure.bbox)
        self._moved = False

    def _draw_moving(self) -> None:
        renderer = self.canvas.get_renderer()
        self.header.strip.draw(renderer)
        if not self._middle.get_text():
            for tile in self.shown:
                tile.draw(renderer)
        for piece in self._help.arrange():
            draw(piece, renderer)

    def _on_draw(self, event: DrawEvent) -> None:
        if self.canvas.is_saving():  # to a file, which has everything but what stands on the figure itself
            self._full = True
            self.header.strip.draw(event.renderer)
            return
        self._ground = self.canvas.copy_from_bbox(self.figure.bbox)
        self._draw_moving()

    def _on_resize(self, _: Event) -> None:
        self._full = True

    def _lay_out(self) -> None:
        """Give all tiles their places."""
        width, height = (72.0 * inches for inches in self.figure.get_size_inches())
        below = height - self.header.layout() - 6.0
        rows = [self.shown] if self.alone else self._rows
        tall = below / len(rows)
        for number, row in enumerate(rows):
            wide = width / len(row)
            for across, tile in enumerate(row):
                place(tile, (across * wide, below - (number + 1) * tall, wide, tall), (width, height))


def axes_of(tile: DrawnTile[Any]) -> list[Any]:
    """The axes that a tile draws on."""
    return list(tile.axes.get_shared_x_axes().get_siblings(tile.axes))


def place(tile: DrawnTile[Any], box: tuple[float, float, float, float], size: tuple[float, float]) -> None:
    """Give a tile its place: a box (left, bottom, width, height) on a figure of some size, all in points."""
    left, bottom, right, top = _EDGES[type(tile.tile.mark)]
    width, height = size
    for axes in axes_of(tile):
        axes.set_position(
            (
                (box[0] + left) / width,
                (box[1] + bottom) / height,
                max(1.0, box[2] - left - right) / width,
                max(1.0, box[3] - bottom - top) / height,
            )
        )
