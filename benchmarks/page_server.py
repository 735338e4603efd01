"""A server of the page in a process of its own, and a user's way into it, for benchmarks and the pictures of docs/."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:  # of the developers' packages
    from playwright.sync_api import Page

WEB: Final = (sys.executable, "-m", "stockstream", "web")


@contextmanager
def server(environment: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """The page on any free port: its address, and its process. Raises RuntimeError if it does not start."""
    with subprocess.Popen(
        [*WEB, "--port", "0"], env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield _address(process), process.pid
        finally:
            process.terminate()


def log_in(page: Page, url: str, name: str, password: str) -> None:
    """Log in as a user who has an account."""
    page.goto(f"{url}/login")
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_selector(".head h2")


def _address(process: subprocess.Popen[str]) -> str:
    """The address that the server prints."""
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"http://\S+", line):
            threading.Thread(target=_drain, args=(process.stderr,), daemon=True).start()
            return found[0]
    raise RuntimeError("the page did not start")


def _drain(lines: IO[str]) -> None:
    """Read what else the server says: it would wait for a full pipe."""
    for _ in lines:
        pass
