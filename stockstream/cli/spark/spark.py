"""``stockstream spark``: a sub-command for each job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import typer

from stockstream.cli.commands import Command, LazyGroup, examples, made, target


@dataclass(frozen=True)
class Entry:
    """A sub-command: its target (module:name of a function), a line of help, and examples."""

    target: str
    help: str
    examples: tuple[str, ...]


ENTRIES: Final = {
    "indicator": Entry(
        "stockstream.cli.spark.jobs:indicator",
        "Compute indicators of all series, with corrections.",
        (
            "spark indicator --with bollinger,rsi",
            "spark indicator --with sma:period=50 --symbols AAPL,MSFT --to s3://shares/tables",
            "spark indicator --with bollinger --trigger available-now --format parquet",
        ),
    ),
    "raw": Entry(
        "stockstream.cli.spark.jobs:raw",
        "Store a topic's records as typed rows.",
        ("spark raw stocks", "spark raw flights --trigger available-now", "spark raw stocks --to s3://shares/tables"),
    ),
}
"""The sub-commands. A module is imported when its command is called."""


class Jobs(LazyGroup):
    """A command for each job."""

    def lines(self) -> Mapping[str, str]:
        """As those of `LazyGroup`."""
        return {name: entry.help for name, entry in ENTRIES.items()}

    def built(self, name: str) -> Command:
        """As that of `LazyGroup`."""
        entry = ENTRIES[name]
        return made(name, target(entry.target), epilog=examples(*entry.examples))


app = typer.Typer(cls=Jobs, no_args_is_help=True, help="Work on the topics with Apache Spark.")


@app.callback()
def spark() -> None:
    """Work on the topics with Apache Spark, on this machine or a cluster; the values are those of the windows."""
