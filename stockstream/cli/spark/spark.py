"""``stockstream spark``: a sub-command for each job, and the cluster that they can run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import typer

from stockstream.cli.commands import Command, Group, LazyGroup, examples, made, target


@dataclass(frozen=True)
class Entry:
    """A sub-command: its target (module:name of a function or typer app), a line of help, and examples."""

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
    "moving-average": Entry(
        "stockstream.cli.spark.jobs:moving_average",
        "Compute mean closes in windows of a minute.",
        ("spark moving-average", "spark moving-average --window '5 minutes' --delay '1 hour' --symbols AAPL"),
    ),
    "flights-per-day": Entry(
        "stockstream.cli.spark.jobs:flights_per_day",
        "Count the flights of each airline and day.",
        ("spark flights-per-day", "spark flights-per-day --trigger available-now --format parquet"),
    ),
    "raw": Entry(
        "stockstream.cli.spark.jobs:raw",
        "Store a topic's records as typed rows.",
        ("spark raw stocks", "spark raw flights --trigger available-now", "spark raw stocks --to s3://shares/tables"),
    ),
    "cluster": Entry(
        "stockstream.cli.spark.cluster:cluster",
        "Run a cluster of Spark on this machine.",
        ("spark cluster", "spark cluster --workers 3 --cores 2 --memory 4g"),
    ),
    "submit": Entry(
        "stockstream.cli.spark.submit:app",
        "Run a job on a cluster, with all that it needs.",
        (
            "spark submit indicator --with bollinger --master spark://127.0.0.1:7077",
            "spark submit raw stocks --master spark://127.0.0.1:7077",
        ),
    ),
}
"""The sub-commands. A module is imported when its command is called."""

JOBS: Final = {name: entry for name, entry in ENTRIES.items() if entry.target.startswith("stockstream.cli.spark.jobs:")}
"""The jobs among them."""


class Jobs(LazyGroup):
    """A command for each job."""

    def lines(self) -> Mapping[str, str]:
        """As those of `LazyGroup`."""
        return {name: entry.help for name, entry in ENTRIES.items()}

    def built(self, name: str) -> Command | Group:
        """As that of `LazyGroup`."""
        entry = ENTRIES[name]
        found, epilog = target(entry.target), examples(*entry.examples)
        if not isinstance(found, typer.Typer):
            return made(name, found, epilog=epilog)
        found.rich_markup_mode = None
        group = typer.main.get_group(found)
        assert isinstance(group, Group)
        group.name, group.epilog = name, epilog
        return group


app = typer.Typer(cls=Jobs, no_args_is_help=True, help="Work on the topics with Apache Spark.")


@app.callback()
def spark() -> None:
    """Work on the topics with Apache Spark, on this machine or a cluster; the values are those of the windows."""
