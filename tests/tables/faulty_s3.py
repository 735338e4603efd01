"""A program between a client and an S3, which fails as S3 does: ``faulty_s3.py PORT TARGET SHARE|commits SEED``.

Of all requests a SHARE gets 500, or 503 SlowDown, or no answer: the connection is reset before the request is passed
on, or after that, or it hangs for a while first. With ``commits`` the answer to the first write of each commit is lost,
and nothing else. It counts them by kind: ``GET /faults``.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import socket
import struct
import sys
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KINDS = ("500", "503", "reset before", "reset after", "hangs")
HANGS = 2.0

_XML = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>no</Message></Error>'


class Faulty(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target: int
    share: float | None
    committed: set[str]
    chance: random.Random
    faults: Counter[str]

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/faults":
            self._send(200, {}, json.dumps(self.faults).encode())
            return
        fault = self._of_commit() if self.share is None else self._by_chance(self.share)
        if fault is not None:
            self.faults[fault] += 1
        if fault == "500":
            self._send(500, {}, _XML.format(code="InternalError").encode())
        elif fault == "503":
            self._send(503, {}, _XML.format(code="SlowDown").encode())
        elif fault == "reset before":
            self._reset()
        else:
            if fault == "hangs":
                time.sleep(HANGS)
            answer = self._passed_on(body)
            if fault is None:
                self._send(*answer)
            else:
                self._reset()

    def _by_chance(self, share: float) -> str | None:
        return self.chance.choice(KINDS) if self.chance.random() < share else None

    def _of_commit(self) -> str | None:
        path = self.path.partition("?")[0]
        if self.command != "PUT" or not re.search(r"/_delta_log/\d+\.json$", path) or path in self.committed:
            return None
        self.committed.add(path)
        return "reset after"

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815 - the names of the base class

    def _passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        connection.request(self.command, self.path, body, {**headers, "Host": self.headers["Host"]})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), content

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        length = headers.get("Content-Length", str(len(content))) if self.command == "HEAD" else str(len(content))
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "server", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


if __name__ == "__main__":
    port, target, share, seed = sys.argv[1:]
    Faulty.target, Faulty.share, Faulty.committed = int(target), None if share == "commits" else float(share), set()
    Faulty.chance, Faulty.faults = random.Random(int(seed)), Counter()
    ThreadingHTTPServer(("127.0.0.1", int(port)), Faulty).serve_forever()
