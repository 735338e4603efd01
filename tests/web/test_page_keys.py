"""The page without a mouse: every action by keys alone, and what screen readers are told."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from stockstream.web.extra import LIBRARY
from tests.web.browser import needs_browser, wait
from tests.web.visit import RANGE, ROWS, columns, title

pytestmark = [
    needs_browser,
    pytest.mark.skipif(not LIBRARY.is_file(), reason="the page's drawing library was not built (make web, with npm)"),
]

FOCUSED = "document.activeElement"


def reach(page: Page, name: str) -> None:
    """Tab on until a control with this name has the focus."""
    named = f"({FOCUSED}.getAttribute('aria-label') ?? {FOCUSED}.labels?.[0]?.textContent ?? '') || {FOCUSED}.innerText"
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(named).strip() == name:
            return
    raise AssertionError(f"no key leads to {name}")


def press(page: Page, name: str, key: str = "Enter") -> None:
    reach(page, name)
    page.keyboard.press(key)


def test_charts_are_chosen_and_arranged_by_keys_alone(page: Page) -> None:
    page.locator("main").focus()
    reach(page, "Symbol")
    page.keyboard.type("msft")
    page.keyboard.press("Enter")
    title(page).to_have_text(re.compile("^MSFT 1m"))
    press(page, "5m")
    title(page).to_have_text(re.compile("^MSFT 5m from 1m"))
    press(page, "1m")
    title(page).to_have_text(re.compile("^MSFT 1m"))
    press(page, "Indicators")
    reach(page, "Search indicators")
    page.keyboard.type("bollinger")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".legend").first).to_contain_text("Bollinger Bands (20, 2)")
    reach(page, "period")
    page.keyboard.press("Control+A")
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    expect(page.locator(".legend").first).to_contain_text("Bollinger Bands (9, 2)")
    press(page, "Remove bollinger")
    expect(page.locator(".legend").first).not_to_contain_text("Bollinger")
    page.keyboard.press("Escape")
    press(page, "Compare")
    press(page, "AAPL", " ")
    wait(page, "stockstream.active.compared.size === 1")
    press(page, "AAPL", " ")
    page.keyboard.press("Escape")
    press(page, "All")
    wait(page, f"{RANGE}.from < 0.01")
    press(page, "Layouts")
    press(page, "2 charts")
    expect(page.locator(".head h2")).to_have_count(2)
    second = "stockstream.active === stockstream.panels[1]"
    for _ in range(40):
        if page.evaluate(second):
            break
        page.keyboard.press("Tab")
    assert page.evaluate(second)
    press(page, "Layouts")
    press(page, "1 chart")
    expect(page.locator(".head h2")).to_have_count(1)


def test_the_crosshair_is_moved_told_and_measured_from_by_keys(page: Page) -> None:
    page.locator("main").focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    row = page.evaluate("stockstream.active.renderer.hovered")
    close = columns(page)["close"][row]
    expect(page.locator("#told")).to_contain_text(f"C {close:,.2f}")
    expect(page.locator(".legend").first).to_contain_text(f"C {close:,.2f}")
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    change = columns(page)["close"][row - 10] - close
    measured = page.locator(".head output").first
    expect(measured).to_have_text(re.compile(rf"^{re.escape(f'{change:+.2f}')} \(.*%\), 10 bars$"))
    for _ in range(40 + int(page.evaluate(f"{RANGE}.to - {RANGE}.from"))):
        page.keyboard.press("Shift+ArrowLeft")
    now = "stockstream.active.renderer.hovered"
    page.wait_for_function(f"{RANGE}.from <= {now} && {now} <= {RANGE}.to")  # it scrolls with the next frame
    page.keyboard.press("Escape")
    assert page.evaluate("stockstream.active.cursor.place") is None


def test_levels_are_set_moved_and_removed_by_keys(page: Page) -> None:
    levels = "stockstream.active.levels.own"
    page.locator("main").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("h")
    (level,) = page.evaluate(levels)
    assert level["panel"] == "price"
    page.keyboard.press("h")
    assert page.evaluate(levels) == []
    press(page, "More")
    press(page, "Levels")
    reach(page, "New level")
    page.keyboard.type("123.5")
    page.keyboard.press("Enter")
    assert [each["value"] for each in page.evaluate(levels)] == [123.5]
    reach(page, "Level of price")
    page.keyboard.press("Control+A")
    page.keyboard.type("124")
    page.keyboard.press("Enter")
    assert [each["value"] for each in page.evaluate(levels)] == [124]
    press(page, "once", " ")
    assert page.evaluate(levels)[0]["once"] is True
    press(page, "Remove 124")
    assert page.evaluate(levels) == []
    page.keyboard.press("Escape")


def test_the_keys_of_help_are_those_that_work(page: Page) -> None:
    page.locator("main").focus()
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_contain_text("moves the crosshair")
    expect(page.locator("dialog")).not_to_contain_text("working directory")
    page.keyboard.press("Escape")
    assert page.evaluate(f"{ROWS}.length") >= 400


def test_taps_measure_as_clicks_do(page: Page) -> None:
    """A finger has no place over the chart before it touches it."""
    page.evaluate("stockstream.startMeasure()")
    page.evaluate(
        """() => {
            const { body } = stockstream.active;
            const { left, top, width, height } = body.getBoundingClientRect();
            for (const share of [0.3, 0.6]) {
                const at = { clientX: left + width * share, clientY: top + height * 0.3, bubbles: true };
                body.dispatchEvent(new MouseEvent("click", at));
            }
        }"""
    )
    expect(page.locator(".head output").first).to_have_text(re.compile(r"^[+-][\d.]+ \(-?[\d.]+%\), \d+ bars$"))
