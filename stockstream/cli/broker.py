"""``stockstream broker``: a real Apache Kafka on this machine, in the foreground."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, Final, NoReturn, Protocol, Self

import typer

from stockstream.cli.context import Context
from stockstream.cli.reporter import Reporter
from stockstream.cli.serving import servers
from stockstream.cli.text import BYTES, printable
from stockstream.credentials import BROKER_FOLDER, CLUSTER_FOLDER
from stockstream.errors import StockstreamError
from stockstream.kafka import start_cache
from stockstream.kafka.broker import Broker
from stockstream.kafka.guard import Guard, is_guarded
from stockstream.kafka.jars import KAFKA_VERSION, fetch
from stockstream.kafka.joining import Joined
from stockstream.kafka.nodes import Nodes
from stockstream.processes import ENDING

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_LAST_PORT: Final = 65_535

LEAST_HEAP_MB: Final = 256
"""What Java needs: several brokers share ``broker.heap_mb``, and get no less than this each."""

_RENEWAL_LOOKED_FOR_EVERY: Final = 3_600.0


class Kafka(Protocol):
    """One broker or several, as they are looked after here."""

    @property
    def bootstrap_servers(self) -> str:
        """The addresses for clients."""

    def wait(self, seconds: float | None = None) -> None:
        """Return after that many seconds; raise BrokerError where it has ended."""

    def renew(self) -> bool:
        """Renew a certificate that ends soon; whether that was done."""

    def __enter__(self) -> Self:
        """Start it."""

    def __exit__(self, *_: object) -> None:
        """End it."""


@dataclass(frozen=True)
class Wanted:
    """What the options say; None is what they leave open."""

    port: int | None
    data: Path | None
    nodes: int
    join: str | None


def broker(
    ctx: typer.Context,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="PORT",
            min=1,
            max=65535,
            help="Port on which it listens. 9092 unless config.yaml differs.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Folder of its topics; by default in your data directory."),
    ] = None,
    secure: Annotated[
        bool | None,
        typer.Option(
            "--secure/--plain",
            help="Require TLS and passwords, and grant rights by user; by default as at the last start.",
        ),
    ] = None,
    nodes: Annotated[
        int | None,
        typer.Option(
            "--nodes",
            metavar="N",
            min=1,
            max=5,
            help="Run 3 or 5 brokers as one cluster, at PORT and the ports after it; three of them keep each record.",
        ),
    ] = None,
    join: Annotated[
        str | None,
        typer.Option(
            "--join",
            metavar="HOST:PORT",
            parser=servers,
            help="Add a broker on this machine to the cluster at this address.",
        ),
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host",
            metavar="NAME",
            help="With --secure: let other machines connect to this one by this name or address; can be repeated.",
        ),
    ] = None,
) -> None:
    """Run Apache Kafka on this machine until Ctrl-C ends it; only programs on this machine reach it.

    The first run fetches Kafka (45 MB). Topics are kept from run to run. A secure broker (docs/security.md) stays one
    until it is started with --plain. Commands on this machine find their passwords by themselves.

    With --nodes 3 any one of the brokers may fail: no record is lost, and clients wait a few seconds at most.
    """
    _refuse_the_folder_of_others(data)
    _refuse_odd(nodes, join, secure=secure)
    context = Context.of(ctx)
    for number in (signal.SIGINT, *ENDING):
        # `nohup` ignores SIGHUP, which is kept; a SIGINT that a script sends to a background job is handled.
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _asked_to_end)
    wanted = Wanted(port, data, nodes or 1, join)
    try:
        kafka, details = _made(context, wanted, host or (), secure=secure)
        with kafka:
            context.reporter.note(
                f"Kafka {KAFKA_VERSION} ready on {kafka.bootstrap_servers}, {details}; Ctrl-C ends it"
            )
            _watch_over(kafka, context.reporter)
    except KeyboardInterrupt:
        context.reporter.note("Kafka ended")


def _made(context: Context, wanted: Wanted, hosts: Sequence[str], *, secure: bool | None) -> tuple[Kafka, str]:
    """Kafka as it is wanted, not yet started, and what to say of it."""
    if wanted.join is not None:
        return _joining(context, wanted, wanted.join)
    settings = context.settings
    folder = (wanted.data or settings.data_dir / (CLUSTER_FOLDER if wanted.nodes > 1 else BROKER_FOLDER)).absolute()
    guard = _guard(folder, hosts, secure=secure)
    jars = _jars(settings.cache_dir, context.reporter)
    port = wanted.port or settings.broker.port
    details = f"data in {folder}"
    if guard is not None:
        details = f"{details}, secure: its clients' passwords are in {guard.users.folder}"
    if wanted.nodes == 1:
        return Broker(folder, jars, port=port, heap=f"{settings.broker.heap_mb}m", guard=guard), details
    if port + wanted.nodes - 1 > _LAST_PORT:
        raise typer.BadParameter(f"there are no {wanted.nodes} ports from {port} on", param_hint="--port")
    heap = max(LEAST_HEAP_MB, settings.broker.heap_mb // wanted.nodes)
    nodes = Nodes(
        folder, jars, count=wanted.nodes, port=port, heap=f"{heap}m", guard=guard, report=context.reporter.warn
    )
    return nodes, f"{wanted.nodes} nodes with {heap} MB of heap each, {details}"


def _joining(context: Context, wanted: Wanted, where: str) -> tuple[Kafka, str]:
    """One more broker for a cluster."""
    settings = context.settings
    cluster = Joined.find(settings.model_copy(update={"bootstrap_servers": where}).connection("admin"))
    folder = (wanted.data or settings.data_dir / f"{CLUSTER_FOLDER}-joined").absolute()
    jars = _jars(settings.cache_dir, context.reporter)
    heap = max(LEAST_HEAP_MB, settings.broker.heap_mb // (len(cluster.controllers) + 1))
    broker = cluster.broker(folder, jars, port=wanted.port, heap=f"{heap}m")
    assert broker.member is not None
    return broker, f"node {broker.member.node.number} of the cluster at {where}, {heap} MB of heap, data in {folder}"


def _guard(folder: Path, hosts: Sequence[str], *, secure: bool | None) -> Guard | None:
    """The guard of a secure broker; None for a plain one. Raises typer.BadParameter."""
    was = is_guarded(folder)
    if was if secure is None else secure:
        for name in hosts:
            if not _HOST.fullmatch(name):
                raise typer.BadParameter(f"{printable(name)} is not a name of a host", param_hint="--host")
        return Guard(folder, hosts)
    if hosts:
        raise typer.BadParameter("without --secure no other machine can connect", param_hint="--host")
    if was:
        Guard(folder).users.forget()
    return None


def _refuse_odd(nodes: int | None, join: str | None, *, secure: bool | None) -> None:
    """Refuse what is not a cluster, or cannot be joined. Raises typer.BadParameter."""
    if nodes is not None and nodes % 2 == 0:
        message = f"{nodes} is even: of 3 one may fail, of 5 two; of {nodes} no more than of {nodes - 1}"
        raise typer.BadParameter(message, param_hint="--nodes")
    if join is not None and nodes is not None:
        raise typer.BadParameter(
            "--join adds one broker to a cluster that runs: leave --nodes out", param_hint="--join"
        )
    if join is not None and secure:
        raise typer.BadParameter(
            "a secure cluster takes no further brokers: its certificate stays with its own nodes", param_hint="--join"
        )


def _watch_over(kafka: Kafka, reporter: Reporter) -> NoReturn:
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
            raise typer.BadParameter(f"{data} is not a folder", param_hint="--data")
        if data.exists() and any(data.iterdir()) and not (data / "lock").exists():
            message = f"{data} holds other files: name a folder that is empty or not there yet"
            raise typer.BadParameter(message, param_hint="--data")
    except OSError as error:
        raise typer.BadParameter(f"{data}: {(error.strerror or str(error)).lower()}", param_hint="--data") from error


def _asked_to_end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - a signal handler's shape
    raise KeyboardInterrupt(number)


def _jars(cache: Path, reporter: Reporter) -> list[Path]:
    """Kafka's jars. Raises typer.Exit with the signal's code if the user interrupts the download or what follows."""
    begun = time.monotonic()
    kept = "Kafka is not complete yet: the jars that were downloaded are kept"

    def progress(done: int, total: int) -> None:
        reporter.progress(done, total, done / (time.monotonic() - begun), f"fetching Kafka {KAFKA_VERSION}{BYTES}")

    try:
        jars = fetch(
            cache, on_progress=progress, on_damaged=lambda name: reporter.warn(f"{name} is damaged: fetching it again")
        )
        kept = "Kafka is complete: the next start prepares the faster one"
        start_cache.ensure(jars, lambda: reporter.note("preparing a faster start of Kafka, once"))
        return jars
    except KeyboardInterrupt as asked:
        reporter.close()
        reporter.note(kept)
        raise typer.Exit(128 + (asked.args[0] if asked.args else signal.SIGINT)) from None
    finally:
        reporter.close()
