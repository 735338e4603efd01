"""A row of flights: typed, checked, and reported by column if it is invalid."""

from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockstream.codec import encode
from stockstream.errors import BadRow
from stockstream.producers.flight_layouts import COLUMNS
from stockstream.producers.flight_rows import Cells, RowReader
from stockstream.records import FIRST_YEAR, LAST_YEAR, Flight, FlightDay, FlightRow
from stockstream.topics import FLIGHTS
from tests.producers.flight_lines import IDENTITY, LINE, cells, flights, line

TEXTS = (4, 6, 7, 8, 25)


def read(text: str | bytes, row: int = 0) -> Flight | BadRow:
    raw = text if isinstance(text, bytes) else text.encode()
    return RowReader("a.csv", IDENTITY).read(raw, row, row + 2)


def refused(text: str | bytes) -> BadRow:
    bad = read(text)
    assert isinstance(bad, BadRow)
    return bad


@given(flights())
def test_every_flight_reads_back_from_its_cells(flight: Flight) -> None:
    assert read(",".join(cells(flight)) + "\r\n") == flight


@given(flights(), st.data())
def test_the_same_flight_from_a_file_that_another_program_has_saved(flight: Flight, data: st.DataObject) -> None:
    dressed = []
    for index, cell in enumerate(cells(flight)):
        number = index not in TEXTS and cell
        choices = [cell, f'"{cell}"', f" {cell}", f"{cell} "]
        if number:
            sign, digits = cell[: -len(cell.lstrip("-")) or None], cell.lstrip("-")
            sign = sign if sign == "-" else ""
            choices += [f"{cell}.0", f"{cell}.", f"{sign}00{digits}"] + ([f"+{cell}"] if not sign else [])
        dressed.append(data.draw(st.sampled_from(choices)))
    assert read(",".join(dressed)) == flight


_ENDS = st.sampled_from(["\r\n", "\n"])
_ODD = st.text(max_size=6) | st.sampled_from(
    [
        "",
        "0",
        "00",
        "-0",
        "-1",
        "+5",
        "1.0",
        "1e1",
        "29",
        "31",
        "null",
        "true",
        "NA",
        "\\n",
        "\\u0041",
        '"',
        "[",
        "\r",
        "\0",
        " 7",
    ]
)


@given(st.lists(flights(), min_size=1, max_size=5), _ENDS, st.data())
def test_regular_lines_are_the_same_flights_on_the_wire_as_those_read_one_by_one(
    every: list[Flight], end: str, data: st.DataObject
) -> None:
    lines = [",".join(cells(flight)) for flight in every]
    last = data.draw(st.sampled_from([end, ""]))
    raws = [(text + (end if text is not lines[-1] else last)).encode() for text in lines]
    found = RowReader("a.csv", IDENTITY).read_regular(raws, 7)
    assert found is not None
    assert list(map(encode, found)) == [encode(read(raw, row)) for row, raw in enumerate(raws, 7)]


@given(
    st.lists(flights(), min_size=1, max_size=3), st.lists(st.tuples(st.integers(0, 30), _ODD), max_size=3), st.data()
)
def test_lines_with_odd_or_hostile_cells_are_read_in_the_same_way_or_one_by_one(
    every: list[Flight], odd: list[tuple[int, str]], data: st.DataObject
) -> None:
    rows = [cells(flight) for flight in every]
    for column, text in odd:
        data.draw(st.sampled_from(rows))[column] = text.replace("\n", "")
    raws = [(",".join(row) + data.draw(_ENDS)).encode("utf-8", "surrogatepass") for row in rows]
    found = RowReader("a.csv", IDENTITY).read_regular(raws, 0)
    if found is not None:
        alone = [read(raw, row) for row, raw in enumerate(raws)]
        assert all(isinstance(flight, Flight) for flight in alone)
        assert list(map(encode, found)) == list(map(encode, alone))


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3))
def test_whatever_stands_there_is_not_regular(raws: list[bytes]) -> None:
    lines = [raw.replace(b"\n", b"") + b"\n" for raw in raws]
    assert RowReader("a.csv", IDENTITY).read_regular(lines, 0) is None


@pytest.mark.parametrize("changes", [{"day": "29"}, {"month": "4", "day": "31"}, {"airline": ""}, {"diverted": "2"}])
def test_a_row_that_is_refused_makes_its_block_irregular(changes: dict[str, str]) -> None:
    lines = [LINE.encode() + b"\n", line(**changes).encode() + b"\n"]
    assert RowReader("a.csv", IDENTITY).read_regular(lines, 0) is None
    assert RowReader("a.csv", IDENTITY).read_regular(lines[:1], 0) == [read(lines[0])]


@given(st.binary(max_size=200))
def test_whatever_stands_there_is_read_or_refused_byte_for_byte(raw: bytes) -> None:
    bad = read(raw.replace(b"\n", b"") + b"\n")
    assert isinstance(bad, BadRow)
    assert bad.raw == raw.replace(b"\n", b"").rstrip(b"\r\n")


