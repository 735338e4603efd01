"""Stock files as people have them: every stage from bytes to bars, and what can be read in two ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stockstream.errors import BadRow, SourceError
from stockstream.producers.csv_files import find
from stockstream.producers.stock_csv import Overrides, StockFile, StockFiles, check_one_series, examine
from stockstream.producers.stock_csv.times import named_format
from stockstream.records import Bar

NEW_YORK = ZoneInfo("America/New_York")
HEADER = "Date,Open,High,Low,Close,Volume"
DAY = timedelta(days=1)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, *lines: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return write


def examined(*paths: Path, **said: Any) -> list[StockFile]:
    return [examine(file, Overrides(**said)) for file in find(paths)[0]]


def read(path: Path, **said: Any) -> list[Bar]:
    """The bars of a file of which every row can be read."""
    items = list(StockFiles(examined(path, **said)))
    bars = [item for item in items if isinstance(item, Bar)]
    assert len(bars) == len(items), next(str(item) for item in items if isinstance(item, BadRow))
    return bars


def numbers(bar: Bar) -> tuple[float | None, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def day(year: int, month: int, of_month: int) -> datetime:
    return datetime(year, month, of_month, tzinfo=UTC)


# What the README of shared/cases says is right.


def test_case_of_yfinance(shared_cases: Path) -> None:
    bars = read(shared_cases / "yfinance_to_csv_one.csv")
    assert {(bar.symbol, bar.interval) for bar in bars} == {("QQA", "1d")}
    assert (len(bars), bars[0].time, numbers(bars[0])) == (40, day(2025, 1, 2), (200.0, 200.08, 199.32, 199.65, 175954))


@pytest.mark.parametrize("name", ["semicolon_decimal_comma_bom.csv", "thousands_quoted.csv"])
def test_cases_of_decimal_commas_and_thousands(shared_cases: Path, name: str) -> None:
    bars = read(shared_cases / name, symbol="SIE.DE")
    assert {bar.symbol for bar in bars} == {"SIE.DE"}
    assert (len(bars), bars[0].time) == (40, day(2025, 1, 2))
    assert numbers(bars[0]) == (1200.0, 1201.2, 1199.77, 1200.7, 607337.0)


def test_case_of_nasdaq(shared_cases: Path) -> None:
    bars = read(shared_cases / "nasdaq_close_last.csv")
    assert len(bars) == 40
    last = max(bars, key=lambda bar: bar.time)
    assert (last.time, last.close, last.volume) == (day(2025, 2, 26), 1200.34, 372202.0)


def test_case_of_duplicate_dates(shared_cases: Path) -> None:
    (file,) = examined(shared_cases / "duplicate_dates.csv")
    assert len(list(StockFiles([file]))) == 100
    assert [(one.former, one.later, one.time) for one in file.repeats.conflicts] == [(53, 54, day(2022, 3, 14))]
    (bar,) = (bar for bar in read(shared_cases / "duplicate_dates.csv") if bar.time == day(2022, 3, 14))
    assert (bar.close, bar.volume) == (91.86, 777.0)


@pytest.mark.parametrize(("name", "count"), [("flat_zero_volume.csv", 80), ("negative_close.csv", 18)])
def test_cases_of_odd_prices(shared_cases: Path, name: str, count: int) -> None:
    bars = read(shared_cases / name)
    assert len(bars) == count
    assert not any(bar.flags for bar in bars)


def test_case_of_epochs(shared_cases: Path) -> None:
    bars = read(shared_cases / "epoch_ms_1m.csv")
    assert {bar.interval for bar in bars} == {"1m"}
    assert (len(bars), bars[0].time) == (399, datetime(2021, 1, 8, tzinfo=UTC))


def test_case_of_the_hour_that_comes_twice(shared_cases: Path) -> None:
    bars = read(shared_cases / "autumn_naive_1h.csv", zone=NEW_YORK)
    assert len(bars) == len({bar.time for bar in bars}) == 96
    assert all(later.time - one.time == timedelta(hours=1) for one, later in pairwise(bars))
    on_the_day = [bar for bar in bars if bar.time.astimezone(NEW_YORK).date() == datetime(2024, 11, 3).date()]  # noqa: DTZ001
    assert len(on_the_day) == 25
    assert sum(bar.volume or 0 for bar in on_the_day) == 11_708_078


def test_case_of_sydney(shared_cases: Path) -> None:
    bars = read(shared_cases / "sydney_offsets_1m.csv")
    (tz,) = {bar.tz for bar in bars}
    assert tz is not None
    sessions: dict[str, list[Bar]] = {}
    for bar in bars:
        sessions.setdefault(f"{bar.time.astimezone(ZoneInfo(tz)):%Y-%m-%d}", []).append(bar)
    told = {
        date: (len(of), of[0].open, max(bar.high for bar in of), min(bar.low for bar in of), of[-1].close,
               sum(bar.volume or 0 for bar in of))
        for date, of in sessions.items()
    }  # fmt: skip
    assert told == {
        "2025-02-03": (360, 50.0, 50.39, 48.67, 48.83, 194_962_263),
        "2025-02-04": (360, 48.83, 49.37, 47.85, 47.99, 202_996_717),
    }


# Encodings.


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_in_any_encoding_with_any_line_ends(tmp_path: Path, encoding: str, end: str) -> None:
    text = end.join(["Datum;Eröffnung;Hoch;Tief;Schlusskurs;Stücke", "02.01.2025;1,5;2,5;0,5;1,25;100", ""])
    (tmp_path / "ÄÖ_1d.csv").write_bytes(text.encode(encoding))
    (bar,) = read(tmp_path / "ÄÖ_1d.csv")
    assert (bar.symbol, bar.time, numbers(bar)) == ("ÄÖ", day(2025, 1, 2), (1.5, 2.5, 0.5, 1.25, 100.0))


@pytest.mark.parametrize("mark", ["ï»¿", "\ufeffï»¿", "\ufeff"])
def test_a_mark_that_was_encoded_twice_is_no_part_of_a_name(write: Write, mark: str) -> None:
    rows = [f"{name},2026-01-{date:02},1,2,1,2,{place}" for place, name in enumerate(("HSI", "NYA")) for date in (1, 2)]
    bars = read(write("x_1d.csv", f"{mark}Index,{HEADER}", *rows))
    assert Counter(bar.symbol for bar in bars) == {"HSI": 2, "NYA": 2}


def test_letters_of_another_encoding_in_a_later_row_are_read(tmp_path: Path) -> None:
    rows = ["Name,Date,Open,High,Low,Close", "KO,2026-01-01,1,2,1,2", "Äß,2026-01-01,1,2,1,2"]
    (tmp_path / "x_1d.csv").write_bytes("\n".join([*rows, ""]).encode("cp1252"))
    assert [bar.symbol for bar in read(tmp_path / "x_1d.csv")] == ["KO", "Äß"]


# Separators, numbers.


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_separator(write: Write, separator: str) -> None:
    lines = [HEADER, "2025-01-02,10.5,12.25,9.5,11.75,1000", "2025-01-03,11.5,12.25,9.5,11.75,1000"]
    bars = read(write("KO.csv", *(line.replace(",", separator) for line in lines)), interval="1d")
    assert numbers(bars[0]) == (10.5, 12.25, 9.5, 11.75, 1000.0)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.200,50", "1.201", "1.199,7", "1.200", "607.337"], (1200.5, 1201, 1199.7, 1200, 607337)),
        (["1 200,50", "1 201,00", "1 199,70", "1 200,00", "607 337"], (1200.5, 1201, 1199.7, 1200, 607337)),
        (["1'200.50", "1'201.00", "1'199.70", "1'200.00", "607'337"], (1200.5, 1201, 1199.7, 1200, 607337)),
        (["1\u00a0200,5", "1\u202f201,0", "1199,7", "1200,0", "607\u00a0337"], (1200.5, 1201, 1199.7, 1200, 607337)),
        (["$1,200.50", "$1,201.00", "$1,199.70", "$1,200.00", "1.25M"], (1200.5, 1201, 1199.7, 1200, 1_250_000)),
        (["12.5 €", "13.0 €", "12.0 €", "12.75 €", "3.5K"], (12.5, 13, 12, 12.75, 3500)),
        (["12.5", "13.0", "12.0", "12.75", "1.1B"], (12.5, 13, 12, 12.75, 1_100_000_000)),
        (["12,5", "13,0", "12,0", "12,75", "2,4M"], (12.5, 13, 12, 12.75, 2_400_000)),
        (["12.5", "13.0", "12.0", "12.75", "-"], (12.5, 13, 12, 12.75, None)),
        (["1,234,567", "1,234,567", "1,234,567", "1,234,567", "1"], (1234567, 1234567, 1234567, 1234567, 1)),
        (["12", "13", "12", "12", "607,337"], (12, 13, 12, 12, 607337)),
        (["1200", "1201", "1200", "1200", "607,337"], (1200, 1201, 1200, 1200, 607337)),
        (["0.123", "0.125", "0.120", "0.124", "1000"], (0.123, 0.125, 0.12, 0.124, 1000)),
        (["-37.63", "13.1", "-40.32", "-37.63", "5e3"], (-37.63, 13.1, -40.32, -37.63, 5000)),
    ],
)
def test_numbers_however_they_are_written(write: Write, cells: Sequence[str], expected: tuple[float, ...]) -> None:
    (bar,) = read(write("KO_1d.csv", HEADER.replace(",", ";"), ";".join(["2025-01-02", *cells])))
    assert numbers(bar) == expected


@pytest.mark.parametrize(("decimal", "price"), [(".", 1234.0), (",", 1.234)])
def test_a_mark_that_may_part_thousands_or_decimals_is_asked_for(write: Write, decimal: str, price: float) -> None:
    path = write("KO_1d.csv", HEADER.replace(",", ";"), "2025-01-02;1,234;1,240;1,230;1,234;900")
    with pytest.raises(SourceError, match=r"'1,234' may be 1234 or 1\.234.*--decimal"):
        read(path)
    assert read(path, decimal=decimal)[0].close == price


def test_three_decimals_behind_a_point_are_asked_for_only_where_it_may_part_thousands(write: Write) -> None:
    rows = ["2025-01-02,110.123,110.500,110.001,110.250,900"]
    assert read(write("JPY_1d.csv", HEADER, *rows))[0].close == 110.25
    with pytest.raises(SourceError, match=r"'110\.123' may be 110123 or 110\.123"):
        read(write("JPY_1d.csv", *(line.replace(",", ";") for line in (HEADER, *rows))))


def test_one_number_that_is_spoilt_is_refused_by_line(write: Write) -> None:
    path = write(
        "KO_1d.csv", HEADER.replace(",", ";"), "2025-01-02;1.5;2.5;1.5;2.25;9", "2025-01-03;1,5;2.5;1.5;2.25;9"
    )
    items = list(StockFiles(examined(path)))
    assert [str(item).rpartition(": ")[2] for item in items if isinstance(item, BadRow)] == ["'1,5' is no number"]


# Headers.

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


def test_two_columns_of_one_name_are_asked_for(write: Write) -> None:
    path = write("KO_1d.csv", "Date,Open,High,Low,Close,Close", "2025-01-02,1,2,1,2,1")
    with pytest.raises(SourceError, match=r"several columns Close: say which, --columns close=5"):
        read(path)
    assert read(path, columns={"close": "6"})[0].close == 1


# Times.


@pytest.mark.parametrize(
    "pattern",
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y",
     "%m/%d/%y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%d-%b-%y", "%Y-%m-%d 00:00:00-05:00", "%Y-%m-%dT00:00:00Z",
     "%m/%d/%Y 16:00"],
)  # fmt: skip
@pytest.mark.parametrize("newest_first", [False, True])
def test_dates_in_many_orders(write: Write, pattern: str, newest_first: bool) -> None:
    dates = [day(2025, 1, 20) + number * DAY for number in range(25)]
    rows = [f"{date.strftime(pattern)};1.5;2.5;0.5;1.25;9" for date in (reversed(dates) if newest_first else dates)]
    bars = read(write("KO.csv", HEADER.replace(",", ";"), *rows))
    assert sorted(bar.time for bar in bars) == dates
    assert {bar.interval for bar in bars} == {"1d"}


@pytest.mark.parametrize("month", ["Dezember", "Dez", "December", "dec"])
def test_months_by_name(write: Write, month: str) -> None:
    rows = [f"{date}. {month} 2024;1;2;1;2;9" for date in (2, 3, 4)]
    bars = read(write("KO.csv", HEADER.replace(",", ";"), *rows))
    assert [bar.time for bar in bars] == [day(2024, 12, date) for date in (2, 3, 4)]


def test_dates_without_zeros(write: Write) -> None:
    bars = read(write("KO.csv", HEADER, *(f"2025/1/{date},1,2,1,2,9" for date in range(8, 12))))
    assert [bar.time.day for bar in bars] == [8, 9, 10, 11]


def test_the_order_of_a_few_dates_is_told_by_their_being_sorted(write: Write) -> None:
    rows = [f"{date},1,2,1,2,9" for date in ("09/01/2025", "10/01/2025", "03/02/2025", "04/02/2025")]
    assert [bar.time for bar in read(write("KO.csv", HEADER, *rows), interval="1d")] == [
        day(2025, 1, 9), day(2025, 1, 10), day(2025, 2, 3), day(2025, 2, 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("dates", "one", "other"),
    [
        (["02/01/2025", "03/01/2025", "06/01/2025"], r"2025-01-02 \(D/M/Y\)", r"2025-02-01 \(M/D/Y\)"),
        (["02-01-25", "03-01-25", "06-01-25"], r"2002-01-25 \(Y/M/D\), 2025-01-02 \(D/M/Y\)", r"2025-02-01 \(M/D/Y\)"),
    ],
)
def test_dates_that_may_be_either_are_refused_with_both_readings(
    write: Write, dates: Sequence[str], one: str, other: str
) -> None:
    path = write("KO_1d.csv", HEADER, *(f"{date},1,2,1,2,9" for date in dates))
    with pytest.raises(SourceError, match=f"{one} or {other}.*--date-format"):
        read(path)
    assert [bar.time.day for bar in read(path, times=named_format("D/M/Y"))] == [2, 3, 6]
    assert [bar.time.month for bar in read(path, times=named_format("M/D/Y"))] == [2, 3, 6]


def test_the_date_that_decides_may_stand_far_down(write: Write) -> None:
    dates = [f"0{1 + number % 9}/0{1 + number % 7}/{2000 + number % 20}" for number in range(3_000)] + ["31/01/2025"]
    rows = [f"{date},1,2,1,2,9" for date in dict.fromkeys(dates)]
    bars = read(write("KO_1d.csv", HEADER, *rows))
    assert bars[-1].time == day(2025, 1, 31)


def test_dates_written_in_two_orders_are_refused_by_their_lines(write: Write) -> None:
    path = write("KO_1d.csv", HEADER, "31/01/2025,1,2,1,2,9", "01/31/2025,1,2,1,2,9")
    with pytest.raises(SourceError, match=r"two ways: '31/01/2025' in line 2, '01/31/2025' in line 3"):
        read(path)


def test_what_is_no_time_is_shown_with_the_formats_that_are(write: Write) -> None:
    path = write("KO.csv", HEADER, *(f"day {number},1,2,1,2,9" for number in range(5)))
    with pytest.raises(
        SourceError, match=r"line 2: 'day 0' is no time that is known - known are 2026-01-31.*; say another with"
    ) as caught:
        read(path)
    assert "--date-format" in str(caught.value)
    rows = [f"{number},1,2,1,2,9" for number in range(5)]
    with pytest.raises(SourceError, match="line 2: '0' is no time that is known"):
        read(write("KO.csv", HEADER, *rows))


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("start", [day(1995, 1, 3), day(2021, 1, 8)])
def test_epochs_in_any_unit(write: Write, factor: int, start: datetime) -> None:
    times = [start + number * timedelta(minutes=1) for number in range(5)]
    rows = [f"{int(time.timestamp()) * factor},1,2,1,2,9" for time in times]
    bars = read(write("KO.csv", HEADER, *rows), zone=NEW_YORK)
    assert [bar.time for bar in bars] == times
    assert {(bar.interval, bar.tz) for bar in bars} == {("1m", "America/New_York")}


def test_a_daily_file_of_epochs_from_before_1970(write: Write) -> None:
    times = [day(1968, 1, 2) + number * DAY for number in range(3_000)]
    bars = read(write("KO.csv", HEADER, *(f"{int(time.timestamp())}.0,1,2,1,2,9" for time in times)))
    assert [bar.time for bar in bars] == times


def test_a_run_of_digits_is_a_date_and_a_time(write: Write) -> None:
    rows = [f"20120201 {clock};1.3066;1.3067;1.3065;1.3066;0" for clock in ("000000", "000100", "000200")]
    columns = {name: str(place) for place, name in enumerate(("time", "open", "high", "low", "close"), 1)}
    bars = read(write("EURUSD.csv", *rows), columns=columns)
    assert [bar.time for bar in bars] == [datetime(2012, 2, 1, 0, minute, tzinfo=UTC) for minute in range(3)]


def test_an_interval_of_days_is_none_of_minutes(write: Write) -> None:
    rows = [f"2026-01-05 10:{minute:02},1,2,1,2,9" for minute in range(20)]
    with pytest.raises(SourceError, match=r"most of its rows stand 1m apart, so they are no bars of 1d - .*--interval"):
        examined(write("KO_1d.csv", HEADER, *rows))


@pytest.mark.parametrize(("text", "zone", "assumed"), [("", None, True), ("", NEW_YORK, False), ("Z", None, False)])
def test_times_that_name_no_zone_are_known(write: Write, text: str, zone: ZoneInfo | None, assumed: bool) -> None:
    rows = [f"2026-01-05 10:{minute:02}:00{text},1,2,1,2,9" for minute in range(20)]
    (file,) = examined(write("KO.csv", HEADER, *rows), zone=zone)
    assert file.assumed == assumed


def test_a_year_that_cannot_be_is_refused_by_line(write: Write) -> None:
    path = write("KO_1d.csv", HEADER, "2025-01-02,1,2,1,2,9", "1610-06-04,1,2,1,2,9")
    (refused,) = (item for item in StockFiles(examined(path)) if isinstance(item, BadRow))
    assert (
        str(refused)
        == f"{path}, line 3, column Date: '1610-06-04' would be a time of the year 1610, before 1900 or after 2261"
    )


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("minutes", [30, 60])
def test_the_order_of_rows_tells_the_second_pass_of_an_hour(write: Write, newest_first: bool, minutes: int) -> None:
    first = datetime(2024, 11, 2, 4, tzinfo=UTC)
    times = [first + number * timedelta(minutes=minutes) for number in range(72)]
    rows = [
        f"{name},{time.astimezone(NEW_YORK):%Y-%m-%d %H:%M},1,2,1,2,{number}"
        for number, time in enumerate(times)
        for name in ("KO", "PEP")
    ]
    path = write("x.csv", f"Symbol,{HEADER}", *(reversed(rows) if newest_first else rows))
    bars = read(path, zone=NEW_YORK)
    assert {(bar.symbol, bar.time): bar.volume for bar in bars} == {
        (name, time): float(number) for number, time in enumerate(times) for name in ("KO", "PEP")
    }


def test_an_hour_that_stands_there_once_is_the_first_pass(write: Write) -> None:
    for clocks in (("00:00", "01:00", "02:00"), ("02:00", "01:00", "00:00")):
        bars = read(write("x_1h.csv", HEADER, *(f"2024-11-03 {clock},1,2,1,2,9" for clock in clocks)), zone=NEW_YORK)
        assert sorted(bar.time.hour for bar in bars) == [4, 5, 7]


def test_a_time_that_clocks_went_forward_over_is_refused_by_line(write: Write) -> None:
    path = write("x_1h.csv", HEADER, *(f"2024-03-10 {hour:02}:00,1,2,1,2,{hour}" for hour in range(6)))
    items = list(StockFiles(examined(path, zone=NEW_YORK)))
    (refused,) = (item for item in items if isinstance(item, BadRow))
    assert (refused.line, refused.column) == (4, "Date")
    assert refused.reason == "'2024-03-10 02:00' does not exist in America/New_York: clocks went forward over it"
    assert [item.time.hour for item in items if isinstance(item, Bar)] == [5, 6, 7, 8, 9]


def minutes(zone: timezone | ZoneInfo, *days: datetime) -> list[str]:
    """Rows of one session a day from ten o'clock, with their offsets."""
    starts = [
        date.replace(hour=10, tzinfo=zone) + number * timedelta(minutes=1) for date in days for number in range(5)
    ]
    return [f"{start},1,2,1,2,9" for start in starts]


