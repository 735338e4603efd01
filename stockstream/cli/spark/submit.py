"""``stockstream spark submit``: the jobs on a cluster, with what its executors need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from stockstream.cli import checked
from stockstream.cli.commands import Command, LazyGroup, examples, made, target
from stockstream.cli.option_groups import regrouped
from stockstream.cli.panels import RUN
from stockstream.cli.spark.options import JobOptions
from stockstream.cli.spark.spark import JOBS
from stockstream.spark.access import is_loopback
from stockstream.spark.environment import LOOPBACK

if TYPE_CHECKING:  # extras, and slow to import
    from stockstream.config import Settings
    from stockstream.spark.run import RunOptions
    from stockstream.spark.session import SessionOptions
    from stockstream.tables.location import Location

_MASTER: Final = r"spark://\S{1,500}|yarn|k8s://\S{1,500}"
_HOST: Final = r"[A-Za-z0-9:._\[\]-]{1,253}"


@dataclass(frozen=True, kw_only=True)
class SubmitOptions(JobOptions):
    """As those of a job, and what goes with it to the executors."""

    master: Annotated[
        str,
        typer.Option(
            metavar="MASTER",
            callback=checked.matching(_MASTER, "the address of a cluster such as spark://HOST:PORT"),
            help="The address of the cluster: spark://HOST:PORT.",
            rich_help_panel=RUN,
        ),
    ] = field()  # without a default
    cores: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=10_000,
            help="Cores of the cluster that the job takes; by default all, so that another job has to wait.",
            rich_help_panel=RUN,
        ),
    ] = None
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            callback=checked.matching(_HOST, "an address or a name of a host"),
            help="Address of this machine by which executors on other machines reach it.",
            rich_help_panel=RUN,
        ),
    ] = LOOPBACK
    python: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Python of the executors, with the packages of stockstream[spark]; by default the path of this one.",
            rich_help_panel=RUN,
        ),
    ] = None
    archive: Annotated[
        str | None,
        typer.Option(
            metavar="FILE#NAME",
            callback=checked.matching(r"[^\s#,]{1,1000}#[A-Za-z0-9_.-]{1,64}", "an archive as env.tar.gz#env"),
            help="Archive that executors unpack as NAME: an environment, whose Python is --python ./NAME/bin/python.",
            rich_help_panel=RUN,
        ),
    ] = None
    properties: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            readable=True,
            help="File of Spark's properties, such as the secret of the cluster.",
            rich_help_panel=RUN,
        ),
    ] = None

    def session(self) -> SessionOptions:
        """As that of `JobOptions`."""
        return replace(
            super().session(),
            cores=self.cores,
            host=self.host,
            ship=True,
            python=self.python,
            archives=() if self.archive is None else (self.archive,),
            properties_file=self.properties,
        )

    def run(self, settings: Settings, location: Location, table: str) -> RunOptions:
        """As that of `JobOptions`. Raises typer.BadParameter for a checkpoint that executors could not reach."""
        if self.checkpoint is None and not is_loopback(self.host):
            raise typer.BadParameter(
                "executors on other machines need a folder that all of them share", param_hint="--checkpoint"
            )
        return super().run(settings, location, table)


class SubmittedJobs(LazyGroup):
    """A command for each job."""

    def lines(self) -> Mapping[str, str]:
        """As those of `LazyGroup`."""
        return {name: entry.help for name, entry in JOBS.items()}

    def built(self, name: str) -> Command:
        """As that of `LazyGroup`."""
        entry = JOBS[name]
        example = f"spark submit {entry.examples[0].removeprefix('spark ')} --master spark://127.0.0.1:7077"
        return made(name, regrouped(target(entry.target), options=SubmitOptions), epilog=examples(example))


app = typer.Typer(cls=SubmittedJobs, no_args_is_help=True)


@app.callback()
def submit() -> None:
    """Run a job on a cluster, and send it what it needs: this version of stockstream, and the jars of the lock.

    The job is followed here until Ctrl-C, as without a cluster; tables are written from this machine. The executors'
    Python needs the packages of stockstream[spark]: docs/scale.md.
    """
