"""A browser for tests: Debian's Chromium, driven by playwright, in a profile of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.patience import PATIENCE
from tests.web.server import PASSWORD, Served

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

needs_browser: Final = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium (Debian: apt-get install chromium)"
)


@contextmanager
def browser(profile: Path) -> Iterator[BrowserContext]:
    """A browser with a profile of its own."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            args=["--no-sandbox"],
            viewport={"width": 1400, "height": 900},
            accept_downloads=True,
        )
        context.set_default_timeout(30_000)
        yield context
        context.close()


def log_in(page: Page, served: Served, user: str) -> None:
    """Log in as a person does."""
    page.goto(f"{served.url}/login")
    page.fill("[name=name]", user)
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    wait(page, "globalThis.stockstream !== undefined")


def wait(page: Page, condition: str, argument: Any = None) -> None:
    """Wait for a condition in JavaScript. (That of playwright evaluates text, which the page's policy forbids.)"""
    ends = time.monotonic() + PATIENCE
    while not page.evaluate(condition, argument):
        assert time.monotonic() < ends, condition
        page.wait_for_timeout(20)
