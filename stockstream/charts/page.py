"""A dashboard as one page of HTML that needs nothing else: pictures within it, tables as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts.dashboard import KINDS, place
from stockstream.charts.markup import listing, picture
from stockstream.charts.returns_section import sections
from stockstream.charts.theme import Theme, light
from stockstream.files import MARK
from stockstream.views.frame import Frame
from stockstream.views.returns import Spread
from stockstream.views.tiles import Listing, Tile

_SIZE: Final = (6.4, 3.6)
_DPI: Final = 150

_STYLE: Final = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem;
  color: #22272e; background: #fff; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 0; }
p, figcaption { color: #5f6973; margin: .3rem 0 0; } section p { max-width: 60rem; }
b.badge { background: #b34700; color: #fff; padding: .15rem .5rem; font-size: .8rem; vertical-align: middle; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); gap: 1rem; }
figure { margin: 1rem 0 0; } img { max-width: 100%; }
.table { max-height: 24rem; overflow: auto; border: 1px solid #e9ecef; } section .table { margin-top: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th { position: sticky; top: 0; background: #f6f8fa; text-align: left; font-weight: 600; }
th, td { padding: .2rem .8rem; white-space: nowrap; } td.number, th.number { text-align: right; }
tr:nth-child(even) td { background: #fafbfc; }
"""


def page(
    title: str,
    about: str,
    tables: Mapping[str, Frame],
    rows: Sequence[Sequence[Tile]],
    returns: Sequence[Spread],
    *,
    simulated: bool,
) -> str:
    """The page.

    Parameters
    ----------
    title, about
        What it is, and a line on what it was made of.
    tables
        The tables by name, as a dashboard's fold gives them.
    rows
        The dashboard's tiles.
    returns
        How returns are spread, by interval and feed.
    simulated
        Whether to say that the data is.
    """
    theme = light()
    tiles = [tile for row in rows for tile in row]
    pictures = "".join(
        picture(_drawn(tile, tables[tile.table], theme), tile.title)
        for tile in tiles
        if not isinstance(tile.mark, Listing)
    )
    listings = "".join(
        f"<h2>{escape(tile.title)}</h2>{listing(tile.mark, tables[tile.table])}"
        for tile in tiles
        if isinstance(tile.mark, Listing)
    )
    badge = ' <b class="badge">SIMULATED</b>' if simulated else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="generator" content="{MARK}">'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{escape(title)}{badge}</h1><p>{escape(about)}</p>\n"
        f'<div class="pictures">{pictures}</div>\n{sections(returns, theme)}{listings}</body></html>\n'
    )


def _drawn(tile: Tile, table: Frame, theme: Theme) -> Figure:
    figure = Figure(figsize=_SIZE, dpi=_DPI, facecolor=theme.background)
    FigureCanvasAgg(figure)
    drawn = KINDS[type(tile.mark)](tile, figure.add_axes((0, 0, 1, 1)), theme)
    place(drawn, (0.0, 0.0, 72 * _SIZE[0], 72 * _SIZE[1]), (72 * _SIZE[0], 72 * _SIZE[1]))
    drawn.show(table)
    for artist in drawn.moving:
        artist.set_animated(False)
    return figure
