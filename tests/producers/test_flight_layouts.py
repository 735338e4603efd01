"""Files of flights in all common layouts: the same record, with None for missing fields."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest

from stockstream.errors import BadRow, SourceError
from stockstream.producers.csv_files import CsvFile
from stockstream.producers.flight_layouts import COLUMNS, DATA_EXPO, KAGGLE, NAMES, Layout
from stockstream.producers.flights import Replay, examine
from stockstream.records import Flight
from tests.producers.flight_lines import HEADER, LINE, line

BTS = (
    "FL_DATE,TAIL_NUM,OP_CARRIER,OP_CARRIER_FL_NUM,ORIGIN,ORIGIN_CITY_NAME,DEST,DEST_CITY_NAME,DEP_TIME,DEP_DELAY,ARR_TIME,"
    "ARR_DELAY,CANCELLED,CANCELLATION_CODE,DIVERTED,DISTANCE,CARRIER_DELAY,WEATHER_DELAY,NAS_DELAY,SECURITY_DELAY,"
    "LATE_AIRCRAFT_DELAY"
)
BTS_ROW = (
    '2015-02-06,"N937SW","OO","6271","FAR","Fargo, ND","DEN","Denver, CO","1701",-11.00,"1758",-17.00,0.00,"",'
    "0.00,627.00,,,,,"
)
BTS_LACKS = {
    "day_of_week",
    "scheduled_departure",
    "taxi_out",
    "wheels_off",
    "scheduled_time",
    "elapsed_time",
    "air_time",
    "wheels_on",
    "taxi_in",
    "scheduled_arrival",
}
EXPO_ROW = "2015,2,6,5,1701,1712,1758,1815,OO,6271,N937SW,117,123,95,-17,-11,FAR,DEN,627,7,15,0,NA,0,NA,NA,NA,NA,NA"
EXPO_LACKS = {"wheels_off", "wheels_on"}


def read(folder: Path, text: str | bytes) -> list[Flight | BadRow]:
    path = folder / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    file = examine(CsvFile(path))
    items = [item for item in Replay([file]) if item is not None]
    again = [item for item in Replay([file]).by_departure() if item is not None]
    assert sorted(map(repr, items)) == sorted(map(repr, again))
    assert file.lines == len(items)
    return items


def kaggle(without: set[str] | frozenset[str] = frozenset()) -> dict[str, Any]:
    """The cells of `LINE` as Kaggle's layout has them, None for what is lacking."""
    cells = dict(zip((name.lower() for name in COLUMNS), LINE.split(","), strict=True))
    texts = {"airline", "tail_number", "origin_airport", "destination_airport"}
    return {
        name: None if name in without or not cell else cell if name in texts else int(cell)
        for name, cell in cells.items()
    }


def fields(flight: Flight | BadRow) -> dict[str, Any]:
    assert isinstance(flight, Flight), flight
    found = msgspec.structs.asdict(flight)
    return {name: found[name] for name in found if name not in {"file", "row"}}


