"""Parsing of one row of a flight file: its cells, typed and checked."""

from __future__ import annotations

import csv
import re
from calendar import month_name, monthrange
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias, get_args, get_type_hints

import msgspec
from msgspec import Meta

from stockstream import records
from stockstream.errors import BadRow
from stockstream.producers.csv_files import too_long
from stockstream.producers.flight_layouts import DATE, FIELDS, KAGGLE, Layout
from stockstream.records import Flight

if TYPE_CHECKING:
    _Hhmm: TypeAlias = int
else:
    _Hhmm = Literal[(*(hour * 100 + minute for hour in range(24) for minute in range(60)), 2400)]

Year = Annotated[records.Year, Meta(description="a year")]
Month = Annotated[records.Month, Meta(description="a month from 1 to 12")]
Day = Annotated[records.Day, Meta(description="a day of the month")]
Weekday = Annotated[int, Meta(ge=1, le=7, description="a day of the week from 1 to 7")]
Number = Annotated[int, Meta(ge=0, le=99_999, description="a number from 0 to 99999")]
Code = Annotated[str, Meta(min_length=1, max_length=8, description="a code of 1 to 8 characters")]
Clock = Annotated[_Hhmm, Meta(description="a time from 0 to 2400, as hhmm")]
Minutes = Annotated[int, Meta(ge=-10_000, le=10_000, description="a whole number of minutes")]
Miles = Annotated[int, Meta(ge=0, le=25_000, description="a whole number of miles")]
Flag = Annotated[Literal[0, 1], Meta(description="0 or 1")]
Reason = Annotated[Literal["A", "B", "C", "D"], Meta(description="A, B, C or D")]


