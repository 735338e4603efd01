"""What tests of the page share: a topic with bars and flights, its server, a browser, and a visit of the page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from stockstream.topics import FLIGHTS, STOCKS
from tests.cli.records import flight
from tests.site import Site
from tests.views.bars import bar, walk
from tests.web.browser import browser, log_in
from tests.web.server import Served, served
from tests.web.visit import EVIL, choose, title


@pytest.fixture(scope="module")
def site_with_bars(running_site: Site) -> Site:
    running_site.clear()
    running_site.send(
        STOCKS, [*walk(400), *walk(400, 3, "MSFT"), bar(0, 5.0, EVIL, currency="<b>X</b>"), bar(1, 6.0, EVIL)]
    )
    running_site.send(
        FLIGHTS, [flight(row, airline=("AA", "DL", "WN", "UA")[row % 4], day=1 + row % 5) for row in range(200)]
    )
    return running_site


@pytest.fixture(scope="module")
def page_of(site_with_bars: Site) -> Iterator[Served]:
    with served(site_with_bars) as page:
        yield page


@pytest.fixture(scope="module")
def analyst(page_of: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser in which an analyst has logged in."""
    with browser(tmp_path_factory.mktemp("profile")) as context:
        log_in(context.new_page(), page_of, "analyst")
        yield context


@pytest.fixture
def page(page_of: Served, analyst: BrowserContext) -> Iterator[Page]:
    """The page as at a first visit, with AAPL. What it reports as an error fails the test."""
    complaints: list[str] = []
    page = analyst.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{page_of.url}/login")
    page.evaluate("localStorage.clear()")
    page.goto(page_of.url)
    expect(page.locator("#watchlist")).to_contain_text("AAPL")
    choose(page, "AAPL")
    title(page).to_have_text(re.compile("^AAPL 1m"))
    expect(page.locator("#strip")).to_contain_text("connected since")
    yield page
    page.close()
    assert not complaints
