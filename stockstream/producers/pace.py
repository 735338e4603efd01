"""Pacing: a number of records a second, or the rhythm of the original events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Final, TypeVar

from stockstream.errors import BadRow
from stockstream.producers.clock import SYSTEM, Clock

R = TypeVar("R")

_LATE: Final = 1.0


def at_rate(source: Iterable[R | BadRow | None], rate: float, *, clock: Clock = SYSTEM) -> Iterator[R | BadRow | None]:
    """Let ``rate`` records a second through.

    >>> from itertools import islice
    >>> [item for item in at_rate("abc", rate=1000.0) if item]
    ['a', 'b', 'c']
    """
    numbers = count()
    return paced(source, lambda _: next(numbers) / rate, clock=clock)


def paced(
    source: Iterable[R | BadRow | None], moment: Callable[[R], float], *, clock: Clock = SYSTEM
) -> Iterator[R | BadRow | None]:
    """Hold each record back until its moment.

    The moments are kept over time: what one record is late the next makes up for. Who is more than a second late (the
    machine slept, the rate is beyond its means) goes on from there, with no burst to catch up.

    Parameters
    ----------
    source
        Records, rows that cannot be read (they pass at once) and Nones.
    moment
        When a record is due, in seconds on any scale; never less than that of the record before.
    clock
        What time it is, and how to let it pass.

    Yields
    ------
    R, BadRow or None
        What the source gives, and a None five times a second while a record is held back.
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
