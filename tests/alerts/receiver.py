"""A web server that receives hooks: it counts ids, checks signatures, and can fail."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stockstream.alerts.sinks.webhook import IDEMPOTENCY, SIGNATURE, TIMESTAMP, verified

SECRET = "canary-of-the-hook"


@dataclass
class Receiver:
    """What arrived; ``heeded`` are the ids in order, each once, as a receiver that heeds them counts.

    While ``holds`` says so it answers nobody, so that a sender cannot be done before it is killed.
    """

    url: str = ""
    status: Callable[[str, int], int] = lambda identity, attempt: 204
    headers: dict[str, str] = field(default_factory=dict)
    holds: Callable[[], bool] = lambda: False
    requests: list[str] = field(default_factory=list)
    heeded: list[str] = field(default_factory=list)
    bodies: dict[str, set[bytes]] = field(default_factory=dict)
    unsigned: int = 0

    def take(self, identity: str, body: bytes, signed: bool) -> int:
        self.requests.append(identity)
        self.unsigned += not signed
        status = self.status(identity, Counter(self.requests)[identity])
        if status < 300:
            self.bodies.setdefault(identity, set()).add(body)
            if identity not in self.heeded:
                self.heeded.append(identity)
        return status


@contextmanager
def receiver(secret: str = SECRET) -> Iterator[Receiver]:
    """Run a receiver on a port of this machine."""
    state = Receiver()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # the sender was killed in the middle
                return
            stamp, key, given = (self.headers.get(name, "") for name in (TIMESTAMP, IDEMPOTENCY, SIGNATURE))
            signed = verified(secret.encode(), stamp, key, body, given)
            with lock:
                status = state.take(key.strip('"'), body, signed)
            while state.holds():
                time.sleep(0.001)
            self.send_response(status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/hook/canary-of-the-path"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
