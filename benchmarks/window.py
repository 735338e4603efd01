"""A window's frame against clear-and-replot, the usual way to refresh a matplotlib figure, on Tk and on Qt.

A frame is the time until a change is on the screen: half of the frames add a new bar, half change the forming
bar. Both ways draw the same candles, bands, volume and text at 1000 by 600 pixels and take turns in one process.
Further times are those of a move of the crosshair and of a full redraw, as after a scroll; and of an idle window.
For orientation, mplfinance and finplot draw the same bars in environments of their own (`benchmarks.environments`).
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from benchmarks.bars import Source
from benchmarks.environments import Environments, Unavailable
from benchmarks.measure import Comparison
from benchmarks.replot import Replot
from stockstream.charts.scene.scene import DPI
from stockstream.charts.window import toolkits
from stockstream.charts.window.picture import SIZE
from stockstream.charts.window.window import Window
from stockstream.present.options import WindowOptions

STEPS: Final = 60
WARM_UP: Final = 10
SCROLLS: Final = 20
MOVES: Final = 100
APART: Final = {"mplfinance": ("mplfinance_window.py", 3), "finplot": ("finplot_window.py", 10)}
"""Peers with an environment of their own: the script, and its number of frames; some take seconds for one."""

FRAME: Final = {500: 8.0, 5_000: 10.0}
"""Numbers of bars, and the aims of their frames in milliseconds."""

REDRAW: Final = 55.0
IDLE: Final = 1.0
IDLE_FOR: Final = 10.0

Times = Mapping[str, Sequence[float]]
"""The seconds of each repetition of each measurement."""


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison | str]:  # noqa: ARG001 - as for every benchmark
    """Measure each installed toolkit, in separate processes."""
    best: dict[int, Times] = {}
    with display() as environment:
        for toolkit, name in toolkits.BACKENDS.items():
            for bars in FRAME:
                what = f"a window's frame, {bars:,} bars, {name}"
                times = child_of("benchmarks.window", environment, toolkit, str(bars))
                if isinstance(times, str):
                    yield f"{what}: not measured ({times})"
                    continue
                yield from _compared(what, times, FRAME[bars])
                best[bars] = min(best.get(bars, times), times, key=lambda each: statistics.median(each["ours"]))
            idle = child_of("benchmarks.window", environment, toolkit, "idle")
            if not isinstance(idle, str):
                yield _share(f"a window that has nothing to do, {name}", 100 * idle["idle"][0] / IDLE_FOR)
        for bars, times in best.items():
            yield from _together(bars, times, folder, environment)


def _together(bars: int, times: Times, folder: Path, environment: Mapping[str, str]) -> Iterator[Comparison | str]:
    """Our frames of so many bars on the faster toolkit, and those of all peers, some in environments of their own."""
    what, work = f"a window's frame, {bars:,} bars", "a change on the screen"
    ours = tuple(times["ours"])
    yield Comparison(what, "clear-and-replot", ours, tuple(times["replot"]), "time", 0.25, work)
    path = folder / f"bars-{bars}.npz"
    Source(bars).save(path)
    for peer, (script, count) in APART.items():
        try:
            printed = Environments().run(peer, script, str(path), str(bars), str(count), environment=environment)
        except Unavailable as reason:
            yield f"a frame of {peer}, {bars:,} bars: not measured ({reason})"
            continue
        theirs = tuple(json.loads(printed.splitlines()[-1]))
        yield Comparison(what, peer, ours[: len(theirs)], theirs, "time", 0.25, work)


def child_of(module: str, environment: Mapping[str, str], *arguments: str) -> Times | str:
    """The measurements of a separate process, or the reason why there are none."""
    child = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if child.returncode:
        return (child.stderr.strip().splitlines()[-1:] or [f"ended with {child.returncode}"])[0]
    times: Times = json.loads(child.stdout)
    return times


def _compared(what: str, times: Times, aim: float) -> Iterator[Comparison | str]:
    ours, theirs = tuple(times["ours"]), tuple(times["replot"])
    yield Comparison(what, "clear-and-replot", ours, theirs, "time", 0.25, "a change on the screen")
    worse = "no worse" if _p95(ours) <= _p95(theirs) else "WORSE"
    yield (
        f"    ratio of the medians {statistics.median(ours) / statistics.median(theirs):.2f};"
        f" 95th percentile {_p95(ours):.1f} ms against {_p95(theirs):.1f} ms ({worse})"
    )
    yield _milliseconds("a frame", ours, aim)
    yield _milliseconds("a full redraw by a scroll", times["scroll"], REDRAW)
    yield _milliseconds("a move of the crosshair", times["crosshair"], aim)


def _milliseconds(what: str, seconds: Sequence[float], aim: float) -> str:
    median = 1000 * statistics.median(seconds)
    verdict = "reached" if median <= aim else "missed"
    return f"    {what}: median {median:.1f} ms, 95th percentile {_p95(seconds):.1f} ms (aim <= {aim:g} ms: {verdict})"


def _share(what: str, percent: float) -> str:
    return f"{what}: {percent:.2f} % of a core (aim < {IDLE:g} %: {'reached' if percent < IDLE else 'missed'})"


def _p95(seconds: Sequence[float]) -> float:
    return 1000 * statistics.quantiles(seconds, n=20)[-1]


@contextmanager
def display() -> Iterator[Mapping[str, str]]:
    """The environment with a display: the present one, or an Xvfb of our own."""
    if toolkits.has_display() or shutil.which("Xvfb") is None:
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


# The child: one toolkit, one number of bars.


def measure(toolkit: str, bars: int) -> dict[str, list[float]]:
    """Time a window and its peers in turn, then the actions of a user."""
    source = Source(bars)
    window = Window(source, WindowOptions(backend=toolkit, rows=bars))
    import matplotlib.pyplot as plt

    replot = Replot(plt.figure(figsize=SIZE, dpi=DPI))
    plt.show(block=False)
    window.viewer.refresh()
    window.viewer.say(datetime.now(UTC))
    canvas = cast("Any", window.scene.canvas)

    def ours() -> None:
        window.viewer.refresh()
        window.scene.paint()
        canvas.flush_events()

    times: dict[str, list[float]] = {"ours": [], "replot": [], "scroll": [], "crosshair": []}
    for step in range(STEPS + WARM_UP):
        for change in (source.grow, source.form):
            change()
            taken = {"ours": timed(ours), "replot": timed(lambda: replot.draw(source.frame("BENCH").tail(bars)))}
            if step >= WARM_UP:
                for name, seconds in taken.items():
                    times[name].append(seconds)

    def point(place: tuple[float, float]) -> None:
        window.scene.point(place)
        canvas.flush_events()

    for move in range(MOVES):
        times["crosshair"].append(timed(partial(point, (100.0 + 7.9 * move, 150.0 + 3.1 * move))))
    window.scene.point(None)
    for _ in range(SCROLLS):
        window.scene.viewport.pan(-0.01)
        times["scroll"].append(timed(ours))
    return times


def rest(toolkit: str) -> dict[str, list[float]]:
    """The processor's seconds in some seconds of a window without news."""
    source = Source(500)
    source.quiet = True
    window = Window(source, WindowOptions(backend=toolkit))
    began: list[float] = []

    def look() -> None:
        began.append(time.process_time())
        if len(began) == 2:
            source.finished = True
        else:
            timer.interval = int(1000 * IDLE_FOR)
            timer.start()

    timer = window.scene.canvas.new_timer(interval=3_000)
    timer.single_shot = True
    timer.add_callback(look)
    timer.start()
    window.show()
    return {"idle": [began[1] - began[0]]}


def timed(way: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


if __name__ == "__main__":
    if sys.argv[2] == "idle":
        print(json.dumps(rest(sys.argv[1])))
    else:
        gc.disable()
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
