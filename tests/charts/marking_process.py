"""A window in a separate process, read and marked with a real mouse; prints the results as JSON.

Started by test_marking_window.py: ``python -m tests.charts.marking_process tk|qt SCENARIO MEMORY``.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.charts.controls_process import Desk, xdo
from tests.charts.fake_model import PRICES, FakeFold
from tests.charts.window_process import Growing, Wait, frames


def readout(desk: Desk) -> str:
    return str(desk.window.scene.panels[0].caption.readout.artist.get_text())


def under_the_mouse(desk: Desk) -> str:
    """What the readout should say of the row there."""
    frame = desk.window.scene.plot_data.frame
    row = round(desk.row())
    if not 0 <= row < len(frame):
        row = len(frame) - 1
    return f"%B {frame['percent_b'][row]:.2f}"


def newest(desk: Desk) -> str:
    """What the readout says without a mouse."""
    return f"%B {desk.window.scene.plot_data.frame['percent_b'][-1]:.2f}"


def told(desk: Desk, what: Callable[[Desk], str] = under_the_mouse) -> Callable[[], bool]:
    """Whether the readout says that, and all of it is on the screen."""
    return lambda: what(desk) in readout(desk) and desk.same_on_screen()


def ticked(desk: Desk, times: int) -> Callable[[], bool]:
    """Whether so many bars more have come."""
    ends = desk.model.ticks + times
    return lambda: desk.model.ticks >= ends


def read(desk: Desk) -> Iterator[Wait]:
    """The mouse moves over the window, stays while bars come, and leaves."""
    result = desk.reported
    yield desk.same_on_screen
    desk.focus()
    desk.point(0.5, 1.2)
    yield told(desk, newest)
    last = readout(desk)
    full = desk.full
    right = []
    for step in range(12):
        desk.point(0.05 + 0.07 * step, 0.9 - 0.07 * step, panel=step % 2)
        yield lambda: under_the_mouse(desk) in readout(desk)
        right.append(under_the_mouse(desk) in readout(desk))
    result["right"] = right
    result["full while it moved"] = desk.full - full
    yield told(desk)
    result["shown"] = desk.same_on_screen()
    result["true"] = desk.true()
    desk.point(0.6, 0.4)
    yield told(desk)
    desk.model.running = True
    right = []
    for _ in range(10):
        yield ticked(desk, 2)
        right.append(under_the_mouse(desk) in readout(desk))
    desk.model.running = False
    yield told(desk)
    result["right while bars came"] = right
    result["true after bars"] = desk.true()
    desk.point(0.5, 1.2)
    yield told(desk, newest)
    result["true beside the panels"] = desk.true()
    left, top = desk.corner()
    wide, _ = desk.canvas.get_width_height(physical=True)
    xdo("mousemove", str(left + wide + 60), str(top + 100))
    yield told(desk, newest)
    result["last again"] = newest(desk) in readout(desk)
    result["another than before"] = readout(desk) != last
    result["true at the end"] = desk.true()
    desk.window.close()
    yield 5.0


def mark(desk: Desk) -> Iterator[Wait]:
    """Two clicks, a level, a crossing."""
    result, viewer, scene, model = desk.reported, desk.window.viewer, desk.window.scene, desk.model
    assert isinstance(model, Telling)
    distance = scene.distance
    yield desk.same_on_screen
    desk.focus()
    desk.point(0.3, 0.3)
    yield told(desk)
    across = scene.viewport.across
    desk.key("d")
    yield lambda: distance._wanted == 2
    xdo("click", "1")
    yield lambda: distance._wanted == 1
    desk.point(0.5, 0.7)
    yield told(desk)
    result["true while measuring"] = desk.true()
    xdo("click", "1")
    yield lambda: not distance._wanted
    desk.point(0.8, 0.2)
    yield told(desk)
    result["measured"] = distance._words._words.get_text()
    result["true when measured"] = desk.true()
    desk.model.running = True
    yield ticked(desk, 6)
    desk.model.running = False
    yield told(desk)
    result["true with bars"] = desk.true()
    desk.key("Escape")
    yield lambda: not distance._ends
    result["gone"] = not distance.cancel()
    result["moved"] = bool(scene.viewport.across[0] - across[0] > 20)

    desk.point(0.4, 0.6)
    yield told(desk)
    desk.key("h")
    yield lambda: bool(viewer.alerts.levels("AAPL"))
    levels = viewer.alerts.levels("AAPL")
    result["levels"] = [level.value for level in levels]
    yield desk.same_on_screen
    result["true with a level"] = desk.true()
    closes = model.whole["close"]
    for distance_from_it in (-0.1, 0.1, 0.2, -0.2):
        closes[model.total - 1] = levels[0].value + distance_from_it
        model.fold.frames = frames(model.whole, model.total)
        model.news = True
        yield lambda: not model.news
    result["flashing"] = viewer.flashing
    yield lambda: desk.strip().startswith("AAPL: close fell")
    result["strip"] = desk.strip()
    yield lambda: not viewer.flashing
    yield desk.same_on_screen
    result["true when flashed"] = desk.true()
    desk.key("Escape")
    yield lambda: not desk.strip().startswith("AAPL")
    result["strip after Escape"] = desk.strip()
    desk.window.close()
    yield 5.0


def come_back(desk: Desk) -> Iterator[Wait]:
    """The level is still there; at the same place h takes it away."""
    yield desk.same_on_screen
    desk.focus()
    desk.point(0.4, 0.5)
    yield told(desk)
    (level,) = desk.window.viewer.alerts.levels("AAPL")
    desk.reported["levels"] = [level.value]
    axes = desk.window.scene.panels[0].axes
    low, high = axes.get_ylim()
    desk.point(0.4, (level.value - low) / (high - low))
    yield 0.35  # nothing that is read tells how high the mouse is
    yield told(desk)
    desk.reported["true"] = desk.true()
    desk.key("h")
    yield lambda: not desk.window.viewer.alerts.levels("AAPL")
    desk.reported["after h"] = len(desk.window.viewer.alerts.levels("AAPL"))
    yield desk.same_on_screen
    desk.reported["true after h"] = desk.true()
    desk.window.close()
    yield 5.0


class Telling(Growing):
    """A model that can report news without a new bar."""

    news = False

    def tick(self) -> bool:
        news, self.news = self.news, False
        return super().tick() or news


class Lines(logging.Handler):
    """What is written to the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


SCENARIOS = {"read": read, "mark": mark, "come back": come_back}

if __name__ == "__main__":
    toolkit, name, memory = sys.argv[1:]
    log = Lines()
    logging.getLogger("stockstream").addHandler(log)
    model = Telling(PRICES, FakeFold(frames(Growing.whole, 700), {"AAPL": "AAPL 1m", "MSFT": "MSFT 1m"}))
    model.total, model.running = 700, False
    desk = Desk(toolkit, model, Path(memory))
    desk.run(SCENARIOS[name])  # type: ignore[arg-type]
    desk.reported["log"] = log.lines
    sys.stdout.write(json.dumps(desk.reported))
