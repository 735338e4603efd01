"""Bar intervals: any whole number of minutes, hours, days, weeks, months or years."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

Unit: TypeAlias = Literal["seconds", "days", "months"]

FORM: Final = "a whole number of m, h, d, wk, mo or y, such as 5m, 4h, 1d, 2wk or 3mo"
"""How an interval is written, in words."""

USUAL: Final = ("1m", "2m", "5m", "15m", "30m", "1h", "1d", "1wk", "1mo", "1y")
"""Those that sources give most often, for help and completion; any other is as good."""

YAHOO: Final = ("1m", "2m", "5m", "15m", "30m", "90m", "1h", "1d", "1wk", "1mo", "3mo")
"""Those that Yahoo has."""

_UNITS: Final[dict[str, tuple[Unit, int]]] = {
    "m": ("seconds", 60),
    "h": ("seconds", 3_600),
    "d": ("days", 1),
    "wk": ("days", 7),
    "mo": ("months", 1),
    "y": ("months", 12),
}
_SECONDS: Final[dict[Unit, int]] = {"seconds": 1, "days": 86_400, "months": 2_592_000}
_NAME: Final = re.compile(r"([1-9][0-9]{0,7})(m|h|d|wk|mo|y)")
_LONGEST: Final = 100 * 365 * 86_400


class Interval(NamedTuple):
    """How long a bar's period is: ``size`` seconds of the clock, days of the calendar or months of it.

    So 60m and 1h are one length, and so are 7d and 1wk, 12mo and 1y; 24h and 1d are not, for a day is a session, which
    is dated, and 24 hours are a time that passes.
    """

    unit: Unit
    size: int

    @property
    def intraday(self) -> bool:
        """Whether its bars open at an instant, and not on a session's date."""
        return self.unit == "seconds"

    @property
    def seconds(self) -> int:
        """About how long it is: a month counts as 30 days, a year as 365."""
        return self.size * _SECONDS[self.unit] + (self.size // 12 * 5 * 86_400 if self.unit == "months" else 0)


@lru_cache(maxsize=1_024)
def parse(name: str) -> Interval:
    """The interval of a name.

    Raises ValueError for a name that is none: the number counts from 1 and has no zeros before it, and the whole is at
    most about a hundred years.

    >>> parse("4h"), parse("2wk"), parse("1y")
    (Interval(unit='seconds', size=14400), Interval(unit='days', size=14), Interval(unit='months', size=12))
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{_cut(name)!r} is not an interval: {FORM}")
    unit, size = _UNITS[found[2]]
    interval = Interval(unit, int(found[1]) * size)
    if interval.seconds > _LONGEST:
        raise ValueError(f"{name!r} is longer than a hundred years")
    return interval


def is_interval(name: str) -> bool:
    """Whether a name is that of an interval.

    >>> is_interval("90m"), is_interval("05m"), is_interval("1x")
    (True, False, False)
    """
    try:
        return bool(parse(name))
    except ValueError:
        return False


_GUESSED: Final = (
    *(f"{count}m" for count in range(1, 60) if 60 % count == 0),
    *(f"{count}h" for count in range(1, 24) if 24 % count == 0),
    "90m",
    "1d",
    "1wk",
)
_BY_SECONDS: Final = {parse(name).seconds: name for name in _GUESSED}
_MONTHS: Final = ((28, 31, "1mo"), (89, 92, "3mo"), (365, 366, "1y"))


def spaced(gap: timedelta) -> str | None:
    """The interval of bars with this most frequent distance; None if it is not a usual interval.

    Not every whole number of minutes is one: from a Friday to a Monday there are three days, which are no 3d.

    >>> spaced(timedelta(minutes=3)), spaced(timedelta(days=30)), spaced(timedelta(days=3))
    ('3m', '1mo', None)
    """
    for least, most, name in _MONTHS:
        if timedelta(days=least) <= gap <= timedelta(days=most):
            return name
    return _BY_SECONDS.get(round(gap.total_seconds())) if not gap.microseconds else None


def _cut(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:20]}..."