@pytest.mark.parametrize(
    ("zone", "dates", "tz"),
    [
        (timezone(timedelta(hours=11)), [day(2025, 2, 3)], "Etc/GMT-11"),
        (timezone(timedelta(hours=-5)), [day(2025, 2, 3)], "Etc/GMT+5"),
        (timezone(timedelta(hours=5, minutes=30)), [day(2025, 2, 3)], "Asia/Kolkata"),
        (UTC, [day(2025, 2, 3)], None),
        (NEW_YORK, [day(2025, 3, 7), day(2025, 3, 10)], "America/New_York"),
        (ZoneInfo("Australia/Sydney"), [day(2025, 4, 4), day(2025, 4, 7)], "Australia/Sydney"),
        (ZoneInfo("Australia/Adelaide"), [day(2025, 4, 4), day(2025, 4, 7)], "Australia/Adelaide"),
    ],
)
def test_offsets_in_the_file_decide_the_session_s_day(
    write: Write, zone: timezone | ZoneInfo, dates: Sequence[datetime], tz: str | None
) -> None:
    bars = read(write("x_1m.csv", HEADER, *minutes(zone, *dates)))
    assert {bar.tz for bar in bars} == {tz}
    there = ZoneInfo(tz) if tz else UTC
    assert {(bar.time.astimezone(there).day, bar.time.astimezone(there).hour) for bar in bars} == {
        (date.day, 10) for date in dates
    }
    assert {bar.tz for bar in read(write("x_1m.csv", HEADER, *minutes(zone, *dates)), zone=NEW_YORK)} == {str(NEW_YORK)}