@pytest.mark.parametrize(
    "dress",
    [
        pytest.param(lambda row: row, id="as it is"),
        pytest.param(lambda row: {"": "17", **row}, id="unnamed index"),
        pytest.param(lambda row: {"Unnamed: 0": "17", **row}, id="pandas' name for it"),
        pytest.param(lambda row: dict(reversed(row.items())), id="another order"),
        pytest.param(lambda row: {name.lower(): cell for name, cell in row.items()}, id="small letters"),
        pytest.param(lambda row: {name.replace("_", " ").title(): cell for name, cell in row.items()}, id="spaces"),
        pytest.param(
            lambda row: {f"{name}_CODE" if name.endswith("AIRPORT") else name: cell for name, cell in row.items()},
            id="CODE",
        ),
        pytest.param(lambda row: {**row, "NOTE": "a, b"}, id="one more"),
        pytest.param(
            lambda row: {
                name: f"{cell}.0" if cell.lstrip("-").isdigit() else cell or "NaN" for name, cell in row.items()
            },
            id="floats and NaN",
        ),
    ],
)
def test_kaggle_s_columns_however_they_were_saved(
    tmp_path: Path, dress: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    row = dress(dict(zip(COLUMNS, LINE.split(","), strict=True)))
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerows([list(row), list(row.values())])
    (flight,) = read(tmp_path, stream.getvalue())
    assert fields(flight) == kaggle()


@pytest.mark.parametrize(
    "carrier", ["OP_CARRIER", "CARRIER", "OP_UNIQUE_CARRIER", "UniqueCarrier", "Reporting_Airline"]
)
@pytest.mark.parametrize("day", ["2015-02-06", "2/6/2015 12:00:00 AM", "2015-02-06 00:00:00", "02/06/2015", "20150206"])
@pytest.mark.parametrize("comma", ["", ","])
def test_bts(tmp_path: Path, carrier: str, day: str, comma: str) -> None:
    header = BTS.replace("OP_CARRIER,", f"{carrier},")
    row = BTS_ROW.replace("2015-02-06", day)
    (flight,) = read(tmp_path, f"{header}{comma}\n{row}{comma}\n")
    assert fields(flight) == kaggle(BTS_LACKS)


def test_a_comma_at_the_end_of_rows_or_of_the_header_alone(tmp_path: Path) -> None:
    for header, row in ((f"{BTS},", BTS_ROW), (BTS, f"{BTS_ROW},")):
        assert fields(*read(tmp_path, f"{header}\n{row}\n")) == kaggle(BTS_LACKS)


@pytest.mark.parametrize("nothing", ["NA", r"\N", "", "NULL"])
@pytest.mark.parametrize("header", [",".join(DATA_EXPO) + "\n", '"' + '","'.join(DATA_EXPO) + '"\r\n', ""])
def test_data_expo_with_and_without_a_header(tmp_path: Path, header: str, nothing: str) -> None:
    row = EXPO_ROW.replace("NA", nothing)
    found = read(tmp_path, f"{header}{row}\n{row}")
    assert [fields(flight) for flight in found] == [kaggle(EXPO_LACKS)] * 2
    assert [flight.row for flight in found if isinstance(flight, Flight)] == [0, 1]


def test_the_first_years_of_data_expo_hold_little(tmp_path: Path) -> None:
    row = "1987,10,14,3,741,730,912,849,PS,1451,NA,91,79,NA,23,11,SAN,SFO,447,NA,NA,0,NA,0,NA,NA,NA,NA,NA"
    (flight,) = read(tmp_path, row)
    assert isinstance(flight, Flight)
    assert (flight.year, flight.airline, flight.distance, flight.arrival_delay) == (1987, "PS", 447, 23)
    assert (flight.tail_number, flight.air_time, flight.weather_delay) == (None, None, None)
    (flight,) = read(tmp_path, row.replace("447", "NA").replace("730", "NA"))
    assert isinstance(flight, Flight)
    assert (flight.distance, flight.scheduled_departure) == (None, None)


@pytest.mark.parametrize(("hhmm", "time"), [("2400", 2400), ("2401", 1), ("2510", 110), ("2930", 530), ("2361", None)])
def test_times_counted_on_past_midnight(tmp_path: Path, hhmm: str, time: int | None) -> None:
    (flight,) = read(tmp_path, EXPO_ROW.replace("1758", hhmm))
    if time is None:
        assert isinstance(flight, BadRow)
        assert (flight.column, flight.reason) == ("ArrTime", f"'{hhmm}', not a time from 0 to 2400, as hhmm")
    else:
        assert fields(flight) == kaggle(EXPO_LACKS) | {"arrival_time": time}


def test_the_lines_of_a_file_without_a_header_count_from_its_first(tmp_path: Path) -> None:
    wrong = EXPO_ROW.replace("2015,2,", "2015,13,")
    first, _, last = read(tmp_path, f"{wrong}\n{EXPO_ROW}\n{wrong}\n")
    assert isinstance(first, BadRow)
    assert isinstance(last, BadRow)
    assert (first.line, last.line, first.column) == (1, 3, "Month")


def test_latin_1(tmp_path: Path) -> None:
    header = ",".join(DATA_EXPO).encode()
    (flight,) = read(tmp_path, header + b"\n" + EXPO_ROW.replace("N937SW", "\u00e6NKNO\u00e6").encode("latin-1"))
    assert isinstance(flight, Flight)
    assert flight.tail_number == "\u00e6NKNO\u00e6"


@pytest.mark.parametrize("word", ["True", "False"])
def test_flags_as_words(tmp_path: Path, word: str) -> None:
    header, row = f"x,{HEADER}", f"1,{line(cancelled=word)}"
    (flight,) = read(tmp_path, f"{header}\n{row}\n")
    assert isinstance(flight, Flight)
    assert flight.cancelled == int(word == "True")


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"2015-02-06": "6.2.2015"}, "FL_DATE", "'6.2.2015', not a day such as 2015-01-31 or 1/31/2015"),
        ({"2015-02-06": "2015-02-30"}, "FL_DATE", "there is no 30 February 2015"),
        ({"2015-02-06": "2/30/2015"}, "FL_DATE", "there is no 30 February 2015"),
        ({"2015-02-06": ""}, "FL_DATE", "empty, not a day such as 2015-01-31 or 1/31/2015"),
        ({'"OO"': '""'}, "OP_CARRIER", "empty, not a code of 1 to 8 characters"),
        ({'"1701"': '"1761"'}, "DEP_TIME", "'1761', not a time from 0 to 2400, as hhmm"),
        ({"-17.00": "-17.50"}, "ARR_DELAY", "'-17.50', not a whole number of minutes"),
    ],
)
def test_a_wrong_cell_is_reported_by_the_file_s_own_name_of_its_column(
    tmp_path: Path, cells: dict[str, str], column: str, reason: str
) -> None:
    row = BTS_ROW
    for cell, other in cells.items():
        row = row.replace(cell, other)
    (bad,) = read(tmp_path, f"{BTS}\n{row}\n")
    assert isinstance(bad, BadRow)
    assert (bad.column, bad.reason, bad.raw) == (column, reason, row.encode())


