"""``stockstream broker``: a real Apache Kafka on this machine, in the foreground."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from stockstream.cli.context import Context
from stockstream.cli.reporter import Reporter
from stockstream.cli.text import BYTES
from stockstream.kafka.broker import Broker
from stockstream.kafka.jars import KAFKA_VERSION, fetch
from stockstream.processes import ENDING


def broker(
    ctx: typer.Context,
    port: Annotated[
        int | None, typer.Option("--port", metavar="PORT", min=1, max=65535, help="Where it listens; by default 9092.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="What keeps its topics; by default in your data directory."),
    ] = None,
) -> None:
    """Run Apache Kafka on this machine until Ctrl-C ends it; only programs on this machine reach it.

    The first run fetches Kafka (45 MB). Topics are kept from run to run.
    """
    _refuse_the_folder_of_others(data)
    context = Context.of(ctx)
    settings, reporter = context.settings, context.reporter
    for number in (signal.SIGINT, *ENDING):
        # `nohup` has SIGHUP ignored, and so it stays; a SIGINT that a script sends to a background job counts.
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _asked_to_end)
    jars = _jars(settings.cache_dir, reporter)
    try:
        kafka = Broker(
            data or settings.data_dir / "kafka",
            jars,
            port=port or settings.broker.port,
            heap=f"{settings.broker.heap_mb}m",
        )
        with kafka:
            reporter.note(
                f"Kafka {KAFKA_VERSION} ready on {kafka.bootstrap_servers}, data in {kafka.data}; Ctrl-C ends it"
            )
            kafka.wait()
    except KeyboardInterrupt:
        reporter.note("Kafka ended")


def _refuse_the_folder_of_others(data: Path | None) -> None:
    """Kafka's folder is laid out and cleared by us: it is none that holds something else. Raises typer.BadParameter."""
    if data is None:
        return
    try:
        if data.exists() and not data.is_dir():
            raise typer.BadParameter(f"{data} is no folder", param_hint="--data")
        if data.exists() and any(data.iterdir()) and not (data / "lock").exists():
            told = f"{data} holds other files: name a folder that is empty or not there yet"
            raise typer.BadParameter(told, param_hint="--data")
    except OSError as error:
        raise typer.BadParameter(f"{data}: {(error.strerror or str(error)).lower()}", param_hint="--data") from error


def _asked_to_end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - a signal handler's shape
    raise KeyboardInterrupt(number)


def _jars(cache: Path, reporter: Reporter) -> list[Path]:
    """Kafka's jars. Raises typer.Exit with the signal's code where the user does not wait for them."""
    begun = time.monotonic()

    def progress(done: int, total: int) -> None:
        reporter.progress(done, total, done / (time.monotonic() - begun), f"fetching Kafka {KAFKA_VERSION}{BYTES}")

    try:
        return fetch(
            cache, on_progress=progress, on_damaged=lambda name: reporter.warn(f"{name} is damaged: fetching it again")
        )
    except KeyboardInterrupt as asked:
        reporter.close()
        reporter.note("Kafka is not there yet: the jars that are whole are kept")
        raise typer.Exit(128 + (asked.args[0] if asked.args else signal.SIGINT)) from None
    finally:
        reporter.close()
