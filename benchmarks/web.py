"""The page: time from the topic to the canvas in a real browser, and the processor time of a hundred clients.

Beside the first stands a bare consumer that only receives the same records; beside the second the server without
clients.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import psutil
from playwright.sync_api import Page, sync_playwright
from websockets.asyncio.client import connect

from benchmarks.page_server import WEB, log_in, server
from benchmarks.stamped import Bare, history, quantiles, send, stamped
from stockstream.kafka.publisher import Publisher
from stockstream.records import Bar
from stockstream.topics import STOCKS
from stockstream.web.assets import are_built

RATE: Final = 20
SECONDS: Final = 15
CLIENTS: Final = 100
P50, P95 = 30.0, 60.0
"""Aims from the topic to the canvas, in milliseconds."""

_HISTORY: Final = 5_000
_FRAME: Final = 1 / 60
"""Seconds between two frames of a browser. Bars that came every three frames would all wait as long as the first."""

_USER: Final = "bench"
_STUDIES: Final = ("bollinger", "rsi", "macd", "volume")

# The volume of a bar is when it was sent. The library asks for a frame when a series is updated, so that in ours, asked
# for later, the canvas is painted.
_MEASURE: Final = """
() => {
  globalThis.times = [];
  const { renderer } = stockstream.active;
  const update = renderer.update.bind(renderer);
  renderer.update = (message) => {
    const fits = update(message);
    const sent = message.columns.volume.at(-1);
    requestAnimationFrame(() => times.push(Date.now() - sent));
    return fits;
  };
}
"""


def run(bootstrap_servers: str, folder: Path) -> Iterator[str]:
    """Measure both, on a server of our own."""
    chromium = shutil.which("chromium")
    if chromium is None or not are_built():
        yield "the page: not measured (it needs Chromium and `make web`)"
        return
    password = secrets.token_urlsafe()
    environment = {
        **os.environ,
        "STOCKSTREAM_BOOTSTRAP_SERVERS": bootstrap_servers,
        "STOCKSTREAM_STATE_DIR": str(folder / "web-state"),
        "STOCKSTREAM_DATA_DIR": str(folder / "web-data"),
    }
    subprocess.run(
        [*WEB, "user", "add", _USER], env=environment, input=password, text=True, check=True, stdout=subprocess.DEVNULL
    )
    with (
        Publisher(STOCKS, {"bootstrap.servers": bootstrap_servers}) as publisher,
        server(environment) as (url, pid),
    ):
        history(publisher, _HISTORY)
        yield from _latency(bootstrap_servers, publisher, url, password, chromium)
        yield from _clients(publisher, url, password, psutil.Process(pid))


def _send(publisher: Publisher[Bar], first: int) -> None:
    send(publisher, first, rate=RATE, seconds=SECONDS, spread=_FRAME)


def _latency(
    bootstrap_servers: str, publisher: Publisher[Bar], url: str, password: str, chromium: str
) -> Iterator[str]:
    with sync_playwright() as playwright, Bare(STOCKS, bootstrap_servers) as bare:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        _open(page, url, password)
        page.evaluate(_MEASURE)
        sending = threading.Thread(target=_send, args=(publisher, _HISTORY))
        sending.start()
        while sending.is_alive():
            page.wait_for_timeout(100)  # the browser is driven from this thread
        page.wait_for_timeout(500)
        times: list[float] = page.evaluate("times")
        browser.close()
    p50, p95 = quantiles(times, 0.5, 0.95)
    own50, own95 = quantiles(bare.times, 0.5, 0.95)
    reached = "reached" if p50 <= P50 and p95 <= P95 else "missed"
    yield (
        f"the page, {RATE} bars a second, {len(_STUDIES)} studies over {_HISTORY:,} bars, sent to drawn:"
        f" p50 {p50:.0f} ms, p95 {p95:.0f} ms (aim {P50:.0f} and {P95:.0f}: {reached});"
        f" a bare consumer receives them after {own50:.0f} and {own95:.0f} ms"
    )


def _open(page: Page, url: str, password: str) -> None:
    log_in(page, url, _USER, password)
    page.evaluate("studies => stockstream.active.change({studies})", list(_STUDIES))
    ends = time.monotonic() + 60
    newest = stamped(_HISTORY - 1).time.timestamp() * 1_000_000
    while page.evaluate("stockstream.active.renderer.rows.columns.time.at(-1)") != newest:
        assert time.monotonic() < ends
        page.wait_for_timeout(100)


def _clients(publisher: Publisher[Bar], url: str, password: str, process: psutil.Process) -> Iterator[str]:
    first = _HISTORY + RATE * SECONDS
    alone = _share(process, lambda: _send(publisher, first))
    cookie = _cookie(url, password)
    received: list[int] = []

    def with_clients() -> None:
        asyncio.run(_watch(url, cookie, publisher, first + RATE * SECONDS, received))

    share = _share(process, with_clients)
    yield (
        f"{CLIENTS} clients of one chart at {RATE} updates a second: {share:.0%} of a core (aim <= 50%),"
        f" {alone:.0%} without clients, {1000 * (share - alone) / CLIENTS:.2f} ms a second and client;"
        f" {np.mean(received) / SECONDS:.1f} messages a second each"
    )


def _share(server: psutil.Process, work: Callable[[], object]) -> float:
    """The share of a core that the server takes while something is done."""
    before, began = server.cpu_times(), time.monotonic()
    work()
    after, took = server.cpu_times(), time.monotonic() - began
    return (after.user + after.system - before.user - before.system) / took


def _cookie(url: str, password: str) -> str:
    answer = httpx.post(f"{url}/login", data={"name": _USER, "password": password}, headers={"Origin": url})
    return "; ".join(f"{name}={value}" for name, value in answer.cookies.items())


async def _watch(url: str, cookie: str, publisher: Publisher[Bar], first: int, received: list[int]) -> None:
    ready = asyncio.Barrier(CLIENTS + 1)
    ended = asyncio.Event()
    clients = [asyncio.create_task(_client(url, cookie, ready, ended)) for _ in range(CLIENTS)]
    await ready.wait()
    await asyncio.to_thread(_send, publisher, first)
    ended.set()
    received += await asyncio.gather(*clients)


async def _client(url: str, cookie: str, ready: asyncio.Barrier, ended: asyncio.Event) -> int:
    origin: Any = url
    address = f"{url.replace('http', 'ws')}/ws"
    async with connect(address, additional_headers={"Cookie": cookie}, origin=origin, max_size=1 << 26) as socket:
        request = {"symbol": "BENCH", "studies": list(_STUDIES)}
        await socket.send(json.dumps({"type": "open", "chart": 1, "request": request}))
        await socket.recv()
        await ready.wait()
        count = 0
        while not ended.is_set():
            try:
                await asyncio.wait_for(socket.recv(), 0.5)
                count += 1
            except TimeoutError:
                continue
        return count
