"""Options of every job of Spark."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from stockstream.cli import checked
from stockstream.cli.panels import FILES, RUN
from stockstream.cli.serving import MetricsOption
from stockstream.cli.table_places import PlaceOption

if TYPE_CHECKING:  # extras, and slow to import
    from stockstream.config import Settings
    from stockstream.spark.run import RunOptions
    from stockstream.spark.session import SessionOptions
    from stockstream.tables.location import Location

_TRIGGER: Final = r"available-now|[1-9]\d{0,5} (milliseconds?|seconds?|minutes?|hours?)"
_MASTER: Final = r"local(\[(\d{1,4}|\*)\])?|spark://\S{1,500}|yarn|k8s://\S{1,500}"
_MEMORY: Final = r"[1-9]\d{0,5}[mg]"
_CHECKPOINT: Final = r"[^:\x00-\x1f]{1,1000}|(s3a|hdfs|abfss|gs|file)://\S{1,1000}"


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """Where a job writes and runs."""

    to: PlaceOption = None
    format: Annotated[
        Literal["delta", "parquet"],
        typer.Option(
            help="Delta tables; or Parquet files, of which manifest.json names those that count.",
            rich_help_panel=FILES,
        ),
    ] = "delta"
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            callback=checked.matching(_CHECKPOINT, "a folder"),
            help="Folder of positions and states, with which the job goes on; by default one for each table.",
            rich_help_panel=FILES,
        ),
    ] = None
    master: Annotated[
        str,
        typer.Option(
            metavar="MASTER",
            callback=checked.matching(_MASTER, "a master such as local[2] or spark://HOST:PORT"),
            help="local[2]: on two cores of this machine, local[*] on all; or the address of a cluster.",
            rich_help_panel=RUN,
        ),
    ] = "local[*]"
    trigger: Annotated[
        str,
        typer.Option(
            metavar='"N seconds"|available-now',
            callback=checked.matching(_TRIGGER, "a time such as '10 seconds', or available-now"),
            help="Time between two batches; available-now ends when all is done that the topic holds now.",
            rich_help_panel=RUN,
        ),
    ] = "10 seconds"
    max_rows: Annotated[
        int,
        typer.Option(
            "--max-rows", metavar="N", min=1, max=100_000_000, help="Rows of a batch at the most.", rich_help_panel=RUN
        ),
    ] = 500_000
    partitions: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            max=64,
            help="Tasks that work on states at the same time; a checkpoint keeps the number of its first run.",
            rich_help_panel=RUN,
        ),
    ] = 4
    memory: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            callback=checked.matching(_MEMORY, "a size such as 1g or 700m"),
            help="Heap of Java; Python's workers take memory beside it.",
            rich_help_panel=RUN,
        ),
    ] = "1g"
    metrics: MetricsOption = None

    def session(self) -> SessionOptions:
        """How Spark runs."""
        from stockstream.spark.session import SessionOptions

        return SessionOptions(
            master=self.master, driver_memory=self.memory, executor_memory=self.memory, partitions=self.partitions
        )

    def run(self, settings: Settings, location: Location, table: str) -> RunOptions:
        """How the job runs that writes a table."""
        from stockstream.spark.run import RunOptions

        chosen = self.checkpoint
        if chosen is None:
            place = sha256(f"{location.uri(table)} {self.format}".encode()).hexdigest()[:8]
            chosen = str(settings.data_dir.absolute() / "spark" / f"{table}-{place}")
        tables = settings.tables
        return RunOptions(chosen, self.trigger, self.format, self.max_rows, tables.compact_after, tables.keep_hours)
