"""Time zone of a file, from the offsets of its times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

NAIVE: Final = -(2**31)
"""Stands for the offset of a time that has none."""

EXCHANGES: Final = (
    "America/New_York", "America/Chicago", "Europe/London", "Europe/Berlin", "Asia/Tokyo", "Asia/Hong_Kong",
    "Asia/Shanghai", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo", "Asia/Seoul", "Asia/Singapore",
    "Europe/Helsinki", "Europe/Athens", "Europe/Lisbon", "Europe/Istanbul", "Europe/Moscow", "Africa/Johannesburg",
    "Asia/Jerusalem", "Asia/Riyadh", "Africa/Cairo", "Asia/Bangkok", "Asia/Jakarta", "Pacific/Auckland",
    "America/Los_Angeles", "America/Denver", "America/Santiago", "America/Halifax", "Asia/Kathmandu", "Asia/Colombo",
    "Asia/Yangon", "Asia/Tehran", "Australia/Adelaide", "Australia/Brisbane", "America/St_Johns",
)  # fmt: skip
"""Zones with an exchange, the larger ones first."""

_MICROS: Final = 10**6
_DAY: Final = 86_400 * _MICROS
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def zone_of(instants: NDArray[np.int64], offsets: NDArray[np.int32]) -> ZoneInfo | None:
    """The zone in which every time has the offset that stands beside it.

    One offset of whole hours all through is taken as just that, ``Etc/GMT-11`` for +11:00, as several zones have it.
    Where offsets change, or are no whole hours, it is the first zone with an exchange in which all of them are right:
    its days are those of the file.

    Parameters
    ----------
    instants
        Microseconds since 1970 in UTC; shape (rows,).
    offsets
        Seconds from UTC of each, or `NAIVE`.

    Returns
    -------
    ZoneInfo or None
        None where all offsets are +00:00, or there are none.

    Raises
    ------
    LookupError
        Where no zone fits.
    """
    known = offsets != NAIVE
    instants, offsets = instants[known], offsets[known]
    different = np.unique(offsets)
    if not different.any():
        return None
    if len(different) == 1 and different[0] % 3_600 == 0:
        hours = int(different[0]) // 3_600
        if -12 <= hours <= 14:
            return ZoneInfo(f"Etc/GMT{-hours:+d}")
    # The first and the last row of each day at each offset stand for all.
    groups = np.stack([instants // _DAY, offsets.astype(np.int64)])
    order = np.lexsort((instants, *groups))
    begins = np.flatnonzero(np.any(np.diff(groups[:, order], prepend=-(2**62)), axis=0))
    ends = np.append(begins[1:], len(order)) - 1
    samples = order[np.unique(np.concatenate([begins, ends]))]
    pairs = [(_EPOCH + timedelta(microseconds=int(instants[row])), int(offsets[row])) for row in samples]
    for name in EXCHANGES:
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
        if all(moment.astimezone(zone).utcoffset() == timedelta(seconds=offset) for moment, offset in pairs):
            return zone
    raise LookupError(" and ".join(_offset_text(int(offset)) for offset in different[:3]))


def _offset_text(offset: int) -> str:
    hours, minutes = divmod(abs(offset) // 60, 60)
    return f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"
