"""Charts over the WebSocket: history first, then changes, equal to the frames of windows; pages that do not keep up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import ClientConnection

from stockstream.consumers.registry import STUDIES
from stockstream.records import Bar
from stockstream.topics import STOCKS
from stockstream.views.fold import Selection
from stockstream.views.frame import Frame
from stockstream.views.study import Part, chart
from stockstream.web.chart import first_difference
from stockstream.web.outbox import MOST, Outbox
from tests.patience import until
from tests.site import Site
from tests.views.bars import bar, walk
from tests.web.server import Served, served

BARS = [*walk(300), bar(300, 101.0, final=False)]
FLAGGED = bar(40, 9_000.0, "MSFT", flags=("jump",))
MSFT = [*(each for each in walk(120, 3, "MSFT") if each.time != FLAGGED.time), FLAGGED]


@pytest.fixture(scope="module")
def page(running_site: Site) -> Iterator[Served]:
    running_site.clear()
    running_site.send(STOCKS, BARS)
    running_site.send(STOCKS, MSFT)
    with served(running_site) as page:
        client = page.login("viewer")
        until_settled(client, 2)
        yield page


def until_settled(client: Any, series: int) -> None:
    def settled() -> bool:
        found = client.get("/api/series").json()
        return len(found) == series and sum(each["bars"] for each in found) == len(BARS) + len(MSFT)

    until(settled)


def window_frame(bars: list[Bar], *studies: str, **selection: Any) -> Frame:
    """The frame that `watch chart` has."""
    view = chart(
        [Part(STUDIES[name], {each.name: each.default for each in STUDIES[name].parameters}) for name in studies]
    )
    fold = view.fold(Selection(keys=(bars[0].symbol,), **selection), {})
    for start in range(0, len(bars), 37):
        fold.apply(bars[start : start + 37])
    return fold.frame(bars[0].symbol)


def as_numbers(values: list[Any]) -> Any:
    return np.array([np.nan if each is None else each for each in values], dtype=np.float64)


def assert_equal(columns: dict[str, list[Any]], frame: Frame) -> None:
    """Every column is that of the window, bit for bit."""
    assert list(columns) == list(frame)
    for name in frame:
        values = frame[name].astype("M8[us]").astype(np.int64) if frame[name].dtype.kind == "M" else frame[name]
        np.testing.assert_array_equal(as_numbers(columns[name]), np.asarray(values, dtype=np.float64), err_msg=name)


def opened(socket: ClientConnection, chart: int = 1, **request: Any) -> dict[str, Any]:
    socket.send(json.dumps({"type": "open", "chart": chart, "request": request}))
    return heard(socket, "snapshot")


def heard(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(socket.recv(30))["message"]
        assert message["type"] != "problem", message
        if message["type"] == kind:
            return message


@pytest.mark.parametrize("name", STUDIES)
def test_values_on_the_page_are_those_of_the_window(page: Served, name: str) -> None:
    with page.socket(page.login("viewer")) as socket:
        for bars in (BARS, MSFT):
            shown = opened(socket, symbol=bars[0].symbol, studies=[name])
            assert_equal(shown["columns"], window_frame(sorted(bars, key=lambda each: each.time), name))
            assert [each["kind"] for panel in shown["chart"]["panels"] for each in panel["marks"]]


def test_resampled_values_are_those_of_the_window(page: Served) -> None:
    with page.socket(page.login("viewer")) as socket:
        shown = opened(socket, symbol="AAPL", resample="5m", studies=["sma", "rsi"])
        assert_equal(shown["columns"], window_frame(BARS, "sma", "rsi", resample="5m"))


def test_new_corrected_and_late_bars_arrive_as_the_window_has_them(running_site: Site, page: Served) -> None:
    symbol = "LIVE"
    first = walk(60, 5, symbol)
    late = first.pop(30)
    running_site.send(STOCKS, first)
    client = page.login("viewer")
    until(lambda: any(each["key"] == symbol and each["bars"] == 59 for each in client.get("/api/series").json()))
    with page.socket(client) as socket:
        columns = opened(socket, symbol=symbol, studies=["bollinger", "macd"])["columns"]
        assert len(columns["time"]) == 59
        more = [bar(60, 101.5, symbol), bar(59, 99.0, symbol), bar(10, 120.0, symbol), late, bar(61, 98.0, symbol)]
        for each in more:
            running_site.send(STOCKS, [each])
            apply(columns, heard(socket, "update")["columns"])
    by_time = {each.time: each for each in [*first, *more]}
    assert_equal(columns, window_frame([by_time[time] for time in sorted(by_time)], "bollinger", "macd"))


def apply(columns: dict[str, list[Any]], update: dict[str, list[Any]]) -> None:
    """What the page does with an update: the rows from its first one on are replaced."""
    place = next((row for row, time in enumerate(columns["time"]) if time >= update["time"][0]), len(columns["time"]))
    for name, values in columns.items():
        values[place:] = update[name]


def test_the_api_gives_the_same_frames(page: Served) -> None:
    client = page.login("viewer")
    query = "symbol=AAPL&with=bollinger&start=2026-03-02T15:00&end=2026-03-02T16:00"
    answer = client.get(f"/api/frames?{query}").json()
    whole = window_frame(BARS, "bollinger")
    assert_equal(answer["columns"], whole.between(np.datetime64("2026-03-02T15:00"), np.datetime64("2026-03-02T16:00")))
    assert len(client.get("/api/bars?symbol=AAPL&rows=7").json()["columns"]["time"]) == 7


def test_the_strip_says_what_windows_say(page: Served) -> None:
    with page.socket(page.login("viewer")) as socket:
        status = opened(socket, symbol="AAPL")["status"]
        assert status["parts"][0].startswith("● connected since ")
        assert "up to date" in status["parts"]
        assert "source csv" in status["parts"]
        assert status["simulated"] is False
        assert heard(socket, "status")["status"]["parts"]


def test_sixteen_charts_are_enough_for_a_page(page: Served) -> None:
    with page.socket(page.login("viewer")) as socket:
        for number in range(16):
            opened(socket, chart=number, symbol="AAPL")
        socket.send(json.dumps({"type": "open", "chart": 99, "request": {"symbol": "AAPL"}}))
        while True:
            message = json.loads(socket.recv(30))["message"]
            if message["type"] == "problem":
                assert message["text"] == "a page shows 16 charts at most - close one"
                return


def test_a_page_that_does_not_keep_up_gets_a_snapshot_in_place_of_what_waits() -> None:
    async def stall() -> list[bytes | None]:
        outbox = Outbox()
        for number in range(10_000):
            outbox.put(b"%d" % number)
        waiting = len(outbox)
        taken = [await outbox.take()]
        outbox.put(b"after")
        taken.append(await outbox.take())
        assert waiting == 0
        return taken

    assert asyncio.run(stall()) == [None, b"after"]
    assert MOST < 100


def test_messages_keep_their_order() -> None:
    async def pass_on() -> list[bytes | None]:
        outbox = Outbox()
        reader = asyncio.create_task(outbox.take())
        await asyncio.sleep(0)
        outbox.put(b"1")
        outbox.put(b"2")
        return [await reader, await outbox.take()]

    assert asyncio.run(pass_on()) == [b"1", b"2"]


def test_the_first_difference_is_found_in_any_column() -> None:
    before = window_frame(BARS, "bollinger")
    corrected = window_frame([*BARS[:100], bar(100, 55.0), *BARS[101:]], "bollinger")
    assert first_difference(before, before) == len(before)
    assert first_difference(before, corrected) == 100
    assert first_difference(before.slice(slice(0, 50)), before) == 50
    assert first_difference(before, window_frame(BARS)) == 0


def test_two_series_of_a_symbol_are_both_there(running_site: Site, page: Served) -> None:
    daily = [bar(1_440 * day, 50.0 + day, "TWICE", interval="1d") for day in range(5)]
    running_site.send(STOCKS, [*walk(20, 9, "TWICE"), *daily])
    client = page.login("viewer")
    until(lambda: sum(each["key"] == "TWICE" for each in client.get("/api/series").json()) == 2)
    with page.socket(client) as socket:
        for interval, rows in (("1m", 20), ("1d", 5)):
            assert len(opened(socket, symbol="TWICE", interval=interval)["columns"]["time"]) == rows


def test_a_server_that_starts_with_two_series_of_a_symbol_reads_them(running_site: Site) -> None:
    running_site.send(STOCKS, [*walk(20, 9, "TWO"), bar(0, 50.0, "TWO", interval="1d")])
    with served(running_site) as own:
        client = own.login("viewer")
        until(lambda: sum(each["key"] == "TWO" for each in client.get("/api/series").json() or ()) == 2)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"symbol": "AAPL", "tz": "Mars/Olympus"}, "there is no time zone 'Mars/Olympus'"),
        (
            {"symbol": "AAPL", "studies": [",".join(f"sma:period={number}" for number in range(2, 40))]},
            "20 studies at most",
        ),
        ({"symbol": "AAPL", "studies": ["sma:period=1000000000"]}, "period is 100,000 at most here"),
        ({"symbol": "AAPL", "resample": "5m", "opens": "25:99"}, ""),
        ({"symbol": "AAPL", "resample": "5m", "calendar": "XNOWHERE"}, ""),
    ],
)
def test_a_bad_request_of_one_page_ends_nothing_of_others(page: Served, request_: dict[str, Any], said: str) -> None:
    with page.socket(page.login("viewer")) as other, page.socket(page.login("viewer")) as socket:
        opened(other, symbol="AAPL")
        socket.send(json.dumps({"type": "open", "chart": 1, "request": request_}))
        assert said in problem(socket)["text"]
        for _ in range(2):
            assert heard(other, "status")["status"]["parts"]
        assert opened(socket, symbol="AAPL")["columns"]["time"]


def problem(socket: ClientConnection) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(socket.recv(30))["message"]
        if message["type"] == "problem":
            return message


def test_pages_do_not_take_charts_of_others(page: Served) -> None:
    with page.socket(page.login("viewer")) as one, page.socket(page.login("viewer")) as two:
        opened(one, symbol="AAPL")
        for number in range(0, 1_000_001, 250_000):
            opened(two, chart=number, symbol="AAPL")
        two.close()
        assert heard(one, "status")
        one.send(json.dumps({"type": "open", "chart": 1_000_001, "request": {"symbol": "AAPL"}}))
        assert "1000000" in problem(one)["text"]


def test_a_page_that_leaves_while_it_is_answered_ends_nothing(page: Served) -> None:
    for _ in range(20):
        with page.socket(page.login("viewer")) as socket:
            for number in range(8):
                socket.send(
                    json.dumps({"type": "open", "chart": number, "request": {"symbol": "AAPL", "studies": ["macd"]}})
                )
    with page.socket(page.login("viewer")) as socket:
        assert opened(socket, symbol="AAPL")["columns"]["time"]


def test_a_socket_gives_signs_of_life_without_a_chart(page: Served) -> None:
    with page.socket(page.login("viewer")) as socket:
        assert [json.loads(socket.recv(10)) for _ in range(2)] == [{"chart": None, "message": {"type": "alive"}}] * 2


def test_older_rows_name_what_was_asked(page: Served) -> None:
    with page.socket(page.login("viewer")) as socket:
        times = opened(socket, symbol="AAPL")["columns"]["time"]
        socket.send(json.dumps({"type": "older", "chart": 1, "before": times[100]}))
        older = heard(socket, "older")
        assert older["before"] == times[100]
        assert older["columns"]["time"] == times[:100]
        assert older["more"] is False


def test_levels_are_by_panel_and_cross_once(running_site: Site, page: Served) -> None:
    symbol = "CROSS"
    running_site.send(STOCKS, [bar(minute, 100.0, symbol) for minute in range(3)])
    client = page.login("viewer")
    until(lambda: any(each["key"] == symbol and each["bars"] == 3 for each in client.get("/api/series").json()))
    with page.socket(client) as socket:
        names = opened(socket, symbol=symbol)["chart"]["names"]
        levels = [{"panel": names[0], "value": 101.0, "once": True}, {"panel": "none", "value": 1.0}]
        for _ in range(2):  # equal levels stay armed
            socket.send(json.dumps({"type": "levels", "chart": 1, "levels": levels}))
        socket.send(json.dumps({"type": "older", "chart": 1, "before": 0}))
        heard(socket, "older")
        running_site.send(STOCKS, [bar(3, 102.0, symbol)])
        crossed = heard(socket, "crossed")
        assert crossed["texts"][0].startswith("CROSS: close rose through 101 to 102")
        assert crossed["levels"] == [{"panel": "none", "value": 1.0, "once": False}]


def test_a_correction_of_long_ago_is_a_snapshot() -> None:
    outbox = Outbox()
    outbox.put(b"x" * 20_000_000)
    assert outbox.overrun
