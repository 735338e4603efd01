"""Lines as readings: JSON, CSV and bare numbers, and invalid lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from stockstream.errors import BadRow, SourceError
from stockstream.producers.readings.fields import Extractor, Fields, Missing, Value
from stockstream.producers.readings.reading import Place, Reading
from stockstream.producers.readings.rows import Rows
from tests.producers.manual_clock import NOW, ManualClock

PLACE = Place("here", None, b"")


def read(
    *lines: str | bytes, fields: Fields | None = None, timed: bool = False
) -> tuple[list[tuple[str, datetime, float]], list[BadRow]]:
    """The readings of lines, and what was refused."""
    rows = Rows("pipe", fields or Fields(), ManualClock().clock.now, timed=timed)
    items = list(rows.readings(line.encode() if isinstance(line, str) else line for line in lines))
    good = [(item.symbol, item.time, item.value) for item in items if isinstance(item, Reading)]
    return good, [item for item in items if isinstance(item, BadRow)]


def test_json_lines() -> None:
    later = NOW + timedelta(seconds=1)
    good, bad = read(
        json.dumps({"symbol": "A", "time": NOW.isoformat(), "value": 1}),
        "",
        json.dumps({"symbol": "B", "time": later.timestamp(), "value": "2.5"}),
        json.dumps({"symbol": "A", "value": True}),
    )
    assert good == [("A", NOW, 1.0), ("B", later, 2.5), ("A", NOW, 1.0)]
    assert not bad


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_with_any_separator_and_any_order_of_columns(separator: str) -> None:
    lines = [["value", "site", "symbol", "time"], ["1.5", '"x"', "A", "2026-03-19T12:00:00Z"]]
    good, bad = read("\ufeff" + separator.join(lines[0]) + "\r\n", separator.join(lines[1]) + "\r\n")
    assert good == [("A", datetime(2026, 3, 19, 12, tzinfo=UTC), 1.5)]
    assert not bad


def test_bare_numbers_count_at_their_arrival() -> None:
    good, bad = read("1", "2.5", "x", fields=Fields(named="CPU"))
    assert good == [("CPU", NOW, 1.0), ("CPU", NOW, 2.5)]
    assert [str(row) for row in bad] == ["pipe, line 3: 'x' is not a number"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"symbol": "A", "value": }', "no JSON"),
        ('{"symbol": "A"}', "no value (there is symbol)"),
        ('{"symbol": "A", "valu": 1}', "did you mean valu?"),
        ('{"symbol": "A", "value": null}', "no value"),
        ('{"symbol": "A", "value": "high"}', "'high' is not a number"),
        ('{"symbol": "A", "value": 1, "time": "soon"}', "'soon' is not a time"),
        ('{"value": 1}', "no symbol, and no --symbol names the series"),
        ('{"symbol": "' + "x" * 300 + '", "value": 1}', "too long for a name"),
        (b'{"symbol": "\xff", "value": 1}', "not in UTF-8"),
        ("[1, 2]", "no value (it is [1, 2])"),
    ],
)
def test_a_bad_line_is_refused_as_it_stands_and_the_next_is_read(line: str | bytes, reason: str) -> None:
    good, (bad,) = read('{"symbol": "A", "value": 1}', line, '{"symbol": "A", "value": 2}')
    assert [value for _, _, value in good] == [1.0, 2.0]
    assert (bad.line, bad.raw) == (2, line.encode() if isinstance(line, str) else line)
    assert reason in bad.reason


def test_a_row_of_other_length_and_one_without_a_value_are_refused() -> None:
    good, bad = read("symbol,value", "A,1", "A,1,2", "A,", "A,2")
    assert [value for _, _, value in good] == [1.0, 2.0]
    assert [(row.line, row.reason) for row in bad] == [
        (3, "3 cells, and the header has 2"),
        (4, "no value (there is symbol)"),
    ]


@pytest.mark.parametrize(
    ("header", "result"), [("a,b", "has no column value: it has a, b"), ("hello", "neither a header")]
)
def test_a_header_without_the_columns_is_an_error(header: str, result: str) -> None:
    with pytest.raises(SourceError, match=result):
        read(header, "1,2")


def test_a_file_must_say_its_times() -> None:
    _, (bad,) = read("symbol,value", "A,1", timed=True)
    assert "no time" in bad.reason


def test_several_values_are_series_of_their_own() -> None:
    fields = Fields((Value("t", "°C"), Value("inner.h", "%")), named="BERLIN")
    found = Extractor(fields).readings({"t": 5, "inner": {"h": 80}}, NOW, PLACE)
    assert [(each.symbol, each.value, each.unit) for each in found] == [
        ("BERLIN.t", 5.0, "°C"),
        ("BERLIN.h", 80.0, "%"),
    ]


def test_a_name_that_looks_like_a_path_is_a_column_first() -> None:
    fields = Fields((Value("Temp (°C)"), Value("a.b")), named="X")
    assert [each.value for each in Extractor(fields).readings({"Temp (°C)": 1, "a.b": 2}, NOW, PLACE)] == [1.0, 2.0]


def hours(*numbers: float) -> list[str]:
    return [f"2026-03-19T{number:02.0f}:00" for number in numbers]


def test_lists_of_values_and_times_are_paired() -> None:
    fields = Fields((Value("hourly.t"),), time="hourly.time", named="X")
    answer = {"hourly": {"t": [1, 2], "time": hours(3, 4)}}
    found = Extractor(fields).readings(answer, NOW, PLACE)
    assert [(each.time.hour, each.value) for each in found] == [(3, 1.0), (4, 2.0)]
    with pytest.raises(ValueError, match="2 values, which need a list of as many times"):
        Extractor(fields).readings({"hourly": {"t": [1, 2], "time": hours(3)}}, NOW, PLACE)


@pytest.mark.parametrize("path", ["", "a[", "{"])
def test_a_path_that_is_none_is_reported_at_once(path: str) -> None:
    with pytest.raises(ValueError, match="no key and no JMESPath"):
        Extractor(Fields((Value(path),)))


def test_what_is_missing_says_what_there_is() -> None:
    extractor = Extractor(Fields((Value("current.temperature"),), named="X"))
    answer = {"current": {"temperature_2m": 1}}
    with pytest.raises(
        Missing, match=r"there is current, current.temperature_2m\) - did you mean current.temperature_2m"
    ):
        extractor.readings(answer, NOW, PLACE)


@pytest.mark.parametrize("second", ["{}", "[]", "0", '"x"', "null", "x", "a,b", "{", "\x00", ",,,,", '"', "1,2\n"])
@pytest.mark.parametrize("first", ['{"symbol": "A", "value": 1}', "symbol,value", "1"])
def test_no_line_ends_the_stream(first: str, second: str) -> None:
    rows = Rows("pipe", Fields(), ManualClock().clock.now, symbol="S")
    items = list(rows.readings([first.encode(), second.encode(), first.encode()]))
    assert all(isinstance(item, Reading | BadRow) for item in items)
