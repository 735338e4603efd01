"""Headers of many vendors, and files without one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from stockstream.errors import SourceError
from tests.producers.stock_csv.helpers import HEADER, NEW_YORK, Write, day, numbers, read

ROW = {"t": "2025-01-02", "o": "10.5", "h": "12.5", "l": "9.5", "c": "11.5", "v": "1000", "s": "KO", "x": "7"}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("timestamp,open,high,low,close,volume", "tohlcv"),
        ("TIME,LOW,HIGH,CLOSE,OPEN,VOLUME", "tlhcov"),
        ("date,close,open,volume,low,high", "tcovlh"),
        ("Date,Close/Last,Volume,Open,High,Low", "tcvohl"),
        ("Date,Price,Open,High,Low,Vol.,Change %", "tcohlvx"),
        ("<TICKER>,<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>", "stohlcv"),
        ("date,open,high,low,close,volume,Name", "tohlcvs"),
        ("Ticker,Date,Open,High,Low,Close,Volume", "stohlcv"),
        (",date,open,high,low,close,volume,symbol", "xtohlcvs"),
        (",Open,High,Low,Close,Volume", "tohlcv"),
        ("index,Date,Open,High,Low,Close,Volume", "xtohlcv"),
        ("index,Open,High,Low,Close,Volume", "tohlcv"),
        ("timestamp,1. open,2. high,3. low,4. close,5. volume", "tohlcv"),
        ("Open time,Open,High,Low,Close,Volume,Close time", "tohlcvx"),
        ("Date,Open,High,Low,Close*,Adj Close**,Volume", "tohlcxv"),
    ],
)
def test_headers_of_many_vendors(write: Write, header: str, row: str) -> None:
    (bar,) = read(write("KO_1d.csv", header, ",".join(ROW[cell] for cell in row)))
    assert (bar.symbol, bar.time, numbers(bar)) == ("KO", day(2025, 1, 2), (10.5, 12.5, 9.5, 11.5, 1000.0))


@pytest.mark.parametrize("before", [["sep=;"], ["Source: a vendor", "https://example.org"], ["# a note", ""]])
def test_lines_before_the_header(write: Write, before: Sequence[str]) -> None:
    path = write("KO_1d.csv", *before, HEADER.replace(",", ";"), "2025-01-02;10.5;12.5;9.5;11.5;1000")
    assert numbers(read(path)[0]) == (10.5, 12.5, 9.5, 11.5, 1000.0)


def test_a_date_and_a_time_in_two_columns(write: Write) -> None:
    header = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"
    rows = [f"KO.US,5,20250102,{clock},1.5,2.5,0.5,1.25,9,0" for clock in ("093000", "93500", "094000")]
    bars = read(write("x.txt", header, *rows))
    assert {(bar.symbol, bar.interval) for bar in bars} == {("KO.US", "5m")}
    assert [bar.time for bar in bars] == [datetime(2025, 1, 2, 9, minute, tzinfo=UTC) for minute in (30, 35, 40)]


def test_times_of_half_a_day(write: Write) -> None:
    rows = [f"01/13/2025,{clock},1.5,2.5,0.5,1.25" for clock in ("11:00 AM", "12:00 PM", "1:00 PM")]
    bars = read(write("x.csv", "Date,Time,Open,High,Low,Close", *rows), zone=NEW_YORK)
    assert [bar.time.hour for bar in bars] == [16, 17, 18]


@pytest.mark.parametrize("grouped", ["Price", "Ticker"])
@pytest.mark.parametrize("named", [True, False])
def test_several_tickers_side_by_side_as_yfinance_writes_them(write: Write, grouped: str, named: bool) -> None:
    fields, symbols = ["Close", "High", "Low", "Open", "Volume"], ["KO", "^X"]
    pairs = [(field, symbol) for field in fields for symbol in symbols]
    if grouped == "Ticker":
        pairs.sort(key=lambda pair: pair[1])
    lines = {"Price": [pair[0] for pair in pairs], "Ticker": [pair[1] for pair in pairs]}
    first, second = ("Price", "Ticker") if grouped == "Price" else ("Ticker", "Price")
    value = {"Close": 2.0, "High": 3.0, "Low": 1.0, "Open": 1.5, "Volume": 9.0}
    cells = [str(value[field] * (1 if symbol == "KO" else 10)) for field, symbol in pairs]
    alone = ["" if symbol == "KO" else cell for cell, (_, symbol) in zip(cells, pairs, strict=True)]
    index = [",".join(["Date", *("" for _ in pairs)])] if named else []
    rows = [",".join([f"2025-01-0{number}", *row]) for number, row in ((2, cells), (3, cells), (4, alone))]
    path = write(
        "portfolio.csv", f"{first}," + ",".join(lines[first]), f"{second}," + ",".join(lines[second]), *index, *rows
    )
    bars = read(path)
    assert Counter(bar.symbol for bar in bars) == {"KO": 2, "^X": 3}
    assert {bar.symbol: numbers(bar) for bar in bars} == {"KO": (1.5, 3, 1, 2, 9), "^X": (15, 30, 10, 20, 90)}
    assert {bar.symbol for bar in read(path, symbol="KO")} == {"KO"}
    with pytest.raises(SourceError, match="no row of PEP"):
        read(path, symbol="PEP")


def test_a_file_without_a_header_says_so_and_can_be_read_by_numbers(write: Write) -> None:
    path = write("KO_1d.csv", "2025-01-02,10.5,12.5,9.5,11.5,1000", "2025-01-03,10.5,12.5,9.5,11.5,1000")
    with pytest.raises(SourceError, match=r"has no header: its first line is a row.*--columns time=1,open=2"):
        read(path)
    columns = {name: str(place) for place, name in enumerate(("time", "open", "high", "low", "close", "volume"), 1)}
    bars = read(path, columns=columns)
    assert [bar.time.day for bar in bars] == [2, 3]
    assert numbers(bars[0]) == (10.5, 12.5, 9.5, 11.5, 1000.0)


def test_columns_that_the_user_names(write: Write) -> None:
    path = write("KO_1d.csv", "When,First,Top,Bottom,Raw,Close,N", "2025-01-02,10.5,12.5,9.5,11.5,99,1000")
    chosen = {"time": "when", "open": "First", "high": "Top", "low": "4", "close": "Raw", "volume": "N"}
    assert numbers(read(path, columns=chosen)[0]) == (10.5, 12.5, 9.5, 11.5, 1000.0)
    with pytest.raises(SourceError, match="has no column 'Nope' in its header"):
        read(path, columns=chosen | {"close": "Nope"})


@pytest.mark.parametrize(("field", "column", "lacking"), [("close", "low", "low"), ("time", "Close", "close")])
def test_a_column_that_was_chosen_for_another_field_is_named(
    write: Write, field: str, column: str, lacking: str
) -> None:
    path = write("KO_1d.csv", HEADER, "2025-01-02,10,12,9,11,1000", "2025-01-03,10,12,9,11,1000")
    with pytest.raises(
        SourceError, match=rf"no other column for {lacking}: {lacking.capitalize()} was chosen for {field}"
    ):
        read(path, columns={field: column})
    assert numbers(read(path, columns={"close": "low", "low": "Low"})[0]) == (10, 12, 9, 9, 1000)


def test_two_columns_of_one_name_are_asked_for(write: Write) -> None:
    path = write("KO_1d.csv", "Date,Open,High,Low,Close,Close", "2025-01-02,1,2,1,2,1")
    with pytest.raises(SourceError, match=r"several columns Close: say which, --columns close=5"):
        read(path)
    assert read(path, columns={"close": "6"})[0].close == 1


def test_numbers_of_rows_that_begin_anew_are_no_symbols(write: Write) -> None:
    rows = [f"{number % 10},2026-01-{number + 1:02},1,2,1,2,9" for number in range(30)]
    for order in (rows, rows[::-1]):
        assert {bar.symbol for bar in read(write("KO_1d.csv", f"index,{HEADER}", *order))} == {"KO"}
    codes = [
        f"{code},2026-01-{date:02},1,2,1,{code % 7},9" for date in range(1, 9) for code in (600519, 601398, 601399)
    ]
    bars = read(write("x_1d.csv", f"Index,{HEADER}", *codes))
    assert {bar.symbol for bar in bars} == {"600519", "601398", "601399"}
