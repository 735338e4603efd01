"""Local times without an offset, converted to UTC, also on days when clocks change."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

_DAY: Final = timedelta(days=1)
_LONGEST: Final = 3 * 3_600 * 10**6
"""Maximum length of a run of ambiguous times in microseconds: clocks once went back by two hours."""

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local times, of whatever zone


@dataclass(frozen=True)
class LocalTimes:
    """Local times of a file: the ``zone``, and the lines in the ``second`` pass of an ambiguous hour.

    The order of rows decides which pass a row belongs to: the second pass begins where the time goes back from one row
    to the next. In a file with the newest row first it is the reverse.
    """

    zone: ZoneInfo
    second: BitMap

    @classmethod
    def of(
        cls, zone: ZoneInfo, walls: NDArray[np.int64], symbols: NDArray[np.int32], lines: NDArray[np.int32]
    ) -> LocalTimes:
        """Find the lines of second passes.

        Parameters
        ----------
        zone
            The zone of the times.
        walls, symbols, lines
            Local time in microseconds since 1970, number of the symbol, and line of each row; shape (rows,).
        """
        rows: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        days, inverse = np.unique(walls // (86_400 * 10**6), return_inverse=True)
        changing = np.array([_changes(zone, int(day)) for day in days], dtype=bool)
        for row in np.flatnonzero(changing[inverse] if len(days) else ()):
            if ambiguous(_EPOCH + timedelta(microseconds=int(walls[row])), zone):
                rows[int(symbols[row])].append((int(walls[row]), int(lines[row])))
        by_symbol = np.argsort(symbols, kind="stable")
        steps = np.sign(np.diff(walls[by_symbol])[np.diff(symbols[by_symbol]) == 0]).sum()
        second = BitMap()
        for run in (run for of_symbol in rows.values() for run in _runs(of_symbol)):
            second.update(_second(run if steps >= 0 else run[::-1]))
        return cls(zone, second)

    def instant(self, local: datetime, line: int) -> datetime:
        """The instant of a row. Raises ValueError for a time that clocks skipped."""
        there = local.replace(tzinfo=self.zone, fold=int(line in self.second))
        instant = there.astimezone(UTC)
        if instant.astimezone(self.zone).replace(tzinfo=None) != local:
            raise ValueError(f"does not exist in {self.zone}: clocks went forward over it")
        return instant


def ambiguous(local: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks showed a local time twice.

    >>> ambiguous(datetime(2024, 11, 3, 1, 30), ZoneInfo("America/New_York"))
    True
    """
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return bool(first and second is not None and first > second) or bool(
        first is not None and second and first > second
    )


def _changes(zone: ZoneInfo, day: int) -> bool:
    """Whether the clock changes on a day, counted from 1970, or on an adjacent one."""
    date = _EPOCH + day * _DAY
    before, after = (moment.replace(tzinfo=zone).utcoffset() for moment in (date - _DAY, date + 2 * _DAY))
    return before != after


def _runs(rows: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """The ambiguous rows of each night on which clocks go back, in order."""
    nights: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for wall, line in rows:
        night = next((start for start in nights if abs(wall - start) <= _LONGEST), wall)
        nights[night].append((wall, line))
    return list(nights.values())


def _second(rows: list[tuple[int, int]]) -> list[int]:
    """The lines of the second pass, for rows in ascending order."""
    once = len({wall for wall, _ in rows}) == 1
    for index in range(1, len(rows)):
        if rows[index][0] < rows[index - 1][0] or (once and rows[index][0] == rows[index - 1][0]):
            return [line for _, line in rows[index:]]
    return []
