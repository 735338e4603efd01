"""Local time of an exchange.

Offsets come from `zoneinfo`, a year of a zone at a time; pandas would take a third of a second to import.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Instants = NDArray[np.datetime64]

_YEARS: Final = (2, 9998)
"""The first and the last year that have offsets of their own: beyond, local times would be no dates of Python."""


def local(instants: Instants, zone: str | None) -> Instants:
    """Local times of UTC instants in a zone; unchanged without a zone.

    >>> local(np.array(["2026-03-02T14:30"], "M8[us]"), "America/New_York").astype("M8[m]").tolist()
    [datetime.datetime(2026, 3, 2, 9, 30)]
    """
    known = instants[~np.isnat(instants)]
    if zone is None or not len(known):
        return instants
    years = np.array([known.min(), known.max()]).astype("M8[Y]").astype(np.int64) + 1970
    first, last = np.clip(years, *_YEARS).tolist()
    found = [_offsets(zone, year) for year in range(first, last + 1)]
    begins, offsets = np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found])
    return np.asarray(instants + offsets[np.maximum(np.searchsorted(begins, instants, "right") - 1, 0)])


@lru_cache(4_096)
def _offsets(zone: str, year: int) -> tuple[Instants, NDArray[np.timedelta64]]:
    """The offsets of a year, in seconds, and from when each holds: the first from the beginning of the year."""
    there = ZoneInfo(zone)

    def offset(second: int) -> int:
        utc = begin + timedelta(seconds=second)
        return round((utc.astimezone(there).utcoffset() or timedelta()).total_seconds())

    begin = datetime(year, 1, 1, tzinfo=UTC)
    days = range(0, round((datetime(year + 1, 1, 1, tzinfo=UTC) - begin).total_seconds()) + 1, 86_400)
    found = [(0, offset(0))]
    for day in days[1:]:
        now = offset(day)
        if now == found[-1][1]:
            continue
        before, after = day - 86_400, day
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if offset(middle) == found[-1][1] else (before, middle)
        found.append((after, now))
    seconds, offsets = zip(*found, strict=True)
    return np.datetime64(f"{year:04}", "s") + np.array(seconds, "m8[s]"), np.array(offsets, "m8[s]")
