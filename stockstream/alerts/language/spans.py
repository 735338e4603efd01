"""Spans of time as they are written in rules: 90s, 15m, 1h, 5d, 2wk."""

from __future__ import annotations

import re
from typing import Final

from stockstream.names import cut

_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "wk": 604_800}
_LONGEST: Final = 10 * 366 * 86_400


def seconds_of(span: str) -> int:
    """The seconds of a span. Raises ValueError for one without a fixed length, of none, or of more than ten years.

    >>> seconds_of("15m"), seconds_of("2wk")
    (900, 1209600)
    """
    found = re.fullmatch(r"(\d+)(s|m|h|d|wk)", span)
    if found is None:
        raise ValueError(f"{cut(span)} is no time of a fixed length, such as 90s, 15m, 8h, 5d or 2wk")
    seconds = int(found[1]) * _SECONDS[found[2]] if len(found[1]) < 12 else _LONGEST + 1
    if not 0 < seconds <= _LONGEST:
        raise ValueError(f"{cut(span)} is not a time from 1s to ten years")
    return seconds
