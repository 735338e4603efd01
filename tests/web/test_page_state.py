"""The page when things change beneath it: other rows, other charts, layouts of others, pauses."""

from __future__ import annotations

import re
import time
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from stockstream.records import Alert, News
from stockstream.topics import ALERTS, NEWS, STOCKS
from stockstream.web.database import Database
from stockstream.web.extra import LIBRARY
from tests.site import Site
from tests.views.bars import bar
from tests.web.browser import log_in, needs_browser, wait
from tests.web.server import PASSWORD, Served
from tests.web.visit import COLUMNS, EVIL, RANGE, ROWS, THEMES, choose, columns, title

pytestmark = [
    needs_browser,
    pytest.mark.skipif(not LIBRARY.is_file(), reason="the page's drawing library was not built (make web, with npm)"),
]


def test_older_rows_are_asked_for_once_and_never_put_in_twice(page: Page) -> None:
    asked, times = page.evaluate(
        """() => {
            const { renderer, socket } = stockstream.active;
            const sent = [];
            socket.older = (number, before) => sent.push(before);
            const { columns } = renderer.rows;
            const cut = (from, to) =>
                Object.fromEntries(Object.entries(columns).map(([name, each]) => [name, each.slice(from, to)]));
            const [old, held, whole] = [cut(0, 100), cut(100), columns.time.slice()];
            renderer.snapshot({ chart: renderer.spec, columns: held, more: true });
            stockstream.showRange("All");
            renderer.onRange({ from: -0.5, to: 300 });
            renderer.onRange({ from: -0.5, to: 300 });
            const asked = sent.length;
            stockstream.active.wanted = null;
            renderer.older({ columns: old, more: true, before: held.time[0] + 60e6 }); // an answer about other rows
            renderer.older({ columns: old, more: false, before: held.time[0] });
            renderer.older({ columns: old, more: false, before: held.time[0] }); // the same answer again
            return [asked, [JSON.stringify(whole), JSON.stringify(renderer.rows.columns.time)]];
        }"""
    )
    assert asked == 1
    assert times[0] == times[1]


def test_rows_with_other_columns_are_fetched_anew(page: Page) -> None:
    page.evaluate(
        """() => {
            const { active } = stockstream;
            active.renderer.rows.columns["flights XX"] = active.renderer.rows.columns.time.map(() => 1);
            const [time] = active.renderer.rows.columns.time.slice(-1);
            active.take({ type: "update", columns: { time: [time], close: [1] } }, true);
        }"""
    )
    wait(page, f"!{COLUMNS}.includes('flights XX')")
    assert len(columns(page)["close"]) == 400


def test_a_view_of_older_rows_survives_a_snapshot(page: Page) -> None:
    """As after a reconnect: the newest rows come first, those in view are asked for, and the view is as it was."""
    page.evaluate("stockstream.active.renderer.chart.timeScale().setVisibleLogicalRange({ from: 20, to: 60 })")
    wait(page, f"{RANGE}.to < 61")
    page.evaluate(
        """() => {
            const { active } = stockstream;
            const { columns } = active.renderer.rows;
            const cut = (from, to) =>
                Object.fromEntries(Object.entries(columns).map(([name, each]) => [name, each.slice(from, to)]));
            const rest = cut(0, 200);
            active.socket.older = (number, before) =>
                setTimeout(() => active.take({ type: "older", columns: rest, more: false, before }, true), 50);
            const { spec: chart } = active.renderer;
            active.take({ type: "snapshot", chart, columns: cut(200), more: true, notes: [] }, true);
        }"""
    )
    wait(page, f"{ROWS}.length === 400")
    wait(page, f"Math.abs({RANGE}.from - 20) < 2 && Math.abs({RANGE}.to - 60) < 2")


