"""What the page has in view: keys that come faster than frames, and rows that it holds, asks for and lets go of."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from stockstream.topics import STOCKS
from stockstream.web.chart import SNAPSHOT_ROWS
from stockstream.web.extra import LIBRARY
from tests.site import Site
from tests.views.bars import bar, walk
from tests.web.browser import needs_browser, wait
from tests.web.visit import RANGE, ROWS, choose, columns, title

pytestmark = [
    needs_browser,
    pytest.mark.skipif(not LIBRARY.is_file(), reason="the page's drawing library was not built (make web, with npm)"),
]

VIEW = "stockstream.active.renderer.view"
AWAY = f"{VIEW}.away"


def test_keys_that_come_within_a_frame_are_all_heeded(page: Page) -> None:
    """The library shows what it is told with the next frame, and tells the former stretch until then."""
    before, after = page.evaluate(
        f"""async () => {{
            const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            await frame();
            const before = {RANGE};
            for (let turn = 0; turn < 3; turn += 1) stockstream.actions.pan("left");
            await frame();
            return [before, {RANGE}];
        }}"""
    )
    width = before["to"] - before["from"]
    assert after["to"] == pytest.approx(before["to"] - 0.3 * width, abs=0.01)
    assert after["to"] - after["from"] == pytest.approx(width, abs=0.01)
    assert page.evaluate(AWAY)
    page.evaluate("stockstream.actions.pan('right'); stockstream.actions.follow()")
    wait(page, f"!{AWAY}")
    assert page.evaluate(f"{RANGE}.to") == pytest.approx(before["to"], abs=0.01)


def test_end_arrives_however_late_the_frames_are(page: Page) -> None:
    page.evaluate(
        """() => {
            stockstream.actions.pan("left");
            stockstream.actions.follow();
            const until = performance.now() + 700;
            while (performance.now() < until);
        }"""
    )
    wait(page, f"{VIEW}.asked === null")
    assert not page.evaluate(AWAY)


def test_older_rows_come_when_they_are_shown_and_go_again(site_with_bars: Site, page: Page) -> None:
    """Each row that is held makes each change slower: the page holds those around what it shows."""
    bars = walk(3_500, 7, "LONG")
    site_with_bars.send(STOCKS, bars)
    expect(page.locator("#watchlist")).to_contain_text("LONG")
    wait(page, "stockstream.series.find(({ key }) => key === 'LONG')?.bars === 3500")
    choose(page, "LONG")
    title(page).to_have_text(re.compile("^LONG 1m"))
    wait(page, f"{ROWS}.length === {SNAPSHOT_ROWS}")
    page.evaluate(
        "time => stockstream.active.renderer.notes.set([{ time, text: 'of before', kind: 'alert' }])",
        bars[9].time.timestamp() * 1e6,
    )
    marks = "stockstream.active.renderer.notes.markers.markers().length"
    assert page.evaluate(marks) == 0  # not at the first row that is held
    page.get_by_role("button", name="All", exact=True).click()
    wait(page, f"{ROWS}.length === 3500 && {RANGE}.from < 1")
    whole = columns(page)
    assert whole["close"] == [each.close for each in bars]
    assert page.evaluate(marks) == 1
    page.evaluate("stockstream.active.renderer.view.showLast(100)")
    wait(page, f"{RANGE}.from > 3000")
    site_with_bars.send(STOCKS, [bar(3_500, 101.0, "LONG")])
    wait(page, f"{ROWS}.columns.close.at(-1) === 101 && {ROWS}.length < 1500")
    held = columns(page)
    assert held["close"] == [*whole["close"], 101.0][-len(held["close"]) :]
    wait(page, f"{VIEW}.asked === null")
    assert page.evaluate(f"{ROWS}.length - {RANGE}.from") == pytest.approx(101, abs=1.1)
    assert page.evaluate(marks) == 0
    page.get_by_role("button", name="All", exact=True).click()
    wait(page, f"{ROWS}.length === 3501 && {RANGE}.from < 1")
    assert columns(page)["close"] == [*whole["close"], 101.0]


def test_linked_charts_end_with_the_same_room(page: Page) -> None:
    """The library tells a stretch of time up to the newest row: the room after it is not in it."""
    page.evaluate("stockstream.arrange(2)")
    stretches = "stockstream.panels.map((panel) => panel.renderer.view.stretch)"
    wait(page, f"stockstream.panels[1].renderer.rows.length === 400 && {stretches}[1].to > 401")
    page.evaluate("stockstream.actions.zoom('+')")
    wait(page, f"(([one, other]) => Math.abs(one.to - other.to) < 0.01 && one.to > 401)({stretches})")
    page.evaluate("stockstream.actions.pan('left')")
    wait(page, f"(([one, other]) => Math.abs(one.to - other.to) < 1 && one.to < 399)({stretches})")
    page.evaluate("stockstream.arrange(1)")


def test_numbers_are_written_by_the_forms_of_the_windows(page: Page) -> None:
    for value, form, text in (
        (109.73, ",.6g", "109.73"), (1234567.0, ",.6g", "1,234,570"), (0.000123456, ".3g", "0.000123"),
        (1234.5, ",.2f", "1,234.50"), (1234.5, ".2f", "1234.50"), (0.1234, "6.2%", "12.34%"), (None, ".1f", "-"),
    ):  # fmt: skip
        written = page.evaluate(
            "async ([value, form]) => (await import('/static/format.js')).formatted(value, form).trim()", [value, form]
        )
        assert written == text
