"""Parts of an HTML page as data for its template: embedded pictures, and tables."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts.dashboard.listing import written
from stockstream.views.joined import SlicedTable
from stockstream.views.tiles import Listing

MOST: Final = 1_000
"""Maximum number of rows of a table."""


@dataclass(frozen=True)
class Picture:
    """A picture: its title, the PNG file in base64, and its caption."""

    title: str
    image: str
    caption: str = ""


@dataclass(frozen=True)
class Head:
    """A column of a table: its title, and whether it holds numbers."""

    title: str
    number: bool


@dataclass(frozen=True)
class Table:
    """A table: its columns, the cells of the rows shown, and the number of all rows."""

    heads: tuple[Head, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int


def picture(figure: Figure, title: str, caption: str = "") -> Picture:
    """A figure as a picture with a caption."""
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    return Picture(title, base64.b64encode(file.getvalue()).decode(), caption)


def table(mark: Listing, rows: SlicedTable) -> Table:
    """The first `MOST` rows of a table, formatted as in a listing."""
    heads = tuple(Head(cell.title, cell.kind not in ("text", "clock", "day")) for cell in mark.cells)
    shown = rows.slice(slice(0, MOST))
    columns = [written(shown[cell.column], cell) for cell in mark.cells] if len(shown) else []
    return Table(heads, tuple(zip(*columns, strict=True)), len(rows))