def test_compared_symbols_keep_rows_at_their_places(site_with_bars: Site, page: Page) -> None:
    """Rows of another symbol at other times add no place to the chart; the last one that leaves ends the percents."""
    site_with_bars.send(STOCKS, [bar(minute, 9.0, "OFTEN") for minute in range(-50, 600, 7)])
    expect(page.locator("#watchlist")).to_contain_text("OFTEN")
    for symbol in ("OFTEN", "MSFT"):
        page.click("#compare")
        page.get_by_label(symbol, exact=True).check()
        page.keyboard.press("Escape")
    valued = "line.series.data().filter((each) => each.value !== undefined).length"
    points = f"JSON.stringify([...stockstream.active.compared.lines.values()].map((line) => {valued}))"
    shared = len(set(range(-50, 600, 7)) & set(range(400)))
    wait(page, f"{points} === '[{shared},400]'")
    scale = "stockstream.active.renderer.chart.timeScale()"
    place = f"({scale}.timeToCoordinate({ROWS}.columns.time[300] / 1e6) - {scale}.logicalToCoordinate(300))"
    assert abs(page.evaluate(place)) < 0.01
    page.get_by_role("button", name="5m", exact=True).click()
    title(page).to_have_text(re.compile("^AAPL 5m from 1m"))
    wait(page, "[...stockstream.active.compared.lines.values()][1].rows.length === 80")
    for symbol in ("OFTEN", "MSFT"):
        page.click("#compare")
        page.get_by_label(symbol, exact=True).uncheck()
        page.keyboard.press("Escape")
    assert page.evaluate("[stockstream.active.settings.mode, stockstream.active.compared.size]") == [0, 0]


def test_percents_are_of_prices_alone(page: Page) -> None:
    """Each series has a base of its own in percent: lines over the prices would stand in wrong places."""
    page.evaluate("stockstream.active.change({ studies: ['bollinger', 'volume', 'rsi'], compare: ['MSFT'], mode: 2 })")
    wait(page, f"{COLUMNS}.includes('rsi')")
    modes = "stockstream.active.renderer.chart.panes().map((pane) => pane.priceScale('right').options().mode)"
    wait(page, f"JSON.stringify({modes}) === '[2,0,0]'")
    drawn = "stockstream.active.renderer.drawn.filter(({ panel, series }) => panel === 0 && series.options().visible)"
    assert page.evaluate(f"{drawn}.map(({{ series }}) => series.seriesType())") == ["Candlestick"]
    assert page.evaluate("stockstream.active.renderer.bands.some(({ shown }) => shown)") is False
    page.evaluate("stockstream.active.change({ compare: [], mode: 0 })")
    wait(page, f"{drawn}.length > 3")


def test_a_symbol_without_that_series_is_said_in_a_comparison(page: Page) -> None:
    page.evaluate("stockstream.active.change({ compare: ['NOBODY'] })")
    expect(page.locator("#notice")).to_contain_text("compare with NOBODY: there is no series of NOBODY")


def test_a_series_that_comes_later_is_shown_by_itself(site_with_bars: Site, page: Page) -> None:
    page.evaluate("stockstream.active.change({ symbol: 'LATER', interval: null, feed: null })")
    expect(page.locator(".empty").first).to_contain_text("there is no series of LATER")
    site_with_bars.send(STOCKS, [bar(0, 50.0, "LATER")])
    title(page).to_have_text(re.compile("^LATER 1m"))
    expect(page.locator(".empty").first).to_be_empty()


