"""``stockstream produce``: a sub-command for each source."""

from __future__ import annotations

import typer

from stockstream.cli.produce.csv import csv
from stockstream.cli.produce.flights import SpreadAirlines, flights
from stockstream.cli.produce.stocks import simulated, yahoo

app = typer.Typer(no_args_is_help=True, help="Send records from a source to their topic.")


@app.callback()
def produce() -> None:
    """Send records from a source to their topic; each is acknowledged or reported."""


app.command("flights", cls=SpreadAirlines)(flights)
app.command("csv")(csv)
app.command("simulated")(simulated)
app.command("yahoo")(yahoo)
