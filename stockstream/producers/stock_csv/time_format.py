"""Time format of a file, decided from all of its rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Final, NamedTuple

from stockstream.producers.stock_csv.dialect import Undecidable
from stockstream.producers.stock_csv.times import ORDERS, Calendar, Epoch, TimeFormat, dotted, readings

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_OLDEST: Final = 1e8
"""Minimum of a column of epochs, in seconds since 1970: March 1973. Smaller numbers are not times."""

_LONGEST: Final = (("s", 1e11), ("ms", 1e14), ("us", 1e17), ("ns", 1e20))


class Written(NamedTuple):
    """The text of a time, and its line."""

    text: str
    line: int


class UnknownTime(Exception):
    """No time can be read; holds the first one."""

    def __init__(self, first: Written) -> None:
        super().__init__(first)
        self.first = first


class MixedOrders(Exception):
    """Two times that cannot be read in the same order of year, month and day."""

    def __init__(self, one: Written, other: Written) -> None:
        super().__init__(one, other)
        self.one = one
        self.other = other


def format_of(times: Iterable[Written], *, patience: int) -> TimeFormat:
    """Recognise the format of times.

    Parameters
    ----------
    times
        Texts in the order of the file; unreadable ones are ignored if others can be read.
    patience
        Number of times that are read at least. If the format is then still unknown, all are read.

    Raises
    ------
    Undecidable
        If dates may be both D/M/Y and M/D/Y: all are dates in both orders, and sorted in both or in neither.
    MixedOrders
        If some dates fit only one order and some only the other.
    UnknownTime
        If nothing is a time.
    """
    numbers, dates = _Numbers(), _Dates()
    first: Written | None = None
    for count, time in enumerate(times):
        first = first or time
        found = readings(time.text)
        if not found and _NUMBER.fullmatch(time.text):
            numbers.take(time.text)
        else:
            dates.take(time, found)
        if count >= patience and (numbers.count > dates.count or dates.decided):
            break
    if numbers.count > dates.count and (unit := numbers.unit()):
        return Epoch(unit)
    if dates.count:
        return Calendar(dates.order())
    raise UnknownTime(first or Written("", 0))


class _Numbers:
    """Times as numbers."""

    def __init__(self) -> None:
        self.count = 0
        self._largest = 0.0

    def take(self, text: str) -> None:
        self.count += 1
        self._largest = max(self._largest, abs(float(text)))

    def unit(self) -> str | None:
        """The unit in which all numbers are between 1973 and 5138; None if there is none."""
        if self._largest < _OLDEST:
            return None
        return next((unit for unit, most in _LONGEST if self._largest < most), None)


@dataclass
class _Sorted:
    """Whether the times are sorted, ascending or descending, in one order of year, month and day."""

    previous: datetime | None = None
    rises: bool = True
    falls: bool = True

    def take(self, time: datetime) -> None:
        if self.previous is not None:
            self.rises &= time >= self.previous
            self.falls &= time <= self.previous
        self.previous = time


class _Dates:
    """Times by year, month and day."""

    def __init__(self) -> None:
        self.count = 0
        self._evident = 0
        self._fits: Counter[str] = Counter()
        self._first: dict[tuple[str, ...], Written] = {}
        self._sorted = {order: _Sorted() for order in ORDERS}
        self._example: tuple[str, dict[str, datetime]] | None = None
        self._dotted = True

    @property
    def decided(self) -> bool:
        return self._is_evident or len(self._viable()) <= 1

    def take(self, time: Written, found: dict[str, datetime]) -> None:
        if not found:
            return
        self.count += 1
        self._fits.update(found.keys())
        self._dotted &= dotted(time.text)
        self._first.setdefault(tuple(found), time)
        self._evident += len(found) == len(ORDERS) and len(set(found.values())) == 1
        if self._example is None and len(set(found.values())) > 1:
            self._example = time.text, found
        for order, reading in found.items():
            self._sorted[order].take(reading)

    def order(self) -> str:
        viable = self._viable()
        if self._is_evident:
            return "Y/M/D"
        if not viable:
            raise MixedOrders(*self._apart())
        if self._example is None or len(viable) == 1:
            return viable[0]
        text, found = self._example
        in_order = [order for order in viable if self._sorted[order].rises or self._sorted[order].falls] or viable
        if len(in_order) == 1:
            return in_order[0]
        if self._dotted and "D/M/Y" in viable:
            return "D/M/Y"
        raise Undecidable(text, [f"{found[order]:%Y-%m-%d} ({order})" for order in in_order])

    @property
    def _is_evident(self) -> bool:
        """Whether the order of most dates is evident, as in 2026-01-31 and 31-Jan-2026."""
        return self._evident * 2 > self.count

    def _viable(self) -> list[str]:
        return [order for order in ORDERS if self._fits[order] == self.count]

    def _apart(self) -> tuple[Written, Written]:
        """Two times that cannot be read in the same order."""
        for (orders, one), (others, other) in combinations(self._first.items(), 2):
            if not set(orders) & set(others):
                return one, other
        one, other, *_ = self._first.values()
        return one, other  # each of the three orders fails for another time