def test_levels_stay_in_their_panel_and_on_the_chart(page: Page) -> None:
    page.evaluate("stockstream.active.change({ studies: ['volume', 'rsi'] })")
    wait(page, f"{COLUMNS}.includes('rsi')")
    name = page.evaluate("stockstream.active.levels.names.at(-1)")
    page.evaluate("panel => stockstream.active.levels.keep([{ panel, value: 60, once: false }])", name)
    page.evaluate("stockstream.active.change({ studies: ['volume', 'macd', 'rsi'] })")
    wait(page, "stockstream.active.levels.names.length === 4")
    place = "stockstream.active.renderer.firsts.indexOf(series)"
    drawn = f"stockstream.active.levels.lines.map(({{ level, series }}) => [level.panel, {place}])"
    wait(page, f"JSON.stringify({drawn}) === JSON.stringify([['{name}', 3]])")
    page.keyboard.press("t")
    assert page.evaluate(drawn) == [[name, 3]]
    assert page.evaluate(
        "stockstream.active.levels.lines[0].series.priceLines().some((line) => line.options().price === 60)"
    )
    page.evaluate("stockstream.active.settings.symbol = 'constructor'")
    assert page.evaluate("stockstream.active.levels.own") == []


def test_linked_charts_show_the_row_under_the_crosshair(site_with_bars: Site, page: Page) -> None:
    site_with_bars.send(STOCKS, [bar(minute, 30.0, "BESIDE") for minute in range(400)])
    page.click("#layouts")
    page.get_by_role("checkbox", name="symbol").uncheck()
    page.get_by_role("button", name="2 charts").click()
    page.evaluate("stockstream.panels[1].change({ symbol: 'BESIDE', interval: '1m', feed: null })")
    expect(page.locator(".head h2").nth(1)).to_have_text(re.compile("^BESIDE"))
    box = page.locator(".body").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    row = page.evaluate("stockstream.panels[0].renderer.hovered")
    assert row is not None
    assert page.evaluate("stockstream.panels[1].renderer.pointed") == row
    told = page.evaluate(
        "[...document.querySelectorAll('.panel')].map((each) => each.querySelector('.legend span').textContent)"
    )
    assert told[0] == told[1]
    site_with_bars.send(STOCKS, [bar(400, 31.0, "BESIDE")])
    wait(page, "stockstream.panels[1].renderer.rows.length === 401")
    page.wait_for_timeout(100)
    assert page.evaluate("[stockstream.panels[0].renderer.hovered, stockstream.panels[1].renderer.pointed]") == [
        row,
        row,
    ]


@pytest.mark.parametrize(
    "layout",
    [
        {
            "theme": "constructor",
            "zone": "Mars/Phobos",
            "charts": [{"studies": 1, "levels": [], "compare": "x", "mode": 7}],
        },
        {"charts": [{}] * 10_000, "linked": 3},
        {"charts": {"length": 2}},
        [1, "x"],
    ],
    ids=["wrong fields", "many charts", "no list", "no object"],
)
def test_a_layout_of_others_cannot_break_the_page(page: Page, layout: Any) -> None:
    page.evaluate("layout => { stockstream.visiting = true; stockstream.restore(layout); }", layout)
    assert 1 <= page.evaluate("stockstream.panels.length") <= 4
    assert page.evaluate("stockstream.themeName") in THEMES
    title(page).to_have_text(re.compile("1m"))
    page.evaluate("layout => localStorage.setItem('stockstream-page', JSON.stringify(layout))", layout)
    page.reload()
    title(page).to_have_text(re.compile("1m"))


def test_a_shared_layout_is_kept_only_once_it_is_changed(page: Page) -> None:
    page.evaluate("stockstream.choose({ key: 'MSFT', interval: '1m', feed: null })")
    title(page).to_have_text(re.compile("^MSFT"))
    page.click("#layouts")
    page.get_by_label("Name of the layout").fill("mine")
    page.get_by_role("button", name="Save").click()
    page.locator("li", has_text="mine").get_by_role("button", name="Link", exact=True).click()
    link = page.get_by_label("Link", exact=True).input_value()
    page.keyboard.press("Escape")
    choose(page, "AAPL")
    title(page).to_have_text(re.compile("^AAPL"))
    kept = "JSON.parse(localStorage.getItem('stockstream-page')).charts[0].symbol"
    page.goto(link)
    title(page).to_have_text(re.compile("^MSFT"))
    page.wait_for_timeout(300)
    assert page.evaluate(kept) == "AAPL"
    page.locator("main").focus()
    page.keyboard.press("l")
    assert page.evaluate(kept) == "MSFT"
    assert "layout" not in page.url
    page.keyboard.press("l")