@given(flights(), st.integers(0, 30), st.text(max_size=6))
def test_one_cell_of_anything_never_moves_the_others(flight: Flight, column: int, text: str) -> None:
    changed = cells(flight)
    changed[column] = text
    found = read(",".join(changed))
    if isinstance(found, Flight):
        assert [value for index, value in enumerate(cells(found)) if index != column] == [
            value for index, value in enumerate(cells(flight)) if index != column
        ]


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("year", "", "empty, not a year"),
        ("month", "13", "'13', not a month from 1 to 12"),
        ("month", "Feb", "'Feb', not a month from 1 to 12"),
        ("day", "32", "'32', not a day of the month"),
        ("day", "29", "there is no 29 February 2015"),
        ("day_of_week", "8", "'8', not a day of the week from 1 to 7"),
        ("airline", "", "empty, not a code of 1 to 8 characters"),
        ("flight_number", "6271.5", "'6271.5', not a number from 0 to 99999"),
        ("origin_airport", "NOWHERELAND", "'NOWHERELAND', not a code of 1 to 8 characters"),
        ("scheduled_departure", "", "empty, not a time from 0 to 2400, as hhmm"),
        ("scheduled_departure", "1760", "'1760', not a time from 0 to 2400, as hhmm"),
        ("departure_time", "2401", "'2401', not a time from 0 to 2400, as hhmm"),
        ("departure_time", "17:01", "'17:01', not a time from 0 to 2400, as hhmm"),
        ("arrival_time", "-5", "'-5', not a time from 0 to 2400, as hhmm"),
        ("arrival_delay", "1_0", "'1_0', not a whole number of minutes"),
        ("air_time", "99999", "'99999', not a whole number of minutes"),
        ("distance", "-1", "'-1', not a whole number of miles"),
        ("diverted", "2", "'2', not 0 or 1"),
        ("cancelled", "", "empty, not 0 or 1"),
        ("cancellation_reason", "E", "'E', not A, B, C or D"),
        ("weather_delay", "x", "'x', not a whole number of minutes"),
    ],
)
def test_a_cell_that_is_wrong_is_reported_by_column(column: str, cell: str, reason: str) -> None:
    bad = refused(line(**{column: cell}))
    assert (bad.column, bad.reason) == (column.upper(), reason)
    assert (bad.file, bad.line, bad.key) == ("a.csv", 2, f"{IDENTITY}/0")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello\r\n", "1 of 31 columns"),
        (LINE + ",\r\n", "32 of 31 columns"),
        ("2015,2,6,5,OO,62", "6 of 31 columns: the file ends in the middle of this row"),
        (b"2015,\xff\r\n", "not text in UTF-8"),
        (LINE + " " * 70_000 + "\n", f"{len(LINE) + 70_001:,} bytes, and no row has more than 65,536"),
        (line(airline='"OO') + "\n", "not CSV: unexpected end of data"),
    ],
)
def test_a_row_that_is_wrong_as_a_whole(text: str | bytes, reason: str) -> None:
    bad = refused(text)
    assert (bad.column, bad.reason) == (None, reason)
    assert bad.raw == (text.encode() if isinstance(text, str) else text).rstrip(b"\r\n")


@pytest.mark.parametrize("hhmm", ["0", "1", "59", "100", "2359", "2400"])
def test_all_times_of_the_day_are_times(hhmm: str) -> None:
    found = read(line(departure_time=hhmm))
    assert isinstance(found, Flight)
    assert found.departure_time == int(hhmm)


def test_29_february_of_a_leap_year() -> None:
    assert isinstance(read(line(year="2016", day="29")), Flight)


def test_the_columns_are_those_of_the_record() -> None:
    assert {name.lower() for name in COLUMNS} == set(Flight.__struct_fields__[2:])


def test_real_rows_read_to_exactly_their_cells(real_data: Path) -> None:
    rows = 0
    for path in sorted((real_data / "flights_2015").glob("flight*.csv")):
        _, *lines = path.read_bytes().splitlines()
        for raw in lines:
            found = read(raw)
            assert isinstance(found, Flight)
            assert ",".join(cells(found)) == raw.decode()
            assert all(
                isinstance(value, int | None)
                for index, value in enumerate(msgspec.structs.astuple(found)[2:])
                if index not in TEXTS
            )
        rows += len(lines)
    assert rows == 85_553


def test_one_shape_of_a_flight_is_in_the_file_on_the_wire_and_in_the_fold() -> None:
    sent, in_file = get_type_hints(Flight, include_extras=True), get_type_hints(Cells)
    assert (*FlightRow.__struct_fields__, *Cells.__struct_fields__) == Flight.__struct_fields__
    assert {name for name, hint in sent.items() if type(None) in get_args(hint)} == {
        name for name, hint in in_file.items() if type(None) in get_args(hint)
    }
    for name, hint in get_type_hints(FlightDay, include_extras=True).items():
        assert sent[name] == hint


@pytest.mark.parametrize("year", [FIRST_YEAR - 1, FIRST_YEAR, 2101, LAST_YEAR, LAST_YEAR + 1])
def test_the_years_of_a_file_are_those_of_the_wire(year: int) -> None:
    found = read(line(year=str(year)))
    assert isinstance(found, Flight) == (FIRST_YEAR <= year <= LAST_YEAR)
    if isinstance(found, Flight):
        assert FLIGHTS.decoder()(encode(found)) == found
