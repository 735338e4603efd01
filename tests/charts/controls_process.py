"""A window in a separate process, moved by real keys and a real mouse; prints the results as JSON.

Started by test_controls_window.py: ``python -m tests.charts.controls_process tk|qt SCENARIO MEMORY``.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from stockstream.present.geometry import Geometry
from stockstream.present.keys import CHART
from stockstream.present.memory import Memory
from stockstream.present.status_bar import utc_now
from tests.charts.fake_model import PRICES, FakeFold
from tests.charts.resting import disagreements
from tests.charts.window_process import Growing, Stage, frames

SETTLE = 0.35
"""Seconds that a toolkit has for the messages of the X server."""


class Desk(Stage):
    """A stage with hands on the keyboard and on the mouse."""

    def __init__(self, toolkit: str, model: Growing, memory: Path) -> None:
        super().__init__(toolkit, model, memory=Memory(memory))
        self.frame = self.canvas.manager.window
        self.viewport = self.window.scene.viewport

    def on_display(self) -> bool:
        """Whether the toolkit shows the window."""
        return bool(self.frame.winfo_viewable() if self.toolkit == "tk" else self.frame.isVisible())

    def focus(self) -> None:
        """Click where nothing is; without a window manager keys go to the window under the mouse."""
        self.point(0.5, 1.02)
        xdo("click", "1")

    def point(self, across: float, up: float, panel: int = 0) -> None:
        """Put the mouse on a place of a panel, in parts of it."""
        box = self.window.scene.panels[panel].axes.bbox
        left, top = self.corner()
        _, height = self.canvas.get_width_height(physical=True)
        xdo(
            "mousemove",
            str(round(left + box.x0 + across * box.width)),
            str(round(top + height - box.y0 - up * box.height)),
        )

    def key(self, *keys: str) -> None:
        xdo("key", *keys)

    def true(self) -> bool:
        """Whether the screen shows the canvas, and the canvas what a full draw paints."""
        self.window.viewer.say(utc_now())  # else the next beat does, in the midst of this
        self.window.scene.paint()
        before = np.asarray(self.canvas.buffer_rgba()).copy()
        shown = self.same_on_screen()
        self.canvas.draw()
        self.canvas.flush_events()
        return shown and np.array_equal(np.asarray(self.canvas.buffer_rgba()), before)

    def row(self) -> float:
        """The row under the mouse."""
        mouse = xdo("getmouselocation", "--shell")
        x = int(mouse.split()[0].removeprefix("X=")) - self.corner()[0]
        return float(self.window.scene.panels[0].axes.transData.inverted().transform((x, 0))[0])


def xdo(*arguments: str) -> str:
    return subprocess.run(["xdotool", *arguments], capture_output=True, text=True, check=True, timeout=20).stdout


def use(desk: Desk) -> Iterator[float]:
    """Every key, every gesture."""
    result, viewport, scene = desk.reported, desk.viewport, desk.window.scene
    yield 0.5
    desk.focus()
    desk.point(0.5, 0.5)
    yield SETTLE

    keys = []
    for key in ("n", "b", "2", "1", "n", "b"):
        desk.key(key)
        yield SETTLE
        keys.append(desk.window.viewer.key)
    result["symbols"] = keys
    left, right = viewport.across

    row = desk.row()
    xdo("click", "4")
    yield SETTLE
    result["wheel"] = (viewport.across[1] - viewport.across[0]) / (right - left)
    result["wheel keeps"] = desk.row() - row
    result["true after wheel"] = desk.true()
    desk.key("minus")
    yield SETTLE
    result["minus"] = [a - b for a, b in zip(viewport.across, (left, right), strict=True)]

    desk.point(0.6, 0.5)
    row = desk.row()
    xdo("mousedown", "1")
    for _ in range(10):
        xdo("mousemove_relative", "--", "-12", "3")
        yield 0.02
    xdo("mouseup", "1")
    yield SETTLE
    result["drag keeps"] = desk.row() - row
    result["drag moved"] = viewport.across[0] - left
    result["following after drag"] = viewport.following
    result["true after drag"] = desk.true()

    across = viewport.across
    desk.model.running = True
    yield 0.8
    desk.model.running = False
    result["view stays"] = viewport.across == across
    yield 4 * SETTLE  # on a busy machine the last tick is painted late
    result["true after ticks"] = desk.true()
    desk.key("Left", "Left", "Right")
    yield SETTLE
    result["left"] = (viewport.across[0] - across[0]) / (across[1] - across[0])
    desk.key("End")
    yield SETTLE
    result["following after end"] = viewport.following

    low, high = scene.panels[0].axes.get_ylim()
    xdo("keydown", "shift", "click", "5", "keyup", "shift")
    yield SETTLE
    wide = scene.panels[0].axes.get_ylim()
    result["shift and wheel"] = (wide[1] - wide[0]) / (high - low)
    result["held"] = viewport.held
    desk.key("a")
    yield SETTLE
    result["held after a"] = viewport.held
    desk.point(-0.03, 0.5)
    xdo("mousedown", "1", "mousemove_relative", "0", "20", "mousemove_relative", "0", "20", "mouseup", "1")
    yield SETTLE
    result["held after the axis"] = viewport.held
    result["true after the axis"] = desk.true()
    desk.key("a")
    desk.point(0.5, 0.5)
    yield SETTLE

    looks = []
    for key in ("t", "t", "l", "g", "t", "l", "g"):
        desk.key(key)
        yield SETTLE
        looks.append([desk.window.appearance.name, scene.log, scene.grid, desk.true()])
    result["looks"] = looks

    desk.key("question")
    yield SETTLE
    result["help"] = [scene.help.shown, desk.true()]
    desk.key("Escape")
    yield SETTLE
    result["help after Escape"] = [scene.help.shown, desk.true()]

    desk.key("s", "shift+s", "s", "shift+s", "s", "c")
    yield 2 * SETTLE
    result["saved"] = sorted(path.suffix for path in Path().iterdir())

    before = desk.canvas.get_width_height(physical=True)
    desk.key("o")
    yield 2 * SETTLE
    result["tools take"] = before[1] - desk.canvas.get_width_height(physical=True)[1]
    result["true with tools"] = desk.true()
    desk.key("o")
    yield 2 * SETTLE
    result["tools gone"] = desk.canvas.get_width_height(physical=True) == before
    desk.key("f")
    yield 2 * SETTLE
    result["full screen"] = list(desk.canvas.get_width_height(physical=True))
    result["true in full screen"] = desk.true()
    desk.key("f")
    yield 2 * SETTLE
    result["back"] = desk.canvas.get_width_height(physical=True) == before
    desk.key("q")
    yield 5.0
    result["q did nothing"] = True


def leave(desk: Desk) -> Iterator[float]:
    """Change how it looks, move it, and close it at once."""
    yield 0.5
    desk.focus()
    desk.point(0.5, 0.5)
    yield SETTLE
    desk.key("t", "l", "2", "shift+s")
    yield SETTLE
    desk.point(0.5, 1.2)
    desk.key("plus", "plus", "plus")
    yield SETTLE
    desk.window.placement.set(Geometry(820, 540, 300, 200))
    yield 2 * SETTLE
    desk.reported.update(look(desk))
    desk.window.close()
    yield 5.0
    desk.reported["closing did nothing"] = True


def come_back(desk: Desk) -> Iterator[float]:
    """How it is found."""
    yield 1.0
    desk.reported.update(look(desk))
    desk.reported["strip"] = desk.strip()
    desk.reported["true"] = desk.true()
    desk.window.close()
    yield 5.0


def look(desk: Desk) -> dict[str, Any]:
    scene = desk.window.scene
    return {
        "place": str(desk.window.placement.get()),
        "symbol": desk.window.viewer.key,
        "rows": desk.viewport.rows,
        "theme": desk.window.appearance.name,
        "log": scene.log,
        "picture": desk.window.appearance.picture,
        "following": desk.viewport.following,
    }


def scroll(desk: Desk) -> Iterator[float]:
    """How long the frames of a scroll take, with 500 rows in view."""
    yield 1.0
    desk.point(0.5, 0.5)
    times: list[float] = []
    draw = desk.canvas.draw

    def timed() -> None:
        started = time.perf_counter()
        draw()
        times.append(time.perf_counter() - started)

    desk.canvas.draw = timed
    for step in range(40):
        began = time.perf_counter()
        desk.viewport.pan(-0.01 if step < 20 else 0.01)
        desk.window.scene.paint()
        times[-1] = time.perf_counter() - began
        yield 0.02
    desk.reported["frames"] = times
    desk.window.close()
    yield 5.0


def rest(desk: Desk) -> Iterator[float]:
    """Every key that keeps the window, under a mouse that rests; the tool bar's Home after a drag."""
    yield 0.5
    desk.focus()
    desk.point(0.55, 0.5)
    yield SETTLE
    wrong: dict[str, list[str]] = {}
    named = {" ": "space", "+": "plus", "-": "minus", "=": "equal", "left": "Left", "right": "Right", "end": "End"}
    named |= {"?": "question", "f1": "F1", "escape": "Escape", "S": "shift+s"}
    keys = [key for binding in CHART for key in binding.keys if "wheel" not in key and key not in ("q", "f")]
    for key in ["t", "n", "h", *keys, *reversed(keys)]:
        desk.key(named.get(key, key))
        yield SETTLE
        found = disagreements(desk.window.scene)
        if found:
            wrong[key] = found
    desk.reported["wrong"] = wrong
    desk.key("Escape", "End")
    yield SETTLE
    before = desk.viewport.across
    xdo("mousedown", "1", "mousemove_relative", "60", "0", "mouseup", "1")
    yield SETTLE
    moved = desk.viewport.across
    desk.canvas.toolbar.home()
    yield SETTLE
    desk.reported["home"] = [
        bool(moved[0] < before[0]),
        list(desk.viewport.across) == list(before),
        desk.viewport.following,
    ]
    desk.reported["true after home"] = desk.true()
    desk.window.close()
    yield 5.0


