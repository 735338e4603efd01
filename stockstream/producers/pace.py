"""Pacing: a rate per second, or the intervals of the original events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from stockstream.errors import BadRow
from stockstream.producers.clock import SYSTEM, Clock

R = TypeVar("R")

_LATE: Final = 1.0


def paced(
    source: Iterable[R | BadRow | None], moment: Callable[[R], float], *, clock: Clock = SYSTEM
) -> Iterator[R | BadRow | None]:
    """Pass each record on when it is due.

    Delays do not add up: after a late record the next one waits less. After a delay of more than a second (the machine
    slept, or cannot reach the rate) the schedule is shifted, without a burst to catch up.

    Parameters
    ----------
    source
        Records, rows that cannot be read (passed on at once) and Nones.
    moment
        Time at which a record is due, in seconds on any scale; never before that of the previous record.
    clock
        The clock to wait with.

    Yields
    ------
    R, BadRow or None
        The items of the source, and a None five times a second while a record waits.
    """
    start: float | None = None
    for item in source:
        if item is not None and not isinstance(item, BadRow):
            due = moment(item)
            if start is None:
                start = clock.monotonic() - due
            yield from clock.wait_until(start + due)
            late = clock.monotonic() - (start + due)
            if late > _LATE:
                start += late
        yield item
