"""Table tile of a dashboard: one text for each column, scrollable."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from stockstream.charts.dashboard.tiles import Content, DrawnTile, Scroll
from stockstream.charts.styles import Align
from stockstream.charts.text import glyph_cache
from stockstream.charts.theme import Theme
from stockstream.indicators.arrays import Column
from stockstream.names import harmless
from stockstream.present.fitting import cut
from stockstream.views.tiles import Cell, Listing, Tile

_LINE: Final = 1.3
"""Distance of rows, in line heights, as in `stockstream.charts.text.glyph_cache`."""

_AIR: Final = 6.0
_OVER: Final = 4.0
"""Pixels: minimum distance of columns; how far the last one may extend into the tile's margin."""

_ROWS: Final = 3
"""Number of rows by which a turn of the wheel scrolls."""

_LETTERS: Final = 14
"""Maximum number of characters of a text where room is lacking."""

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
        if not self._fits(self._widths(columns), wide):
            columns = [written(shown[cell.column], cell, short=True) if self._held else [] for cell in self.mark.cells]
        widths = dict(zip(self.mark.cells, self._widths(columns), strict=True))
        omitted = self._omitted(widths, wide)
        self._cut_names(columns, widths, wide)
        self._set(columns, widths, wide, line / max(tall, 1.0))
        self._tell([cell.title for cell in omitted], min(rows.stop, self._held))
        return False

    def _tell(self, omitted: list[str], last: int) -> None:
        """Show the range of rows, their total, and the omitted columns, as far as there is room."""
        place = f"{self._first + 1:,} to {last:,} of {self._held:,}" if self._held > self._room else ""
        columns = f"no room for {', '.join(omitted)}" if omitted else ""
        fewer = f"+{len(omitted)} column{'s' if len(omitted) > 1 else ''}" if omitted else ""
        texts = ["; ".join(filter(None, (words, place))) for words in (columns, fewer)]
        self.set_subtitle(
            *texts, " ".join(filter(None, (f"+{len(omitted)}" if omitted else "", f"of {self._held:,}"))), place
        )

    def _widths(self, columns: list[list[str]]) -> list[int]:
        """Width of each column in pixels."""
        font = glyph_cache.font(self.theme.small_size, "normal", self.axes.figure.dpi)
        return [
            max(map(font.width, [cell.title, *column])) for cell, column in zip(self.mark.cells, columns, strict=True)
        ]

    def _fits(self, widths: Collection[int], wide: float) -> bool:
        return sum(widths) + _AIR * (len(widths) - 1) <= wide + _OVER

    def _omitted(self, widths: dict[Cell, int], wide: float) -> list[Cell]:
        """Take columns out of ``widths`` until the others have room, as far as columns give way; returns those."""
        omitted: list[Cell] = []
        for name in self.mark.giving_way:
            if self._fits(widths.values(), wide):
                break
            omitted += [cell for cell in widths if cell.column == name]
            widths.pop(omitted[-1])
        return omitted

    def _cut_names(self, columns: list[list[str]], widths: dict[Cell, int], wide: float) -> None:
        """Cut texts so that the columns beside them have room."""
        if self._fits(widths.values(), wide):
            return
        font = glyph_cache.font(self.theme.small_size, "normal", self.axes.figure.dpi)
        for place, cell in enumerate(self.mark.cells):
            if cell.kind == "text" and cell in widths:
                others = sum(width for other, width in widths.items() if other != cell)
                room = wide + _OVER - others - _AIR * (len(widths) - 1)
                columns[place] = [cut(text, room, font.width) for text in columns[place]]
                widths[cell] = max(map(font.width, [cell.title, *columns[place]]))

    def _set(self, columns: list[list[str]], widths: dict[Cell, int], wide: float, line: float) -> None:
        """Position the columns that have a width side by side."""
        # Spare width goes between the columns, but not so much that a row is hard to follow.
        air = min(40.0, max(_AIR, (wide - sum(widths.values())) / max(1, len(widths) - 1)))
        across = 0.0
        for cell, title, column, lines in zip(self.mark.cells, self._titles, self._columns, columns, strict=True):
            shown, width = cell in widths, widths.get(cell, 0)
            x = (across if cell.kind in _LEFT else across + width) / max(wide, 1.0)
            title.set_position((x, 1))
            title.set_text(cell.title if shown else "")
            column.set_position((x, 1 - line))
            column.set_text("\n".join(lines) if shown else "")
            across += width + air if shown else 0.0

    def scroll(self, by: Scroll) -> None:
        """As `DrawnTile.scroll`."""
        step = {"rows": _ROWS, "page": max(1, self._room - 1), "all": self._held}[by.unit]
        self._first = max(0, min(self._first + by.steps * step, self._held - self._room))


def written(values: Column, cell: Cell, *, short: bool = False) -> list[str]:
    """A column's values as text; an unknown value is a dash. ``short`` omits the year of a time and cuts a text.

    >>> import numpy as np
    >>> written(np.array([0.5, np.nan]), Cell("share", "share", "percent", ".1f"))
    ['50.0%', '-']
    """
    if cell.kind == "text":
        texts = [harmless(str(value)) for value in values.tolist()]  # before they are measured
        return [cut(text, _LETTERS, len) for text in texts] if short else texts
    if cell.kind == "day":
        return [str(value) for value in values.astype("M8[D]")]
    if cell.kind == "clock":
        return [_moment(value)[5 if short else 0 :] for value in values.astype("M8[s]").tolist()]
    scale, unit = (100, "%") if cell.kind == "percent" else (1, "")
    return ["-" if value != value else f"{scale * value:{cell.form}}{unit}" for value in values.tolist()]


def _moment(moment: datetime) -> str:
    seconds = f":{moment:%S}" if moment.second else ""
    return f"{moment:%Y-%m-%d %H:%M}{seconds}"