def test_columns_that_are_missing_are_named() -> None:
    for header, lacks in (
        ("FL_DATE,CARRIER", "ORIGIN_AIRPORT, DESTINATION_AIRPORT"),
        ("IATA_CODE,AIRLINE", "YEAR, MONTH, DAY, ORIGIN_AIRPORT, DESTINATION_AIRPORT"),
        ("Year,Month,DayofMonth,Origin,Dest", "AIRLINE"),
        ("Date,Open,High,Low,Close", "YEAR, MONTH, DAY, AIRLINE, ORIGIN_AIRPORT, DESTINATION_AIRPORT"),
    ):
        with pytest.raises(SourceError, match=f"^a.csv has another layout: it lacks {lacks} - the layouts of Kaggle"):
            Layout.of("a.csv", header.encode())


@pytest.mark.parametrize("mark", ["\ufeff", "\u00ef\u00bb\u00bf", ""])
@pytest.mark.parametrize("header", [HEADER, HEADER + "\r\n", ",".join(f'"{column}"' for column in COLUMNS)])
def test_the_header_of_kaggle_s_file_as_programs_write_it(mark: str, header: str) -> None:
    assert Layout.of("a.csv", (mark + header).encode()) == KAGGLE
    assert KAGGLE.exact
    assert not Layout.of("a.csv", f",{HEADER}".encode()).exact


def test_every_field_has_names_and_no_name_is_of_two_fields() -> None:
    assert set(NAMES) - {"date"} == {name.lower() for name in COLUMNS}
    every = [name for names in NAMES.values() for name in names]
    assert len(every) == len(set(every))


def counted(flights: Sequence[Flight | BadRow]) -> dict[tuple[int, int, int, str], int]:
    counts: dict[tuple[int, int, int, str], int] = {}
    for flight in flights:
        assert isinstance(flight, Flight), flight
        key = (flight.year, flight.month, flight.day, flight.airline)
        counts[key] = counts.get(key, 0) + 1
    return counts


def test_real_files_of_bts_and_data_expo(real_data: Path, tmp_path: Path) -> None:
    bts = real_data / "flights_other" / "bts_FL_DATE_CARRIER_2017_10k.csv"
    table = pd.read_csv(bts)
    found = read(tmp_path, bts.read_bytes())
    day = pd.to_datetime(table["FL_DATE"]).dt
    assert counted(found) == table.groupby([day.year, day.month, day.day, table["CARRIER"]]).size().to_dict()
    delays = [flight.arrival_delay for flight in found if isinstance(flight, Flight)]
    assert delays == [None if pd.isna(delay) else int(delay) for delay in table["ARR_DELAY"]]

    expo = real_data / "flights_other" / "dataexpo2008_10k.csv"
    table = pd.read_csv(expo)
    found = read(tmp_path, expo.read_bytes())
    assert counted(found) == table.groupby(["Year", "Month", "DayofMonth", "UniqueCarrier"]).size().to_dict()
    headless = read(tmp_path, expo.read_bytes().partition(b"\n")[2])
    assert [fields(one) for one in headless] == [fields(other) for other in found]
    for field, column in (("distance", "Distance"), ("departure_delay", "DepDelay"), ("weather_delay", "WeatherDelay")):
        assert [getattr(flight, field) for flight in found] == [
            None if pd.isna(cell) else int(cell) for cell in table[column]
        ]
