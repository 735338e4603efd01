"""Toolkit window around a figure: opening, timer, signals, errors, closing."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Final, TypeVar

import matplotlib as mpl
from msgspec.structs import replace

from stockstream.charts.scene.scene import DPI
from stockstream.charts.window import toolkits
from stockstream.charts.window.appearance import Appearance
from stockstream.charts.window.placement import Placement, toggle_tools
from stockstream.charts.window.ticker import Ticker
from stockstream.charts.window.toolkits import ToolkitObject
from stockstream.errors import StockstreamError
from stockstream.names import harmless
from stockstream.present.frame_times import FrameTimes
from stockstream.present.memory import Memory
from stockstream.present.model import LiveModel
from stockstream.present.options import WindowOptions
from stockstream.present.preferences import CurrentPreferences, Preferences
from stockstream.present.undrawn import Undrawn

STATUS_EVERY: Final = 1.0
_EARLY: Final = 0.025
"""Seconds by which a redraw may be early: of ticks at intervals of 50 ms, the nearest redraws."""

_TRY_AGAIN: Final = 1.0
"""Seconds after a picture that could not be drawn until the next try."""


E = TypeVar("E")


class Shell:
    """A window of a model, without its contents.

    A subclass draws on ``figure`` and implements `put`, `say`, `paint` and `blank`; all callbacks of the canvas go
    through `guarded`. A picture that cannot be drawn is skipped and counted: the window says so, and continues with the
    next one. An error of the model ends the window.

    Parameters
    ----------
    model
        The data.
    size
        Width and height in inches.
    options
        View and appearance.
    defaults
        The preferences of the settings.
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
        size: tuple[float, float],
        options: WindowOptions,
        defaults: Preferences,
        *,
        memory: Memory | None = None,
        frame_times: FrameTimes | None = None,
    ) -> None:
        mpl.use(toolkits.choose(options.backend))
        import matplotlib.pyplot as plt

        # Showing and drawing must not take the focus from where the user works.
        mpl.rcParams["figure.raise_window"] = False
        self._plt = plt
        self.undrawn = Undrawn()
        self._failed: Exception | None = None
        self._try_again = -1e9
        self._error: BaseException | None = None
        self._signal: int | None = None
        self._name = ""
        self.closed = False
        self.model = model
        self.memory = memory or Memory(None)
        self._frame_times = frame_times or FrameTimes()
        self.figure = plt.figure(figsize=size, dpi=DPI)
        manager: ToolkitObject = self.figure.canvas.manager
        toggle_tools(manager)
        self.placement = Placement(manager.window)
        self.placement.open(*(inches * DPI for inches in size))
        self._current = CurrentPreferences(self.memory, defaults, options.asked)
        first = self.current
        self.appearance = Appearance(first, options)
        if first.geometry is not None:
            self.placement.set(first.geometry)
        self._stale = True
        self._drawn = self._said = -1e9
        if manager.key_press_handler_id is not None:
            self.figure.canvas.mpl_disconnect(manager.key_press_handler_id)  # matplotlib's own keys
        self._ticker = Ticker(self.figure.canvas, partial(self._ending_on_error(self._on_tick), None))
        self._due = False
        self._soon = self.figure.canvas.new_timer(interval=1)
        self._soon.single_shot = True
        self._soon.add_callback(self.guarded(self._paint), None)
        self.figure.canvas.mpl_connect("close_event", self._on_close)

    @property
    def current(self) -> Preferences:
        """The last noted preferences, at first from memory, options and settings."""
        return self._current.now

    @property
    def every(self) -> float:
        """Minimum seconds between two redraws; 0 means as often as data arrives."""
        return 0.0

    @property
    def say_every(self) -> float:
        """Seconds between two updates of the status bar."""
        return STATUS_EVERY

    @property
    def paused(self) -> bool:
        """Whether the drawing is paused."""
        return False

    def changed(self) -> None:
        """The model has changed, whether or not that is shown yet."""

    def prepare(self, *, ended: bool) -> bool:  # noqa: ARG002 - for subclasses
        """Compute a part of the data for `put`, or all of it at the last call; False if more is left."""
        return True

    def put(self) -> None:
        """Put the model's present data in the window; nothing is painted yet."""
        raise NotImplementedError

    def say(self) -> None:
        """Update the status bar; nothing is painted yet."""
        raise NotImplementedError

    def note(self, text: str) -> None:
        """Show a message in the status bar for some time."""
        raise NotImplementedError

    def paint(self) -> None:
        """Paint the changes."""
        raise NotImplementedError

    def blank(self, text: str) -> None:
        """Show only the title, the status bar and a text, until the next `put`; this never fails."""
        raise NotImplementedError

    def preferences(self) -> Preferences:
        """The window's present preferences; the shell adds its position."""
        raise NotImplementedError

    def begin(self) -> None:
        """Set the first contents before the window opens."""
        self._safely(self._begin)

    def _begin(self) -> bool:
        self.put()
        self.say()
        return True

    def work(self, *, changed: bool, ended: bool) -> bool:
        """Bring the picture up to date, on each tick; True if it shows another state of the model.

        ``changed``: the model has; ``ended``: this is the last time.
        """
        now = time.monotonic()
        if changed:
            self._stale = True
            self.changed()
        if self._stale and not self.paused and (ended or now >= self._try_again):
            done = self.prepare(ended=ended)
            if ended or now - self._drawn >= self.every - _EARLY:
                self._drawn = now
                self._stale = not done
                self.put()
        if now - self._said >= self.say_every:
            self._said = now
            self.say()
        self.paint()
        return self._drawn == now

    def remember(self) -> None:
        """Save the window's present preferences in the memory."""
        geometry = self.placement.get() or self.current.geometry
        self._current.note(replace(self.preferences(), geometry=geometry))
        former = self.memory.note
        self.memory.save_if_due()
        if self.memory.note != former:
            self.note(self.memory.note)

    def show(self) -> None:
        """Open the window and return when it is closed, by ``q``, SIGTERM, or the model's end.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C.
        Exception
            Any error while it was open, after the window was closed.
        """
        with self._signals():
            try:
                self.begin()
                self.model.listen(self._ticker.wake)
                self._ticker.start()
                self._plt.show(block=True)
                if self._error is None:
                    self.leave()
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
        """Record a signal only: a toolkit swallows exceptions raised in its callbacks."""

        def note(number: int, _: FrameType | None) -> None:
            self._signal = number

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def guarded(self, function: Callable[[E], None]) -> Callable[[E], None]:
        """A callback of the canvas, whose errors count as pictures that are not drawn.

        Errors of our own, such as of a file, close the window and are raised by `show`.
        """

        def call(event: E) -> None:
            try:
                function(event)
            except StockstreamError:
                raise
            except Exception as error:  # noqa: BLE001 - shown at the next tick
                self._failed = error

        return self._ending_on_error(call)

    def _safely(self, draw: Callable[[], bool]) -> bool:
        """Draw something; if that or an earlier callback fails, show a message instead. Returns the result."""
        done = False
        try:
            done = draw()
        except StockstreamError:
            raise
        except Exception as error:  # noqa: BLE001 - counted, logged and shown
            self._failed = error
        if self._failed is None:
            return done
        self.undrawn.add(self._failed)
        self._try_again = time.monotonic() + _TRY_AGAIN
        self._stale = True
        self.blank("this picture cannot be drawn: the log has the reason")
        self.say()
        self.paint()
        self._failed = None
        return False

    def _ending_on_error(self, function: Callable[[E], None]) -> Callable[[E], None]:
        """An error closes the window, and is raised by `show`."""

        def call(event: E) -> None:
            if self._error is not None:
                return
            try:
                function(event)
            except BaseException as error:  # noqa: BLE001 - raised again by `show`
                self._error = error
                self.close()

        return call

    def leave(self) -> None:
        """Called when the window was closed, before its memory is saved."""

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
        self._ticker.stop()
        self._soon.stop()

    def _on_tick(self, _: None) -> None:
        """Take new records and update the picture."""
        if self._signal is not None:
            self.close()
            return
        ended = self.model.finished
        changed = self.model.tick()
        begun = time.perf_counter()
        if self._safely(partial(self.work, changed=changed, ended=ended)):
            self._frame_times.add(time.perf_counter() - begun)
        self.remember()
        if ended:
            self.close()
            return
        self._ticker.changed, self._ticker.unfinished = changed, self._stale and not self.paused

    def paint_soon(self) -> None:
        """Draw changes of the user; of many moves of the mouse only the last is drawn."""
        if not self._due and not self.closed:
            self._due = True
            self._soon.start()

    def _paint(self, _: None) -> None:
        self._due = False
        if not self.closed:
            self._safely(self._painted)

    def _painted(self) -> bool:
        self.paint()
        return True

    def rename(self, name: str) -> None:
        """Set the title of the window's frame."""
        manager = self.figure.canvas.manager
        if name != self._name and manager is not None:
            manager.set_window_title(harmless(name))
            self._name = name
