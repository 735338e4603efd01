"""A Maven repository on this machine, whose answers a test can corrupt."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stockstream.kafka.jars import Jar


class Repository:
    """The files by their path; `cut` says how often one ends before its time, `requests` is what was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: dict[str, int] = {}
        self.requests: list[str] = []
        self.url = ""
        self.asked = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def add(self, coordinate: str, size: int = 100_000, needs: str = "") -> Jar:
        """Put an artifact there, with a pom that names what it needs."""
        group, artifact, version = coordinate.split(":")
        content = random.Random(coordinate).randbytes(size)
        self.files[self.path(coordinate)] = content
        self.files[self.path(coordinate).removesuffix("jar") + "pom"] = (
            '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
            f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
            f"<dependencies>{needs}</dependencies></project>"
        ).encode()
        return Jar(coordinate, hashlib.sha256(content).hexdigest(), size)

    @staticmethod
    def path(coordinate: str) -> str:
        group, artifact, version = coordinate.split(":")
        return f"/{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar"

    @property
    def jars_asked_for(self) -> list[str]:
        return [os.path.basename(path) for path in self.requests if path.endswith(".jar")]  # noqa: PTH119 - a URL's


@contextmanager
def repository() -> Iterator[Repository]:
    """A repository that is served over HTTP."""
    served = Repository()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.requests.append(self.path)
            content = served.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            half = len(content) // 2
            self.wfile.write(content[:half])
            served.asked.set()
            served.go_on.wait(120)
            cuts = served.cut.get(self.path, 0)
            served.cut[self.path] = cuts - 1
            if cuts <= 0:
                self.wfile.write(content[half:])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield served
    finally:
        served.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
