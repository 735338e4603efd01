"""A window's frame against clear-and-replot, the usual way to refresh a matplotlib figure, on Tk and on Qt.

A frame is what it takes to have a change on the screen: half of them bring a new bar, half change the bar that is
forming. Both ways draw the same candles, bands, volume and words at 1000 by 600 pixels and take turns in one process.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Comparison
from stockstream.charts import backend
from stockstream.charts.axis import local
from stockstream.charts.picture import SIZE
from stockstream.charts.scene import DPI
from stockstream.charts.window import Window
from stockstream.consumers.registry import VIEWS
from stockstream.errors import SeriesError
from stockstream.indicators.bollinger import Bollinger
from stockstream.views.fold import Fold
from stockstream.views.frame import Frame
from stockstream.views.status import Status

BARS = (500, 5_000)
STEPS = 60
WARM_UP = 10
PEER = "clear-and-replot"


@dataclass(frozen=True)
class Run:
    """The seconds of each frame, one way and the other."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    def told(self) -> str:
        """Medians and 95th percentiles."""
        ours, theirs = (_median_and_p95(times) for times in (self.ours, self.theirs))
        worse = "no worse" if ours[1] <= theirs[1] else "WORSE"
        return (
            f"    median {ours[0]:.1f} ms against {theirs[0]:.1f} ms;"
            f" 95th percentile {ours[1]:.1f} ms against {theirs[1]:.1f} ms ({worse})"
        )


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison | str]:  # noqa: ARG001 - as for every benchmark
    """Measure each toolkit that is here, in a process of its own."""
    with display() as environment:
        for toolkit, name in backend.BACKENDS.items():
            for bars in BARS:
                what = f"a window's frame, {bars:,} bars, {name}"
                child = subprocess.run(
                    [sys.executable, "-m", "benchmarks.window", toolkit, str(bars)],
                    env={**os.environ, **environment}, capture_output=True, text=True, check=False,
                )  # fmt: skip
                if child.returncode:
                    reason = child.stderr.strip().splitlines()[-1:] or [f"ended with {child.returncode}"]
                    yield f"{what}: not measured ({reason[0]})"
                    continue
                times = Run(*map(tuple, json.loads(child.stdout)))
                yield Comparison(what, PEER, times.ours, times.theirs, "time", 0.3, "a change on the screen")
                yield times.told()


@contextmanager
def display() -> Iterator[Mapping[str, str]]:
    """The environment of a display: the one there is, or else an Xvfb of our own."""
    if backend.has_display() or shutil.which("Xvfb") is None:
        yield {}
        return
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1200x24", "-noreset"]
    server = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            yield {"DISPLAY": f":{answer.readline().strip()}"}
    finally:
        server.terminate()
        server.wait()


def _median_and_p95(times: tuple[float, ...]) -> tuple[float, float]:
    return 1000 * statistics.median(times), 1000 * statistics.quantiles(times, n=20)[-1]


# The child: one toolkit, one number of bars.


def measure(toolkit: str, bars: int) -> Run:
    """Time both ways in turn."""
    source = Source(bars)
    window = Window(source, backend=toolkit, rows=bars)
    import matplotlib.pyplot as plt

    replot = Replot(plt.figure(figsize=SIZE, dpi=DPI))
    plt.show(block=False)
    window.viewer.show()
    window.viewer.say(datetime.now(UTC))

    def ours() -> None:
        window.viewer.show()
        window.scene.paint()
        cast("Any", window.scene.canvas).flush_events()

    def theirs() -> None:
        replot.draw(source.frame("BENCH").tail(bars))

    times: tuple[list[float], list[float]] = ([], [])
    for step in range(STEPS + WARM_UP):
        for change in (source.grow, source.form):
            change()
            for way, taken in zip((ours, theirs), times, strict=True):
                seconds = timed(way)
                if step >= WARM_UP:
                    taken.append(seconds)
    return Run(*map(tuple, times))


def timed(way: Callable[[], None]) -> float:
    """The seconds that a call takes."""
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