class Cells(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """Types of the cells, in the order of the fields of `Flight`. A layout may lack fields that may be None."""

    year: Year
    month: Month
    day: Day
    day_of_week: Weekday | None
    airline: Code
    flight_number: Number | None
    tail_number: Code | None
    origin_airport: Code
    destination_airport: Code
    scheduled_departure: Clock | None
    departure_time: Clock | None
    departure_delay: Minutes | None
    taxi_out: Minutes | None
    wheels_off: Clock | None
    scheduled_time: Minutes | None
    elapsed_time: Minutes | None
    air_time: Minutes | None
    distance: Miles | None
    wheels_on: Clock | None
    taxi_in: Minutes | None
    scheduled_arrival: Clock | None
    arrival_time: Clock | None
    arrival_delay: Minutes | None
    diverted: Flag | None
    cancelled: Flag | None
    cancellation_reason: Reason | None
    air_system_delay: Minutes | None
    security_delay: Minutes | None
    airline_delay: Minutes | None
    late_aircraft_delay: Minutes | None
    weather_delay: Minutes | None


class KaggleCells(Cells, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """Types of the columns of Kaggle's file of 2015, where these are never empty."""

    day_of_week: Weekday
    flight_number: Number
    scheduled_departure: Clock
    distance: Miles
    scheduled_arrival: Clock
    diverted: Flag
    cancelled: Flag


_PLAIN: Final = bytes(code for code in range(0x21, 0x7F) if code != ord('"')) + b"\r\n"
_REGULAR: Final = _PLAIN.replace(b"\\", b"")
"""Characters that mean the same in a string of JSON."""

_WHOLE: Final = re.compile(r"([+-]?)0*([0-9]+)(?:\.0*)?")
_SHORTEST: Final = 28
"""Days of the shortest month."""

NOTHING: Final = frozenset({"", "NA", "NaN", "nan", "N/A", "NULL", "null", "None", r"\N"})
"""Contents of empty cells, as pandas, R and databases write them."""

_FLAGS: Final = {"True": "1", "true": "1", "False": "0", "false": "0"}
_FIELD_INDEX: Final = re.compile(r"`\$\[(\d+)\]")
_TIME: Final = r"(?:[ T]\d{1,2}:\d\d(?::\d\d(?:\.0*)?)?(?: ?[AP]M)?)?"
_YEAR_FIRST: Final = re.compile(rf"(\d{{4}})([-/]?)(\d{{1,2}})\2(\d{{1,2}}){_TIME}")
_MONTH_FIRST: Final = re.compile(rf"(\d{{1,2}})/(\d{{1,2}})/(\d{{4}}){_TIME}")

_convert = msgspec.convert
_astuple = msgspec.structs.astuple
_day_of = attrgetter("day")
_decode_rows = msgspec.json.Decoder(list[KaggleCells], strict=False).decode


def _description(hint: object) -> str:
    for part in (hint, *get_args(hint)):
        for meta in getattr(part, "__metadata__", ()):
            if meta.description is not None:
                return str(meta.description)
    raise TypeError(f"{hint} has no description")


_EXPECTED: Final = tuple(map(_description, get_type_hints(Cells, include_extras=True).values()))


class RowReader:
    """Parses the lines of one file to flights, or to errors.

    A row is one line: an unclosed quote affects only its own line.

    Parameters
    ----------
    file
        The file's name, for errors.
    identity
        Identity of the file, for the field ``file`` of each flight.
    layout
        The columns of the file.
    """

    def __init__(self, file: str, identity: str, layout: Layout = KAGGLE) -> None:
        self._file = file
        self._identity = identity
        self._layout = layout
        self._exact = layout.exact
        self._cells: type[Cells] = KaggleCells if layout.exact else Cells
        self._tidy = _TIDY_KAGGLE if layout.exact else _TIDY_OTHERS
        self._pick = layout.picker()
        self._date = layout.indexes[DATE] if layout.dated else None

    def read_regular(self, lines: Sequence[bytes], row: int) -> list[Flight] | None:
        """Read lines that are all as Kaggle's file has them, at three quarters of the cost of `read`; otherwise None.

        Parameters
        ----------
        lines
            Lines, each with its line ending; at least one.
        row
            Number of the first one among the data rows, from 0.
        """
        text = b"".join(lines)
        if not self._exact or text.translate(None, _REGULAR):
            return None
        end = b"\r\n" if lines[0].endswith(b"\r\n") else b"\n"
        # Texts in JSON are converted faster than those of Python. Any other line ending is an error in it.
        array = b'[["%b"]]' % text.removesuffix(end).replace(b",", b'","').replace(end, b'"],["')
        try:
            rows = _decode_rows(array.replace(b'""', b"null"))
        except msgspec.MsgspecError:
            return None
        if max(map(_day_of, rows)) > _SHORTEST and any(found.day > _days(found) for found in rows):
            return None
        return [Flight(self._identity, number, *_astuple(found)) for number, found in enumerate(rows, row)]

    def read(self, raw: bytes, row: int, line: int) -> Flight | BadRow:
        """Read a line.

        Parameters
        ----------
        raw
            The line, with its line ending.
        row
            Its number among the data rows, from 0.
        line
            Its number in the file, from 1.
        """
        # Only plain characters: no quotes, no spaces to strip, and the same in every encoding.
        if self._exact and not raw.translate(None, _PLAIN):
            try:
                cells = [cell or None for cell in raw.rstrip(b"\r\n").decode().split(",")]
                found = _convert(cells, KaggleCells, strict=False)
                if found.day <= _SHORTEST or found.day <= _days(found):
                    return Flight(self._identity, row, *_astuple(found))
            except msgspec.ValidationError:
                pass
        try:
            return self._carefully(raw, row)
        except _Unreadable as error:
            column, reason = error.args
            key = f"{self._identity}/{row}"
            return BadRow(self._file, line, column, reason, raw=raw.rstrip(b"\r\n"), key=key)

    def _carefully(self, raw: bytes, row: int) -> Flight:
        texts = self._texts(raw)
        picked = self._pick([*texts, ""])
        cells = [tidy(text) for tidy, text in zip(self._tidy, picked, strict=True)]
        if self._date is not None:
            cells[:3] = self._day(texts[self._date])
        try:
            found = _convert(cells, self._cells, strict=False)
        except msgspec.ValidationError as error:
            match = _FIELD_INDEX.search(str(error))
            if match is None:
                raise
            number = int(match[1])
            said = repr(picked[number]) if picked[number].strip() else "empty"
            raise _Unreadable(self._layout.column(FIELDS[number]), f"{said}, not {_EXPECTED[number]}") from None
        if found.day > _days(found):
            day = f"{found.day} {month_name[found.month]} {found.year}"
            raise _Unreadable(self._layout.column("day"), f"there is no {day}")
        return Flight(self._identity, row, *_astuple(found))

    def _texts(self, raw: bytes) -> list[str]:
        """The cells of a row; their number is that of the columns."""
        if reason := too_long(raw):
            raise _Unreadable(None, reason)
        try:
            text = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            if self._exact:
                raise _Unreadable(None, "not text in UTF-8") from None
            text = raw.decode("latin-1").rstrip("\r\n")  # as files of Data Expo are
        try:
            texts = next(csv.reader([text], strict=True), []) if '"' in text or "\r" in text else text.split(",")
        except csv.Error as error:
            raise _Unreadable(None, f"not CSV: {error}") from None
        width = len(self._layout.names)
        # A comma at the end of each row makes a column only if the header has it, too.
        if len(texts) == width + 1 and not texts[-1] and not self._exact:
            texts.pop()
        elif len(texts) == width - 1 and not self._layout.names[-1]:
            texts.append("")
        if len(texts) != width:
            cut = "" if raw.endswith(b"\n") else ": the file ends in the middle of this row"
            raise _Unreadable(None, f"{len(texts)} of {width} columns{cut}")
        return texts

    def _day(self, text: str) -> tuple[str, str, str]:
        day = _year_month_day(text)
        if day is None:
            said = repr(text) if text.strip() else "empty"
            raise _Unreadable(self._layout.column("day"), f"{said}, not a day such as 2015-01-31 or 1/31/2015")
        return day


class _Unreadable(Exception):
    """Column (or None) and reason."""


@lru_cache(1 << 16)
def _number(text: str) -> str | None:
    """A number without the spaces, zeros and ``.0`` that other programs add when they save the file."""
    text = text.strip()
    if number := _WHOLE.fullmatch(text):
        return number[1].replace("+", "") + number[2]
    return None if text in NOTHING else text


def _flag(text: str) -> str | None:
    return _FLAGS.get(text.strip()) or _number(text)


@lru_cache(1 << 12)
def _clock(text: str) -> str | None:
    """A time. Hours may continue after midnight, as in the first decades of Data Expo: 2510 is 110."""
    number = _number(text)
    if number is not None and len(number) == 4 and "2400" < number < "3000" and number.isdigit():
        return str(int(number) - 2400)
    return number


def _code(text: str) -> str | None:
    """A required code; NA is an airline."""
    return text.strip() or None


def _maybe_code(text: str) -> str | None:
    text = text.strip()
    return None if text in NOTHING else text


_TIDIERS: Final[dict[str, Callable[[str], str | None]]] = {
    "airline": _code,
    "origin_airport": _code,
    "destination_airport": _code,
    "tail_number": _maybe_code,
    "cancellation_reason": _maybe_code,
    "diverted": _flag,
    "cancelled": _flag,
}
_COUNTED_ON: Final = dict.fromkeys(("departure_time", "wheels_off", "wheels_on", "arrival_time"), _clock)
_TIDY_KAGGLE: Final = tuple(_TIDIERS.get(field, _number) for field in FIELDS)
_TIDY_OTHERS: Final = tuple((_TIDIERS | _COUNTED_ON).get(field, _number) for field in FIELDS)


@lru_cache(1 << 12)
def _year_month_day(text: str) -> tuple[str, str, str] | None:
    """Year, month and day of a date, which a time may follow; BTS writes the month first.

    >>> _year_month_day("2017-01-31"), _year_month_day("2/1/2021 12:00:00 AM"), _year_month_day("31.1.2021")
    (('2017', '1', '31'), ('2021', '2', '1'), None)
    """
    text = text.strip()
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found[1], found[3], found[4]
    elif found := _MONTH_FIRST.fullmatch(text):
        month, day, year = found[1], found[2], found[3]
    else:
        return None
    return year, month.lstrip("0"), day.lstrip("0")


def _days(cells: Cells) -> int:
    return monthrange(cells.year, cells.month)[1]
