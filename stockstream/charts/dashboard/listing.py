"""Table tile of a dashboard: one text for each column, scrollable."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from stockstream.charts.dashboard.tiles import Content, DrawnTile, Scroll
from stockstream.charts.styles import Align
from stockstream.charts.text import glyph_cache
from stockstream.charts.theme import Theme
from stockstream.names import harmless
from stockstream.views.tiles import Cell, Listing, Tile

_LINE: Final = 1.3
"""Distance of rows, in line heights, as in `stockstream.charts.text.glyph_cache`."""

_AIR: Final = 6.0
_OVER: Final = 4.0
"""Pixels: minimum distance of columns; how far the last one may extend into the tile's margin."""

_ROWS: Final = 3
"""Number of rows by which a turn of the wheel scrolls."""

_LEFT: Final = ("text", "clock", "day")


class DrawnListing(DrawnTile[Listing]):
    """`Listing`: as many rows as fit, from the current scroll position."""

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        super().__init__(tile, axes, theme)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(NullLocator())
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        for spine in axes.spines.values():
            spine.set_visible(False)
        self._first = 0
        self._held = 0
        self._room = 1
        aligned: list[Align] = ["left" if cell.kind in _LEFT else "right" for cell in self.mark.cells]
        self._titles = [
            self._text(0, 1, cell.title, ha=ha, va="top", color=theme.quiet)
            for cell, ha in zip(self.mark.cells, aligned, strict=True)
        ]
        self._columns = [self._text(0, 0, "", ha=ha, va="top", linespacing=_LINE) for ha in aligned]

    def set_data(self, content: Content) -> bool:
        """As `DrawnTile.set_data`."""
        table = content.rows(self.tile.table)
        font = glyph_cache.font(self.theme.small_size, "normal", self.axes.figure.dpi)
        line = round(_LINE * (font.ascent + font.descent))
        tall, wide = self.axes.bbox.height, self.axes.bbox.width
        self._room = max(1, int(tall // line) - 1)
        self._held = len(table)
        self._first = min(self._first, max(0, self._held - self._room))
        rows = slice(self._first, self._first + self._room)
        shown = table.slice(rows)
        columns = [written(shown[cell.column], cell) if self._held else [] for cell in self.mark.cells]
        if sum(widths := self._widths(columns)) + _AIR * (len(widths) - 1) > wide + _OVER:
            columns = [written(shown[cell.column], cell, short=True) if self._held else [] for cell in self.mark.cells]
            widths = self._widths(columns)
        cut = self._set(columns, widths, wide, line / max(tall, 1.0))
        self._tell(cut, min(rows.stop, self._held))
        return False

    def _tell(self, cut: list[str], last: int) -> None:
        """Show the range of rows, their total, and the omitted columns, as far as there is room."""
        place = f"{self._first + 1:,} to {last:,} of {self._held:,}" if self._held > self._room else ""
        columns = f"no room for {', '.join(cut)}" if cut else ""
        fewer = f"+{len(cut)} column{'s' if len(cut) > 1 else ''}" if cut else ""
        told = ["; ".join(filter(None, (words, place))) for words in (columns, fewer)]
        self.set_subtitle(*told, " ".join(filter(None, (f"+{len(cut)}" if cut else "", f"of {self._held:,}"))), place)

    def _widths(self, columns: list[list[str]]) -> list[int]:
        """Width of each column in pixels."""
        font = glyph_cache.font(self.theme.small_size, "normal", self.axes.figure.dpi)
        return [
            max(map(font.width, [cell.title, *column])) for cell, column in zip(self.mark.cells, columns, strict=True)
        ]

    def _set(self, columns: list[list[str]], widths: list[int], wide: float, line: float) -> list[str]:
        """Position the columns side by side; returns the titles of those that are omitted for lack of room."""
        # Spare width goes between the columns, but not so much that a row is hard to follow.
        air = min(40.0, max(_AIR, (wide - sum(widths)) / max(1, len(widths) - 1)))
        across = 0.0
        cut: list[str] = []
        for cell, title, column, lines, width in zip(
            self.mark.cells, self._titles, self._columns, columns, widths, strict=True
        ):
            fits = not cut and (across == 0.0 or across + width <= wide + _OVER)
            x = (across if cell.kind in _LEFT else across + width) / max(wide, 1.0)
            title.set_position((x, 1))
            title.set_text(harmless(cell.title) if fits else "")
            column.set_position((x, 1 - line))
            column.set_text(harmless("\n".join(lines)) if fits else "")
            across += width + air
            if not fits:
                cut.append(cell.title)
        return cut

    def scroll(self, by: Scroll) -> None:
        """As `DrawnTile.scroll`."""
        step = {"rows": _ROWS, "page": max(1, self._room - 1), "all": self._held}[by.unit]
        self._first = max(0, min(self._first + by.steps * step, self._held - self._room))


def written(values: NDArray[Any], cell: Cell, *, short: bool = False) -> list[str]:
    """A column's values as text; an unknown value is a dash. ``short`` omits the year of a time.

    >>> import numpy as np
    >>> written(np.array([0.5, np.nan]), Cell("share", "share", "percent", ".1f"))
    ['50.0%', '-']
    """
    if cell.kind == "text":
        return [str(value) for value in values.tolist()]
    if cell.kind == "day":
        return [str(value) for value in values.astype("M8[D]")]
    if cell.kind == "clock":
        return [_moment(value)[5 if short else 0 :] for value in values.astype("M8[s]").tolist()]
    scale, unit = (100, "%") if cell.kind == "percent" else (1, "")
    return ["-" if value != value else f"{scale * value:{cell.form}}{unit}" for value in values.tolist()]


def _moment(moment: Any) -> str:
    seconds = f":{moment:%S}" if moment.second else ""
    return f"{moment:%Y-%m-%d %H:%M}{seconds}"
