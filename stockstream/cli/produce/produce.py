"""``stockstream produce``: a sub-command for each source."""

from __future__ import annotations

import typer

from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.produce.csv import csv
from stockstream.cli.produce.flights import SpreadAirlines, flights
from stockstream.cli.produce.market import market
from stockstream.cli.produce.readings import http, mqtt, readings, stdin
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
_MARKET = examples("produce market AAPL MSFT", "produce market AAPL --interval 1d --history 3mo --once")
_SIMULATED = examples("produce simulated AAPL MSFT", "produce simulated AAPL --interval 1m --pace 0.5 --seed 7")

app.command("flights", cls=SpreadAirlines, epilog=_FLIGHTS)(flights)
app.command("csv", cls=Command, epilog=_CSV)(csv)
app.command("simulated", cls=Command, epilog=_SIMULATED)(simulated)
app.command("market", cls=Command, epilog=_MARKET)(market)
for name, source in sources().items():
    app.command(name, cls=Command, help=described(source.about), epilog=examples(*source.about.examples))(from_source)

_STDIN = examples("produce stdin --interval 1m", "produce stdin --symbol CPU --unit % --forming")
_READINGS = examples(
    "produce readings plant.csv --value kW --unit kW --interval 5m",
    "produce readings log/ --follow --time ts --value temperature --unit °C",
)
_OPEN_METEO = "https://api.open-meteo.com/v1/forecast?latitude=52.52&longitude=13.41&current=temperature_2m"
_HTTP = examples(
    f"produce http '{_OPEN_METEO}' --symbol BERLIN --value current.temperature_2m --time current.time --unit °C",
)
_MQTT = examples("produce mqtt localhost:1883 'plant/+/temperature' --value value --unit °C --interval 1m")

app.command("stdin", cls=Command, epilog=_STDIN)(stdin)
app.command("readings", cls=Command, epilog=_READINGS)(readings)
app.command("http", cls=Command, epilog=_HTTP)(http)
app.command("mqtt", cls=Command, epilog=_MQTT)(mqtt)
