"""Handlers of the keys and the mouse in a window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from matplotlib.backend_bases import KeyEvent, LocationEvent, MouseButton, MouseEvent

from stockstream.charts.scene.scene import Scene
from stockstream.charts.scene.viewport import Guard
from stockstream.charts.window.appearance import Appearance
from stockstream.charts.window.keyboard import Keyboard, wheel
from stockstream.charts.window.placement import toggle_full_screen, toggle_tools
from stockstream.charts.window.saving import save_picture, save_rows
from stockstream.charts.window.toolkits import ToolkitObject
from stockstream.present.keys import CHART
from stockstream.present.price_levels import Level, Target
from stockstream.present.viewer import Viewer

_ZOOM: Final = 1.25
"""Zoom factor of a turn of the wheel or a key."""

_PAN: Final = 0.1
"""Share of the view by which a key moves."""


class Controls:
    """Handles the keys and the mouse of a canvas.

    Parameters
    ----------
    viewer, scene
        What the window shows, and where.
    changed
        Called after each action of the user, to update the window.
    close
        Closes the window.
    guard
        Wraps the callbacks of the canvas.
    appearance
        Theme and picture format of the window.
    """

    def __init__(
        self,
        viewer: Viewer,
        scene: Scene,
        *,
        changed: Callable[[], None],
        close: Callable[[], None],
        guard: Guard,
        appearance: Appearance,
    ) -> None:
        self._appearance = appearance
        self._viewer = viewer
        self._scene = scene
        self._changed = changed
        self._keyboard = Keyboard(
            CHART,
            {
                "pause": lambda *_: viewer.pause(),
                "turn": lambda key, _: viewer.turn(1 if key == "n" else -1),
                "pick": lambda key, _: viewer.pick(int(key) - 1),
                "zoom": self._zoom,
                "pan": lambda key, _: self._scene.viewport.pan(_PAN if key == "right" else -_PAN),
                "follow": lambda *_: self._scene.viewport.follow(),
                "scale": self._scale_values,
                "fit": lambda _, event: self._fit(event),
                "log": lambda *_: self._scene.set_axes(grid=self._scene.grid, log=not self._scene.log),
                "grid": lambda *_: self._scene.set_axes(grid=not self._scene.grid, log=self._scene.log),
                "theme": lambda *_: self._switch_theme(),
                "screen": lambda *_: toggle_full_screen(self._scene.canvas.manager),
                "tools": lambda *_: toggle_tools(self._scene.canvas.manager),
                "save": lambda *_: self._save_picture(),
                "format": lambda *_: self._change_format(),
                "rows": lambda *_: self._save_rows(),
                "measure": lambda *_: self._measure(),
                "level": lambda key, event: viewer.flag(target_of(scene, event), once=key == "H"),
                "alerts": lambda *_: self._scene.alert_list.toggle(),
                "leave": lambda *_: self._leave(),
                "help": lambda *_: self._scene.help.toggle(),
                "close": lambda *_: close(),
            },
        )
        canvas = self._scene.canvas
        self._drag = Drag(viewer, self._scene, changed)
        canvas.mpl_connect("key_press_event", guard(self._on_key))
        canvas.mpl_connect("scroll_event", guard(self._on_scroll))
        canvas.mpl_connect("button_press_event", guard(self._drag.begin))
        canvas.mpl_connect("motion_notify_event", guard(self._drag.move))
        canvas.mpl_connect("button_release_event", guard(self._drag.end))

    def _on_key(self, event: KeyEvent) -> None:
        self._press(event.key, event)

    def _on_scroll(self, event: MouseEvent) -> None:
        if event.step:
            self._press(wheel(event.step, event.modifiers), event)

    def _press(self, key: str | None, event: LocationEvent) -> None:
        if self._keyboard.press(key, event):
            self._changed()

    # The view.

    def _zoom(self, key: str, event: LocationEvent) -> None:
        self._scene.viewport.zoom(_factor(event, closer=key in ("+", "=", "wheel up")), around=event.xdata)

    def _scale_values(self, key: str, event: LocationEvent) -> None:
        place = panel_beside(self._scene, event)
        if place is not None:
            self._scene.viewport.scale_values(place, _factor(event, closer=key.endswith("up")), around=event.y)

    def _fit(self, event: LocationEvent) -> None:
        viewport = self._scene.viewport
        viewport.hold(panel_beside(self._scene, event) or 0)
        kept = "keep their range (a lets them fit)" if any(viewport.held) else "fit by themselves"
        self._viewer.note(f"values {kept}")

    def _switch_theme(self) -> None:
        self._scene.set_theme(self._appearance.switch_theme())

    def _measure(self) -> None:
        self._scene.distance.begin()
        self._viewer.note("click two places to measure from one to the other (Esc ends it)")

    def _leave(self) -> None:
        self._scene.help.toggle(off=True)
        self._scene.alert_list.toggle(off=True)
        self._scene.distance.cancel()
        self._viewer.dismiss_alert()

    # Files.

    def _change_format(self) -> None:
        self._viewer.note(self._appearance.switch_format())

    def _save_picture(self) -> None:
        self._save(lambda path: save_picture(self._scene, path))

    def _save_rows(self) -> None:
        self._save(lambda path: save_rows(self._scene, self._viewer.model.view, path), form="csv")

    def _save(self, write: Callable[[Path], object], *, form: str = "") -> None:
        viewer = self._viewer
        viewer.note(self._appearance.save(viewer.model.view, viewer.key or "", write, form=form))


class Drag:
    """Moves a view with the mouse: in time over a panel, the scale of values on their axis.

    Values move, too, if their range was set by hand. A double click on their axis fits them again. A price level that
    is grabbed moves alone.
    """

    def __init__(self, viewer: Viewer, scene: Scene, changed: Callable[[], None]) -> None:
        self._viewer = viewer
        self._scene = scene
        self._level: Level | None = None
        self._changed = changed
        self._panel: int | None = None
        self._row: float | None = None
        self._last = (0.0, 0.0)

    def begin(self, event: MouseEvent) -> None:
        """Handle a pressed button."""
        toolbar: ToolkitObject = self._scene.canvas.toolbar
        if event.button != MouseButton.LEFT or (toolbar is not None and toolbar.mode):
            return
        if self._scene.distance.click(self._scene.view_context(), (event.x, event.y)):
            self._changed()
            return
        self._level = self._viewer.grab(target_of(self._scene, event))
        if self._level is not None:
            return
        self._panel = panel_beside(self._scene, event)
        self._row = event.xdata
        self._last = (event.x, event.y)
        if event.dblclick and self._panel is not None and self._row is None and self._scene.viewport.held[self._panel]:
            self._scene.viewport.hold(self._panel)
            self._panel = None
            self._changed()

    def move(self, event: MouseEvent) -> None:
        """Handle a move of the mouse."""
        if self._level is not None:
            self._level = self._viewer.move(self._level, target_of(self._scene, event))
            self._changed()
            return
        across, up = event.x - self._last[0], event.y - self._last[1]
        if self._panel is None or (across, up) == (0, 0):
            return
        self._last = (event.x, event.y)
        viewport, box = self._scene.viewport, self._scene.panels[self._panel].axes.bbox
        if self._row is not None:
            if across:
                viewport.carry(self._row, event.x)
            viewport.shift(self._panel, up)
        else:
            viewport.scale_values(self._panel, _ZOOM ** (-6 * up / box.height), around=(box.y0 + box.y1) / 2)
        self._changed()

    def end(self, _: MouseEvent) -> None:
        """Handle a released button."""
        self._panel = self._level = None


def target_of(scene: Scene, event: LocationEvent) -> Target | None:
    """What the mouse points at; None outside panels."""
    return scene.alerts.target(scene.view_context(), (event.x, event.y))


def _factor(event: LocationEvent, *, closer: bool) -> float:
    """Zoom factor: touch pads and fine wheels report fractions of a step."""
    steps = min(abs(event.step), 3.0) if isinstance(event, MouseEvent) and event.step else 1.0
    return float(_ZOOM ** (-steps if closer else steps))


def panel_beside(scene: Scene, event: LocationEvent) -> int | None:
    """The panel under the mouse, or whose axis of values is under it."""
    for place, panel in enumerate(scene.panels):
        box = panel.axes.bbox
        if event.x <= box.x1 and box.y0 <= event.y <= box.y1:
            return place
    return None
