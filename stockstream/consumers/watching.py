"""Watching a view until it is time to end, without a window: for pictures, tables and scripts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from stockstream.consumers.live import Live
from stockstream.consumers.values import Values
from stockstream.errors import SeriesError
from stockstream.views.fold import Fold, Selection
from stockstream.views.frame import Frame
from stockstream.views.status import Status
from stockstream.views.view import Parameters, View

R = TypeVar("R")

GIVE_UP: Final = 10.0
"""Seconds that ``--once`` waits for a broker, a topic or a series that is not there."""

_BEAT: Final = 0.05


class Report(Protocol):
    """Is told how a watching goes."""

    def __call__(self, taken: int, status: Status, /) -> None:
        """Take the records so far, and how the view stands."""


class Refresh(Protocol):
    """Brings up to date what a view is shown by."""

    def __call__(self) -> None:
        """Do so, in as little time as it takes."""


@dataclass(frozen=True)
class WatchingOptions:
    """What goes along with a live view.

    Attributes
    ----------
    values
        The file of a table to keep; None for none.
    once
        End when all has been read that the topic held at the start.
    seconds
        End after this time in any case; None for never.
    """

    values: Path | None = None
    once: bool = False
    seconds: float | None = None


class Watching(Generic[R]):
    """A live view with what goes along with it: a table that is kept fresh, a report each second, an end.

    It is what a window is given to show, and what `run` drives where there is no window.

    Parameters
    ----------
    live
        The view at work.
    report
        Is told, at most once a second: records so far, and how it stands.
    options
        The table and the end.
    """

    def __init__(self, live: Live[R], report: Report, options: WatchingOptions) -> None:
        self.options = options
        self._live = live
        self._values = None if options.values is None else Values(options.values, self.frames)
        self._report = report
        self._started = time.monotonic()
        self._ends = None if options.seconds is None else self._started + options.seconds
        self._reported = self._started

    @property
    def view(self) -> View[R]:
        """What is shown and how."""
        return self._live.view

    @property
    def fold(self) -> Fold[R]:
        """What the records so far have become."""
        return self._live.fold

    @property
    def selection(self) -> Selection:
        """What of the view is shown."""
        return self._live.selection

    @property
    def parameters(self) -> Parameters:
        """The values of the view's parameters."""
        return self._live.parameters

    def tick(self) -> bool:
        """Take what has arrived; True where the fold changed."""
        changed = self._live.tick()
        if self._values is not None:
            self._values.refresh(changed=changed)
        now = time.monotonic()
        if now - self._reported >= 1:
            self._reported = now
            self._report(self._live.taken, self.status())
        return changed

    def status(self) -> Status:
        """How the view stands now."""
        return self._live.status()

    @property
    def finished(self) -> bool:
        """Whether it is time to end. Raises where ``--once`` waits in vain."""
        now = time.monotonic()
        if self._ends is not None and now >= self._ends:
            return True
        if not self.options.once:
            return False
        if self._live.settled:
            absent = self._live.absent
            if absent is None:
                return True
            if not absent.certain and now - self._started < GIVE_UP:
                return False
            raise SeriesError(
                f"the topic {self.view.topic.name} holds nothing of {absent.what}", hint=absent.instead or None
            )
        if now - self._started > GIVE_UP and self._live.status().waiting:
            raise self._live.absence()
        return False

    def finish(self) -> None:
        """Write what has not been written yet."""
        if self._values is not None:
            self._values.refresh(changed=False, now=True)

    @property
    def rows(self) -> int | None:
        """Rows of the table as it was last written; None where none was."""
        return None if self._values is None else self._values.rows

    def frames(self) -> Iterator[tuple[str, str, Frame]]:
        """What the table holds: the frames of all the keys that are shown."""
        for key in self.fold.keys():
            yield self.view.key_name, key, self.fold.frame(key)


def state(status: Status) -> str:
    """What a view does, in a word or two."""
    if status.waiting:
        return f"waiting for {status.waiting}"
    return "live" if status.caught_up else "reading history"


@contextmanager
def watching(live: Live[R], report: Report, options: WatchingOptions) -> Iterator[Watching[R]]:
    """A watching over a live view that is running; leaving writes the last table and saves the state."""
    with live:
        watched = Watching(live, report, options)
        yield watched
        watched.finish()


def run(watched: Watching[R], refresh: Refresh) -> None:
    """Watch without a window until it is time to end."""
    while True:
        ended = watched.finished
        watched.tick()
        refresh()
        if ended:
            return
        time.sleep(_BEAT)
