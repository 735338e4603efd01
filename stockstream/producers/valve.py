"""Valve: lets records through at a rate that may be changed, and stopped, while they flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stockstream.producers.clock import SYSTEM, Clock

_BEAT: Final = 0.2
_LATE: Final = 1.0


class Valve:
    """Lets ``rate`` records a second through, up to ``burst`` of them at once, and none while it is closed.

    After a late record the next one waits less. After a delay of more than a second (the machine slept, the rate is
    too high, the valve was closed) the schedule is shifted.

    Parameters
    ----------
    rate
        Records a second; None for no limit.
    burst
        Number of records that may pass at once after a pause.
    clock
        The clock to read and to wait with.

    Attributes
    ----------
    rate, is_closed
        May be set from another thread at any time.
    passed : int
        Records that went through.
    """

    def __init__(self, rate: float | None = None, burst: int = 1, clock: Clock = SYSTEM) -> None:
        self.rate = rate
        self.is_closed = False
        self.passed = 0
        self._burst = burst
        self._clock = clock
        self._due: float | None = None

    def passes(self) -> bool:
        """Let the next record through if there is no limit and it is open; otherwise `wait` must be called.

        >>> Valve().passes(), Valve(rate=1000.0).passes()
        (True, False)
        """
        if self.rate is not None or self.is_closed:
            return False
        self._due = None
        self.passed += 1
        return True

    def wait(self) -> Iterator[None]:
        """Let time pass until the next record may go, with a None five times a second.

        >>> valve = Valve(rate=1000.0)
        >>> list(valve.wait()), valve.passed
        ([], 1)
        """
        while True:
            now, rate = self._clock.monotonic(), self.rate
            if self.is_closed:
                left = _BEAT
            elif rate is None:
                self._due = None
                break
            else:
                if self._due is None or now - self._due > _LATE:
                    self._due = now
                left = self._due - (self._burst - 1) / rate - now
                if left <= 0:
                    self._due += 1 / rate
                    break
            self._clock.sleep(min(left, _BEAT))
            yield None
        self.passed += 1

    def wait_open(self) -> Iterator[None]:
        """Let time pass while it is closed, with a None five times a second."""
        while self.is_closed:
            self._clock.sleep(_BEAT)
            yield None