def test_offsets_that_no_exchange_has_ask_for_the_zone(write: Write) -> None:
    rows = minutes(timezone(timedelta(hours=3, minutes=7)), day(2025, 2, 3))
    with pytest.raises(SourceError, match=r"\(\+03:07\) - say the exchange's zone with --tz"):
        read(write("x_1m.csv", HEADER, *rows))


# Rows of one bar.


def test_a_repeated_row_counts_once_and_the_last_that_can_be_read(write: Write) -> None:
    rows = [
        "2026-01-05,1,2,1,2,9",
        "2026-01-06,1,2,1,2,9",
        "2026-01-05,1,2,1.0,2.00,9",
        "2026-01-06,null,null,null,null,0",
    ]
    (file,) = examined(write("KO_1d.csv", HEADER, *rows))
    items = list(StockFiles([file]))
    assert [(item.time.day) for item in items if isinstance(item, Bar)] == [6, 5]
    assert [item.line for item in items if isinstance(item, BadRow)] == [5]
    assert not file.repeats.differing


def test_all_that_differ_are_counted(write: Write) -> None:
    rows = [f"2026-01-{1 + number % 25:02},1,{2 + number // 25},1,2,9" for number in range(25)]
    extra = [f"2026-01-{number:02},1,9,1,2,9" for number in range(1, 3)]
    (file,) = examined(write("KO_1d.csv", HEADER, *rows, *extra, "2026-01-01,1,8,1,2,9"))
    assert file.repeats.differing == 3
    assert [(one.former, one.later) for one in file.repeats.conflicts] == [(2, 27), (3, 28), (27, 29)]


