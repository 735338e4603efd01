"""Options of ``stockstream watch``, declared once; typer's signature is made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Self, TypeVar

import msgspec
import typer

from stockstream.cli import checked, completion
from stockstream.cli.option_groups import names_of
from stockstream.cli.outputs import ForceOption
from stockstream.cli.panels import FILES, ROWS, RUN, WINDOW
from stockstream.cli.serving import MetricsOption
from stockstream.config_choices import BACKENDS, THEMES
from stockstream.intervals import YAHOO
from stockstream.present.geometry import Geometry
from stockstream.records import MARKET, READINGS, SIMULATED

T = TypeVar("T")

ALL: Final = "all"
LEAST_KEPT: Final = 2


def _geometry(value: str | None) -> str | None:
    try:
        return None if value is None else str(Geometry.parse(value))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


IntervalOption = Annotated[
    str | None,
    typer.Option(
        callback=checked.interval,
        metavar="1m|1h|1d|...",
        help="Interval of the bars, if a symbol has several.",
        autocompletion=completion.one_of(*YAHOO),
        rich_help_panel=ROWS,
    ),
]
FeedOption = Annotated[
    str | None,
    typer.Option(
        metavar="market|readings|simulated",
        help="Source of the bars, if a symbol has several.",
        autocompletion=completion.one_of(MARKET, READINGS, SIMULATED),
        rich_help_panel=ROWS,
    ),
]


@dataclass(frozen=True, kw_only=True)
class SeriesOptions:
    """Options that select bars."""

    interval: IntervalOption = None
    feed: FeedOption = None
    resample: Annotated[
        str | None,
        typer.Option(
            callback=checked.longer_interval,
            metavar="5m|1h|1d|...",
            help="Show bars of this interval, made of shorter ones.",
            autocompletion=completion.one_of(*YAHOO[1:]),
            rich_help_panel=ROWS,
        ),
    ] = None
    opens: Annotated[
        str | None,
        typer.Option(
            metavar="HH:MM",
            help="With --resample: when sessions open, by the exchange's clock, such as 09:30; hours count from there.",
            rich_help_panel=ROWS,
        ),
    ] = None
    calendar: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --resample: calendar of exchange_calendars for the sessions, such as XNYS.",
            rich_help_panel=ROWS,
        ),
    ] = None
    from_table: Annotated[
        bool,
        typer.Option(
            "--from-table",
            help="Begin with the bars of the durable table (tables.dir), also those that the topic no longer holds.",
            rich_help_panel=ROWS,
        ),
    ] = False
    tz: Annotated[
        str | None,
        typer.Option(
            callback=checked.zone,
            metavar="ZONE",
            help="Time zone of the axis, instead of the exchange's. Dates of daily bars stay.",
            autocompletion=completion.zones,
            rich_help_panel=ROWS,
        ),
    ] = None
    keep: Annotated[
        str | None,
        typer.Option(
            callback=_keep,
            metavar="N|all",
            help="Bars of a series that are kept, the newest; all of them with --once.",
            rich_help_panel=ROWS,
        ),
    ] = None


def _keep(value: str | None) -> str | None:
    if value is not None and value != ALL and not (value.isdecimal() and int(value) >= LEAST_KEPT):
        raise typer.BadParameter(f"{value} is neither a number of bars from {LEAST_KEPT} on nor {ALL}")
    return value


@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    """Options of every view: what to show, where, how, and when to end."""

    start: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Show rows from this time on, UTC: 2026-03-02 or 2026-03-02T14:30.",
            rich_help_panel=ROWS,
        ),
    ] = None
    end: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Show rows up to this day, included, or up to this time.", rich_help_panel=ROWS
        ),
    ] = None
    rows: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="Number of newest rows in view.", rich_help_panel=ROWS),
    ] = None
    refresh: Annotated[
        float | None,
        typer.Option(min=0.05, metavar="SECONDS", help="Shortest time between two redraws.", rich_help_panel=WINDOW),
    ] = None
    backend: Annotated[
        str | None,
        typer.Option(
            callback=checked.one_of(BACKENDS),
            metavar="auto|tk|qt",
            help="The toolkit of the window.",
            autocompletion=completion.one_of(*BACKENDS),
            rich_help_panel=WINDOW,
        ),
    ] = None
    headless: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="No window: draw to a file (.png, .svg, .pdf), updated continuously.",
            rich_help_panel=FILES,
        ),
    ] = None
    values: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="Also write the rows shown to a CSV file, updated continuously.",
            rich_help_panel=FILES,
        ),
    ] = None
    force: ForceOption = False
    metrics: MetricsOption = None
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help="Write --headless and --values, and end when all present records are read.",
            rich_help_panel=FILES,
        ),
    ] = False
    seconds: Annotated[
        float | None, typer.Option(min=0.0, metavar="SECONDS", help="End after this time.", rich_help_panel=RUN)
    ] = None
    theme: Annotated[
        str | None,
        typer.Option(
            callback=checked.one_of(THEMES),
            metavar="light|dark|contrast",
            help="Colours; t switches them.",
            autocompletion=completion.one_of(*THEMES),
            rich_help_panel=WINDOW,
        ),
    ] = None
    geometry: Annotated[
        str | None,
        typer.Option(
            callback=_geometry,
            metavar="WxH+X+Y",
            help="Size and position of the window in pixels.",
            rich_help_panel=WINDOW,
        ),
    ] = None
    no_memory: Annotated[
        bool,
        typer.Option(
            "--no-memory", help="Ignore what the window remembers, and remember nothing.", rich_help_panel=WINDOW
        ),
    ] = False
    each: Annotated[
        bool,
        typer.Option("--each", help="Open a window for each symbol or airline, side by side.", rich_help_panel=WINDOW),
    ] = False


@dataclass(frozen=True, kw_only=True)
class WatchOptions(CommonOptions, SeriesOptions):
    """The given options of ``watch``, without parameters of views; None for those not given."""

    @classmethod
    def of(cls, given: Mapping[str, object]) -> Self:
        """Make the options from the arguments of typer, and check their types."""
        return msgspec.convert({name: given[name] for name in names_of(cls) if name in given}, cls)


ALONE: Final = ("geometry", "headless", "values", "once", "metrics")
"""Options that make no sense for several windows together."""
