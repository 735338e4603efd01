"""A window in a separate process, driven by the toolkit's events; prints the results as JSON.

Started by test_window.py: ``python window_process.py tk|qt SCENARIO``.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import ImageGrab

from stockstream.charts.window.shell import Shell
from stockstream.charts.window.window import Window
from stockstream.present.level_desk import NoDesk
from stockstream.present.memory import Memory
from stockstream.present.options import WindowOptions
from stockstream.views.frame import Frame
from tests.charts.fake_model import PRICES, FakeFold, FakeModel, bars


class Growing(FakeModel):
    """Two symbols; a bar comes at each tick that finds ``running``, an error at one that finds ``broken``."""

    running = True
    broken = False
    total = 200
    ticks = 0
    whole = bars(1_200)

    def tick(self) -> bool:
        if self.broken:
            raise RuntimeError("broken")
        self.ticks += 1
        if self.running:
            self.total += 1
            self.fold.frames = frames(self.whole, self.total)
        return self.running


def frames(whole: Frame, total: int) -> dict[str, Frame]:
    return {"AAPL": whole.slice(slice(0, total)), "MSFT": whole.slice(slice(0, total // 2))}


Wait: TypeAlias = float | Callable[[], bool]
"""Seconds, or a condition, which is given up after a minute: what depends on it then fails."""


def go_through(steps: Iterator[Wait], window: Shell, reported: dict[str, Any]) -> None:
    """Show a window, and go through a scenario beside it: what it yields is for what to wait."""
    awaited: Callable[[], bool] = lambda: True  # noqa: E731
    ends = 0.0
    timer = window.figure.canvas.new_timer(interval=300)
    timer.single_shot = True

    def step() -> None:
        nonlocal awaited, ends
        wait: Wait
        try:
            wait = next(steps) if awaited() or time.monotonic() > ends else 0.05
        except StopIteration:
            window.close()
            return
        except Exception:  # noqa: BLE001 - reported to the test
            reported["scenario"] = traceback.format_exc()
            window.close()
            return
        if callable(wait):
            awaited, ends, wait = wait, time.monotonic() + 60.0, 0.05
        elif awaited():
            awaited = lambda: True  # noqa: E731
        timer.interval = int(1000 * wait)
        timer.start()

    timer.add_callback(step)
    timer.start()
    try:
        window.show()
    except KeyboardInterrupt:
        reported["raised"] = "KeyboardInterrupt"
    except Exception as error:  # noqa: BLE001 - reported to the test
        reported["raised"] = repr(error)


class Desk(NoDesk):
    """Knows whether it was closed with the window, so that levels that were set just before are handed on."""

    closed = False

    def close(self) -> None:
        self.closed = True


class Stage:
    """The window, and a scenario that runs beside it: what it yields is for what to wait."""

    def __init__(self, toolkit: str, model: Growing, memory: Memory | None = None) -> None:
        self.toolkit = toolkit
        self.model = model
        self.desk = Desk()
        self.window = Window(model, WindowOptions(backend=toolkit, desk=self.desk), memory=memory)
        self.canvas: Any = self.window.scene.canvas
        self.reported: dict[str, Any] = {}
        self.full = 0
        self.canvas.mpl_connect("draw_event", self._count)

    def _count(self, _: object) -> None:
        self.full += 1

    def run(self, scenario: Callable[[Stage], Iterator[Wait]]) -> None:
        go_through(scenario(self), self.window, self.reported)
        if not self.desk.closed:
            self.reported["levels kept back"] = True

    def press(self, key: str) -> None:
        """A key event as the toolkit makes it."""
        if self.toolkit == "tk":
            widget = self.canvas.get_tk_widget()
            widget.focus_force()
            names = {" ": "space", "end": "End"}
            widget.event_generate(f"<KeyPress-{names.get(key, key)}>")
            return
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        codes = {" ": Qt.Key.Key_Space, "end": Qt.Key.Key_End}
        click: Any = QTest.keyClick
        click(self.canvas, codes.get(key, key))

    def status(self) -> str:
        """What the status bar says."""
        return self.window.scene.header.status_bar.artist.get_text().replace("\n", " ")

    def on_screen(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """What the screen shows where the canvas is."""
        self.canvas.flush_events()
        screen = np.asarray(ImageGrab.grab(xdisplay=os.environ["DISPLAY"]).convert("RGB"))
        left, top = self.corner()
        width, height = self.canvas.get_width_height(physical=True)
        return screen[top : top + height, left : left + width]

    def corner(self) -> tuple[int, int]:
        """The pixel of the screen at the canvas's upper left corner."""
        if self.toolkit == "tk":
            widget = self.canvas.get_tk_widget()
            return widget.winfo_rootx(), widget.winfo_rooty()
        corner = self.canvas.mapToGlobal(self.canvas.rect().topLeft())
        return corner.x(), corner.y()

    def same_on_screen(self) -> bool:
        return np.array_equal(self.on_screen(), np.asarray(self.canvas.buffer_rgba())[:, :, :3])

    def strip(self) -> str:
        return self.window.scene.header.status_bar.artist.get_text()