def fit(desk: Desk) -> Iterator[float]:
    """How large it opens, how small it becomes, and where it goes that is put off the screen."""
    for _ in range(120):
        if desk.on_display():
            break
        yield 0.5
    yield 1.0
    result, place = desk.reported, desk.window.placement
    result["opened"] = str(place.get())
    result["dpi"] = desk.window.figure.dpi
    result["pixels"] = list(desk.canvas.get_width_height(physical=True))
    for name, wanted in (("tiny", Geometry(60, 40, 10, 10)), ("off", Geometry(400, 300, 9_000, -900))):
        place.set(wanted)
        yield 2 * SETTLE
        result[name] = str(place.get())
    desk.window.close()
    yield 5.0


SCENARIOS = {"use": use, "leave": leave, "come back": come_back, "scroll": scroll, "rest": rest, "fit": fit}

if __name__ == "__main__":
    toolkit, name, memory = sys.argv[1:]
    logging.getLogger().addHandler(logging.NullHandler())
    model = Growing(PRICES, FakeFold(frames(Growing.whole, 700), {"AAPL": "AAPL 1m", "MSFT": "MSFT 1m"}))
    model.total, model.running = 700, False
    desk = Desk(toolkit, model, Path(memory))
    desk.run(SCENARIOS[name])  # type: ignore[arg-type]
    sys.stdout.write(json.dumps(desk.reported))
