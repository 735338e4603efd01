"""TCP proxy whose connections can be reset, hang, or become slow."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

_BLOCK: Final = 65_536
_ACCEPT_WITHIN: Final = 0.2
_SLICE: Final = 0.05
"""Seconds for which a slow link's bytes are let through at a time."""

_NARROW: Final = 65_536
"""Bytes of the proxy's receive buffer: the system's larger one would hide a stalled link from the sender."""


class Proxy:
    """Forwards connections to another port of this machine.

    Parameters
    ----------
    port
        Where it listens.
    target
        The port to which it forwards. While nobody listens there, connections are reset.
    host
        The address of both.
    """

    def __init__(self, port: int, target: int, *, host: str = "127.0.0.1") -> None:
        self.port = port
        self._target = (host, target)
        self._listener = socket.create_server((host, port))
        self._listener.settimeout(_ACCEPT_WITHIN)
        self._open = threading.Event()
        self._open.set()
        self._ended = threading.Event()
        self._bytes_per_second: float | None = None
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._open.set()
        self._thread.join()
        self._listener.close()
        self.reset()

    def reset(self) -> int:
        """Reset all connections, with their data in flight; returns the number of sockets."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for each in sockets:
            _reset(each)
        return len(sockets)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Accept connections and bytes, and forward none."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    @contextmanager
    def slow(self, bytes_per_second: float) -> Iterator[None]:
        """Limit each direction of each connection to a number of bytes a second."""
        self._bytes_per_second = bytes_per_second
        try:
            yield
        finally:
            self._bytes_per_second = None

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            try:
                server = socket.create_connection(self._target, 2)
                for each in (client, server):
                    each.settimeout(None)
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW)
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                _reset(client)
                continue
            with self._lock:
                self._sockets |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._forward, args=(source, sink), name="forward", daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_BLOCK):
                self._pass(data, sink)
        with self._lock:
            mine = source in self._sockets
            self._sockets -= {source, sink}
        for each in (source, sink) if mine else ():  # otherwise they were reset, and none of them may end in order
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _pass(self, data: bytes, sink: socket.socket) -> None:
        while data:
            self._open.wait()
            speed = self._bytes_per_second
            if speed is None:
                sink.sendall(data)
                return
            size = max(1, int(speed * _SLICE))
            sink.sendall(data[:size])
            data = data[size:]
            time.sleep(_SLICE)


def _reset(connection: socket.socket) -> None:
    """Close with a RST in place of a FIN, also under a thread that waits for its bytes."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    connection.close()
