"""Reading: a number at an instant, and its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from stockstream.errors import BadRow
from stockstream.records import FIRST_YEAR, LAST_YEAR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_END: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
_UNITS: Final = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (float("inf"), 1e9))
"""Upper limits of epochs in seconds, milliseconds, microseconds, nanoseconds: the year 5138 each."""


class Place(NamedTuple):
    """Place of a reading: a file or service as the user named it, a line, and its bytes."""

    name: str
    line: int | None
    raw: bytes

    def bad(self, reason: str, column: str | None = None) -> BadRow:
        """A bad row at this place."""
        return BadRow(self.name, self.line, column, reason, raw=self.raw)


class Reading(NamedTuple):
    """The value of a series at an instant, in UTC, and its unit where it is known."""

    symbol: str
    time: datetime
    value: float
    unit: str | None
    place: Place


def instant(written: object, zone: ZoneInfo | None = None) -> datetime:
    """The parsed instant, in UTC.

    Parameters
    ----------
    written
        ISO 8601, with or without an offset; or an epoch in seconds, milliseconds, microseconds or nanoseconds.
    zone
        Zone of times without an offset; UTC by default. An hour that clocks show twice is read as the first.

    Raises ValueError if it is not an instant.

    >>> instant("2026-03-19T15:30:00+01:00").isoformat(), instant(1773930600.25).isoformat()
    ('2026-03-19T14:30:00+00:00', '2026-03-19T14:30:00.250000+00:00')
    """
    try:
        if isinstance(written, datetime):
            time = written
        elif isinstance(written, str):
            text = written.strip()
            try:
                # A row of digits may also be a date of ISO 8601 (20260319): shorter than any epoch of our time.
                time = datetime.fromisoformat(text) if len(text) < 9 or not _numeric(text) else _epoch(float(text))
            except ValueError:
                time = _epoch(float(text))
        elif isinstance(written, int | float) and not isinstance(written, bool):
            time = _epoch(float(written))
        else:
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError(f"{_shown(written)} is not a time: ISO 8601 or an epoch") from None
    if time.tzinfo is None:
        time = time.replace(tzinfo=zone or UTC)
    time = time.astimezone(UTC)
    if not _FIRST <= time < _END:
        raise ValueError(f"{_shown(written)} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    return time


def number(written: object) -> float:
    """The parsed number; true is 1, and false 0. Raises ValueError if it is not a number.

    >>> number("21.5"), number(True)
    (21.5, 1.0)
    """
    if isinstance(written, str | int | float):
        try:
            value = float(written)
        except (ValueError, OverflowError):
            pass
        else:
            if -1e100 <= value <= 1e100:
                return value
    raise ValueError(f"{_shown(written)} is not a number")


def _numeric(text: str) -> bool:
    return text.replace(".", "", 1).removeprefix("-").isdigit()


def _epoch(number: float) -> datetime:
    size = abs(number)
    unit = next((unit for most, unit in _UNITS if size < most), 1.0)  # for infinity and NaN, which timedelta refuses
    return _EPOCH + timedelta(seconds=number / unit)


def _shown(written: object) -> str:
    """A value for a message, as a text of at most a hundred characters."""
    if written is None or written == "":
        return "nothing"
    text = repr(written)
    return text if len(text) <= 100 else f"{text[:97]}..."
