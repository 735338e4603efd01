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
"""Seconds since 1970 below which a column of numbers is none of epochs: days before March 1973."""

_LONGEST: Final = (("s", 1e11), ("ms", 1e14), ("us", 1e17), ("ns", 1e20))


class Written(NamedTuple):
    """A time as it is written, and the line where it stands."""

    text: str
    line: int


class UnknownTime(Exception):
    """No time can be read: the first one."""

    def __init__(self, first: Written) -> None:
        super().__init__(first)
        self.first = first


class MixedOrders(Exception):
    """Two times that no order of year, month and day reads both."""

    def __init__(self, one: Written, other: Written) -> None:
        super().__init__(one, other)
        self.one = one
        self.other = other


def format_of(times: Iterable[Written], *, patience: int) -> TimeFormat:
    """Tell the format.

    Parameters
    ----------
    times
        As they stand in the file, in its order; what is none is passed over, if others are.
    patience
        After so many of them it is enough to know; until it is known, all are read.

    Raises
    ------
    Undecidable
        Where dates may be D/M/Y as well as M/D/Y: every one of them is a date in both, and in both they are sorted,
        or in none.
    MixedOrders
        Where some can only be the one and some only the other.
    UnknownTime
        Where nothing is a time.
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
    """Times that are numbers."""

    def __init__(self) -> None:
        self.count = 0
        self._largest = 0.0

    def take(self, text: str) -> None:
        self.count += 1
        self._largest = max(self._largest, abs(float(text)))

    def unit(self) -> str | None:
        """The unit that puts them between 1973 and 5138; None where there is none."""
        if self._largest < _OLDEST:
            return None
        return next((unit for unit, most in _LONGEST if self._largest < most), None)


@dataclass
class _Sorted:
    """Whether the times in one order of year, month and day go on one way; equal ones may follow each other."""

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
        """Whether most dates say their order themselves, as 2026-01-31 and 31-Jan-2026 do."""
        return self._evident * 2 > self.count

    def _viable(self) -> list[str]:
        return [order for order in ORDERS if self._fits[order] == self.count]

    def _apart(self) -> tuple[Written, Written]:
        """Two times that no order reads both."""
        for (orders, one), (others, other) in combinations(self._first.items(), 2):
            if not set(orders) & set(others):
                return one, other
        one, other, *_ = self._first.values()
        return one, other  # three orders, of which each lacks another one
