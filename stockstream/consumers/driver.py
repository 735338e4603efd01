"""Driver of a live view without a window: refreshes its observers, and decides when to end."""

from __future__ import annotations

import time
from typing import Final, Protocol

from stockstream.consumers.live import AnyLive
from stockstream.errors import SeriesError
from stockstream.views.status import Status

GIVE_UP: Final = 10.0
"""Seconds that ``--once`` waits for a broker, a topic or a series that is not there."""

_BEAT: Final = 0.05
_REPORT_EVERY: Final = 1.0


class Report(Protocol):
    """Receives the progress of a view."""

    def __call__(self, taken: int, status: Status, /) -> None:
        """Take the number of records so far, and the view's state."""


class Reporting:
    """An observer that reports the progress of a live view, at most once a second."""

    def __init__(self, live: AnyLive, report: Report) -> None:
        self._live = live
        self._report = report
        self._reported = time.monotonic()

    def refresh(self) -> None:
        """As `Observer.refresh`."""
        now = time.monotonic()
        if now - self._reported >= _REPORT_EVERY:
            self._reported = now
            self._report(self._live.taken, self._live.status())

    def finish(self) -> None:
        """As `Observer.finish`: others report the end."""


class Ending:
    """The end of a live view; time counts from the creation of this object.

    Parameters
    ----------
    live
        The view.
    once
        End when all records are read that the topic held at the start.
    seconds
        End after this time; None for never.
    """

    def __init__(self, live: AnyLive, *, once: bool = False, seconds: float | None = None) -> None:
        self.once = once
        self.seconds = seconds
        self._live = live
        self._started = time.monotonic()

    def __call__(self) -> bool:
        """Whether to end. Raises `SeriesError` or `BrokerError` if ``once`` waits in vain."""
        live, passed = self._live, time.monotonic() - self._started
        if self.seconds is not None and passed >= self.seconds:
            return True
        if not self.once:
            return False
        if live.settled:
            absent = live.absent
            if absent is None:
                return passed > GIVE_UP or all(each.settled for each in live.companions)
            if not absent.certain and passed < GIVE_UP:
                return False
            raise SeriesError(
                f"the topic {live.view.topic.name} holds nothing of {absent.what}", hint=absent.instead or None
            )
        if passed > GIVE_UP and live.status().waiting:
            raise live.absence()
        return False


def run(live: AnyLive) -> None:
    """Run a live view: take new records and refresh its observers, until the end."""
    while True:
        ended = live.finished
        live.tick()
        if ended:
            return
        time.sleep(_BEAT)


def state(status: Status) -> str:
    """State of a view, in a word or two."""
    if status.waiting:
        return f"waiting for {status.waiting}"
    return "live" if status.caught_up else "reading history"
