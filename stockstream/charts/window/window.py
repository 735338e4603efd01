"""Live window: a scene in a toolkit window, updated continuously, with keys and saved preferences."""

from __future__ import annotations

from typing import Final

from stockstream.charts.scene.scene import Scene
from stockstream.charts.window.controls import Controls
from stockstream.charts.window.picture import size_of
from stockstream.charts.window.shell import STATUS_EVERY, Shell
from stockstream.present.frame_times import FrameTimes
from stockstream.present.memory import Memory
from stockstream.present.model import LiveModel
from stockstream.present.options import WindowOptions
from stockstream.present.preferences import Preferences
from stockstream.present.price_levels import Alerts
from stockstream.present.status_bar import utc_now
from stockstream.present.viewer import Viewer

_FLASHING: Final = 0.25
_CATCHING_UP: Final = 0.5
"""Seconds between drawings while history is being read, which arrives faster than a user can follow."""


class Window(Shell):
    """A window on a model.

    Parameters
    ----------
    model
        The data.
    options
        View and appearance.
    memory
        Where the window saves the user's changes; None to save nothing.
    frame_times
        Records the durations of redraws.

    Raises
    ------
    DisplayError
        No window can be opened.
    """

    def __init__(
        self,
        model: LiveModel,
        options: WindowOptions | None = None,
        *,
        memory: Memory | None = None,
        frame_times: FrameTimes | None = None,
    ) -> None:
        options = options or WindowOptions()
        usual = Preferences(rows=options.rows, theme=options.theme, grid=True, log=False, picture=options.picture)
        super().__init__(model, size_of(model.view), options, usual, memory=memory, frame_times=frame_times)
        self._refresh = options.refresh
        first = self.current
        shown = None if options.spans else first.rows
        self.scene = Scene(model.view, self.figure, rows=shown, theme=self.appearance.theme, guard=self.guarded)
        self.scene.set_axes(grid=first.grid is not False, log=first.log is True)
        watched = Alerts(model.view, self.memory, options.alerts, band=options.alert_band)
        self.viewer = Viewer(
            model, self.scene, start=options.start, end=options.end, alerts=watched, book=options.book,
            desk=options.desk, headlines=options.headlines, key=first.key, undrawn=self.undrawn,
        )  # fmt: skip
        self.viewer.note(self.memory.note or "? shows the keys")
        self._controls = Controls(
            self.viewer, self.scene, changed=self._refreshed, close=self.close, guard=self.guarded,
            appearance=self.appearance,
        )  # fmt: skip

    @property
    def every(self) -> float:
        """As `Shell.every`: fewer while history is read."""
        return self._refresh if self.viewer.caught_up else max(self._refresh, _CATCHING_UP)

    @property
    def say_every(self) -> float:
        """As `Shell.say_every`."""
        return _FLASHING if self.viewer.flashing else STATUS_EVERY

    @property
    def paused(self) -> bool:
        """As `Shell.paused`."""
        return self.viewer.paused

    def changed(self) -> None:
        """As `Shell.changed`: levels are watched in a paused window, too."""
        self.viewer.look()

    def put(self) -> None:
        """As `Shell.put`."""
        self.viewer.refresh()
        self._rename()

    def say(self) -> None:
        """As `Shell.say`."""
        self.viewer.say(utc_now())

    def leave(self) -> None:
        """As `Shell.leave`."""
        self.viewer.close()

    def note(self, text: str) -> None:
        """As `Shell.note`."""
        self.viewer.note(text)

    def _rename(self) -> None:
        self.rename(self.scene.header.whole)

    def _refreshed(self) -> None:
        """The user has changed the view."""
        if not self.closed:
            self.say()
            self._rename()
            self.paint_soon()

    def paint(self) -> None:
        """As `Shell.paint`."""
        self.scene.paint()

    def blank(self, text: str) -> None:
        """As `Shell.blank`."""
        self.scene.blank(text)

    def preferences(self) -> Preferences:
        """As `Shell.preferences`."""
        former, scene = self.current, self.scene
        return Preferences(
            key=self.viewer.wanted_key or former.key,
            rows=scene.viewport.rows or former.rows,
            theme=self.appearance.name,
            grid=scene.grid,
            log=scene.log,
            picture=self.appearance.picture,
        )
