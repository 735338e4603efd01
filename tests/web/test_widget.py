"""The widget of notebooks: the values of the window, live, and ended by its cell."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stockstream.errors import StockstreamError
from stockstream.topics import STOCKS
from stockstream.web import widget as module
from stockstream.web.extra import LIBRARY
from stockstream.web.widget import ChartWidget, widget
from tests.patience import until
from tests.site import Site
from tests.views.bars import bar, walk
from tests.web.browser import browser, needs_browser

pytestmark = pytest.mark.skipif(not LIBRARY.is_file(), reason="the page's drawing library was not built (make web)")


@pytest.fixture(scope="module")
def site_with_bars(running_site: Site) -> Site:
    running_site.clear()
    running_site.send(STOCKS, walk(80))
    return running_site


@pytest.fixture
def made(site_with_bars: Site) -> Iterator[ChartWidget]:
    found = widget("AAPL", with_=["bollinger", "rsi:period=9"], bootstrap_servers=site_with_bars.bootstrap_servers)
    yield found
    found.close()


def test_it_holds_what_to_draw_and_the_newest_rows(made: ChartWidget) -> None:
    assert made.snapshot["chart"]["title"] == "AAPL 1m - Bollinger Bands (20, 2)"
    columns = made.snapshot["columns"]
    assert len(columns["time"]) == 80
    assert columns["close"] == [each.close for each in walk(80)]
    assert columns["bollinger_upper"][0] is None
    assert columns["bollinger_upper"][-1] > columns["close"][-1] - 10
    until(lambda: "up to date" in made.status)


def test_new_bars_are_sent_as_they_come(site_with_bars: Site, made: ChartWidget) -> None:
    sent: list[Any] = []
    made.send = lambda content, buffers=None: sent.append(content)
    site_with_bars.send(STOCKS, [bar(80, 123.0)])
    until(lambda: bool(sent))
    assert sent[0]["type"] == "update"
    assert sent[0]["columns"]["close"] == [123.0]


def test_a_view_that_is_drawn_later_gets_the_newest_rows(site_with_bars: Site, made: ChartWidget) -> None:
    sent: list[Any] = []
    made.send = lambda content, buffers=None: sent.append(content)
    before = len(made.snapshot["columns"]["time"])
    site_with_bars.send(STOCKS, [bar(90, 124.0)])
    until(lambda: bool(sent))
    assert len(made.snapshot["columns"]["time"]) == before
    made._handle_custom_msg({"type": "ready"}, [])
    until(lambda: made.snapshot["columns"]["close"][-1] == 124.0)


def test_the_snapshot_is_renewed_while_rows_change_and_at_the_end(
    site_with_bars: Site, made: ChartWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RENEWED", 0.0)
    site_with_bars.send(STOCKS, [bar(91, 125.0)])
    until(lambda: made.snapshot["columns"]["close"][-1] == 125.0)
    monkeypatch.setattr(module, "_RENEWED", 1_000.0)
    sent: list[Any] = []
    made.send = lambda content, buffers=None: sent.append(content)
    site_with_bars.send(STOCKS, [bar(92, 126.0)])
    until(lambda: bool(sent))
    assert made.snapshot["columns"]["close"][-1] == 125.0
    made.stop()
    assert made.snapshot["columns"]["close"][-1] == 126.0


def test_any_failure_is_said(made: ChartWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> bool:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(made._live, "tick", fail)
    until(lambda: not made.running)
    assert made.status == "the chart has ended: the disk is full"


def test_it_ends_when_its_cell_runs_again(site_with_bars: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_cell", lambda: "cell")
    servers = site_with_bars.bootstrap_servers
    first = widget("AAPL", bootstrap_servers=servers)
    second = widget("AAPL", bootstrap_servers=servers)
    assert not first.running
    assert second.running
    second.stop()
    assert not second.running


def test_it_ends_when_nobody_holds_it(site_with_bars: Site) -> None:
    found = widget("AAPL", bootstrap_servers=site_with_bars.bootstrap_servers)
    thread = found._thread
    found.close()
    del found
    gc.collect()
    until(lambda: not thread.is_alive())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"with_": ["bolinger"]}, "did you mean bollinger"),
        ({"with_": ["sma:period=x"]}, "should be a whole number"),
        ({"theme": "pink"}, "there is no theme 'pink'"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(site_with_bars: Site, options: dict[str, Any], message: str) -> None:
    with pytest.raises(StockstreamError, match=message):
        widget("AAPL", bootstrap_servers=site_with_bars.bootstrap_servers, **options)


@needs_browser
def test_its_module_draws_in_a_browser(made: ChartWidget, tmp_path: Path) -> None:
    complaints: list[str] = []
    with browser(tmp_path / "profile") as context:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_content("<div id=place></div>")
        drawn = page.evaluate(
            """async ([text, values]) => {
                const module = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
                const heard = {};
                const on = (name, work) => { heard[name] = work; };
                const asked = [];
                const off = (name, work) => { if (heard[name] === work) delete heard[name]; };
                const model = { get: (name) => values[name], on, off, send: (message) => asked.push(message.type) };
                const leave = module.default.render({ model, el: document.getElementById("place") });
                const legend = () => document.querySelector(".legend").textContent;
                const before = legend();
                const last = values.snapshot.columns.time.at(-1);
                const columns = Object.fromEntries(Object.keys(values.snapshot.columns).map((name) => [name, [7]]));
                heard["msg:custom"]({ type: "update", columns: { ...columns, time: [last + 60e6] }, undefined: {} });
                const after = legend();
                heard["msg:custom"]({ type: "update", columns: { time: [last] }, undefined: {} });
                leave();
                return [before, after, asked, Object.keys(heard)];
            }""",
            [made._esm, {"snapshot": made.snapshot, "status": made.status, "theme": made.theme, "height": 300}],
        )
    assert not complaints
    assert "Bollinger Bands (20, 2)" in drawn[0]
    assert "C 7.00" in drawn[1]
    assert drawn[2] == ["ready", "ready"], "when it is drawn, and for other columns"
    assert drawn[3] == [], "it listens no longer"
