"""Time zone of a file, from the offsets of its times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

NAIVE: Final = -(2**31)
"""Represents the offset of a time without an offset."""

EXCHANGES: Final = (
    "America/New_York", "America/Chicago", "Europe/London", "Europe/Berlin", "Asia/Tokyo", "Asia/Hong_Kong",
    "Asia/Shanghai", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo", "Asia/Seoul", "Asia/Singapore",
    "Europe/Helsinki", "Europe/Athens", "Europe/Lisbon", "Europe/Istanbul", "Europe/Moscow", "Africa/Johannesburg",
    "Asia/Jerusalem", "Asia/Riyadh", "Africa/Cairo", "Asia/Bangkok", "Asia/Jakarta", "Pacific/Auckland",
    "America/Los_Angeles", "America/Denver", "America/Santiago", "America/Halifax", "Asia/Kathmandu", "Asia/Colombo",
    "Asia/Yangon", "Asia/Tehran", "Australia/Adelaide", "Australia/Brisbane", "America/St_Johns",
)  # fmt: skip
"""Zones with an exchange, larger exchanges first."""

_MICROS: Final = 10**6
_DAY: Final = 86_400 * _MICROS
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def zone_of(instants: NDArray[np.int64], offsets: NDArray[np.int32]) -> ZoneInfo | None:
    """The zone in which every time has its offset.

    If all offsets are the same and whole hours, the zone is that offset, such as ``Etc/GMT-11`` for +11:00, because
    several zones have it. Otherwise it is the first zone with an exchange in which all offsets are right; its days are
    those of the file.

    Parameters
    ----------
    instants
        Microseconds since 1970 in UTC; shape (rows,).
    offsets
        Offset of each in seconds from UTC, or `NAIVE`.

    Returns
    -------
    ZoneInfo or None
        None if all offsets are +00:00, or there are none.

    Raises
    ------
    LookupError
        If no zone fits.
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
    # It is enough to check the first and the last row of each day at each offset.
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
