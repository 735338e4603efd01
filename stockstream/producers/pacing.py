"""Pacing of any source: its rate, time span, number of records and duration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from stockstream.errors import BadRow
from stockstream.producers.clock import SYSTEM, Clock
from stockstream.producers.valve import Valve

R = TypeVar("R")

_LATE: Final = 1.0


@dataclass(frozen=True)
class Limits:
    """Limits of the sent records, and their speed relative to the records' own times; None means no limit.

    Attributes
    ----------
    start, end
        Only records from the one instant on and before the other.
    speed
        Multiple of real time.
    count
        End after so many records.
    seconds
        End after so many seconds.
    """

    start: datetime | None = None
    end: datetime | None = None
    speed: float | None = None
    count: int | None = None
    seconds: float | None = None


class Pacing(Generic[R]):
    """Passes on the wanted records of a source, each at its time.

    After a delay of more than a second the schedule is shifted, without a burst to catch up.

    Parameters
    ----------
    limits
        Limits of the records to send.
    valve
        Valve that limits the rate.
    time_of
        The time of a record.
    clock
        The clock to read and to wait with.
    """

    def __init__(self, limits: Limits, valve: Valve, time_of: Callable[[R], datetime], clock: Clock = SYSTEM) -> None:
        self._limits = limits
        self._valve = valve
        self._time_of = time_of
        self._clock = clock
        self._offset: float | None = None

    def through(self, source: Iterable[R | BadRow | None]) -> Iterator[R | BadRow | None]:
        """The wanted records; a None five times a second while a record is held back."""
        seconds = self._limits.seconds
        return self._held(source) if seconds is None else self._for(seconds, source)

    def _for(self, seconds: float, source: Iterable[R | BadRow | None]) -> Iterator[R | BadRow | None]:
        ends = self._clock.monotonic() + seconds
        for item in self._held(source):
            yield item
            if self._clock.monotonic() >= ends:
                return

    def _held(self, source: Iterable[R | BadRow | None]) -> Iterator[R | BadRow | None]:
        limits, valve = self._limits, self._valve
        left, dated = limits.count, limits.start is not None or limits.end is not None
        for item in source:
            if item is None or isinstance(item, BadRow):
                yield item
                yield from valve.wait_open()
            elif dated and not self._is_wanted(item):
                yield None  # so that a stop is not delayed while records are skipped
            else:
                if limits.speed is not None:
                    yield from self._in_time(self._time_of(item).timestamp() / limits.speed)
                if not valve.passes():
                    yield from valve.wait()
                yield item
                if left is not None:
                    left -= 1
                    if not left:
                        return

    def _is_wanted(self, record: R) -> bool:
        start, end = self._limits.start, self._limits.end
        time = self._time_of(record)
        return (start is None or time >= start) and (end is None or time < end)

    def _in_time(self, due: float) -> Iterator[None]:
        if self._offset is None:
            self._offset = self._clock.monotonic() - due
        yield from self._clock.wait_until(self._offset + due)
        late = self._clock.monotonic() - (self._offset + due)
        if late > _LATE:
            self._offset += late