def use(stage: Stage) -> Iterator[Wait]:
    """A user looks at it, presses all the keys, zooms, resizes, and quits."""
    result, window, model = stage.reported, stage.window, stage.model
    yield lambda: model.ticks >= 20
    result["rows"], result["ticks"] = model.total, model.ticks
    result["full while following"] = stage.full
    model.running = False
    yield 0.4
    result["on screen"] = stage.same_on_screen()
    result["colours"] = len(np.unique(stage.on_screen().reshape(-1, 3), axis=0))
    result["close drawn"] = float(window.scene._plot_data.frame["close"][-1])
    result["close there is"] = float(model.fold.frame("AAPL")["close"][-1])
    stage.canvas.draw()
    stage.canvas.flush_events()
    result["still on screen"] = stage.same_on_screen()

    focus = other_window(stage)
    model.running = True
    yield 0.6
    model.running = False
    result["focus kept"] = focus()
    yield 0.3

    stage.press("n")
    yield 0.3
    result["after n"] = window.viewer.key
    stage.press("b")
    yield 0.3
    result["after b"] = window.viewer.key
    result["title"] = window.scene.header.title.get_text()

    stage.press(" ")
    yield 0.3
    result["paused"] = stage.strip()
    before = len(window.scene._plot_data.frame)
    model.running = True
    yield lambda: model.total > before + 2
    result["drawn while paused"] = len(window.scene._plot_data.frame) - before
    result["came while paused"] = model.total - before
    stage.press(" ")
    yield lambda: len(window.scene._plot_data.frame) - before >= result["came while paused"]
    result["drawn after the pause"] = len(window.scene._plot_data.frame) - before

    toolbar = stage.canvas.toolbar
    axes = window.scene.panels[0].axes
    toolbar.zoom()
    low, high = axes.get_ylim()
    start, end = (axes.transData.transform(point) for point in ((100, 0.9 * low + 0.1 * high), (150, high - 0.01)))
    drag(stage, start, end)
    toolbar.zoom()
    yield 0.4
    result["zoomed"] = [round(edge) for edge in axes.get_xlim()]
    result["following when zoomed"] = window.scene.viewport.following
    stage.press("end")
    yield 0.3
    result["following after end"] = window.scene.viewport.following
    result["right after end"] = axes.get_xlim()[1] - model.total

    manager = stage.canvas.manager
    manager.resize(1200, 500)
    yield 0.6
    model.running = False
    yield 0.4
    result["size"] = list(stage.canvas.get_width_height(physical=True))
    result["on screen after resize"] = stage.same_on_screen()

    stage.press("s")
    yield 0.3
    result["after s"] = stage.strip()
    result["saved"] = [path.name for path in Path().iterdir()]
    yield 1.0
    ticks, full = model.ticks, stage.full
    yield 2.0
    result["ticks a second when idle"] = (model.ticks - ticks) / 2
    result["full when idle"] = stage.full - full
    for key in "kropv":  # matplotlib's own
        stage.press(key)
    yield 0.3
    result["scale and mode"] = [axes.get_xscale(), str(toolbar.mode)]
    stage.press("q")
    yield 5.0
    result["q did nothing"] = True


def other_window(stage: Stage) -> Callable[[], bool]:
    """Put the focus on another window; returns whether it is still there."""
    if stage.toolkit == "tk":
        import tkinter as tk

        other = tk.Toplevel(stage.canvas.manager.window)
        other.geometry("100x100+1200+900")
        other.update()
        other.focus_force()
        other.update()
        return lambda: stage.canvas.manager.window.focus_get() is other
    from PySide6.QtWidgets import QApplication, QLineEdit

    field = QLineEdit()
    field.move(1200, 900)
    field.show()
    field.activateWindow()
    field.setFocus()
    QApplication.processEvents()

    def kept() -> bool:
        found = QApplication.focusWidget() is field
        field.close()
        stage.canvas.manager.window.activateWindow()
        return found

    return kept


