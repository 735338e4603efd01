"""A dashboard's window in a separate process, driven by the toolkit's events; prints the results as JSON.

Started by test_dashboard_window.py: ``python -m tests.charts.dashboard_process tk|qt``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stockstream.charts.dashboard.dashboard_window import DashboardWindow
from stockstream.consumers.dashboard import VIEW
from stockstream.present.options import WindowOptions
from stockstream.views.dashboard import DashboardFold
from stockstream.views.fold import Selection
from stockstream.views.status import Status
from tests.charts.window_process import Wait, go_through
from tests.views.bars import walk

WHOLE = {symbol: walk(400, seed, symbol) for seed, symbol in enumerate(("AAPL", "MSFT"))}


class Growing:
    """A bar of each symbol comes at each tick."""

    view = VIEW
    parameters: Mapping[str, Any] = MappingProxyType({"average": 3, "volatility": 20})
    finished = False

    def __init__(self) -> None:
        self.fold: Any = DashboardFold(Selection())
        self.total = 100
        for bars in WHOLE.values():
            self.fold.apply(bars[: self.total])

    def tick(self) -> bool:
        for bars in WHOLE.values():
            self.fold.apply(bars[self.total : self.total + 1])
        self.total += 1
        return True

    def listen(self, arrived: Callable[[], None]) -> None:
        pass

    def status(self) -> Status:
        return Status(
            connected=True, since=datetime.now(UTC), waiting=None, lag=0, rate=1.0, latest=self.fold.latest(),
            received=datetime.now(UTC), caught_up=True, counts={}, taken=self.total,
        )  # fmt: skip


def click(window: DashboardWindow, name: str) -> None:
    tile = next(tile for tile in window.board.tiles if tile.tile.name == name)
    canvas: Any = window.figure.canvas
    x, y = tile.axes.transAxes.transform((0.5, 0.5))
    ratio = canvas.device_pixel_ratio
    down = canvas.figure.bbox.height - y
    if toolkit() == "tk":
        widget = canvas.get_tk_widget()
        widget.event_generate("<Button-1>", x=int(x / ratio), y=int(down / ratio))
        widget.event_generate("<ButtonRelease-1>", x=int(x / ratio), y=int(down / ratio))
    else:
        from PySide6.QtCore import QPoint, Qt
        from PySide6.QtTest import QTest

        press: Any = QTest.mouseClick
        press(canvas, Qt.MouseButton.LeftButton, pos=QPoint(int(x / ratio), int(down / ratio)))


def press(window: DashboardWindow, key: str) -> None:
    canvas: Any = window.figure.canvas
    if toolkit() == "tk":
        widget = canvas.get_tk_widget()
        widget.focus_force()
        widget.event_generate(f"<KeyPress-{ {'escape': 'Escape', ' ': 'space'}.get(key, key) }>")
    else:
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        hit: Any = QTest.keyClick
        hit(canvas, {"escape": Qt.Key.Key_Escape, " ": Qt.Key.Key_Space}.get(key, key))


def toolkit() -> str:
    return sys.argv[1]


def scenario(window: DashboardWindow, result: dict[str, Any]) -> Iterator[Wait]:
    def tile(name: str) -> Any:
        return next(tile for tile in window.board.tiles if tile.tile.name == name)

    def heights() -> list[float]:
        return [bar.get_height() for bar in tile("volume")._bars]

    def said() -> str:
        return str(window.board.header.status_bar.artist.get_text())

    yield lambda: any(heights())
    first = heights()
    yield lambda: heights() != first
    result["moved"] = heights() != first
    click(window, "rows")
    yield lambda: window.board.alone is not None
    result["alone"] = window.board.alone
    press(window, "escape")
    yield lambda: window.board.alone is None
    result["all"] = window.board.alone
    press(window, "question" if toolkit() == "tk" else "?")
    yield lambda: window.board._help.shown
    result["helped"] = window.board._help.shown
    click(window, "volume")
    yield lambda: window.board.alone == "volume"
    press(window, "escape")
    yield lambda: window.board.alone is None
    result["back"] = (window.board._help.shown, window.board.alone)
    press(window, "p")
    yield lambda: window.board.ranked
    result["ranked"] = window.board.ranked
    light = window.board.theme
    press(window, "t")
    yield lambda: window.board.theme is not light
    result["theme"] = window.board.theme.background
    result["still ranked"] = window.board.ranked
    press(window, " ")
    yield lambda: "paused" in said()
    held = tile("rows")._columns[0].get_text()
    yield 0.8
    result["held"] = tile("rows")._columns[0].get_text() == held
    result["strip"] = said()
    press(window, "s")
    yield lambda: any(Path().glob("*.png"))
    result["saved"] = [path.name.partition("-")[0] for path in Path().glob("*.png")]
    press(window, "q")
    yield lambda: window.closed
    if not window.closed:
        result["still open"] = True


def main() -> None:
    result: dict[str, Any] = {}
    window = DashboardWindow(Growing(), VIEW.tiles, WindowOptions(backend=toolkit()))
    go_through(scenario(window, result), window, result)
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
