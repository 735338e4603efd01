"""Pieces of a page of HTML: pictures that are within it, and tables."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts.listing import written
from stockstream.views.frame import Frame
from stockstream.views.tiles import Listing

MOST: Final = 1_000
"""Rows of a table that are written."""


def picture(figure: Figure, title: str, caption: str = "") -> str:
    """A figure as a picture; ``caption`` is what stands beneath it."""
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    image = base64.b64encode(file.getvalue()).decode()
    beneath = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img alt="{escape(title)}" src="data:image/png;base64,{image}">{beneath}</figure>\n'


def listing(mark: Listing, table: Frame) -> str:
    """A table's first rows, and how many there are where that is not all."""
    cells = mark.cells
    kinds = ["" if cell.kind in ("text", "clock", "day") else ' class="number"' for cell in cells]
    head = "".join(f"<th{kind}>{escape(cell.title)}</th>" for cell, kind in zip(cells, kinds, strict=True))
    columns = [written(table[cell.column][:MOST], cell) for cell in cells] if len(table) else []
    body = "".join(_row(texts, kinds) for texts in zip(*columns, strict=True))
    more = f"<p>the first {MOST:,} of {len(table):,} rows</p>" if len(table) > MOST else ""
    return f'{more}<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>\n'


def _row(texts: Sequence[str], kinds: Sequence[str]) -> str:
    def cells() -> Iterator[str]:
        for text, kind in zip(texts, kinds, strict=True):
            yield f"<td{kind}>{escape(text)}</td>"

    return f"<tr>{''.join(cells())}</tr>\n"
