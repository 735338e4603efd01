"""``stockstream broker``: a real Apache Kafka on this machine, in the foreground."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated, Final, NoReturn

import typer

from stockstream.cli.context import Context
from stockstream.cli.reporter import Reporter
from stockstream.cli.text import BYTES, printable
from stockstream.errors import StockstreamError
from stockstream.kafka.broker import Broker
from stockstream.kafka.guard import Guard, is_guarded
from stockstream.kafka.jars import KAFKA_VERSION, fetch
from stockstream.processes import ENDING

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_RENEWAL_LOOKED_FOR_EVERY: Final = 3_600.0


def broker(
    ctx: typer.Context,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="PORT", min=1, max=65535, help="Port on which it listens; by default 9092."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Folder of its topics; by default in your data directory."),
    ] = None,
    secure: Annotated[
        bool | None,
        typer.Option("--secure/--plain", help="TLS, passwords and rights for its clients; by default as last time."),
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host",
            metavar="NAME",
            help="With --secure: let other machines in, by this name or address of this one; can be repeated.",
        ),
    ] = None,
) -> None:
    """Run Apache Kafka on this machine until Ctrl-C ends it; only programs on this machine reach it.

    The first run fetches Kafka (45 MB). Topics are kept from run to run. A secure broker (docs/security.md) stays one
    until it is started with --plain. Commands on this machine find their passwords by themselves.
    """
    _refuse_the_folder_of_others(data)
    context = Context.of(ctx)
    settings, reporter = context.settings, context.reporter
    for number in (signal.SIGINT, *ENDING):
        # `nohup` ignores SIGHUP, which is kept; a SIGINT that a script sends to a background job is handled.
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _asked_to_end)
    folder = (data or settings.data_dir / "kafka").absolute()
    guard = _guard(folder, host or (), secure=secure)
    jars = _jars(settings.cache_dir, reporter)
    try:
        kafka = Broker(folder, jars, port=port or settings.broker.port, heap=f"{settings.broker.heap_mb}m", guard=guard)
        with kafka:
            where = f"{kafka.bootstrap_servers}, data in {kafka.data}"
            if guard is not None:
                where = f"{where}, secure: its clients' passwords are in {guard.users.folder}"
            reporter.note(f"Kafka {KAFKA_VERSION} ready on {where}; Ctrl-C ends it")
            _watch_over(kafka, reporter)
    except KeyboardInterrupt:
        reporter.note("Kafka ended")


def _guard(folder: Path, hosts: Sequence[str], *, secure: bool | None) -> Guard | None:
    """The guard of a secure broker; None for a plain one. Raises typer.BadParameter."""
    was = is_guarded(folder)
    if was if secure is None else secure:
        for name in hosts:
            if not _HOST.fullmatch(name):
                raise typer.BadParameter(f"{printable(name)} is no name of a host", param_hint="--host")
        return Guard(folder, hosts)
    if hosts:
        raise typer.BadParameter("without --secure no other machine is let in", param_hint="--host")
    if was:
        Guard(folder).users.forget()
    return None


def _watch_over(kafka: Broker, reporter: Reporter) -> NoReturn:
    """Replace the broker's certificate before it expires; never returns."""
    while True:
        kafka.wait(_RENEWAL_LOOKED_FOR_EVERY)
        try:
            if kafka.renew():
                reporter.note("the broker's certificate was renewed")
        except StockstreamError as error:
            reporter.warn(str(error))


def _refuse_the_folder_of_others(data: Path | None) -> None:
    """Refuse a folder with other files, because Kafka's folder is formatted and cleared. Raises typer.BadParameter."""
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
    """Kafka's jars. Raises typer.Exit with the signal's code if the user interrupts the download."""
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
