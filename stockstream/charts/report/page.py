"""HTML page of a dashboard, in one file: pictures embedded, tables as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts.dashboard.dashboard import KINDS, RANKS, place
from stockstream.charts.dashboard.tiles import Content
from stockstream.charts.report.markup import Picture, Table, picture, table
from stockstream.charts.report.returns_section import MEANING, WHAT, Returns, section
from stockstream.charts.theme import Theme, light
from stockstream.files import MARK
from stockstream.names import harmless, listed
from stockstream.present.dashboard_layout import Box
from stockstream.records import MARKET, SIMULATED
from stockstream.views.dashboard import Group, Section
from stockstream.views.leaders import leaders
from stockstream.views.tiles import Listing, Tile

_SIZE: Final = (6.4, 3.6)
_DPI: Final = 150


@dataclass(frozen=True)
class _Listed:
    title: str
    table: Table


@dataclass(frozen=True)
class _Part:
    """Data of a section for the template."""

    title: str
    about: str
    simulated: bool
    pictures: tuple[Picture, ...]
    returns: Returns
    listings: tuple[_Listed, ...]


def page(title: str, about: str, sections: Sequence[Section], tiles: Sequence[Tile]) -> str:
    """The page.

    Parameters
    ----------
    title, about
        Title, and a line about the source of the data.
    sections
        The data, a section for each group: daily bars, bars of a minute and simulated bars do not compare.
    tiles
        The dashboard's tiles, repeated in each section.
    """
    theme = light()
    template = Environment(
        loader=PackageLoader("stockstream.charts.report", ""), autoescape=True, undefined=StrictUndefined
    ).get_template("page.html.jinja")
    groups = [_part(section, tiles, theme) for section in sections]
    return template.render(title=title, about=about, mark=MARK, groups=groups, what=WHAT, meaning=MEANING) + "\n"


def _part(made_of: Section, tiles: Sequence[Tile], theme: Theme) -> _Part:
    simulated = made_of.group.feed == SIMULATED
    found = leaders(made_of.tables.symbols, RANKS[0])
    content = Content(found, made_of.tables)
    total = len(found.ordered)
    count = "1 symbol" if total == 1 else f"{total:,} symbols"
    if made_of.sources:
        count += f", the newest bars from {harmless(listed(made_of.sources))}"
    return _Part(
        _heading(made_of.group),
        f"{count}; the pictures show {found.span} by volume, and all others as one" if found.span else count,
        simulated,
        tuple(
            picture(_drawn(tile, content, theme), tile.title) for tile in tiles if not isinstance(tile.mark, Listing)
        ),
        section(made_of.returns, theme),
        tuple(
            _Listed(tile.title, table(tile.mark, content.rows(tile.table)))
            for tile in tiles
            if isinstance(tile.mark, Listing)
        ),
    )


def _heading(group: Group) -> str:
    if group.feed == SIMULATED:
        return f"Simulated bars of {group.interval}"
    return f"Bars of {group.interval}" + ("" if group.feed == MARKET else f" from {group.feed}")


def _drawn(tile: Tile, content: Content, theme: Theme) -> Figure:
    figure = Figure(figsize=_SIZE, dpi=_DPI, facecolor=theme.background)
    FigureCanvasAgg(figure)
    drawn = KINDS[type(tile.mark)](tile, figure.add_axes((0, 0, 1, 1)), theme)
    whole = Box(0.0, 0.0, 72 * _SIZE[0], 72 * _SIZE[1])
    for _ in range(2):  # turned names need other margins
        place(drawn, whole, (whole.width, whole.height))
        drawn.set_data(content)
        drawn.explain(content)
    for artist in drawn.artists:
        artist.set_animated(False)
    return figure
