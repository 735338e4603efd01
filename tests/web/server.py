"""A server of the page for tests: the real command, on a broker of the tests, with users of each role."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.sync.client import ClientConnection, connect

from stockstream.web.accounts import Accounts
from stockstream.web.database import Database
from stockstream.web.roles import Role
from tests.site import Site

PASSWORD: Final = "correct horse battery"
ROLES: Final = ("viewer", "analyst", "admin")


@dataclass
class Served:
    """A running page: its address, its audit log, and a way to log in."""

    url: str
    site: Site
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return self.url

    @property
    def audit(self) -> Path:
        return self.site.folder / "state" / "web" / "audit.jsonl"

    def login(self, name: str) -> httpx.Client:
        """A client with a session of the user; it sends what a page of the server sends."""
        client = httpx.Client(base_url=self.url, headers={"Origin": self.origin}, timeout=30)
        answer = client.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        client.headers["X-CSRF-Token"] = client.get("/api/me").json()["csrf"]
        return client

    def socket(self, client: httpx.Client, **headers: str) -> ClientConnection:
        """The WebSocket of a session."""
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        sent: dict[str, Any] = {"Cookie": cookie, **headers}
        origin: Any = self.origin
        return connect(f"{self.url.replace('http', 'ws')}/ws", additional_headers=sent, origin=origin, max_size=1 << 26)


@contextmanager
def served(site: Site, *options: str, roles: Sequence[str] = ROLES) -> Iterator[Served]:
    """Serve the page on a free port, with a user named after each role."""
    accounts = Accounts(Database(site.folder / "data" / "web" / "accounts.sqlite"))
    for role in roles:
        if accounts.find(role) is None:
            accounts.add(role, PASSWORD, Role(role))
    command = [sys.executable, "-m", "stockstream", "web", "--port", "0", *options]
    with subprocess.Popen(
        command, cwd=site.folder, env=site.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            while True:
                line = process.stdout.readline()
                lines.append(line)
                found = re.search(r"https?://\S+", line)
                if found:
                    break
                assert line, "".join(lines)
            yield Served(found[0], site, process, lines)
        finally:
            process.terminate()
            process.wait(120)