class Source:
    """A model of one series that grows when told; its bars and bands are computed beforehand."""

    view = VIEWS["bollinger"]
    parameters: Mapping[str, Any] = {"period": 20, "width": 2.0}
    finished = False

    def __init__(self, bars: int) -> None:
        rows = bars + STEPS + WARM_UP + 1
        random = np.random.default_rng(1)
        close = 100 * np.exp(np.cumsum(random.normal(0, 0.001, rows)))
        open_ = np.concatenate(([100.0], close[:-1]))
        spread = np.abs(random.normal(0, 0.05, (2, rows)))
        points = Bollinger(20, 2.0).batch({"close": close})
        minutes = np.arange(rows) // 390 * 1440 + np.arange(rows) % 390
        self._columns: dict[str, NDArray[Any]] = {
            "time": np.datetime64("2026-01-05T14:30", "us") + minutes.astype("m8[m]"),
            "open": open_,
            "high": np.maximum(open_, close) + spread[0],
            "low": np.minimum(open_, close) - spread[1],
            "close": close,
            "volume": random.lognormal(8, 0.4, rows),
            **points,
            "final": np.ones(rows, dtype=bool),
        }
        self._rows = bars

    def grow(self) -> None:
        """One more bar, which is forming."""
        if self._rows:
            self._columns["final"][self._rows - 1] = True
        self._rows += 1
        self._columns["final"][self._rows - 1] = False

    def form(self) -> None:
        """The forming bar's price moves within its range."""
        last = self._rows - 1
        self._columns["close"][last] = (self._columns["high"][last] + self._columns["low"][last]) / 2

    @property
    def fold(self) -> Fold[Any]:
        """Itself."""
        return cast("Fold[Any]", self)

    def keys(self) -> list[str]:
        """One series."""
        return ["BENCH"]

    def frame(self, key: str) -> Frame:  # noqa: ARG002 - there is one
        """The bars so far."""
        return Frame("time", {name: column[: self._rows] for name, column in self._columns.items()})

    def title(self, key: str) -> str:
        """What it is."""
        return f"{key} 1m"

    def simulated(self, key: str) -> bool:  # noqa: ARG002 - there is one
        """Nothing to compare in that."""
        return False

    def zone(self, key: str) -> str | None:  # noqa: ARG002 - there is one
        """New York's."""
        return "America/New_York"

    def missing(self) -> list[str]:
        """Nothing."""
        return []

    def ambiguity(self) -> SeriesError | None:
        """Nothing."""
        return None

    def tick(self) -> bool:
        """Told from outside."""
        return True

    def status(self) -> Status:
        """All is well."""
        return Status(connected=True, since=datetime.now(UTC), caught_up=True, lag=0)


class Replot:
    """The same figure, cleared and plotted again for each change, with whole collections rather than single bars."""

    def __init__(self, figure: Any) -> None:
        self._figure = figure
        self._price, self._volume = figure.subplots(2, sharex=True, height_ratios=(3, 1))
        figure.subplots_adjust(left=0.07, right=0.985, top=0.86, bottom=0.08, hspace=0.05)

    def draw(self, frame: Frame) -> None:
        """Clear, plot, label, draw."""
        price, volume = self._price, self._volume
        price.clear()
        volume.clear()
        x = np.arange(len(frame))
        price.fill_between(x, frame["lower"], frame["upper"], alpha=0.1, color="tab:green", label="bands")
        for name in ("lower", "upper"):
            price.plot(x, frame[name], color="tab:green", linewidth=1)
        price.plot(x, frame["middle"], color="tab:green", linestyle="--", label="middle")
        rising = frame["close"] >= frame["open"]
        for kind, color in ((rising, "tab:blue"), (~rising, "tab:orange")):
            price.vlines(x[kind], frame["low"][kind], frame["high"][kind], colors=color, linewidth=0.7)
            price.vlines(x[kind], frame["open"][kind], frame["close"][kind], colors=color, linewidth=1.4)
            volume.vlines(x[kind], 0, frame["volume"][kind], colors=color, linewidth=1.4)
        places = x[:: max(1, len(x) // 8)]
        clock = local(frame.instants[places], "America/New_York")
        volume.set_xticks(places, [f"{instant.astype('M8[m]').item():%H:%M}" for instant in clock])
        price.set_ylabel("price")
        volume.set_ylabel("volume")
        price.grid(visible=True)
        volume.grid(visible=True)
        price.legend(loc="upper left")
        price.set_title(f"BENCH 1m - Bollinger Bands (20, 2)   close {frame['close'][-1]:,.2f}")
        self._figure.suptitle(f"connected, last {frame.instants[-1]}", fontsize=9)
        self._figure.canvas.draw()
        self._figure.canvas.flush_events()


if __name__ == "__main__":
    gc.disable()
    measured = measure(sys.argv[1], int(sys.argv[2]))
    print(json.dumps([measured.ours, measured.theirs]))
