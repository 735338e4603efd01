"""The page while its broker is away: it says since when, and goes on by itself with nothing missing or twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from stockstream.kafka.broker import Broker, free_port
from stockstream.topics import STOCKS
from stockstream.web.extra import LIBRARY
from tests.site import Site
from tests.views.bars import bar, walk
from tests.web.browser import browser, log_in, needs_browser, wait
from tests.web.server import served
from tests.web.visit import ROWS, columns, title

pytestmark = [
    needs_browser,
    pytest.mark.skipif(not LIBRARY.is_file(), reason="the page's drawing library was not built (make web, with npm)"),
]


def test_a_broker_goes_and_comes_back(kafka_jars: list[Path], tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data" / "kafka"
    site = Site(tmp_path, f"127.0.0.1:{port}")
    with Broker(data, kafka_jars, port=port) as broker:
        site.send(STOCKS, walk(60))
        with served(site, roles=("viewer",)) as own, browser(tmp_path / "profile") as context:
            page = context.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            log_in(page, own, "viewer")
            title(page).to_have_text(re.compile("^AAPL 1m"))
            strip = page.locator("#strip")
            expect(strip).to_contain_text(re.compile(r"● connected since \d\d:\d\d:\d\d"))
            page.evaluate("globalThis.loadedOnce = true")
            broker.stop()
            expect(strip).to_contain_text(re.compile(r"not connected since \d\d:\d\d:\d\d"), timeout=60_000)
            expect(strip).to_have_attribute("data-tone", "bad")
            assert len(columns(page)["time"]) == 60  # what is there stays
            with Broker(data, kafka_jars, port=port):
                site.send(STOCKS, [bar(60, 160.0), bar(61, 161.0)])
                wait(page, f"{ROWS}.length === 62")
                site.send(STOCKS, [bar(62, 162.0)])
                wait(page, f"{ROWS}.length === 63")
                expect(strip).to_contain_text("● connected since")
                shown = columns(page)
                assert shown["time"] == sorted(set(shown["time"]))
                assert shown["close"][60:] == [160.0, 161.0, 162.0]
                assert page.evaluate("globalThis.loadedOnce")
                assert page.evaluate("stockstream.active.renderer.main.data().length") == 63
            assert not complaints
