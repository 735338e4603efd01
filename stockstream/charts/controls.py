"""What the keys and the mouse do to a window."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from matplotlib.backend_bases import KeyEvent, LocationEvent, MouseEvent

from stockstream.charts.keys import Handler, Keyboard, wheel
from stockstream.charts.picture import save
from stockstream.charts.scene import Scene
from stockstream.charts.strip import utc_now
from stockstream.charts.viewer import Viewer
from stockstream.charts.viewport import Guard
from stockstream.errors import StockstreamError

_ZOOM: Final = 1.25
"""By how much a turn of the wheel or a press of a key zooms."""

_PAN: Final = 0.1
"""The share of what is in view by which a key moves."""


class Controls:
    """Listens to a canvas and moves its scene.

    Parameters
    ----------
    viewer
        What the window shows.
    changed
        Is called after each key and turn of the wheel that did something, to bring the window up to date.
    close
        Closes the window.
    guard
        Wraps the functions that the canvas calls.
    more
        Handlers of actions that belong to other parts of the window.
    """

    def __init__(
        self,
        viewer: Viewer,
        *,
        changed: Callable[[], None],
        close: Callable[[], None],
        guard: Guard,
        more: Mapping[str, Handler] | None = None,
    ) -> None:
        self._viewer = viewer
        self._changed = changed
        self._keyboard = Keyboard(
            {
                "pause": lambda *_: viewer.pause(),
                "turn": lambda key, _: viewer.turn(1 if key == "n" else -1),
                "pick": lambda key, _: viewer.pick(int(key) - 1),
                "zoom": self._zoom,
                "pan": lambda key, _: self._scene.viewport.pan(_PAN if key == "right" else -_PAN),
                "follow": lambda *_: self._scene.viewport.follow(),
                "save": lambda *_: self._save(),
                "close": lambda *_: close(),
                **(more or {}),
            }
        )
        canvas = self._scene.canvas
        manager = canvas.manager
        if manager is not None and manager.key_press_handler_id is not None:
            canvas.mpl_disconnect(manager.key_press_handler_id)  # matplotlib's own keys
        canvas.mpl_connect("key_press_event", guard(self._on_key))
        canvas.mpl_connect("scroll_event", guard(self._on_scroll))

    @property
    def _scene(self) -> Scene:
        return self._viewer.scene

    def _on_key(self, event: KeyEvent) -> None:
        self._press(event.key, event)

    def _on_scroll(self, event: MouseEvent) -> None:
        self._press(wheel(event.step, event.key), event)

    def _press(self, key: str | None, event: LocationEvent) -> None:
        if self._keyboard.press(key, event):
            self._changed()

    def _zoom(self, key: str, event: LocationEvent) -> None:
        closer = key in ("+", "=", "wheel up")
        self._scene.viewport.zoom(1 / _ZOOM if closer else _ZOOM, around=event.xdata)

    def _save(self) -> None:
        now = utc_now()
        parts = (self._viewer.model.view.name, self._viewer.key or "", f"{now:%Y%m%dT%H%M%SZ}")
        name = "-".join(re.sub(r"[^\w.]+", "_", part) for part in parts if part)
        path = Path(f"{name}.png")
        try:
            save(self._scene.canvas, path, hint="start in another folder")
        except StockstreamError as error:
            self._viewer.note(error.message)
        else:
            self._viewer.note(f"saved {path.absolute()}")
