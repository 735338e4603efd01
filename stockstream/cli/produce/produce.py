"""``stockstream produce``: a sub-command for each source."""

from __future__ import annotations

import typer

from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.produce.csv import csv
from stockstream.cli.produce.flights import SpreadAirlines, flights
from stockstream.cli.produce.source import described, from_source
from stockstream.cli.produce.stocks import simulated
from stockstream.producers.sources.catalog import sources

app = typer.Typer(cls=Group, no_args_is_help=True, help="Send records from a source to their topic.")


@app.callback()
def produce() -> None:
    """Send records from a source to their topic; each is acknowledged or reported."""


_FLIGHTS = examples(
    "produce flights data/flights/sample.csv --rate 200",
    "produce flights flights.csv --airlines AA DL --start 2015-06-01 --end 2015-06-30",
    "produce flights flights.zip --speed 3600",
)
_CSV = examples(
    "produce csv AAPL.csv --dry-run",
    "produce csv prices/ --interval 1d",
    "produce csv eod.csv --symbol AAPL --date-format D/M/Y --columns close=Price",
)
_SIMULATED = examples("produce simulated AAPL MSFT", "produce simulated AAPL --interval 1m --pace 0.5 --seed 7")

app.command("flights", cls=SpreadAirlines, epilog=_FLIGHTS)(flights)
app.command("csv", cls=Command, epilog=_CSV)(csv)
app.command("simulated", cls=Command, epilog=_SIMULATED)(simulated)
for name, source in sources().items():
    app.command(name, cls=Command, help=described(source.about), epilog=examples(*source.about.examples))(from_source)
