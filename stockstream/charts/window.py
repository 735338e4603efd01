"""A live window: a scene in a toolkit's window, a timer that keeps it fresh, and keys."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import matplotlib as mpl
import numpy as np

from stockstream.charts import backend as toolkits
from stockstream.charts.alerts import Alerts
from stockstream.charts.controls import Controls
from stockstream.charts.looks import Habit, Looks
from stockstream.charts.memory import Memory
from stockstream.charts.model import Model
from stockstream.charts.picture import size_of
from stockstream.charts.placing import Place
from stockstream.charts.saving import FORMATS
from stockstream.charts.scene import DPI, Scene
from stockstream.charts.strip import utc_now
from stockstream.charts.theme import THEMES
from stockstream.charts.viewer import Viewer

_BUSY: Final = 0.05
_IDLE: Final = 0.2
_CALM_AFTER: Final = 1.0
_STRIP_EVERY: Final = 1.0
_FLASHING: Final = 0.25
_CATCHING_UP: Final = 0.5
"""Seconds between drawings while history is being read: it comes faster than anybody can look."""


class Window:
    """A window on a model.

    Parameters
    ----------
    model
        Where the data comes from.
    refresh
        Seconds between two drawings at least (0.05 is as often as it ever draws).
    rows
        The newest rows to have in view.
    start, end
        The stretch to show instead, ``end`` exclusive.
    backend
        "tk", "qt" or "auto".
    theme, picture
        The theme's name, and the format of pictures that are saved.
    memory
        Where the window keeps what the user has changed; None for nowhere.
    alerts
        Levels of prices to watch, by key, beside those that the user has set.
    asked
        What holds this time, whatever is remembered and usual.

    Raises
    ------
    DisplayError
        Where no window can be opened.
    """

    def __init__(
        self,
        model: Model,
        *,
        refresh: float = _BUSY,
        rows: int = 500,
        start: np.datetime64 | None = None,
        end: np.datetime64 | None = None,
        backend: str = "auto",
        theme: str = "light",
        picture: str = "png",
        memory: Memory | None = None,
        alerts: Mapping[str, Sequence[float]] | None = None,
        asked: Looks | None = None,
    ) -> None:
        mpl.use(toolkits.choose(backend))
        import matplotlib.pyplot as plt

        # Neither showing nor drawing takes the focus from where the user works.
        mpl.rcParams["figure.raise_window"] = False
        self._plt = plt
        self._error: BaseException | None = None
        self._signal: int | None = None
        self._closed = False
        self._model = model
        self._refresh = max(refresh, _BUSY)
        self._figure = plt.figure(figsize=size_of(model.view), dpi=DPI)
        self._memory = memory or Memory(None)
        usual = Looks(rows=rows, theme=theme, grid=True, log=False, picture=picture)
        self._habit = Habit(self._memory, usual, asked or Looks())
        first = self._habit.now
        name = first.theme if first.theme is not None and first.theme in THEMES else theme
        shown = None if start is not None or end is not None else first.rows
        self.scene = Scene(model.view, self._figure, rows=shown, theme=THEMES[name], guard=self._guarded)
        self.scene.rule(grid=first.grid is not False, log=first.log is True)
        watched = Alerts(model.view, self._memory, alerts)
        self.viewer = Viewer(model, self.scene, start=start, end=end, alerts=watched, key=first.key)
        self.viewer.note(self._memory.note)
        manager: Any = self._figure.canvas.manager
        self._place = Place(manager.window)
        if first.geometry is not None:
            self._place.set(first.geometry)
        self._stale = True
        self._drawn = self._told = self._busy = -1e9
        self._name = ""
        self._timer = self._figure.canvas.new_timer(interval=int(_BUSY * 1000))
        self._timer.add_callback(self._guarded(self._beat), None)
        self._due = False
        self._soon = self._figure.canvas.new_timer(interval=1)
        self._soon.single_shot = True
        self._soon.add_callback(self._guarded(self._paint), None)
        self._figure.canvas.mpl_connect("close_event", self._on_close)
        self._controls = Controls(
            self.viewer, changed=self._refreshed, close=self._close, guard=self._guarded,
            theme=name, picture=first.picture if first.picture in FORMATS else picture,
        )  # fmt: skip

    def show(self) -> None:
        """Open the window and stay until it is closed, ``q``, SIGTERM, or the model's end.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C.
        Exception
            Whatever went wrong while it was open, the window having been closed.
        """
        with self._signals():
            self.viewer.show()
            self.viewer.say(utc_now())
            self._timer.start()
            try:
                self._plt.show(block=True)
            finally:
                self._end()
                self._plt.close(self._figure)
                self._memory.close()
        if self._error is not None:
            raise self._error
        if self._signal == signal.SIGINT:
            raise KeyboardInterrupt

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """A signal is only noted: a toolkit swallows what is raised in its callbacks."""

        def note(number: int, _: FrameType | None) -> None:
            self._signal = number

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _guarded(self, function: Callable[[Any], None]) -> Callable[[Any], None]:
        """An error closes the window, and is raised where `show` was called."""

        def call(event: Any) -> None:
            if self._error is not None:
                return
            try:
                function(event)
            except BaseException as error:  # noqa: BLE001 - raised again by `show`
                self._error = error
                self._close()

        return call

    def _close(self) -> None:
        if not self._closed and self._error is None:
            self._remember()
        self._end()
        self._plt.close(self._figure)

    def _on_close(self, _: object) -> None:
        self._end()

    def _end(self) -> None:
        self._closed = True
        self._timer.stop()
        self._soon.stop()

    def _beat(self, _: None) -> None:
        """Take what has arrived and bring the picture up to date."""
        if self._signal is not None:
            self._close()
            return
        ended = self._model.finished
        now = time.monotonic()
        if self._model.tick():
            self._stale = True
            self._busy = now
            self.viewer.look()
        every = self._refresh if self.viewer.caught_up else max(self._refresh, _CATCHING_UP)
        if self._stale and not self.viewer.paused and (ended or now - self._drawn >= every - _BUSY / 2):
            self._drawn = now
            self._stale = False
            self.viewer.show()
            self._rename()
        if now - self._told >= (_FLASHING if self.viewer.flashing else _STRIP_EVERY):
            self._told = now
            self.viewer.say(utc_now())
        self.scene.paint()
        self._remember()
        if ended:
            self._close()
            return
        interval = int(1000 * (_BUSY if now - self._busy < _CALM_AFTER else _IDLE))
        if interval != self._timer.interval:
            self._timer.interval = interval

    def _rename(self) -> None:
        """Let the window's frame say what it shows."""
        header = self.scene.header
        name = ("SIMULATED " if header.badge.get_visible() else "") + header.title.get_text()
        manager = self._figure.canvas.manager
        if name != self._name and manager is not None:
            manager.set_window_title(name)
            self._name = name

    def _refreshed(self) -> None:
        """The user has changed what is to be seen. Of a dozen moves of the mouse only the last is drawn."""
        if not self._closed:
            self.viewer.say(utc_now())
            self._rename()
            if not self._due:
                self._due = True
                self._soon.start()

    def _paint(self, _: None) -> None:
        self._due = False
        if not self._closed:
            self.scene.paint()

    def _remember(self) -> None:
        """Note how the window looks now."""
        habit, scene = self._habit, self.scene
        looks = Looks(
            geometry=self._place.get() or habit.now.geometry,
            key=self.viewer.wish or habit.now.key,
            rows=scene.viewport.rows or habit.now.rows,
            theme=self._controls.theme,
            grid=scene.grid,
            log=scene.log,
            picture=self._controls.picture,
        )
        habit.note(looks)
        told = self._memory.note
        self._memory.beat()
        if self._memory.note != told:
            self.viewer.note(self._memory.note)
