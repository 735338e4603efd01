"""Clock of a source, passed in so that tests can set the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_BEAT: Final = 0.2


@dataclass(frozen=True)
class Clock:
    """Wall time, monotonic time in seconds, and waiting."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def wait_until(self, due: float) -> Iterator[None]:
        """Wait until the monotonic time is ``due``; gives a None five times a second.

        >>> clock = Clock()
        >>> list(clock.wait_until(clock.monotonic()))
        []
        """
        while (left := due - self.monotonic()) > 0:
            self.sleep(min(left, _BEAT))
            yield None


SYSTEM: Final = Clock()
"""The clock of this machine."""
