"""Time formats: dates in any order, with or without a time of day and an offset, and epochs."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Final

KNOWN: Final = (
    "2026-01-31, 2026/1/31, 20260131, 31/01/2026, 01/31/2026, 31.01.26, 31-Jan-2026, each also with 15:30:00 or "
    "3:30 PM and an offset, and epochs in s, ms, us, ns"
)
"""Known formats, for messages."""

_MONTHS: Final = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)  # noqa: SIM905
} | {"mai": 5, "mär": 3, "mrz": 3, "okt": 10, "dez": 12}
"""Numbers of months by the first letters of their names, English and German."""

_TEXT: Final = re.compile(
    r"(?:(?P<digits>\d{8})(?:[\sT]?(?P<run>\d{6}|\d{4}))?"
    r"|(?P<a>\d{1,4}|[^\W\d_]{3,9})(?P<mark>[-/.]|\s)\s*(?P<b>\d{1,2}|[^\W\d_]{3,9})(?:[-/.]|,?\s)\s*(?P<c>\d{4}|\d{1,2}))"
    r"(?:(?:,?\s+|T)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp])?(?(half)\.?[Mm]\.?))?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
)
_CLOCK: Final = re.compile(r"\d{1,2}:\d\d(:\d\d([.,]\d+)?)?(\s*[AaPp]\.?[Mm]\.?)?|\d{1,6}")
_CENTURY: Final = 70
"""Two-digit years from here on belong to the last century, as in POSIX."""

_ISO: Final = frozenset({"--", "-- ", "--T"})
"""Signs between year, month, day and time of ISO 8601."""

_UNITS: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_TEXT: Final = re.compile(r"-?\d+(\.\d+)?")

ORDERS: Final = {"Y/M/D": "ymd", "D/M/Y": "dmy", "M/D/Y": "mdy"}
"""Possible orders of year, month and day."""


class TimeFormat(ABC):
    """Format of the times in a file."""

    @abstractmethod
    def read(self, text: str) -> datetime:
        """The time in a text, without a zone if the text has none. Raises ValueError."""

    def read_all(self, texts: Sequence[str]) -> list[datetime]:
        """The times in many texts. Raises ValueError if any of them is none."""
        return list(map(self.read, texts))


@dataclass(frozen=True)
class Calendar(TimeFormat):
    """Dates by year, month and day in an ``order`` of `ORDERS`; four digits first and months by name need none."""

    order: str = "Y/M/D"

    def __str__(self) -> str:
        return self.order

    def read(self, text: str) -> datetime:
        """As `TimeFormat.read`."""
        if text[4:5] == "-" == text[7:8] and text[10:11] in ("", " ", "T"):
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                pass  # 2026-01-31 9:30 is not ISO 8601
        day, _, clock = text.rpartition(" ")
        if len(clock) in (5, 8) and clock[2] == ":":
            try:
                return datetime.combine(_day(day, self.order), time.fromisoformat(clock))
            except ValueError:
                pass
        return _moment(_parts(text), self.order)

    def read_all(self, texts: Sequence[str]) -> list[datetime]:
        """As `TimeFormat.read_all`."""
        if {text[4:11:3] for text in texts} <= _ISO:
            try:
                return list(map(datetime.fromisoformat, texts))
            except ValueError:
                pass
        return super().read_all(texts)


@dataclass(frozen=True)
class Epoch(TimeFormat):
    """The time since 1970-01-01T00:00:00Z in a ``unit``: s, ms, us or ns."""

    unit: str

    def __str__(self) -> str:
        return f"epoch in {self.unit}"

    def read(self, text: str) -> datetime:
        """As `TimeFormat.read`."""
        if not _EPOCH_TEXT.fullmatch(text):
            raise ValueError("not a number")
        whole, _, part = text.partition(".")
        units = _UNITS[self.unit]
        seconds, rest = divmod(int(whole), units)
        micros = rest * 10**6 // units
        if part and self.unit == "s":
            micros = int(f"{part:<06.6}") * (-1 if text.startswith("-") else 1)
        try:
            return _EPOCH + timedelta(seconds=seconds, microseconds=micros)
        except OverflowError:
            raise ValueError("no time that a calendar can hold") from None


@dataclass(frozen=True)
class Pattern(TimeFormat):
    """A pattern of strptime, given by the user."""

    pattern: str

    def __str__(self) -> str:
        return self.pattern

    def read(self, text: str) -> datetime:
        """As `TimeFormat.read`."""
        return datetime.strptime(text, self.pattern)  # noqa: DTZ007 - the zone comes from the file or the user


def named_format(name: str) -> TimeFormat:
    """The format with a name: an order, a unit of epochs, or a pattern of strptime. Raises ValueError.

    >>> str(named_format("dd/mm/yyyy")), str(named_format("ms")), str(named_format("%d %b %Y"))
    ('D/M/Y', 'epoch in ms', '%d %b %Y')
    """
    if name in _UNITS:
        return Epoch(name)
    if "%" in name:
        pattern = Pattern(name)
        try:
            pattern.read(datetime(2026, 1, 31, tzinfo=UTC).strftime(name))
        except ValueError as error:
            raise ValueError(f"{name!r} is not a pattern of dates: {error}") from None
        return pattern
    letters = re.sub(r"(.)\1*", r"\1", re.sub(r"[^a-z]", "", name.lower()))
    for order, short in ORDERS.items():
        if letters == short:
            return Calendar(order)
    raise ValueError(f"{name!r} is not one of {', '.join(ORDERS)}, {', '.join(_UNITS)}, nor a pattern such as %d.%m.%Y")


def joined(date: str, clock: str) -> str:
    """Join a date and a time of the day from two cells to one text; 093000 and 930 are times, too.

    >>> joined("20260131", "93000"), joined("2026-01-31 00:00:00", "9:30 AM")
    ('20260131 09:30:00', '2026-01-31 9:30 AM')
    """
    if clock.isdigit() and len(clock) <= 6:
        digits = clock.zfill(4 if len(clock) <= 4 else 6)
        clock = ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))
    return f"{date.partition(' ')[0]} {clock}" if clock else date


def is_clock(text: str) -> bool:
    """Whether a text may be a time of the day."""
    return bool(_CLOCK.fullmatch(text))


def _parts(text: str) -> re.Match[str]:
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError("not a known time format")
    return found


@lru_cache(maxsize=1_024)
def _day(text: str, order: str) -> datetime:
    """A date; cached, because many rows of a file share it."""
    return _moment(_parts(text), order)


def _moment(parts: re.Match[str], order: str) -> datetime:
    year, month, day = _date(parts, order)
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if run := parts["run"]:
        hour, minute, second = int(run[:2]), int(run[2:4]), int(run[4:] or 0)
    if half := parts["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("no hour of half a day")
        hour = hour % 12 + (12 if half in "pP" else 0)
    micros = int((parts["part"] or "0").ljust(6, "0")[:6])
    return datetime(year, month, day, hour, minute, second, micros, tzinfo=_zone(parts["zone"]))


def _date(parts: re.Match[str], order: str) -> tuple[int, int, int]:
    if digits := parts["digits"]:
        return int(digits[:4]), int(digits[4:6]), int(digits[6:])
    letters = _own_order(parts) or ORDERS[order]
    numbers = dict(zip(letters, (parts["a"], parts["b"], parts["c"]), strict=True))
    year, month, day = numbers["y"], numbers["m"], numbers["d"]
    if len(year) not in (2, 4) or len(day) > 2:
        raise ValueError("no date in this order")
    return _year(year), int(month) if month.isdigit() else _month(month), int(day)


def _own_order(parts: re.Match[str]) -> str | None:
    if not parts["a"].isdigit():
        return "mdy"
    if len(parts["a"]) == 4:
        return "ymd"
    return None if parts["b"].isdigit() else "dmy"


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else int(digits) + (2000 if int(digits) < _CENTURY else 1900)


def _month(name: str) -> int:
    try:
        return _MONTHS[name[:3].lower()]
    except KeyError:
        raise ValueError("no month") from None


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text.isalpha():
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[3:].lstrip(":") or 0)
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes)) if minutes else UTC


def readings(text: str) -> dict[str, datetime]:
    """The date in a text in each order in which it is valid; without a zone.

    >>> list(readings("31/01/2026")), list(readings("05/03/2026")), list(readings("2026-01-05"))
    (['D/M/Y'], ['D/M/Y', 'M/D/Y'], ['Y/M/D', 'D/M/Y', 'M/D/Y'])
    """
    found = {}
    for order in ORDERS:
        try:
            found[order] = Calendar(order).read(text).replace(tzinfo=None)
        except ValueError:
            continue
    return found


def dotted(text: str) -> bool:
    """Whether the date is separated by points: such dates never begin with the month.

    >>> dotted("01.02.2026"), dotted("01/02/2026")
    (True, False)
    """
    found = _TEXT.fullmatch(text)
    return found is not None and found["mark"] == "."
