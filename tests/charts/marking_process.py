"""A window in a separate process, read and marked with a real mouse; prints the results as JSON.

Started by test_marking_window.py: ``python -m tests.charts.marking_process tk|qt SCENARIO MEMORY``.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.charts.controls_process import SETTLE, Desk, xdo
from tests.charts.fake_model import PRICES, FakeFold
from tests.charts.window_process import Growing, frames


def readout(desk: Desk) -> str:
    return str(desk.window.scene.panels[0].caption.readout.artist.get_text())


def under_the_mouse(desk: Desk) -> str:
    """What the readout should say of the row there."""
    frame = desk.window.scene.plot_data.frame
    row = round(desk.row())
    if not 0 <= row < len(frame):
        row = len(frame) - 1
    return f"%B {frame['percent_b'][row]:.2f}"


def read(desk: Desk) -> Iterator[float]:
    """The mouse moves over the window, stays while bars come, and leaves."""
    result = desk.reported
    yield 0.5
    desk.focus()
    desk.point(0.5, 1.2)
    yield SETTLE
    last = readout(desk)
    full = desk.full
    right = []
    for step in range(12):
        desk.point(0.05 + 0.07 * step, 0.9 - 0.07 * step, panel=step % 2)
        yield 0.15
        right.append(under_the_mouse(desk) in readout(desk))
    result["right"] = right
    result["full while it moved"] = desk.full - full
    yield SETTLE
    result["shown"] = desk.same_on_screen()
    result["true"] = desk.true()
    desk.point(0.6, 0.4)
    desk.model.running = True
    right = []
    for _ in range(10):
        yield 0.1
        right.append(under_the_mouse(desk) in readout(desk))
    desk.model.running = False
    yield SETTLE
    result["right while bars came"] = right
    result["true after bars"] = desk.true()
    desk.point(0.5, 1.2)
    yield SETTLE
    result["true beside the panels"] = desk.true()
    left, top = desk.corner()
    wide, _ = desk.canvas.get_width_height(physical=True)
    xdo("mousemove", str(left + wide + 60), str(top + 100))
    yield SETTLE
    frame = desk.window.scene.plot_data.frame
    result["last again"] = f"%B {frame['percent_b'][-1]:.2f}" in readout(desk)
    result["another than before"] = readout(desk) != last
    result["true at the end"] = desk.true()
    desk.window.close()
    yield 5.0


def mark(desk: Desk) -> Iterator[float]:
    """Two clicks, a level, a crossing."""
    result, viewer, scene, model = desk.reported, desk.window.viewer, desk.window.scene, desk.model
    assert isinstance(model, Telling)
    yield 0.5
    desk.focus()
    desk.point(0.3, 0.3)
    yield SETTLE
    across = scene.viewport.across
    desk.key("d")
    yield SETTLE
    xdo("click", "1")
    yield SETTLE
    desk.point(0.5, 0.7)
    yield SETTLE
    result["true while measuring"] = desk.true()
    xdo("click", "1")
    yield SETTLE
    desk.point(0.8, 0.2)
    yield SETTLE
    result["measured"] = scene.distance._words._words.get_text()
    result["true when measured"] = desk.true()
    desk.model.running = True
    yield 0.6
    desk.model.running = False
    yield SETTLE
    result["true with bars"] = desk.true()
    desk.key("Escape")
    yield SETTLE
    result["gone"] = not scene.distance.cancel()
    result["moved"] = bool(scene.viewport.across[0] - across[0] > 20)

    desk.point(0.4, 0.6)
    yield SETTLE
    desk.key("h")
    yield SETTLE
    levels = viewer.alerts.levels("AAPL")
    result["levels"] = [level.value for level in levels]
    result["true with a level"] = desk.true()
    closes = model.whole["close"]
    for distance in (-0.1, 0.1, 0.2, -0.2):
        closes[model.total - 1] = levels[0].value + distance
        model.fold.frames = frames(model.whole, model.total)
        model.news = True
        yield 0.4
    result["strip"] = desk.strip()
    result["flashing"] = viewer.flashing
    yield 1.2
    result["true when flashed"] = desk.true()
    desk.key("Escape")
    yield SETTLE
    result["strip after Escape"] = desk.strip()
    desk.window.close()
    yield 5.0


def come_back(desk: Desk) -> Iterator[float]:
    """The level is still there; at the same place h takes it away."""
    yield 0.7
    desk.focus()
    desk.point(0.4, 0.5)
    (level,) = desk.window.viewer.alerts.levels("AAPL")
    desk.reported["levels"] = [level.value]
    axes = desk.window.scene.panels[0].axes
    low, high = axes.get_ylim()
    desk.point(0.4, (level.value - low) / (high - low))
    yield SETTLE
    desk.reported["true"] = desk.true()
    desk.key("h")
    yield SETTLE
    desk.reported["after h"] = len(desk.window.viewer.alerts.levels("AAPL"))
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
