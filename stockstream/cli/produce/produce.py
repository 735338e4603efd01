"""``stockstream produce``: a sub-command for each source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import typer

from stockstream.cli.commands import Command, LazyGroup, examples, made, target
from stockstream.cli.produce.spread_airlines import SpreadAirlines
from stockstream.producers.bar_source import About
from stockstream.producers.sources.catalog import sources

_FROM_SOURCE: Final = "stockstream.cli.produce.source:from_source"
_OPEN_METEO: Final = "https://api.open-meteo.com/v1/forecast?latitude=52.52&longitude=13.41&current=temperature_2m"


@dataclass(frozen=True)
class Entry:
    """A sub-command: its target (module:name of a function), a line of help, examples, and the class."""

    target: str
    help: str
    examples: tuple[str, ...]
    kind: type[Command] = Command


ENTRIES: Final = {
    "flights": Entry(
        "stockstream.cli.produce.flights:flights",
        "Send US flights from CSV files, each row once.",
        (
            "produce flights data/flights/sample.csv --rate 200",
            "produce flights flights.csv --airlines AA DL --start 2015-06-01 --end 2015-06-30",
            "produce flights flights.zip --speed 3600",
        ),
        SpreadAirlines,
    ),
    "csv": Entry(
        "stockstream.cli.produce.csv:csv",
        "Send stock bars from CSV files.",
        (
            "produce csv AAPL.csv --dry-run",
            "produce csv prices/ --interval 1d",
            "produce csv eod.csv --symbol AAPL --date-format D/M/Y --columns close=Price",
        ),
    ),
    "simulated": Entry(
        "stockstream.cli.produce.stocks:simulated",
        "Send simulated bars: a random walk for each symbol.",
        ("produce simulated AAPL MSFT", "produce simulated AAPL --interval 1m --pace 0.5 --seed 7"),
    ),
    "market": Entry(
        "stockstream.cli.produce.market:market",
        "Send bars from the first of several sources that is up.",
        ("produce market AAPL MSFT", "produce market AAPL --interval 1d --history 3mo --once"),
    ),
    "stdin": Entry(
        "stockstream.cli.produce.readings:stdin",
        "Send bars of readings from a pipe.",
        ("produce stdin --interval 1m", "produce stdin --symbol CPU --unit % --forming"),
    ),
    "readings": Entry(
        "stockstream.cli.produce.readings:readings",
        "Send bars of readings from files.",
        (
            "produce readings plant.csv --value kW --unit kW --interval 5m",
            "produce readings log/ --follow --time ts --value temperature --unit °C",
        ),
    ),
    "http": Entry(
        "stockstream.cli.produce.readings:http",
        "Send bars of readings from a web service.",
        (f"produce http '{_OPEN_METEO}' --symbol BERLIN --value current.temperature_2m --time current.time --unit °C",),
    ),
    "mqtt": Entry(
        "stockstream.cli.produce.readings:mqtt",
        "Send bars of readings from an MQTT broker.",
        ("produce mqtt localhost:1883 'plant/+/temperature' --value value --unit °C --interval 1m",),
    ),
    "news": Entry(
        "stockstream.cli.produce.news:news",
        "Send headlines of symbols, and bars of their scores.",
        (
            "produce news AAPL MSFT",
            "produce news AAPL --feed https://feeds.finance.yahoo.com/rss/2.0/headline?s={symbol} --every 60",
            "produce news AAPL MSFT --stdin --interval 1d",
        ),
    ),
}
"""The sub-commands but for those of the sources in the catalog. A module is imported when its command is called."""

_FIRST: Final = ("flights", "csv", "simulated", "market")
"""Sub-commands that the help lists before those of the sources."""


class Sources(LazyGroup):
    """A command for each source."""

    def lines(self) -> Mapping[str, str]:
        """As those of `LazyGroup`."""
        own = {name: entry.help for name, entry in ENTRIES.items()}
        return (
            {name: own[name] for name in _FIRST} | {name: _line(each.about) for name, each in sources().items()} | own
        )

    def built(self, name: str) -> Command:
        """As that of `LazyGroup`."""
        entry = ENTRIES.get(name)
        if entry is not None:
            return made(name, target(entry.target), epilog=examples(*entry.examples), kind=entry.kind)
        about = sources()[name].about
        return made(name, target(_FROM_SOURCE), about=_described(about), epilog=examples(*about.examples))


def _line(about: About) -> str:
    return f"Send bars from {about.title}: the history, then new ones."


def _described(about: About) -> str:
    """What ``--help`` says of a source's command."""
    return f"""{_line(about)}

    {about.title} offers {about.offers}. It needs {about.needs}. Terms: {about.terms}.

    Unless config.yaml differs: --interval {about.interval} --history {about.history} --poll {about.poll:g}.

    Only bars whose period is over are sent, each once, and again where {about.title} corrects it. If it does not answer
    or limits the rate, the command says so and tries again later. An unknown symbol is set aside and the others
    continue; the exit code is then 1. `stockstream sources describe {about.name}` says more."""


app = typer.Typer(cls=Sources, no_args_is_help=True, help="Send records from a source to their topic.")


@app.callback()
def produce() -> None:
    """Send records from a source to their topic; each is acknowledged or reported."""
