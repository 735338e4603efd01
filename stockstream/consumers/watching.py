"""Watching a view until it is time to end, without a window: for pictures, tables and scripts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from stockstream.consumers.live import Live
from stockstream.consumers.values import Values
from stockstream.errors import SeriesError
from stockstream.views.fold import Fold
from stockstream.views.frame import Frame
from stockstream.views.status import Status
from stockstream.views.view import View

R = TypeVar("R")

GIVE_UP: Final = 10.0
"""Seconds that ``--once`` waits for a broker, a topic or a series that is not there."""

_BEAT: Final = 0.05


class Watching(Generic[R]):
    """A live view with what goes along with it: a table that is kept fresh, a report each second, an end.

    It is what a window is given to show, and what `run` drives where there is no window.

    Parameters
    ----------
    live
        The view at work.
    values
        The file of a table to keep; None for none.
    report
        Is told, at most once a second: records so far, and how it stands.
    once
        End when all has been read that the topic held at the start.
    seconds
        End after this time in any case; None for never.
    """

    def __init__(
        self,
        live: Live[R],
        *,
        values: Path | None,
        report: Callable[[int, Status], None],
        once: bool = False,
        seconds: float | None = None,
    ) -> None:
        self._live = live
        self._values = None if values is None else Values(values, self.frames)
        self._report = report
        self._once = once
        self._started = time.monotonic()
        self._ends = None if seconds is None else self._started + seconds
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
    def parameters(self) -> Mapping[str, Any]:
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
        if not self._once:
            return False
        if self._live.settled:
            missing = self.fold.missing()
            if missing:
                names = ", ".join(missing)
                raise SeriesError(
                    f"the topic {self.view.topic.name} holds nothing of {self.view.key_name} {names}",
                    hint="`stockstream series` lists what there is" if self.view.keyed else None,
                )
            return True
        if now - self._started > GIVE_UP and self._live.status().waiting:
            raise self._live.absence()
        return False

    def finish(self) -> None:
        """Write what has not been written yet."""
        if self._values is not None:
            self._values.refresh(changed=False, now=True)

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
def watching(live: Live[R], **options: Any) -> Iterator[Watching[R]]:
    """A watching over a live view that is running; leaving writes the last table and saves the state."""
    with live:
        watched = Watching(live, **options)
        yield watched
        watched.finish()


def run(watched: Watching[Any], refresh_picture: Callable[[], None]) -> None:
    """Watch without a window until it is time to end."""
    while True:
        ended = watched.finished
        watched.tick()
        refresh_picture()
        if ended:
            return
        time.sleep(_BEAT)
