"""A live window: a scene in a toolkit's window, kept fresh, with keys and a memory."""

from __future__ import annotations

import time
from typing import Final

from stockstream.charts.scene.scene import Scene
from stockstream.charts.theme import THEMES
from stockstream.charts.window.controls import Controls
from stockstream.charts.window.picture import size_of
from stockstream.charts.window.saving import FORMATS
from stockstream.charts.window.shell import BUSY, Shell
from stockstream.charts.window.viewer import Viewer
from stockstream.present.frame_times import FrameTimes
from stockstream.present.memory import Memory
from stockstream.present.model import Model
from stockstream.present.options import WindowOptions
from stockstream.present.preferences import CurrentPreferences, Preferences
from stockstream.present.price_levels import Alerts
from stockstream.present.status_bar import utc_now

_STRIP_EVERY: Final = 1.0
_FLASHING: Final = 0.25
_CATCHING_UP: Final = 0.5
"""Seconds between drawings while history is being read: it comes faster than anybody can look."""


class Window(Shell):
    """A window on a model.

    Parameters
    ----------
    model
        Where the data comes from.
    options
        What is in view, and how it looks.
    memory
        Where the window keeps what the user has changed; None for nowhere.
    frame_times
        Is told how long drawing takes.

    Raises
    ------
    DisplayError
        Where no window can be opened.
    """

    def __init__(
        self,
        model: Model,
        options: WindowOptions | None = None,
        *,
        memory: Memory | None = None,
        frame_times: FrameTimes | None = None,
    ) -> None:
        options = options or WindowOptions()
        super().__init__(model, size_of(model.view), backend=options.backend, memory=memory, frame_times=frame_times)
        self._refresh = max(options.refresh, BUSY)
        usual = Preferences(rows=options.rows, theme=options.theme, grid=True, log=False, picture=options.picture)
        self._preferences = CurrentPreferences(self.memory, usual, options.asked)
        first = self._preferences.now
        name = first.theme if first.theme is not None and first.theme in THEMES else options.theme
        shown = None if options.spans else first.rows
        self.scene = Scene(model.view, self.figure, rows=shown, theme=THEMES[name], guard=self.guarded)
        self.scene.rule(grid=first.grid is not False, log=first.log is True)
        watched = Alerts(model.view, self.memory, options.alerts, band=options.alert_band)
        self.viewer = Viewer(model, self.scene, start=options.start, end=options.end, alerts=watched, key=first.key)
        self.viewer.note(self.memory.note or "? shows the keys")
        if first.geometry is not None:
            self.place.set(first.geometry)
        self._stale = True
        self._drawn = self._told = -1e9
        self._controls = Controls(
            self.viewer, changed=self._refreshed, close=self.close, guard=self.guarded,
            theme=name, picture=first.picture if first.picture in FORMATS else options.picture,
        )  # fmt: skip

    def begin(self) -> None:
        """As `Shell.begin`."""
        self.viewer.show()
        self.viewer.say(utc_now())

    def work(self, *, changed: bool, ended: bool) -> bool:
        """As `Shell.work`."""
        now = time.monotonic()
        if changed:
            self._stale = True
            self.viewer.look()
        every = self._refresh if self.viewer.caught_up else max(self._refresh, _CATCHING_UP)
        if self._stale and not self.viewer.paused and (ended or now - self._drawn >= every - BUSY / 2):
            self._drawn = now
            self._stale = False
            self.viewer.show()
            self._rename()
        if now - self._told >= (_FLASHING if self.viewer.flashing else _STRIP_EVERY):
            self._told = now
            self.viewer.say(utc_now())
        self.scene.paint()
        return self._drawn == now

    def _rename(self) -> None:
        self.rename(self.scene.header.whole)

    def _refreshed(self) -> None:
        """The user has changed what is to be seen."""
        if not self.closed:
            self.viewer.say(utc_now())
            self._rename()
            self.paint_soon()

    def paint(self) -> None:
        """As `Shell.paint`."""
        self.scene.paint()

    def remember(self) -> None:
        """As `Shell.remember`."""
        habit, scene = self._preferences, self.scene
        looks = Preferences(
            geometry=self.place.get() or habit.now.geometry,
            key=self.viewer.wish or habit.now.key,
            rows=scene.viewport.rows or habit.now.rows,
            theme=self._controls.theme,
            grid=scene.grid,
            log=scene.log,
            picture=self._controls.picture,
        )
        habit.note(looks)
        told = self.memory.note
        self.memory.beat()
        if self.memory.note != told:
            self.viewer.note(self.memory.note)
