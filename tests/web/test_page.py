"""The page in a browser: what a person does there, and what they then see."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, Route, expect

from stockstream.consumers.registry import STUDIES
from stockstream.indicators.compose.together import column
from stockstream.topics import STOCKS
from stockstream.web.extra import LIBRARY
from tests.site import Site
from tests.views.bars import bar
from tests.web.browser import log_in, needs_browser, wait
from tests.web.server import Served, served
from tests.web.visit import COLUMNS, EVIL, RANGE, ROWS, THEMES, choose, columns, title

pytestmark = [
    needs_browser,
    pytest.mark.skipif(not LIBRARY.is_file(), reason="the page's drawing library was not built (make web, with npm)"),
]


def test_symbols_intervals_and_indicators_are_chosen(page: Page) -> None:
    choose(page, "msft")
    title(page).to_have_text(re.compile("^MSFT 1m"))
    page.get_by_role("button", name="5m", exact=True).click()
    title(page).to_have_text(re.compile("^MSFT 5m from 1m"))
    expect(page.get_by_role("button", name="5m", exact=True)).to_have_attribute("aria-pressed", "true")
    page.click("#indicators")
    page.get_by_label("Search indicators").fill("bollinger")
    page.locator(".offers button").first.click()
    expect(page.locator(".legend").first).to_contain_text("Bollinger Bands (20, 2)")
    period = page.locator(".chosen li", has_text="Bollinger").locator("input").first
    period.fill("9")
    period.press("Tab")
    expect(page.locator(".legend").first).to_contain_text("Bollinger Bands (9, 2)")
    page.get_by_role("button", name="Remove bollinger").click()
    expect(page.locator(".legend").first).not_to_contain_text("Bollinger")
    page.keyboard.press("Escape")


def test_every_study_is_drawn(page: Page) -> None:
    for name, study in STUDIES.items():
        page.evaluate("name => stockstream.active.change({studies: [name]})", name)
        field = column(name, study.indicator, study.indicator.fields[0]) if study.indicator else "volume"
        wait(page, f"{COLUMNS}.includes('{field}')")
        assert page.evaluate("stockstream.active.renderer.drawn.length") > 0
        assert page.evaluate(f"{ROWS}.length") == 400


def test_models_are_said_in_words_and_outliers_marked_over_the_prices(page: Page) -> None:
    page.evaluate("stockstream.active.change({studies: ['direction', 'outlier']})")
    expect(page.locator(".legend", has_text="of up").first).to_be_visible()
    expect(page.locator(".legend", has_text="than a coin (p = ").first).to_be_visible()
    expect(page.locator(".legend").first).to_contain_text("Outliers (100, 6)")


def test_the_readout_names_the_row_under_the_crosshair(page: Page) -> None:
    box = page.locator(".body").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    row = page.evaluate("stockstream.active.renderer.hovered")
    assert row is not None
    close = columns(page)["close"][row]
    expect(page.locator(".legend").first).to_contain_text(f"C {close:,.2f}")
    page.mouse.move(5, 5)
    newest = columns(page)["close"][-1]
    expect(page.locator(".legend").first).to_contain_text(f"C {newest:,.2f}")


def test_keys_do_what_they_do_in_windows(page: Page) -> None:
    page.locator("main").focus()
    page.keyboard.press("n")
    title(page).not_to_have_text(re.compile("^AAPL"))
    page.keyboard.press("b")
    title(page).to_have_text(re.compile("^AAPL"))
    width = f"(({{from, to}}) => to - from)({RANGE})"
    before = page.evaluate(width)
    page.keyboard.press("+")
    wait(page, f"before => {width} < before", before)
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#strip")).to_contain_text("held: End follows")
    # Nobody presses a key within two frames of the last one, whose scrolling would hold the chart again.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))")
    page.keyboard.press("End")
    expect(page.locator("#strip")).not_to_contain_text("held")
    page.keyboard.press("l")
    expect(page.locator("#scale")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("l")
    theme = page.evaluate("stockstream.themeName")
    page.keyboard.press("t")
    assert page.evaluate("stockstream.themeName") != theme
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_contain_text("theme: light, dark, high contrast")
    page.keyboard.press("Escape")


def test_pictures_and_rows_are_saved(page: Page, tmp_path: Path) -> None:
    page.locator("main").focus()
    with page.expect_download() as download:
        page.keyboard.press("s")
    picture = tmp_path / "picture.png"
    download.value.save_as(picture)
    assert download.value.suggested_filename == "AAPL.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as download:
        page.keyboard.press("c")
    rows = tmp_path / "rows.csv"
    download.value.save_as(rows)
    lines = rows.read_text().splitlines()
    assert lines[0].startswith("time,open,high,low,close,volume")
    assert len(lines) > 50


def test_ranges_dates_and_measures(page: Page) -> None:
    page.get_by_role("button", name="All", exact=True).click()
    wait(page, f"{RANGE}.from < 0.01")
    page.fill("#goto", "2026-03-02")
    page.click("#measure")
    box = page.locator(".body").first.bounding_box()
    assert box is not None
    for share in (0.3, 0.6):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] * share)
        page.mouse.down()
        page.mouse.up()
    expect(page.locator(".head output").first).to_have_text(re.compile(r"^[+-][\d.]+ \(-?[\d.]+%\), \d+ bars$"))
    expect(page.locator("#measure")).to_have_attribute("aria-pressed", "false")


def test_several_charts_are_linked_and_kept(page: Page) -> None:
    page.click("#layouts")
    page.get_by_role("button", name="4 charts").click()
    expect(page.locator(".head h2")).to_have_count(4)
    choose(page, "MSFT")
    for place in range(4):
        expect(page.locator(".head h2").nth(place)).to_have_text(re.compile("^MSFT"))
    page.click("#layouts")
    page.get_by_role("checkbox", name="symbol").uncheck()
    page.get_by_label("Name of the layout").fill("four")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".chosen")).to_contain_text("four")
    page.locator(".chosen li", has_text="four").get_by_role("button", name="Link", exact=True).click()
    link = page.get_by_label("Link", exact=True).input_value()
    page.keyboard.press("Escape")
    choose(page, "AAPL")
    expect(page.locator(".head h2").nth(0)).to_have_text(re.compile("^AAPL"))
    expect(page.locator(".head h2").nth(1)).to_have_text(re.compile("^MSFT"))
    page.reload()
    expect(page.locator(".head h2").nth(0)).to_have_text(re.compile("^AAPL"))
    page.goto(link)
    expect(page.locator(".head h2").nth(0)).to_have_text(re.compile("^MSFT"))


def test_symbols_are_compared_in_percent(page: Page) -> None:
    page.click("#compare")
    page.get_by_label("MSFT").check()
    page.keyboard.press("Escape")
    wait(page, "stockstream.active.compared.size == 1")
    assert page.evaluate("stockstream.active.settings.mode") == 2


def test_flights_and_the_dashboard(page: Page) -> None:
    page.click("#more")
    page.get_by_role("button", name="Flights per day").click()
    title(page).to_have_text("Flights per day")
    shown = columns(page)
    assert set(shown) == {"time", "flights AA", "flights DL", "flights UA", "gap"} or len(shown) == 5
    assert sum(shown["flights AA"]) == 50
    page.click("#more")
    page.get_by_role("button", name="Airlines").click()
    page.get_by_label("WN").check()
    wait(page, "'flights WN' in stockstream.active.renderer.rows.columns")
    page.keyboard.press("Escape")
    page.click("#more")
    page.get_by_role("button", name="Dashboard").click()
    expect(page.locator(".tiles")).to_contain_text("Share of volatility")
    expect(page.locator(".tiles")).to_contain_text("MSFT")


def test_names_of_others_are_text(page: Page) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    choose(page, EVIL)
    title(page).to_contain_text(EVIL)
    expect(page.locator("#watchlist")).to_contain_text(EVIL)
    assert page.locator("#watchlist img, .head img, .head b").count() == 0
    assert not asked


def test_new_bars_are_drawn_as_they_come(site_with_bars: Site, page: Page) -> None:
    site_with_bars.send(STOCKS, [bar(0, 50.0, "NEW")])
    expect(page.locator("#watchlist")).to_contain_text("NEW")
    choose(page, "NEW")
    title(page).to_have_text(re.compile("^NEW 1m"))
    for minute in range(1, 6):
        site_with_bars.send(STOCKS, [bar(minute, 50.0 + minute, "NEW")])
    expect(page.locator(".legend").first).to_contain_text("C 55.00")
    site_with_bars.send(STOCKS, [bar(2, 77.0, "NEW")])
    wait(page, "stockstream.active.renderer.rows.columns.close[2] === 77")
    assert columns(page)["close"] == [50.0, 51.0, 77.0, 53.0, 54.0, 55.0]


def test_a_hundred_reconnects_lose_nothing(site_with_bars: Site, page: Page) -> None:
    page.evaluate("stockstream.socket.wait = 1")
    for number in range(100):
        page.evaluate("() => { stockstream.socket.wait = 1; stockstream.socket.socket.close(); }")
        wait(page, "stockstream.socket.connected && stockstream.socket.socket.readyState === 1")
        if number == 50:
            site_with_bars.send(STOCKS, [bar(400, 123.0)])
    expect(page.locator(".legend").first).to_contain_text("C 123.00")
    assert columns(page)["close"][-1] == 123.0
    assert page.evaluate("stockstream.socket.charts.size") == 1


def test_a_server_that_ends_is_said(site_with_bars: Site, analyst: BrowserContext) -> None:
    with served(site_with_bars) as own, closing(analyst.new_page()) as page:
        page.goto(own.url.replace("127.0.0.1", "localhost"))  # cookies do not tell ports apart
        log_in(page, Served(own.url.replace("127.0.0.1", "localhost"), own.site, own.process), "viewer")
        expect(page.locator("#strip")).to_contain_text("connected since")
        own.process.terminate()
        own.process.wait(120)
        expect(page.locator("#strip")).to_contain_text("not connected to the server since")
        expect(page.locator("body")).to_have_class(re.compile("stale"))


@pytest.mark.parametrize("size", [(1400, 900), (360, 800)], ids=["desk", "phone"])
@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_serious(page: Page, theme: str, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("theme => stockstream.setTheme(theme)", theme)
    found = [*Axe().run(page).response["violations"]]
    page.click("#indicators")
    found += Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert not serious, json.dumps(
        [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in serious], indent=1
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.keyboard.press("Escape")
    page.click("#more")
    for name in (None, "Levels", "Keys (?)", "Dashboard"):
        if name:
            page.get_by_role("button", name=name).click()
            expect(page.locator("#heading")).to_contain_text(re.compile(f"^{name.split()[0]}"))
        assert page.evaluate("(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)(dialog)"), name
        if name:
            page.keyboard.press("Escape")
            page.click("#more")
    page.keyboard.press("Escape")


def test_an_admin_manages_users_and_sees_the_monitor(page_of: Served, analyst: BrowserContext) -> None:
    by_name = Served(page_of.url.replace("127.0.0.1", "localhost"), page_of.site, page_of.process)
    with closing(analyst.new_page()) as page:
        log_in(page, by_name, "admin")
        page.click("#more")
        page.get_by_role("button", name="Users").click()
        page.get_by_label("Name", exact=True).fill("newcomer")
        page.get_by_label("Password").fill("a long password")
        page.get_by_role("button", name="Add").click()
        expect(page.locator("dialog table")).to_contain_text("newcomer")
        page.keyboard.press("Escape")
        page.click("#more")
        page.get_by_role("button", name="Monitor").click()
        expect(page.locator("dialog")).to_contain_text("stocks")
        count = page.locator("dialog tr", has=page.get_by_text("stocks", exact=True)).locator("td").nth(1)
        before = int(count.inner_text().replace(",", ""))
        page_of.site.send(STOCKS, [bar(minute, 20.0, "WATCHED") for minute in range(7)])
        expect(count).to_have_text(f"{before + 7:,}")  # it is renewed while it is open
        page.keyboard.press("Escape")
        level = {"symbol": "MSFT", "interval": "1m", "value": 5.5}
        assert page_of.login("analyst").post("/api/levels", json=level).status_code == 200
        page.locator("main").focus()
        page.keyboard.press("i")
        of_others = page.locator("dialog li", has_text="MSFT 1m at 5.5 of analyst")
        of_others.get_by_role("button", name="Watch MSFT at 5.5 of analyst no longer").click()
        expect(of_others).to_have_count(0)
        page.keyboard.press("Escape")
        page.click("#more")
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        log_in(page, by_name, "viewer")
        page.click("#more")
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        expect(page.get_by_role("button", name="Users")).to_have_count(0)


def test_levels_are_set_moved_crossed_and_removed(site_with_bars: Site, page: Page) -> None:
    site_with_bars.send(STOCKS, [bar(minute, 100.0, "LEVEL") for minute in range(20)])
    expect(page.locator("#watchlist")).to_contain_text("LEVEL")
    choose(page, "LEVEL")
    title(page).to_have_text(re.compile("^LEVEL 1m"))
    wait(page, f"{ROWS}.length === 20 && stockstream.active.renderer.main.priceToCoordinate(100) !== null")
    box = page.locator(".body").first.bounding_box()
    assert box is not None
    levels = "stockstream.active.levels.own"

    def y(value: float) -> float:
        return box["y"] + float(page.evaluate(f"stockstream.active.renderer.main.priceToCoordinate({value})"))

    middle = box["x"] + box["width"] / 3
    page.mouse.move(middle, y(100.5))
    page.keyboard.press("h")
    (level,) = page.evaluate(levels)
    assert level["value"] == pytest.approx(100.5, abs=0.05)
    page.mouse.move(middle, y(level["value"]))
    page.mouse.down()
    page.mouse.move(middle, y(100.8), steps=4)
    page.mouse.up()
    (moved,) = page.evaluate(levels)
    assert moved["value"] == pytest.approx(100.8, abs=0.05)
    wait(page, "stockstream.active.levels.compared")
    site_with_bars.send(STOCKS, [bar(20, 102.0, "LEVEL")])
    expect(page.locator("#alarm")).to_contain_text(re.compile("LEVEL: close rose through 100.[78]"))
    page.evaluate("stockstream.say('another notice')")
    expect(page.locator("#alarm")).to_contain_text("rose through")
    page.locator("#alarm").click()
    expect(page.locator("#alarm")).to_be_empty()
    page.mouse.move(middle, y(moved["value"]))
    page.keyboard.press("h")
    assert page.evaluate(levels) == []


def test_levels_are_handed_on_in_turn_however_fast_they_are_moved(page: Page) -> None:
    asked: list[tuple[str, float]] = []
    held: list[Route] = []

    def answer(route: Route) -> None:
        asked.append((route.request.url.rpartition("/")[2], json.loads(route.request.post_data or "")["value"]))
        if len(asked) == 1:
            held.append(route)
        else:
            route.fulfill(json={"runs": False})

    page.route(re.compile("/api/levels"), answer)
    for value in (60, 61):
        page.evaluate("value => stockstream.active.levels.keep([{ panel: 'price', value, once: false }])", value)
    page.evaluate("fetch('/api/keys').then((answer) => answer.text())")  # what was asked before has come to `answer`
    assert asked == [("levels", 60)]
    held[0].fulfill(json={"runs": False})
    page.evaluate("stockstream.tail")
    assert asked == [("levels", 60), ("end", 60), ("levels", 61)]
    page.unroute(re.compile("/api/levels"))


def test_alerts_are_marked_listed_and_acknowledged(site_with_bars: Site, page: Page) -> None:
    found = site_with_bars.run("alerts", "--once", "--rule", "close crosses above 100.5", "--symbols", "AAPL")
    assert found.returncode == 0, found.stderr
    wait(page, "stockstream.active.renderer.notes.notes.length > 0")
    note = page.evaluate("stockstream.active.renderer.notes.notes[0]")
    assert note["kind"] == "alert"
    row = columns(page)["time"].index(note["time"])
    assert columns(page)["close"][row] > 100.5 >= columns(page)["close"][row - 1]
    page.locator("main").focus()
    page.keyboard.press("i")
    expect(page.locator("dialog")).to_contain_text("AAPL")
    page.get_by_role("button", name="Seen").first.click()
    wait(page, "stockstream.active.renderer.notes.notes.some((each) => each.kind === 'seen')")
    page.keyboard.press("Escape")
    choose(page, "MSFT")
    title(page).to_have_text(re.compile("^MSFT 1m"))
    page.locator("main").focus()
    page.keyboard.press("i")
    page.locator("dialog li", has_text="AAPL").locator("button").first.click()
    title(page).to_have_text(re.compile("^AAPL 1m"))
    (seen,) = page.evaluate("stockstream.active.renderer.notes.notes.filter(({ kind }) => kind === 'seen')")
    row = columns(page)["time"].index(seen["time"])
    wait(page, f"row => {RANGE}.from <= row && row <= {RANGE}.to", row)
