"""What the page has in view: keys that come faster than frames, and rows that it holds, asks for and lets go of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

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
PERIOD = f"(({{ from, to }}) => [from, to])({VIEW}.period)"
FRAMES = 4
"""How many callbacks may wait for a frame: two of a chart, and one of its legends."""


@contextmanager
def hidden(page: Page) -> Iterator[None]:
    """The page in a background tab: what waits for a frame gets it when the tab is shown again."""
    page.evaluate(
        """async () => {
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const [ask, cancel] = [window.requestAnimationFrame, window.cancelAnimationFrame];
            const waiting = window.waiting = new Map();
            let next = 1e9;
            window.requestAnimationFrame = (callback) => waiting.set(next += 1, callback) && next;
            window.cancelAnimationFrame = (number) => waiting.delete(number) || cancel.call(window, number);
            window.shown = () => new Promise((done) => {
                Object.assign(window, { requestAnimationFrame: ask, cancelAnimationFrame: cancel });
                ask.call(window, (time) => {
                    for (const [number, callback] of waiting) if (waiting.delete(number)) callback(time);
                    ask.call(window, () => ask.call(window, done));
                });
            });
        }"""
    )
    yield
    assert page.evaluate("waiting.size") <= FRAMES
    page.evaluate("shown()")


def open_new(site: Site, page: Page, symbol: str, count: int) -> None:
    """Send bars of a new symbol, and open its chart."""
    site.send(STOCKS, walk(count, 7, symbol))
    wait(page, f"stockstream.series.find(({{ key }}) => key === '{symbol}')?.bars === {count}")
    choose(page, symbol)
    title(page).to_have_text(re.compile(f"^{symbol} 1m"))
    wait(page, f"{ROWS}.length === {min(count, SNAPSHOT_ROWS)} && {VIEW}.asked === null")


def come(site: Site, page: Page, symbol: str, first: int, last: int) -> None:
    """Send bars, and wait until the page has them."""
    site.send(STOCKS, [bar(minute, 100.0 + minute % 7, symbol) for minute in range(first, last)])
    wait(page, f"{ROWS}.columns.time.at(-1) === {bar(last - 1, 1.0).time.timestamp() * 1e6}")


def test_a_hidden_page_that_follows_lets_go_of_rows_and_shows_the_newest_on_return(
    site_with_bars: Site, page: Page
) -> None:
    open_new(site_with_bars, page, "HIDDEN", 1_200)
    before = page.evaluate(RANGE)
    with hidden(page):
        for first in (1_200, 2_700, 4_200):
            come(site_with_bars, page, "HIDDEN", first, first + 1_480)
            for minute in range(first + 1_480, first + 1_500, 10):
                come(site_with_bars, page, "HIDDEN", minute, minute + 10)
            assert page.evaluate(f"{ROWS}.length") < 2_200
        assert not page.evaluate(AWAY)
    assert page.evaluate(f"{ROWS}.length - {RANGE}.to") == pytest.approx(SNAPSHOT_ROWS - before["to"], abs=0.01)
    assert page.evaluate(f"{RANGE}.to - {RANGE}.from") == pytest.approx(before["to"] - before["from"], abs=0.01)


def test_a_hidden_page_keeps_the_rows_to_which_its_reader_went(site_with_bars: Site, page: Page) -> None:
    open_new(site_with_bars, page, "BACK", 3_500)
    page.get_by_role("button", name="All", exact=True).click()
    wait(page, f"{ROWS}.length === 3500 && {RANGE}.from < 1")
    page.evaluate(f"{VIEW}.moveTo(3000, 3100)")
    wait(page, f"{VIEW}.asked === null")
    shown = page.evaluate(PERIOD)
    with hidden(page):
        come(site_with_bars, page, "BACK", 3_500, 4_800)
        assert page.evaluate(f"{ROWS}.length") < 3_500  # those before it are let go of
        assert page.evaluate(AWAY)
    assert page.evaluate(PERIOD) == shown
    page.evaluate(f"{VIEW}.shift(-20)")
    with hidden(page):  # what was asked for just before is kept, too
        page.evaluate(f"{VIEW}.shift(-20)")
        asked = page.evaluate(PERIOD)
        come(site_with_bars, page, "BACK", 4_800, 4_900)
        page.evaluate(f"{ROWS}.former = true")
        page.evaluate("stockstream.active.socket.again(stockstream.active.number)")
        wait(page, f"!{ROWS}.former && {PERIOD}.join() === '{','.join(str(int(time)) for time in asked)}'")
    assert page.evaluate(PERIOD) == asked


def test_many_rows_at_once_leave_those_in_view(site_with_bars: Site, page: Page) -> None:
    open_new(site_with_bars, page, "MANY", 1_200)
    page.evaluate("stockstream.actions.pan('left'); stockstream.actions.pan('left')")
    wait(page, f"{VIEW}.asked === null")
    shown = page.evaluate(PERIOD)
    many = {"time": [bar(minute, 1.0).time.timestamp() * 1e6 for minute in range(1_200, 4_200)]}
    page.evaluate(
        """({ time }) => {
            const { renderer } = stockstream.active;
            const names = Object.keys(renderer.rows.columns);
            const columns = Object.fromEntries(names.map((name) => [name, time.map(() => 100)]));
            renderer.update({ columns: { ...columns, time } });
        }""",
        many,
    )
    wait(page, f"{VIEW}.asked === null")
    assert page.evaluate(f"{ROWS}.length") >= 4_000
    assert page.evaluate(PERIOD) == shown


def test_what_was_asked_for_in_a_hidden_page_is_shown_on_return(site_with_bars: Site, page: Page) -> None:
    open_new(site_with_bars, page, "WHOLE", 3_500)
    with hidden(page):
        page.evaluate("stockstream.showRange('All')")
        wait(page, f"{ROWS}.length === 3500")
        come(site_with_bars, page, "WHOLE", 3_500, 3_510)
    assert page.evaluate(f"{ROWS}.length") == 3_510
    assert page.evaluate(RANGE) == pytest.approx({"from": 10, "to": 3_512}, abs=0.01)
    page.evaluate(f"{VIEW}.showLast(100)")
    with hidden(page):
        page.evaluate("stockstream.actions.zoom('+')")
        come(site_with_bars, page, "WHOLE", 3_510, 3_520)
        rows = page.evaluate(f"{ROWS}.length")
        assert rows < 1_200  # let go of while the zoom waits
        page.evaluate("stockstream.active.socket.again(stockstream.active.number)")
        wait(page, f"{ROWS}.length === {SNAPSHOT_ROWS}")
    assert rows != SNAPSHOT_ROWS
    assert page.evaluate(f"{ROWS}.length - {RANGE}.to") == pytest.approx(-2, abs=0.01)


def test_grid_and_zone_leave_the_rows_in_view(page: Page) -> None:
    """The library scrolls to the newest row each time that it is told how much room is after it."""
    page.evaluate("stockstream.actions.pan('left')")
    wait(page, f"{VIEW}.asked === null")
    before = page.evaluate(RANGE)
    for change in ("toggleGrid()", "active.renderer.setZone('Asia/Tokyo')", "nextTheme()", "toggleGrid()"):
        page.evaluate(f"stockstream.{change}")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate(RANGE) == pytest.approx(before, abs=0.01), change


def test_alarms_that_nobody_sees_are_counted(page: Page) -> None:
    page.evaluate("for (let turn = 1; turn <= 1000; turn += 1) stockstream.alarm([`level ${turn}`])")
    expect(page.locator("#alarm")).to_have_text(
        "level 996; level 997; level 998; level 999; level 1000; and 995 before"
    )
    assert page.evaluate("stockstream.alarms.length") == 5
    page.evaluate("stockstream.leave(); stockstream.alarm(['level 1'])")
    expect(page.locator("#alarm")).to_have_text("level 1")


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
    wait(page, f"{VIEW}.asked === null")
    assert not page.evaluate(AWAY)
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


def test_lines_of_compared_symbols_hold_no_more_rows_than_the_chart(site_with_bars: Site, page: Page) -> None:
    site_with_bars.send(STOCKS, walk(2_500, 3, "OTHER"))
    open_new(site_with_bars, page, "ONE", 2_500)
    page.evaluate("stockstream.active.settings.compare = ['OTHER']; stockstream.active.compare()")
    line = "stockstream.active.compared.lines.get('OTHER')"
    points = f"{line}.series.data().filter(({{ value }}) => value !== undefined).length"
    page.evaluate("stockstream.showRange('All')")
    wait(page, f"{ROWS}.length === 2500 && {points} === 2500 && {VIEW}.asked === null")
    page.evaluate(f"{VIEW}.showLast(100)")
    wait(page, f"{VIEW}.asked === null")
    site_with_bars.send(STOCKS, [bar(2_500, 9.0, "OTHER")])
    wait(page, f"{line}.rows.columns.close.at(-1) === 9")
    come(site_with_bars, page, "ONE", 2_500, 2_501)
    assert page.evaluate(f"{ROWS}.length") < 1_200
    assert page.evaluate(f"{line}.rows.length - {ROWS}.length") == 1
    page.evaluate("stockstream.showRange('All')")
    wait(page, f"{ROWS}.length === 2501 && {points} === 2501")


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


def test_linked_charts_keep_the_same_room_as_bars_come(site_with_bars: Site, page: Page) -> None:
    """One of them has each bar before the other."""
    open_new(site_with_bars, page, "LINKED", 300)
    page.evaluate("stockstream.arrange(2)")
    rooms = "stockstream.panels.map(({ renderer }) => renderer.view.stretch.to - renderer.rows.length)"
    wait(
        page,
        f"stockstream.panels[1].renderer.rows.length === 300 && {rooms}.every((room) => Math.abs(room - 2) < 0.01)",
    )
    for minute in range(300, 306):
        come(site_with_bars, page, "LINKED", minute, minute + 1)
    wait(
        page, "stockstream.panels.every(({ renderer }) => renderer.rows.length === 306 && renderer.view.asked === null)"
    )
    assert page.evaluate(rooms) == pytest.approx([2, 2], abs=0.01)
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
