"""A change of the dashboard, all eight tiles, against clear-and-replot of the same, on Tk and on Qt."""

from __future__ import annotations

import gc
import json
import logging
import statistics
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from benchmarks.measure import Comparison
from benchmarks.window import child_of, display
from stockstream.charts.dashboard.dashboard_window import SIZE, DashboardWindow
from stockstream.charts.scene.scene import DPI
from stockstream.charts.window import toolkits
from stockstream.consumers.dashboard import VIEW
from stockstream.present.options import WindowOptions
from stockstream.records import Candle
from stockstream.views.dashboard import DashboardFold, Tables
from stockstream.views.fold import Selection
from stockstream.views.leaders import leaders
from stockstream.views.status import Status

SYMBOLS: Final = (6, 2_000)
"""Numbers of symbols, and bars of each: about ten thousand bars in all, and a hundred thousand."""

BARS: Final = {6: 2_000, 2_000: 60}
STEPS: Final = 30
FRAME: Final = {6: 30.0, 2_000: 50.0}
_COMPUTING: Final = 0.01
"""Seconds of a frame for computing changes, as in a window."""


alone = False
"""Whether our frames are measured alone, without the peer, which takes a second for each of 2,000 symbols."""


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison | str]:  # noqa: ARG001 - as for every benchmark
    """Measure each installed toolkit, in a separate process."""
    with display() as environment:
        for toolkit, name in toolkits.BACKENDS.items():
            for symbols in SYMBOLS:
                what = f"a change of the dashboard, {symbols:,} symbols, {name}"
                peers = () if alone else ("replot",)
                times = child_of("benchmarks.dashboard", environment, toolkit, str(symbols), *peers)
                if isinstance(times, str):
                    yield f"{what}: not measured ({times})"
                    continue
                ours = tuple(times["ours"])
                if alone:
                    yield what
                else:
                    theirs = tuple(times["replot"])
                    yield Comparison(what, "clear-and-replot", ours, theirs, "time", 0.25, "a change on the screen")
                median, aim = 1000 * statistics.median(ours), FRAME[symbols]
                yield (
                    f"    median {median:.1f} ms, of which {1000 * statistics.median(times['processor']):.1f} ms of "
                    f"processor time (aim <= {aim:g} ms: {'reached' if median <= aim else 'missed'})"
                )


# The child: one toolkit.


def walk(symbol: str, count: int, seed: int) -> list[Candle]:
    """A random walk, a bar a minute."""
    random = np.random.default_rng(seed)
    closes = (100 * np.exp(np.cumsum(random.normal(0, 1e-3, count)))).round(2).tolist()
    start = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
    return [
        Candle(
            symbol=symbol, interval="1m", time=start + timedelta(minutes=minute), open=close, high=close + 0.1,
            low=close - 0.1, close=close, volume=1_000.0 + minute,
        )
        for minute, close in enumerate(closes)
    ]  # fmt: skip


class Source:
    """A model that adds a bar of each symbol on request."""

    view = VIEW
    parameters: Mapping[str, Any] = MappingProxyType({"average": 3, "volatility": 20})
    finished = False

    def __init__(self, symbols: int) -> None:
        self.fold = DashboardFold(Selection())
        self._total = BARS[symbols]
        self._walks = [walk(f"S{number:04}", self._total + 2 * STEPS, number) for number in range(symbols)]
        for bars in self._walks:
            self.fold.apply(bars[: self._total])

    def tick(self) -> bool:
        """One more bar of each."""
        for bars in self._walks:
            self.fold.apply([bars[self._total]])
        self._total += 1
        return True

    def listen(self, arrived: Callable[[], None]) -> None:
        """It announces nothing: the window looks for it."""

    def status(self) -> Status:
        """All is well."""
        now = datetime.now(UTC)
        return Status(
            connected=True, since=now, waiting=None, lag=0, rate=1.0, latest=self.fold.latest(), received=now,
            caught_up=True, counts={},
        )  # fmt: skip


def replot(figure: Figure, tables: Tables) -> None:
    """The same by clearing every axes and plotting again: the twelve largest, and the first rows of each table."""
    axes = figure.axes or figure.subplots(2, 4).ravel().tolist()
    symbols = leaders(tables.symbols, "volume").shown
    for each in axes:
        each.clear()
    axes[0].bar(symbols["symbol"], symbols["volume"])
    axes[1].pie(np.nan_to_num(symbols["share"], nan=0.1), labels=symbols["symbol"].tolist())
    axes[2].plot(symbols["symbol"], symbols["moving_average_max"], "o")
    axes[2].plot(symbols["symbol"], symbols["volatility_max"], "s")
    axes[3].scatter(symbols["moving_average"], symbols["volatility"])
    for each, name in zip(axes[4:], Tables._fields, strict=True):
        frame = tables.of(name).slice(slice(0, 12))
        each.table([[str(value) for value in row] for row in zip(*(frame[column] for column in frame), strict=True)])
    figure.canvas.draw()


def measure(toolkit: str, symbols: int, peers: Collection[str]) -> dict[str, list[float]]:
    """Time our frames, and those of the peers in turn with them; of ours also the processor time."""
    source = Source(symbols)
    window = DashboardWindow(source, VIEW.tiles, WindowOptions(backend=toolkit))
    import matplotlib.pyplot as plt

    peer = plt.figure(figsize=SIZE, dpi=DPI)
    plt.show(block=False)
    source.fold.refresh()
    window.begin()

    def ours() -> None:
        source.fold.refresh(_COMPUTING)
        window.put()
        window.paint()

    ways: dict[str, tuple[Figure, Callable[[], None]]] = {
        "ours": (window.figure, ours),
        "replot": (peer, lambda: replot(peer, source.fold.tables())),
    }
    ways = {name: way for name, way in ways.items() if name == "ours" or name in peers}
    times: dict[str, list[float]] = {name: [] for name in (*ways, "processor")}
    for step in range(STEPS + 3):
        source.tick()
        for name, (figure, change) in ways.items():
            gc.collect()
            started, used = time.perf_counter(), time.thread_time()
            change()
            figure.canvas.flush_events()
            if step >= 3:
                times[name].append(time.perf_counter() - started)
                if name == "ours":
                    times["processor"].append(time.thread_time() - used)
    return times


if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), sys.argv[3:])))
