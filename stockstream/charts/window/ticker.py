"""Ticker: calls a window's tick as soon as records have arrived, and now and then without any."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from matplotlib.backend_bases import FigureCanvasBase

from stockstream.charts.window.waker import Waker

BUSY: Final = 0.05
"""Seconds between two ticks that look for changes which nobody announces."""

APART: Final = 0.04
"""Mean seconds between two ticks for arriving records, thus between two redraws."""

AHEAD: Final = 0.15
"""Seconds by which ticks may come before their mean pace: a long one among short ones delays none of those."""

LONG: Final = 0.02
_LONGEST_REST: Final = 0.1
IDLE: Final = 0.2
_CALM_AFTER: Final = 1.0
_LEAST: Final = 0.001


class Pace:
    """When the next tick may be: one each `APART` seconds on average, so that a flood is drawn in few frames.

    Longer ticks are further apart: on average after twice the time that one took, and after two and a half times if it
    was `LONG`, such as one that draws everything anew; then nobody can follow more of them. Some may follow each other
    sooner, as records do not come evenly, but never before as much time as the last one took, up to `BUSY`.
    """

    def __init__(self) -> None:
        self._used_up_to = -1e9
        self._rests_until = -1e9

    def note(self, began: float, ended: float) -> None:
        """Count a tick."""
        took = ended - began
        rest = min(2.5 * took, _LONGEST_REST) if took >= LONG else 2 * took
        self._used_up_to = max(self._used_up_to, began) + max(APART, took + rest)
        self._rests_until = ended + min(took, BUSY)

    def wait(self, now: float) -> float:
        """Seconds until the next tick may begin."""
        return max(self._used_up_to - AHEAD, self._rests_until, now) - now


class Ticker:
    """Calls a function: soon after `wake`, and otherwise at intervals.

    The intervals are short for a second after a tick that changed something, unless changes are announced by `wake`.

    Parameters
    ----------
    canvas
        The canvas of a figure in a window.
    tick
        Is called on the window's thread, may not raise, and sets `changed` and `unfinished`.

    Attributes
    ----------
    changed
        Whether the last tick changed anything.
    unfinished
        Whether the last tick has left something to do.
    """

    def __init__(self, canvas: FigureCanvasBase, tick: Callable[[], None]) -> None:
        self.changed = self.unfinished = False
        self._tick = tick
        self._pace = Pace()
        self._announced = self._woken = self._ticking = False
        self._changed_at = -1e9
        self._waker = Waker(canvas, self._on_wake)
        self._timer = canvas.new_timer(interval=int(1000 * BUSY))
        self._timer.add_callback(self._on_timer)

    def start(self) -> None:
        """Begin."""
        self._timer.start()

    def stop(self) -> None:
        """Call the function no more."""
        self._timer.stop()
        self._waker.close()

    def wake(self) -> None:
        """Call the function soon; for any thread, at any time."""
        self._waker.wake()

    def _on_wake(self) -> None:
        self._announced = self._woken = True
        if not self._ticking:
            self._timer.stop()
            self._timer.interval = self._milliseconds()
            self._timer.start()

    def _on_timer(self) -> None:
        """Tick. A timer that is started again within its own callback would run twice in Tk."""
        self._woken = False
        self._ticking = True
        began = time.monotonic()
        self._tick()
        ended = time.monotonic()
        self._ticking = False
        self._pace.note(began, ended)
        if self.changed:
            self._changed_at = ended
        interval = self._milliseconds()
        if interval != self._timer.interval:
            self._timer.interval = interval

    def _milliseconds(self) -> int:
        """Until the next tick."""
        now = time.monotonic()
        if self._woken:
            return int(1000 * max(self._pace.wait(now), _LEAST))
        soon = self.unfinished or (not self._announced and now - self._changed_at < _CALM_AFTER)
        return int(1000 * (BUSY if soon else IDLE))