@pytest.mark.parametrize("interleaved", [False, True])
def test_several_series_without_a_column_of_symbols_are_refused(write: Write, interleaved: bool) -> None:
    rows = [(date, price) for price in (1, 2, 3) for date in range(1, 29)]
    rows.sort(key=lambda row: row[0] if interleaved else 0)
    path = write(
        "x_1d.csv",
        f"Region,{HEADER}",
        *(f"R{price},2026-01-{date:02},{price},{price},{price},{price},9" for date, price in rows),
    )
    with pytest.raises(SourceError, match=r"holds several series and no column that tells them apart.*Region"):
        examined(path)
    bars = read(path, columns={"symbol": "Region"})
    assert Counter(bar.symbol for bar in bars) == {"R1": 28, "R2": 28, "R3": 28}


def test_a_long_series_with_a_short_one_behind_it_is_refused(write: Write) -> None:
    rows = [f"{day(2000, 1, 1) + number * DAY:%Y-%m-%d},1,2,1,2,9" for number in range(2_000)]
    with pytest.raises(SourceError, match="beside 2,000 rows there are 60 of the same times"):
        examined(write("x.csv", HEADER, *rows, *(row.replace(",9", ",8") for row in rows[-60:])))


def test_files_of_several_symbols_under_one_symbol_are_refused(write: Write) -> None:
    for number, name in enumerate(("KO", "PEP")):
        write(f"folder/{name}.csv", HEADER, *(f"2026-01-{date:02},1,2,1,{1 + number / 2},9" for date in range(1, 9)))
    folder = write("folder/x", "").parent
    files = examined(folder, symbol="ABC")
    with pytest.raises(
        SourceError,
        match=r"KO\.csv and .*PEP\.csv would be one series, ABC 1d, but differ at 8 of 8 times, first at 2026-01-01 ",
    ):
        check_one_series(files, "ABC")
    check_one_series(examined(folder), None)


def test_a_name_that_says_another_symbol_is_refused(write: Write) -> None:
    write("folder/KO.csv", HEADER, *(f"2025-01-{date:02},1,2,1,2,9" for date in range(1, 9)))
    path = write("folder/PEP.csv", HEADER, *(f"2026-01-{date:02},1,2,1,2,9" for date in range(1, 9)))
    with pytest.raises(SourceError, match=r"PEP\.csv would be sent as KO, but its name says PEP"):
        check_one_series(examined(path.parent, symbol="KO"), "KO")


def test_files_of_one_symbol_that_follow_or_repeat_each_other_are_one_series(write: Write) -> None:
    write("folder/KO_2025.csv", HEADER, *(f"2025-01-{date:02},1,2,1,2,9" for date in range(1, 9)))
    path = write("folder/KO_2026.csv", HEADER, *(f"2025-01-{date:02},1,2,1,2,9" for date in range(7, 29)))
    check_one_series(examined(path.parent, symbol="KO"), "KO")
