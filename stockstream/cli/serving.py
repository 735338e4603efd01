"""HTTP server of Prometheus metrics, and its address."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Protocol, TypeVar

import typer

from stockstream.cli.panels import RUN
from stockstream.errors import StockstreamError
from stockstream.names import cut

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from stockstream.cli.reporter import Reporter

C = TypeVar("C", bound="Collector")

log = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"
"""Default address of metrics: only programs on this machine reach it."""

_ENDPOINT: Final = re.compile(r"(?:http://)?(?:(\[[0-9A-Fa-f:.]+\]|[^\s,:\[\]/]+):)?(\d{1,5})(?:/(?:metrics)?)?")


class Collector(Protocol):
    """Source of metrics; queried on a thread of the server."""

    def collect(self) -> Iterable[Metric]:
        """The present metrics."""


@dataclass(frozen=True)
class Endpoint:
    """A host and a port.

    >>> print(Endpoint("::1", 9101), Endpoint("127.0.0.1", 9101))
    [::1]:9101 127.0.0.1:9101
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def endpoint(text: str | Endpoint) -> Endpoint:
    """Read a port, or a host and a port. Raises typer.BadParameter.

    >>> print(endpoint("9101"), endpoint("[::1]:9101"), endpoint("http://localhost:9101/metrics"))
    127.0.0.1:9101 [::1]:9101 localhost:9101
    """
    if isinstance(text, Endpoint):  # click also converts the default value
        return text
    found = _ENDPOINT.fullmatch(text)
    if found is None or int(found[2]) > 65535:
        raise typer.BadParameter(f"{text!r} is neither a port (0 to 65535) nor HOST:PORT")
    return Endpoint((found[1] or LOOPBACK).strip("[]"), int(found[2]))


def servers(text: str) -> str:
    """Check addresses of brokers: a host and a port, several with commas between them. Raises typer.BadParameter.

    >>> servers("one.example:9092,[::1]:9093")
    'one.example:9092,[::1]:9093'
    """
    for each in text.split(","):
        found = _ENDPOINT.fullmatch(each)
        if found is None or found[1] is None or not 0 < int(found[2]) <= 65535:
            raise typer.BadParameter(f"{cut(each)!r} is not HOST:PORT")
    return text


MetricsOption = Annotated[
    Endpoint | None,
    typer.Option(
        "--metrics",
        parser=endpoint,
        metavar="[HOST:]PORT",
        help="Serve figures of this process for Prometheus and `stockstream monitor --scrape`;"
        f" on {LOOPBACK} unless a host is named, 0 is any free port.",
        rich_help_panel=RUN,
    ),
]
"""The option of every command that sends or shows records."""


@contextmanager
def served(collector: Collector, where: Endpoint, option: str) -> Iterator[str]:
    """Serve a collector's metrics, and those of the process itself, until the block is left.

    Parameters
    ----------
    collector
        Queried at each request.
    where
        The address to listen on.
    option
        The option that gives the address, for the error.

    Yields
    ------
    str
        The address to read from.

    Raises
    ------
    StockstreamError
        If the address cannot be listened on.
    """
    from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(collector)
    try:
        server, thread = start_http_server(where.port, where.host, registry)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StockstreamError(
            f"{option}: cannot listen on {where}: {reason}", hint="name another, or 0 for any free port"
        ) from error
    server.handle_error = _log_error  # type: ignore[method-assign, assignment]
    try:
        yield f"http://{Endpoint(where.host, server.server_port)}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def measured(collector: C, where: Endpoint | None, reporter: Reporter) -> Iterator[C]:
    """Serve a collector if ``--metrics`` is given, and print its address; yields the collector in any case."""
    if where is None:
        yield collector
        return
    with served(collector, where, "--metrics") as url:
        reporter.note(f"metrics at {url}")
        yield collector


def _log_error(request: object, client: object) -> None:  # noqa: ARG001 - socketserver's shape
    """Log the error of a reader that disconnected: on stderr it would disturb the screen."""
    log.info("a reader of metrics, %s, was not served", client, exc_info=True)
