"""Options that several producers of bars share, each declared once."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.models import OptionInfo

from stockstream.cli import checked, completion
from stockstream.cli.panels import CHOICE, READING, RUN
from stockstream.intervals import FORM, USUAL
from stockstream.producers.history_spans import is_span


def known_span(span: str | None) -> str | None:
    """Check the length of a history. Raises typer.BadParameter."""
    if span is not None and not is_span(span):
        raise typer.BadParameter("should be days, weeks, months or years (5d, 2wk, 3mo, 1y), ytd or max")
    return span


IntervalOption = Annotated[
    str | None,
    typer.Option(
        "--interval",
        metavar="INTERVAL",
        callback=checked.interval,
        help=f"Interval of the bars: {FORM}.",
        autocompletion=completion.one_of(*USUAL),
        rich_help_panel=CHOICE,
    ),
]


def history_option(panel: str) -> OptionInfo:
    """The option ``--history``, in a panel of the help."""
    option: OptionInfo = typer.Option(
        "--history",
        metavar="SPAN",
        callback=known_span,
        help="Length of the history: 5d (days of trading), 1mo, 1y, max.",
        autocompletion=completion.one_of("5d", "1mo", "3mo", "1y", "5y", "max"),
        rich_help_panel=panel,
    )
    return option


HistoryOption = Annotated[str | None, history_option(CHOICE)]
ZoneOption = Annotated[
    str | None,
    typer.Option(
        "--tz",
        metavar="ZONE",
        callback=checked.zone,
        help="Time zone of times without one, and of days; by default UTC.",
        autocompletion=completion.zones,
        rich_help_panel=READING,
    ),
]
FormingOption = Annotated[
    bool,
    typer.Option(
        "--forming", help="Also send the bar of the current period, each time it changes.", rich_help_panel=CHOICE
    ),
]
OnceOption = Annotated[bool, typer.Option("--once", help="Send the history and end.", rich_help_panel=RUN)]
