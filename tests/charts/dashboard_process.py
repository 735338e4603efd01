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


def scenario(window: DashboardWindow, result: dict[str, Any]) -> Iterator[float]:
    yield 1.0
    volume = next(tile for tile in window.board.tiles if tile.tile.name == "volume")
    first = [bar.get_height() for bar in volume._bars]  # type: ignore[attr-defined]
    yield 1.0
    result["moved"] = [bar.get_height() for bar in volume._bars] != first  # type: ignore[attr-defined]
    click(window, "rows")
    yield 0.6
    result["alone"] = window.board.alone
    press(window, "escape")
    yield 0.4
    result["all"] = window.board.alone
    press(window, "question" if toolkit() == "tk" else "?")
    yield 0.4
    result["helped"] = window.board._help.shown
    click(window, "volume")
    yield 0.4
    press(window, "escape")
    yield 0.4
    result["back"] = (window.board._help.shown, window.board.alone)
    press(window, "p")
    yield 0.4
    result["ranked"] = window.board.ranked
    press(window, "t")
    yield 0.6
    result["theme"] = window.board.theme.background
    result["still ranked"] = window.board.ranked
    press(window, " ")
    yield 0.3
    rows = next(tile for tile in window.board.tiles if tile.tile.name == "rows")
    held = rows._columns[0].get_text()  # type: ignore[attr-defined]
    yield 0.8
    result["held"] = rows._columns[0].get_text() == held  # type: ignore[attr-defined]
    result["strip"] = window.board.header.status_bar.artist.get_text()
    press(window, "s")
    yield 1.5
    result["saved"] = [path.name.partition("-")[0] for path in Path().glob("*.png")]
    press(window, "q")
    yield 5.0
    result["still open"] = True


def main() -> None:
    result: dict[str, Any] = {}
    window = DashboardWindow(Growing(), VIEW.tiles, WindowOptions(backend=toolkit()))
    steps = scenario(window, result)
    timer = window.figure.canvas.new_timer(interval=300)
    timer.single_shot = True

    def step() -> None:
        wait = next(steps, None)
        if wait is None or window.closed:
            window.close()
            return
        timer.interval = int(1000 * wait)
        timer.start()

    timer.add_callback(window.guarded(lambda _: step()), None)
    timer.start()
    window.show()
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