def test_texts_of_others_are_text_wherever_they_are_shown(site_with_bars: Site, page: Page) -> None:
    """Titles, units, headlines, alerts and names of layouts are of others: none of them becomes an element or runs."""
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    now = bar(1, 1.0).time
    site_with_bars.send(
        STOCKS, [bar(minute, 100.0 + minute, "MARKED.sentiment", unit=EVIL, source=EVIL) for minute in range(3)]
    )
    evil = {
        "rule": EVIL,
        "when": EVIL,
        "symbol": "MARKED.sentiment",
        "interval": "1m",
        "time": now,
        "at": now,
        "text": EVIL,
    }
    site_with_bars.send(ALERTS, [Alert(id=EVIL, **evil)])  # type: ignore[arg-type]
    site_with_bars.send(NEWS, [News(id="1", symbol="MARKED", time=now, title=EVIL, source=EVIL)])
    expect(page.locator("#watchlist")).to_contain_text("MARKED")
    choose(page, "MARKED.sentiment")
    title(page).to_have_text(re.compile("^MARKED"))
    wait(page, "stockstream.active.renderer.notes.notes.length === 2")
    page.locator("main").focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator(".legend").first).to_contain_text(EVIL)
    page.keyboard.press("i")
    expect(page.locator("dialog")).to_contain_text(EVIL)
    page.get_by_role("button", name="Seen").first.click()
    expect(page.locator("dialog li.acknowledged").first).to_contain_text(EVIL)
    page.keyboard.press("Escape")
    page.click("#layouts")
    page.get_by_label("Name of the layout").fill(EVIL)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("dialog li").first).to_contain_text(EVIL)
    assert page.locator("img").count() == 0
    page.locator("dialog li", has_text=EVIL).get_by_role("button", name="Delete").click()
    expect(page.locator("dialog li")).not_to_contain_text([EVIL])
    page.keyboard.press("Escape")
    assert not asked


def by_name(served: Served) -> Served:
    """The same server under another name: its session is one of its own, as cookies do not tell ports apart."""
    return Served(served.url.replace("127.0.0.1", "localhost"), served.site, served.process)


def test_a_session_that_ends_is_said_and_the_chart_stays(page_of: Served, analyst: BrowserContext) -> None:
    with closing(analyst.new_page()) as page:
        log_in(page, by_name(page_of), "viewer")
        title(page).to_have_text(re.compile("1m"))
        page.click("#more")
        with Database(page_of.site.folder / "data" / "web" / "accounts.sqlite").open() as database:
            database.execute("DELETE FROM session WHERE user = 'viewer'")
        expect(page.locator("#ended")).to_have_text(re.compile("^Your session has ended. Log in to go on"))
        expect(page.locator("dialog")).not_to_be_visible()
        title(page).to_have_text(re.compile("1m"))
        page.locator("#ended a").click()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_whoever_works_over_the_socket_uses_the_session(page_of: Served, analyst: BrowserContext) -> None:
    database = Database(page_of.site.folder / "data" / "web" / "accounts.sqlite")

    def idle() -> float:
        with database.open() as connection:
            (seen,) = connection.execute("SELECT max(seen) FROM session WHERE user = 'viewer'").fetchone()
        return time.time() - float(seen)

    with closing(analyst.new_page()) as page:
        log_in(page, by_name(page_of), "viewer")
        title(page).to_have_text(re.compile("1m"))
        with database.open() as connection:
            connection.execute("UPDATE session SET seen = seen - 1000 WHERE user = 'viewer'")
        with page.expect_response("**/api/series"):
            pass  # the page asks by itself
        assert idle() > 900
        page.locator("main").focus()
        expect(page.locator("#strip")).to_contain_text("connected since")
        page.keyboard.press("a")
        ends = time.monotonic() + 60
        while idle() > 900:
            assert time.monotonic() < ends
            page.wait_for_timeout(50)


