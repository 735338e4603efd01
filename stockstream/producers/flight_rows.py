"""One row of Kaggle's 2015 US flights: 31 cells, typed and checked."""

from __future__ import annotations

import csv
import re
from calendar import month_name, monthrange
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, get_args, get_type_hints

import msgspec
from msgspec import Meta

from stockstream.errors import BadRow, SourceError
from stockstream.producers.csv_files import too_long
from stockstream.records import Flight

if TYPE_CHECKING:
    _Hhmm: TypeAlias = int
else:
    _Hhmm = Literal[(*(hour * 100 + minute for hour in range(24) for minute in range(60)), 2400)]

Year = Annotated[int, Meta(ge=1900, le=2100, description="a year")]
Month = Annotated[int, Meta(ge=1, le=12, description="a month from 1 to 12")]
Day = Annotated[int, Meta(ge=1, le=31, description="a day of the month")]
Weekday = Annotated[int, Meta(ge=1, le=7, description="a day of the week from 1 to 7")]
Number = Annotated[int, Meta(ge=0, le=99_999, description="a number from 0 to 99999")]
Code = Annotated[str, Meta(min_length=1, max_length=8, description="a code of 1 to 8 characters")]
Clock = Annotated[_Hhmm, Meta(description="a time from 0 to 2400, as hhmm")]
Minutes = Annotated[int, Meta(ge=-10_000, le=10_000, description="a whole number of minutes")]
Miles = Annotated[int, Meta(ge=0, le=25_000, description="a whole number of miles")]
Flag = Annotated[Literal[0, 1], Meta(description="0 or 1")]
Reason = Annotated[Literal["A", "B", "C", "D"], Meta(description="A, B, C or D")]


class Cells(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """The columns of the file, in its order: what each of them may hold."""

    year: Year
    month: Month
    day: Day
    day_of_week: Weekday
    airline: Code
    flight_number: Number
    tail_number: Code | None
    origin_airport: Code
    destination_airport: Code
    scheduled_departure: Clock
    departure_time: Clock | None
    departure_delay: Minutes | None
    taxi_out: Minutes | None
    wheels_off: Clock | None
    scheduled_time: Minutes | None
    elapsed_time: Minutes | None
    air_time: Minutes | None
    distance: Miles
    wheels_on: Clock | None
    taxi_in: Minutes | None
    scheduled_arrival: Clock
    arrival_time: Clock | None
    arrival_delay: Minutes | None
    diverted: Flag
    cancelled: Flag
    cancellation_reason: Reason | None
    air_system_delay: Minutes | None
    security_delay: Minutes | None
    airline_delay: Minutes | None
    late_aircraft_delay: Minutes | None
    weather_delay: Minutes | None


COLUMNS: Final = tuple(name.upper() for name in Cells.__struct_fields__)
"""The header of the file."""

_TEXTS: Final = frozenset({"airline", "tail_number", "origin_airport", "destination_airport", "cancellation_reason"})
_PLAIN: Final = bytes(code for code in range(0x21, 0x7F) if code != ord('"')) + b"\r\n"
_WHOLE: Final = re.compile(r"([+-]?)0*([0-9]+)(?:\.0*)?")
_SHOWN: Final = 6
_PLACE: Final = re.compile(r"`\$\[(\d+)\]")

_convert = msgspec.convert
_astuple = msgspec.structs.astuple


def _description(hint: Any) -> str:
    for part in (hint, *get_args(hint)):
        for meta in getattr(part, "__metadata__", ()):
            return str(meta.description)
    raise TypeError(f"{hint} has no description")


_EXPECTED: Final = tuple(map(_description, get_type_hints(Cells, include_extras=True).values()))


def check_header(file: str, header: bytes) -> None:
    """See that a file has the 31 columns, in their order. Raises SourceError that names what is missing."""
    names = [name.strip().strip('"') for name in header.decode("utf-8-sig", "replace").strip().split(",")]
    if tuple(names) == COLUMNS:
        return
    missing = [name for name in COLUMNS if name not in names]
    hint = "the 31 columns of flights.csv of Kaggle's 2015 Flight Delays and Cancellations are wanted"
    if not missing:
        raise SourceError(f"{file}: all columns are there, but in another order or with others among them", hint=hint)
    shown = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
    raise SourceError(f"{file} has another layout: it lacks {shown}", hint=hint)


class RowReader:
    """Turns the lines of one file into flights, or into the error that says why not.

    A row is one line: a quote that is not closed spoils its own line and no other.

    Parameters
    ----------
    file
        The file's name, for errors.
    identity
        What stands in each flight's ``file``.
    """

    def __init__(self, file: str, identity: str) -> None:
        self._file = file
        self._identity = identity

    def read(self, raw: bytes, row: int, line: int) -> Flight | BadRow:
        """Read a line.

        Parameters
        ----------
        raw
            The line with its end.
        row
            Its number among the data rows, from 0.
        line
            Its number in the file, from 1.
        """
        # Nothing but plain characters: no quote to undo, no space to strip, and the same in every encoding.
        if not raw.translate(None, _PLAIN):
            try:
                cells = [cell or None for cell in raw.rstrip(b"\r\n").decode().split(",")]
                found = _convert(cells, Cells, strict=False)
                if found.day <= 28 or found.day <= _days(found):
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
        if reason := too_long(raw):
            raise _Unreadable(None, reason)
        try:
            texts = next(csv.reader([raw.decode().rstrip("\r\n")], strict=True))
        except UnicodeDecodeError:
            raise _Unreadable(None, "not text in UTF-8") from None
        except csv.Error as error:
            raise _Unreadable(None, f"not CSV: {error}") from None
        if len(texts) != len(COLUMNS):
            cut = "" if raw.endswith(b"\n") else ": the file ends in the middle of this row"
            raise _Unreadable(None, f"{len(texts)} of {len(COLUMNS)} columns{cut}")
        cells = [_tidy(text, name) for text, name in zip(texts, Cells.__struct_fields__, strict=True)]
        try:
            found = _convert(cells, Cells, strict=False)
        except msgspec.ValidationError as error:
            place = _PLACE.search(str(error))
            if place is None:
                raise
            column = int(place[1])
            said = repr(texts[column]) if cells[column] else "empty"
            raise _Unreadable(COLUMNS[column], f"{said}, not {_EXPECTED[column]}") from None
        if found.day > _days(found):
            raise _Unreadable("DAY", f"there is no {found.day} {month_name[found.month]} {found.year}")
        return Flight(self._identity, row, *_astuple(found))


class _Unreadable(Exception):
    """Column (or None) and reason."""


def _tidy(text: str, name: str) -> str | None:
    """A cell without the spaces, zeros and ``.0`` that other programs put around a number when they save the file."""
    text = text.strip()
    if name not in _TEXTS and (number := _WHOLE.fullmatch(text)):
        return number[1].replace("+", "") + number[2]
    return text or None


def _days(cells: Cells) -> int:
    return monthrange(cells.year, cells.month)[1]
