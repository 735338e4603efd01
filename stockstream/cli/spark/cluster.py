"""``stockstream spark cluster``: a cluster of Spark on this machine, in the foreground."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Annotated, NoReturn

import typer

from stockstream.cli import checked
from stockstream.cli.context import Context
from stockstream.processes import ENDING
from stockstream.spark.cluster import PORT, Cluster, ClusterOptions
from stockstream.spark.extra import require_spark


def cluster(
    ctx: typer.Context,
    workers: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="Number of worker processes.")] = 2,
    cores: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="Cores that each worker offers.")] = 1,
    memory: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            callback=checked.matching(r"[1-9]\d{0,5}[mg]", "a size such as 2g or 700m"),
            help="Memory that each worker offers to executors.",
        ),
    ] = "2g",
    port: Annotated[int, typer.Option(metavar="PORT", min=1, max=65535, help="Port of the master.")] = PORT,
) -> None:
    """Run a standalone cluster of Spark on this machine until Ctrl-C ends it: a master and workers, each a process.

    Only programs of this user on this machine can use it. A process that ends is started again, and jobs go on. Jobs
    run on it with `--master spark://127.0.0.1:7077`; each takes an executor on every worker.
    """
    context = Context.of(ctx)
    require_spark()
    for number in (signal.SIGINT, *ENDING):
        # `nohup` ignores SIGHUP, which is kept.
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _asked_to_end)
    reporter = context.reporter
    options = ClusterOptions(workers, cores, memory, port)
    try:
        running = Cluster(context.settings, options, report=reporter.warn)
        reporter.note(f"starting a master and {_count(workers, 'worker')} of Spark")
        with running:
            for name, process in running.processes.items():
                offers = f"{running.url}, page {running.page}"
                if name != "master":
                    offers = f"{_count(cores, 'core')}, {memory}"
                reporter.note(f"{name}: process {process}, {offers}")
            reporter.note(f"the cluster is ready: --master {running.url}; log {running.log}; Ctrl-C ends it")
            running.wait()
    except KeyboardInterrupt:
        reporter.note("the cluster ended")


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _asked_to_end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - a signal handler's shape
    raise KeyboardInterrupt(number)
