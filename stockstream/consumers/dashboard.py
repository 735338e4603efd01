"""Dashboard of all symbols: volumes, averages, volatilities, and tables of days, minutes and bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from stockstream.indicators.catalog import Parameter
from stockstream.records import Bar
from stockstream.topics import STOCKS
from stockstream.views.fold import Parameters, Selection
from stockstream.views.study import gather
from stockstream.views.tiles import Cell, Heights, Listing, Points, Profile, Shares, Tile
from stockstream.views.view import View

if TYPE_CHECKING:  # NumPy, which `watch --help` does not need
    from stockstream.views.dashboard import DashboardFold

_NO_VOLATILITY: Final = "none of these symbols has a volatility above 0 yet: too few bars, or prices that do not move"

TILES: Final = (
    Tile(
        "volume",
        "Volume",
        "symbols",
        Heights("symbol", "volume"),
        unit="total",
        lacking="none of these symbols has a volume",
    ),
    Tile("share", "Share of volatility", "symbols", Shares("symbol", "share"), lacking=_NO_VOLATILITY),
    Tile(
        "highest",
        "Highest",
        "symbols",
        Profile(
            "symbol",
            (
                ("moving_average_max", "average", ",.6g"),
                ("volatility_max", "volatility a bar", ".2%"),
            ),
        ),
        lacking="none of these symbols has an average yet: too few bars",
    ),
    Tile(
        "scatter",
        "Latest",
        "symbols",
        Points("symbol", "moving_average", "volatility", "average", "volatility a bar"),
        lacking="none of these symbols has both yet: too few bars",
    ),
    Tile(
        "symbols",
        "Symbols",
        "symbols",
        Listing(
            (
                Cell("symbol", "symbol", "text"),
                Cell("close", "close"),
                Cell("volume", "volume", form=",.0f"),
                Cell("volatility", "volatility", "percent", ".3f"),
                Cell("share", "share", "percent", ".2f"),
            ),
            giving_way=("share", "volatility", "volume"),
        ),
        weight=1.1,
    ),
    Tile(
        "days",
        "Average close",
        "days",
        Listing(
            (Cell("day", "date", "day"), Cell("symbol", "symbol", "text"), Cell("close", "close")), giving_way=("day",)
        ),
        weight=0.85,
    ),
    Tile(
        "windows",
        "One-minute averages",
        "windows",
        Listing(
            (
                Cell("start", "from, UTC", "clock"),
                Cell("end", "to", "clock"),
                Cell("symbol", "symbol", "text"),
                Cell("moving_average", "average"),
                Cell("bars", "bars", form=",d"),
                Cell("late", "late", form=",d"),
            ),
            giving_way=("late", "end", "bars", "start"),
        ),
        weight=1.4,
    ),
    Tile(
        "rows",
        "Newest bars",
        "rows",
        Listing(
            (
                Cell("time", "time, UTC", "clock"),
                Cell("symbol", "symbol", "text"),
                *(Cell(name, name) for name in ("open", "high", "low", "close")),
                Cell("volume", "volume", form=",.0f"),
            ),
            giving_way=("volume", "open", "high", "low", "time"),
        ),
        weight=1.55,
    ),
)


def _fold(selection: Selection, parameters: Parameters) -> DashboardFold:
    from stockstream.views.dashboard import DashboardFold

    return DashboardFold(selection, **msgspec.convert(dict(parameters), dict[str, int]))


VIEW: Final = View(
    name="dashboard",
    help="All symbols at a glance: volumes, averages, volatilities, and tables of days, minutes and bars.",
    topic=STOCKS,
    record=Bar,
    gather=gather,
    fold=_fold,
    title="Dashboard ({average}, {volatility})",
    layout="all",
    parameters=(
        Parameter("average", int, 3, "Bars in the moving average."),
        Parameter("volatility", int, 20, "Log returns in the volatility, which is that of a bar."),
    ),
    tiles=TILES,
)
