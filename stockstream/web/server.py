"""Server: listens, and serves the application until it is asked to end."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import uvicorn
from fastapi import FastAPI

from stockstream.errors import StockstreamError

_ALL: Final = ("0.0.0.0", "::")  # noqa: S104 - compared only
"""All addresses of this machine."""

_BACKLOG: Final = 128

_GOODBYE: Final = 3
"""Seconds that pages have to close their connections."""


@dataclass(frozen=True)
class Address:
    """Where to listen; a port of 0 is any free one. ``certificate`` is a PEM file with key and chain, for TLS."""

    host: str
    port: int
    certificate: Path | None = None

    def url(self, port: int) -> str:
        """The address to open on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.host in _ALL:  # nobody can open it, and no certificate names it
            host = "localhost"
        return f"{'http' if self.certificate is None else 'https'}://{host}:{port}"


class Ready(Protocol):
    """Told when the server listens."""

    def __call__(self, url: str, /) -> None:
        """Take the address to open."""


def serve(app: FastAPI, address: Address, ready: Ready) -> None:
    """Serve until SIGINT or SIGTERM. Raises `StockstreamError` if it cannot listen."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address.host, address.port))
            listener.listen(_BACKLOG)  # who asks before the application has started waits
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise StockstreamError(
                f"cannot listen on {address.host}:{address.port}: {reason}", hint="name another with --port"
            ) from error
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GOODBYE,
            ssl_certfile=address.certificate,
            ws_max_size=1 << 16,
            ws="websockets-sansio",
        )
        ready(address.url(listener.getsockname()[1]))
        uvicorn.Server(config).run([listener])