def drag(stage: Stage, start: Any, end: Any) -> None:
    """The mouse is pressed at a place and let go at another."""
    from matplotlib.backend_bases import MouseButton, MouseEvent

    for name, place in (("button_press_event", start), ("motion_notify_event", end), ("button_release_event", end)):
        button = MouseButton.LEFT
        moving = name == "motion_notify_event"
        held: dict[str, Any] = {"buttons": [button]} if moving else {"button": button}
        event = MouseEvent(name, stage.canvas, *place, **held)
        stage.canvas.callbacks.process(name, event)


def signalled(number: signal.Signals) -> Callable[[Stage], Iterator[float]]:
    def scenario(stage: Stage) -> Iterator[float]:
        yield 0.3
        os.kill(os.getpid(), number)
        yield 5.0
        stage.reported["signal did nothing"] = True

    return scenario


def close(stage: Stage) -> Iterator[float]:
    """As a window manager closes a window."""
    yield 0.3
    window = stage.canvas.manager.window
    if stage.toolkit == "tk":
        window.tk.call(*window.tk.splitlist(window.protocol("WM_DELETE_WINDOW")))
    else:
        window.close()
    yield 5.0
    stage.reported["closing did nothing"] = True


def fail(stage: Stage) -> Iterator[float]:
    """The model breaks."""
    yield 0.3
    stage.model.broken = True
    yield 5.0
    stage.reported["the error did nothing"] = True


def announced(stage: Stage) -> Iterator[Wait]:
    """Records come while nothing else makes the window look for them."""
    model, ticker = stage.model, stage.window._ticker
    yield 0.3
    for number in range(3):
        ticker._timer.stop()
        ticks = model.ticks
        model.running = True
        threading.Thread(target=model.announce).start()
        yield partial(lambda before: model.ticks > before, ticks)
        model.running = False
        yield lambda: stage.window.scene._plot_data.frame["close"][-1] == model.fold.frame("AAPL")["close"][-1]
        stage.reported[f"drawn {number}"] = model.ticks > ticks and stage.same_on_screen()


def undrawable(stage: Stage) -> Iterator[float]:
    """A mark, then the model's data, cannot be drawn for a while."""
    mark = stage.window.scene.panels[0].marks[0]

    def broken(*_: object) -> None:
        raise OverflowError("too large")

    stage.model.running = True
    yield 0.5
    good = stage.on_screen()
    vars(mark)["draw"] = broken
    yield 2.5
    stage.reported["while a mark is broken"] = stage.status()
    stage.reported["shown in its place"] = stage.window.scene.message.words
    stage.reported["other pixels"] = bool((stage.on_screen() != good).any())
    stage.press("n")
    yield 0.5
    del vars(mark)["draw"]
    yield 1.5
    stage.reported["afterwards"] = stage.window.scene.message.words
    vars(stage.model.fold)["frame"] = broken
    yield 1.5
    stage.reported["while the data is broken"] = stage.window.scene.message.words
    del vars(stage.model.fold)["frame"]
    yield 1.5
    stage.reported["in the end"] = stage.window.scene.message.words
    stage.reported["open"] = not stage.window.closed


def finish(stage: Stage) -> Iterator[float]:
    """The model says that it is time to end."""
    yield 0.3
    stage.model.finished = True
    yield 5.0
    stage.reported["the end did nothing"] = True


SCENARIOS = {
    "use": use,
    "SIGINT": signalled(signal.SIGINT),
    "SIGTERM": signalled(signal.SIGTERM),
    "close": close,
    "fail": fail,
    "finish": finish,
    "announced": announced,
    "undrawable": undrawable,
}

if __name__ == "__main__":
    toolkit, name = sys.argv[1:]
    logging.basicConfig(level=logging.WARNING)  # without a program that configures it, the package's log is quiet
    model = Growing(PRICES, FakeFold(frames(Growing.whole, Growing.total), {"AAPL": "AAPL 1m", "MSFT": "MSFT 1m"}))
    model.running = name == "use"
    stage = Stage(toolkit, model)
    started = time.monotonic()
    stage.run(SCENARIOS[name])
    stage.reported["seconds"] = time.monotonic() - started
    sys.stdout.write(json.dumps(stage.reported))
