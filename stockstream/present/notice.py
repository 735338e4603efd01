"""Notice: a message that is shown for a limited time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Notice:
    """A message of the program, such as where it saved a picture.

    Parameters
    ----------
    seconds
        How long it is shown.
    clock
        The present time in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._said = ""
        self._since = clock()

    def say(self, text: str) -> None:
        """Replace the message; an empty one removes it."""
        self._said, self._since = text, self._clock()

    @property
    def text(self) -> str:
        """The message, empty if its time is over."""
        return self._said if self.age < self._seconds else ""

    @property
    def age(self) -> float:
        """Seconds since the message was set."""
        return self._clock() - self._since
