"""Toolkit window around a figure: opening, timer, signals, errors, closing."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import matplotlib as mpl

from stockstream.charts.scene.scene import DPI
from stockstream.charts.window import toolkits
from stockstream.charts.window.placement import Place, toggle_tools
from stockstream.present.frame_times import FrameTimes
from stockstream.present.memory import Memory
from stockstream.present.model import Model

BUSY: Final = 0.05
"""Seconds between two beats, and so between two drawings at least."""

IDLE: Final = 0.2
_CALM_AFTER: Final = 1.0


class Shell:
    """A window on a model, without what is drawn in it.

    A subclass draws on ``figure`` and gives `begin`, `work` and `remember`; all that the canvas calls goes through
    `guarded`.

    Parameters
    ----------
    model
        Where the data comes from.
    size
        Width and height in inches.
    backend
        "tk", "qt" or "auto".
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
        size: tuple[float, float],
        *,
        backend: str = "auto",
        memory: Memory | None = None,
        frame_times: FrameTimes | None = None,
    ) -> None:
        mpl.use(toolkits.choose(backend))
        import matplotlib.pyplot as plt

        # Neither showing nor drawing takes the focus from where the user works.
        mpl.rcParams["figure.raise_window"] = False
        self._plt = plt
        self._error: BaseException | None = None
        self._signal: int | None = None
        self._name = ""
        self._busy = -1e9
        self.closed = False
        self.model = model
        self.memory = memory or Memory(None)
        self._frame_times = frame_times or FrameTimes()
        self.figure = plt.figure(figsize=size, dpi=DPI)
        manager: Any = self.figure.canvas.manager
        toggle_tools(manager)
        self.place = Place(manager.window)
        self.place.open(*(inches * DPI for inches in size))
        if manager.key_press_handler_id is not None:
            self.figure.canvas.mpl_disconnect(manager.key_press_handler_id)  # matplotlib's own keys
        self._timer = self.figure.canvas.new_timer(interval=int(BUSY * 1000))
        self._timer.add_callback(self.guarded(self._beat), None)
        self._due = False
        self._soon = self.figure.canvas.new_timer(interval=1)
        self._soon.single_shot = True
        self._soon.add_callback(self.guarded(self._paint), None)
        self.figure.canvas.mpl_connect("close_event", self._on_close)

    def begin(self) -> None:
        """Put something in the window before it opens."""

    def work(self, *, changed: bool, ended: bool) -> bool:
        """Bring the picture up to date, on each beat; True where it shows another state of the model.

        ``changed``: the model has; ``ended``: this is the last time.
        """
        raise NotImplementedError

    def paint(self) -> None:
        """Paint what has been changed."""
        raise NotImplementedError

    def remember(self) -> None:
        """Note in the memory how the window looks now."""

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
            self.begin()
            self._timer.start()
            try:
                self._plt.show(block=True)
            finally:
                self._end()
                self._plt.close(self.figure)
                self.memory.close()
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

    def guarded(self, function: Callable[[Any], None]) -> Callable[[Any], None]:
        """An error closes the window, and is raised where `show` was called."""

        def call(event: Any) -> None:
            if self._error is not None:
                return
            try:
                function(event)
            except BaseException as error:  # noqa: BLE001 - raised again by `show`
                self._error = error
                self.close()

        return call

    def close(self) -> None:
        """Close the window."""
        if not self.closed and self._error is None:
            self.remember()
        self._end()
        self._plt.close(self.figure)

    def _on_close(self, _: object) -> None:
        self._end()

    def _end(self) -> None:
        self.closed = True
        self._timer.stop()
        self._soon.stop()

    def _beat(self, _: None) -> None:
        """Take what has arrived and bring the picture up to date."""
        if self._signal is not None:
            self.close()
            return
        ended = self.model.finished
        changed = self.model.tick()
        now = time.monotonic()
        if changed:
            self._busy = now
        begun = time.perf_counter()
        if self.work(changed=changed, ended=ended):
            self._frame_times.add(time.perf_counter() - begun)
        self.remember()
        if ended:
            self.close()
            return
        interval = int(1000 * (BUSY if now - self._busy < _CALM_AFTER else IDLE))
        if interval != self._timer.interval:
            self._timer.interval = interval

    def paint_soon(self) -> None:
        """Have what the user has changed painted; of a dozen moves of the mouse only the last is drawn."""
        if not self._due and not self.closed:
            self._due = True
            self._soon.start()

    def _paint(self, _: None) -> None:
        self._due = False
        if not self.closed:
            self.paint()

    def rename(self, name: str) -> None:
        """Let the window's frame say what it shows."""
        manager = self.figure.canvas.manager
        if name != self._name and manager is not None:
            manager.set_window_title(name)
            self._name = name
