"""What drives a live view where no window does, and says when it is time to end."""

from __future__ import annotations

import time
from typing import Any, Final, Protocol

from stockstream.consumers.live import Live
from stockstream.errors import SeriesError
from stockstream.views.status import Status

GIVE_UP: Final = 10.0
"""Seconds that ``--once`` waits for a broker, a topic or a series that is not there."""

_BEAT: Final = 0.05
_REPORT_EVERY: Final = 1.0


class Report(Protocol):
    """Is told how a view is doing."""

    def __call__(self, taken: int, status: Status, /) -> None:
        """Take the records so far, and how the view stands."""


class Reporting:
    """An observer that tells a report at most once a second how a live view is doing."""

    def __init__(self, live: Live[Any], report: Report) -> None:
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
        """As `Observer.finish`: what there is to say at the end, others say."""


class Ending:
    """When a live view ends by itself; time counts from when this is made.

    Parameters
    ----------
    live
        The view.
    once
        End when all has been read that the topic held at the start.
    seconds
        End after this time in any case; None for never.
    """

    def __init__(self, live: Live[Any], *, once: bool = False, seconds: float | None = None) -> None:
        self.once = once
        self.seconds = seconds
        self._live = live
        self._started = time.monotonic()

    def __call__(self) -> bool:
        """Whether it is time to end. Raises `SeriesError` or `BrokerError` where ``once`` waits in vain."""
        live, passed = self._live, time.monotonic() - self._started
        if self.seconds is not None and passed >= self.seconds:
            return True
        if not self.once:
            return False
        if live.settled:
            absent = live.absent
            if absent is None:
                return True
            if not absent.certain and passed < GIVE_UP:
                return False
            raise SeriesError(
                f"the topic {live.view.topic.name} holds nothing of {absent.what}", hint=absent.instead or None
            )
        if passed > GIVE_UP and live.status().waiting:
            raise live.absence()
        return False


def run(live: Live[Any]) -> None:
    """Have a live view take what arrives, and its observers show it, until it is time to end."""
    while True:
        ended = live.finished
        live.tick()
        if ended:
            return
        time.sleep(_BEAT)


def state(status: Status) -> str:
    """What a view does, in a word or two."""
    if status.waiting:
        return f"waiting for {status.waiting}"
    return "live" if status.caught_up else "reading history"