def test_the_link_of_a_layout_survives_the_login(page_of: Served, page: Page, analyst: BrowserContext) -> None:
    choose(page, "MSFT")
    title(page).to_have_text(re.compile("^MSFT"))
    page.click("#layouts")
    page.get_by_label("Name of the layout").fill("for others")
    page.get_by_role("button", name="Save").click()
    page.locator("li", has_text="for others").get_by_role("button", name="Link", exact=True).click()
    link = page.get_by_label("Link", exact=True).input_value().replace("127.0.0.1", "localhost")
    page.keyboard.press("Escape")
    analyst.clear_cookies(domain="localhost")
    with closing(analyst.new_page()) as other:
        other.goto(link)
        other.fill("[name=name]", "viewer")
        other.fill("[name=password]", PASSWORD)
        other.click("button[type=submit]")
        title(other).to_have_text(re.compile("^MSFT"))
        assert other.evaluate("stockstream.visiting")


def test_the_drawing_is_paused_and_goes_on(site_with_bars: Site, page: Page) -> None:
    site_with_bars.send(STOCKS, [bar(0, 50.0, "PAUSED")])
    expect(page.locator("#watchlist")).to_contain_text("PAUSED")
    choose(page, "PAUSED")
    title(page).to_have_text(re.compile("^PAUSED"))
    page.locator("main").focus()
    page.keyboard.press(" ")
    site_with_bars.send(STOCKS, [bar(1, 51.0, "PAUSED")])
    expect(page.locator("#strip")).to_contain_text("drawing paused (Space goes on), 1 record waiting")
    assert columns(page)["close"] == [50.0]
    page.keyboard.press(" ")
    wait(page, f"{ROWS}.length === 2")
    expect(page.locator("#strip")).not_to_contain_text("paused")


def test_keys_of_scale_grid_and_leaving(page: Page) -> None:
    page.locator("main").focus()
    page.keyboard.press("a")
    assert page.evaluate("stockstream.active.renderer.view.fits") is False
    page.keyboard.press("a")
    assert page.evaluate("stockstream.active.renderer.view.fits") is True
    page.keyboard.press("g")
    assert page.evaluate("stockstream.active.renderer.chart.options().grid.vertLines.visible") is False
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.evaluate("stockstream.alarm(['something crossed'])")
    page.keyboard.press("Escape")
    assert page.evaluate("stockstream.measuring") is False
    expect(page.locator("#alarm")).to_be_empty()


def test_the_time_zone_is_the_readers_and_that_of_the_exchange_comes_back(page: Page) -> None:
    own = page.evaluate("stockstream.active.renderer.zone")
    page.evaluate("stockstream.zone = 'Asia/Tokyo'; stockstream.active.change({})")
    page.evaluate("stockstream.restore(stockstream.layout())")
    title(page).to_have_text(re.compile("^AAPL"))
    assert page.evaluate("stockstream.active.renderer.zone") == "Asia/Tokyo"
    page.evaluate("stockstream.active.renderer.setZone('')")
    assert page.evaluate("stockstream.active.renderer.zone") == own


def test_the_dashboard_is_renewed_while_it_is_open(site_with_bars: Site, page: Page) -> None:
    page.click("#more")
    page.get_by_role("button", name="Dashboard").click()
    expect(page.locator(".tiles")).to_contain_text("AAPL")
    site_with_bars.send(STOCKS, [bar(0, 8.0, "FRESH", volume=9e12), bar(1, 8.5, "FRESH", volume=9e12)])
    expect(page.locator(".tiles")).to_contain_text("FRESH")
    page.keyboard.press("Escape")
    page.wait_for_timeout(2500)
    assert page.evaluate("document.getElementById('dialog').open") is False
