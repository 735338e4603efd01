"""A stand-in for a service's websocket on this machine, over TLS; `yahoo_standin` leads clients to it."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve


class StreamStandin:
    """What it heard, and whom it talks to; a test makes it tell, close, break off and refuse.

    ``said`` is what clients sent; ``paths`` what they asked for; ``refusals`` are statuses that answer the next
    connections, one each.
    """

    def __init__(self) -> None:
        self.port = 0
        self.said: list[str] = []
        self.paths: list[str] = []
        self.refusals: deque[int] = deque()
        self.retry_after = "1"
        self._open: list[ServerConnection] = []
        self._lock = threading.Lock()

    @property
    def connected(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return len(self._open)

    def tell(self, *messages: str | bytes) -> None:
        """Send messages to everybody."""
        for connection in self._connections():
            with suppress(OSError, WebSocketException):
                for message in messages:
                    connection.send(message)

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until all clients have what was sent: a ping is answered after all before it was read."""
        for connection in self._connections():
            with suppress(OSError, WebSocketException):
                connection.ping().wait(seconds)

    def close(self) -> None:
        """Say goodbye to everybody, in good order."""
        for connection in self._connections():
            with suppress(OSError, WebSocketException):
                connection.close()

    def reset(self) -> None:
        """Break off every connection without a word."""
        for connection in self._connections():
            with suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.socket.shutdown(socket.SHUT_RDWR)

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse a connection, where that is scripted."""
        self.paths.append(request.path)
        if not self.refusals:
            return None
        response = connection.respond(HTTPStatus(self.refusals.popleft()), "no\n")
        response.headers["Retry-After"] = self.retry_after
        return response

    def serve(self, connection: ServerConnection) -> None:
        """Listen to a client until it goes."""
        with self._lock:
            self._open.append(connection)
        try:
            for message in connection:
                self.said.append(message if isinstance(message, str) else message.decode())
        except (ConnectionClosed, OSError):
            pass
        finally:
            with self._lock:
                self._open.remove(connection)

    def _connections(self) -> list[ServerConnection]:
        with self._lock:
            return list(self._open)


@contextmanager
def streaming(tls: ssl.SSLContext) -> Iterator[StreamStandin]:
    """Run one."""
    standin = StreamStandin()
    with serve(
        standin.serve,
        "127.0.0.1",
        0,
        ssl=tls,
        process_request=standin.answer,
        compression=None,
        close_timeout=0.5,
        ping_interval=None,
    ) as server:
        standin.port = _port(server)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield standin
        finally:
            standin.reset()
            server.shutdown()
            thread.join()


def _port(server: Server) -> int:
    return int(server.socket.getsockname()[1])
