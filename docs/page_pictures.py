"""The pictures of the page, for docs/web.md: a real server, in a real browser. Part of ``make pictures``."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.page_server import WEB, log_in, server
from stockstream.web.assets import are_built

STUDIES: Final = ("bollinger", "rsi", "macd", "volume")
_USER: Final = "reader"
_SIZES: Final = {"web": ("light", 1400, 900), "web-dark": ("dark", 1400, 900), "web-phone": ("light", 360, 800)}


def draw_page(there: Mapping[str, str], folder: Path, shrink: Callable[[Path], None]) -> None:
    """The page in a theme and a size each, of the bars that the broker holds; left as they are where that cannot be."""
    chromium = shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None or find_spec("fastapi") is None or not are_built():
        sys.stderr.write("no Chromium, playwright, fastapi or `make web` here: the page's pictures stay as they are\n")
        return
    from playwright.sync_api import sync_playwright

    password = secrets.token_urlsafe()
    users = [*WEB, "user"]
    listed = subprocess.run([*users, "list", "--json"], env=dict(there), stdout=subprocess.PIPE, text=True, check=True)
    known = any(each["name"] == _USER for each in json.loads(listed.stdout))  # by a run before, with the same data
    command = [*users, "passwd" if known else "add", _USER]
    subprocess.run(command, env=dict(there), input=password, text=True, check=True)
    with server(there) as (url, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        log_in(page, url, _USER, password)
        for name, (theme, width, height) in _SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_selector(".head h2")
            page.evaluate("theme => stockstream.setTheme(theme)", theme)
            page.evaluate("studies => stockstream.active.change({studies})", list(STUDIES))
            page.wait_for_timeout(2_000)
            picture = folder / f"{name}.png"
            page.screenshot(path=picture)
            shrink(picture)
        browser.close()
