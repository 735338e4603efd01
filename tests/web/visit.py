"""A visit of the page in tests: what a person has in front of them, and what the page holds."""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import Page, expect

EVIL: Final = "<img src=x onerror=alert(1)>"
ROWS: Final = "stockstream.active.renderer.rows"
COLUMNS: Final = f"Object.keys({ROWS}.columns)"
RANGE: Final = "stockstream.active.renderer.chart.timeScale().getVisibleLogicalRange()"
THEMES: Final = ("light", "dark", "contrast")

expect.set_options(timeout=30_000)


def columns(page: Page, panel: int = 0) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = page.evaluate(f"stockstream.panels[{panel}].renderer.rows.columns")
    return found


def title(page: Page) -> Any:
    return expect(page.locator(".head h2").first)


def choose(page: Page, symbol: str) -> None:
    page.fill("#symbol", symbol)
    page.press("#symbol", "Enter")
