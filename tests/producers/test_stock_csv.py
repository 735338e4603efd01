"""Stock bars from CSV files: layouts, names, spacings, and rows that cannot be read."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from stockstream.errors import BadRow, SourceError
from stockstream.intervals import parse
from stockstream.producers.checks import Checks
from stockstream.producers.csv_files import find
from stockstream.producers.stock_csv import LAYOUTS, Overrides, StockFiles, examine
from stockstream.records import OFF_GRID, Bar

DAILY = "Date,Open,High,Low,Close,Adj Close,Volume"
INDEX = "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD"
INTRADAY = "Datetime,Close,High,Low,Open,Volume"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, *lines: str, end: str = "\n") -> Path:
        path = tmp_path / name
        path.write_bytes(("\n".join(lines) + end).encode())
        return path

    return write


def read(path: Path, **options: Any) -> tuple[list[Bar], list[BadRow]]:
    files = [examine(file, Overrides(**options)) for file in find([path])[0]]
    items = list(StockFiles(files))
    return [item for item in items if isinstance(item, Bar)], [item for item in items if isinstance(item, BadRow)]


def intraday_rows(count: int, seconds: int, start: str = "2026-03-19 13:30:00+00:00") -> list[str]:
    first = datetime.fromisoformat(start)
    return [f"{first + number * timedelta(seconds=seconds)},2,3,1,2,100" for number in range(count)]


def test_yahoo_s_daily_layout(write: Write) -> None:
    path = write("MSFT.csv", DAILY, "2026-01-02,10.5,12,10,11.25,11.2,1000", "2026-01-03,11,12,10,11,11,2e3", end="")
    bars, bad = read(path)
    assert not bad
    assert bars[0] == Bar(
        symbol="MSFT",
        interval="1d",
        time=datetime(2026, 1, 2, tzinfo=UTC),
        open=10.5,
        high=12.0,
        low=10.0,
        close=11.25,
        volume=1000.0,
        adj_close=11.2,
        source="csv",
    )


def test_the_layout_of_processed_indices_with_several_symbols(write: Write) -> None:
    rows = [f"{name},2026-01-{day:02},10,12,10,11,11,5,1.43" for name in ("HSI", "NYA") for day in range(1, 8)]
    bars, bad = read(write("processed.csv", INDEX, *rows))
    assert not bad
    assert [bar.symbol for bar in bars] == ["HSI"] * 7 + ["NYA"] * 7
    assert {(bar.interval, bar.close_usd) for bar in bars} == {("1d", 1.43)}


def test_a_symbol_chooses_among_those_in_the_column(write: Write) -> None:
    rows = [f"{name},2026-01-{day:02},10,12,10,11,11,5,1.43" for name in ("HSI", "NYA") for day in range(1, 8)]
    path = write("processed.csv", INDEX, *rows)
    bars, _ = read(path, symbol="NYA")
    assert [bar.symbol for bar in bars] == ["NYA"] * 7
    with pytest.raises(SourceError, match=r"has no row of DAX - its column of symbols has HSI, NYA"):
        read(path, symbol="DAX")


def test_intraday_columns_in_any_order_with_offsets(write: Write) -> None:
    path = write("AAPL_1m.csv", INTRADAY, "2026-03-19 09:30:00-04:00,2,3,1,2.5,100")
    (bar,), _ = read(path)
    assert (bar.symbol, bar.interval, bar.time) == ("AAPL", "1m", datetime(2026, 3, 19, 13, 30, tzinfo=UTC))
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (2.5, 3.0, 1.0, 2.0, 100.0)
    assert bar.adj_close is None


@pytest.mark.parametrize(("zone", "hour"), [(None, 9), (ZoneInfo("America/New_York"), 13)])
def test_times_without_an_offset_are_utc_or_of_the_zone_named(write: Write, zone: ZoneInfo | None, hour: int) -> None:
    path = write("AAPL_1m.csv", INTRADAY, "2026-03-19 09:30:00,2,3,1,2.5,100")
    (bar,), _ = read(path, zone=zone)
    assert bar.time == datetime(2026, 3, 19, hour, 30, tzinfo=UTC)
    assert bar.tz == (str(zone) if zone else None)


def test_a_session_s_date_is_never_shifted(write: Write) -> None:
    path = write("AAPL.csv", DAILY, *(f"2026-01-{day:02} 00:00:00-05:00,2,3,1,2,2,9" for day in range(5, 9)))
    bars, _ = read(path, zone=ZoneInfo("Asia/Tokyo"))
    assert [bar.time for bar in bars] == [datetime(2026, 1, day, tzinfo=UTC) for day in range(5, 9)]


def test_names_of_columns_in_another_spelling_and_columns_beside_them(write: Write) -> None:
    header = "\ufeff date , OPEN,high,Low,close,adj_close, Volume ,Dividends"
    bars, bad = read(write("msft_1d.csv", header, " 2026-01-02 , 10,12,10,11,11,5,0.1"))
    assert not bad
    assert (bars[0].symbol, bars[0].volume, bars[0].adj_close) == ("MSFT", 5.0, 11.0)


def test_an_index_beside_a_symbol_is_a_row_s_number(write: Write) -> None:
    for header in ("Index,Symbol,Date,Open,High,Low,Close", "Symbol,Index,Date,Open,High,Low,Close"):
        first, second = ("0", "KO") if header.startswith("Index") else ("KO", "0")
        bars, _ = read(write("x_1d.csv", header, f"{first},{second},2026-01-02,1,2,1,2"))
        assert [bar.symbol for bar in bars] == ["KO"]
        assert bars[0].volume is None


@pytest.mark.parametrize("header", ["a,b,c", "Price,Close,High,Low,Open,Volume", "Date,Open,High,Low"])
def test_an_unknown_layout_says_what_was_found_and_what_is_known(write: Write, header: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(write("AAPL.csv", header, "2026-01-02,10,12,10,11,11,5"))
    assert header in caught.value.message
    assert all(layout in str(caught.value.hint) for layout in LAYOUTS)


@pytest.mark.parametrize(
    ("name", "symbol", "interval"),
    [
        ("AAPL_1m.csv", "AAPL", "1m"),
        ("AAPL-60m.csv", "AAPL", "1h"),
        ("brk-b.csv", "BRK-B", "1d"),
        ("BTC-USD_1wk.csv", "BTC-USD", "1wk"),
        ("0700.HK.csv", "0700.HK", "1d"),
        ("^GSPC_1mo.csv", "^GSPC", "1mo"),
    ],
)
def test_what_a_file_s_name_shows(write: Write, name: str, symbol: str, interval: str) -> None:
    bars, _ = read(write(name, DAILY, *(f"2026-01-{day:02},2,3,1,2,2,9" for day in range(5, 9))))
    assert {(bar.symbol, bar.interval) for bar in bars} == {(symbol, interval)}


def test_the_options_win_over_the_name(write: Write) -> None:
    path = write("AAPL_1m.csv", INTRADAY, *intraday_rows(3, 300))
    bars, _ = read(path, symbol="aapl.x", interval="5m")
    assert {(bar.symbol, bar.interval) for bar in bars} == {("aapl.x", "5m")}


@pytest.mark.parametrize("interval", ["1m", "2m", "3m", "5m", "15m", "30m", "1h", "90m", "4h"])
def test_the_commonest_spacing_is_the_interval(write: Write, interval: str) -> None:
    rows = intraday_rows(7, parse(interval).seconds) + intraday_rows(
        7, parse(interval).seconds, "2026-03-20 13:30:00+00:00"
    )
    bars, _ = read(write("AAPL.csv", INTRADAY, *reversed(rows)))
    assert {bar.interval for bar in bars} == {interval}


@pytest.mark.parametrize(("rule", "interval"), [("B", "1d"), ("W-MON", "1wk"), ("MS", "1mo"), ("YS", "1y")])
def test_days_without_weekends_weeks_months_and_years_are_distinguished(write: Write, rule: str, interval: str) -> None:
    dates = pd.date_range("2025-01-01", periods=14, freq=rule)
    bars, _ = read(write("AAPL.csv", DAILY, *(f"{date.date()},2,3,1,2,2,9" for date in dates)))
    assert {bar.interval for bar in bars} == {interval}


@pytest.mark.parametrize(
    ("rows", "result"),
    [
        (intraday_rows(5, 6660), "most are 1:51:00 apart"),
        (intraday_rows(1, 60), "too few rows with a time"),
        (["31/12/2025,1,1,1,1,1"] * 3, "too few rows with a time"),
    ],
)
def test_a_spacing_that_is_none_asks_for_the_interval(write: Write, rows: Sequence[str], result: str) -> None:
    with pytest.raises(SourceError, match=result) as caught:
        read(write("AAPL.csv", INTRADAY, *rows))
    assert "--interval" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("2026-01-02,null,null,null,null,null,null", "Open", "no value (null)"),
        ("2026-01-02,1,2,,2,2,9", "Low", "no value (empty)"),
        ("2026-01-02,1,two,1,2,2,9", "High", "'two' is not a number"),
        ("2026-01-02,1,inf,1,2,2,9", "High", "'inf' is not finite"),
        ("2026-01-02,1,2,1,2,2,1e101", "Volume", "'1e101' is beyond 1e100"),
        (",1,2,1,2,2,9", "Date", "no value (empty)"),
        ("2026-01-02,1,2,1,2,2,9 00", "Volume", "'9 00' is not a number"),
        ("02.01.2026,1,2,1,2,2,9", "Date", "'02.01.2026' is not a time in this file's format, Y/M/D"),
        ("2026-01-02,1,2,1,2,2", None, "6 cells where the header has 7"),
        ("2026-01-02,1,2,1,2,2,9,9", None, "8 cells where the header has 7"),
        ('2026-01-02,1,2,1,2,2,"9', None, "cannot be read: unexpected end of data"),
    ],
)
def test_a_row_that_cannot_be_read_is_reported_and_the_rest_continues(
    write: Write, row: str, column: str | None, reason: str
) -> None:
    path = write("KO_1d.csv", DAILY, "2026-01-01,1,2,1,2,2,9", "", row, "2026-01-03,1,2,1,2,2,9")
    bars, (bad,) = read(path)
    assert [bar.time.day for bar in bars] == [1, 3]
    assert (bad.file, bad.line, bad.column, bad.reason) == (str(path), 4, column, reason)
    assert bad.raw == row.encode()


def test_a_row_with_bytes_that_are_no_number_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "KO_1d.csv"
    path.write_bytes(f"{DAILY}\n".encode() + b"2026-01-02,1,2,1,2,2,\xff9\n")
    bars, (bad,) = read(path)
    assert not bars
    assert (bad.reason, bad.raw) == ("'ÿ9' is not a number", b"2026-01-02,1,2,1,2,2,\xff9")


@pytest.mark.parametrize("whole", ["2026-01-02,1,2,1,2,2,9,1.43"])
def test_a_last_line_that_is_cut_off_is_reported_wherever_that_shows(write: Write, whole: str) -> None:
    rows = ("HSI,2026-01-01,1,2,1,2,2,9,1.43", f"HSI,{whole}")
    for length in range(1, len(rows[1])):
        bars, bad = read(write("x_1d.csv", INDEX, rows[0], rows[1][:length], end=""))
        # 1.43 that lost digits is a number like any other; everything shorter shows.
        if rows[1][:length].endswith((",1", ".4")) and rows[1][:length].count(",") == 8:
            continue
        assert len(bars) == 1
        assert [(row.line, row.column) for row in bad] == [(3, None)]
        assert "ends in the middle" in bad[0].reason


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_a_last_line_is_whole_whatever_ends_it(write: Write, end: str) -> None:
    bars, bad = read(write("KO_1d.csv", DAILY, "2026-01-02,1,2,1,2,2,9", end=end))
    assert (len(bars), bad) == (1, [])


@pytest.mark.parametrize("cell", ["0.0", "0", "", "null"])
def test_an_open_that_is_missing_is_none(write: Write, cell: str) -> None:
    (bar,), bad = read(write("KO_1d.csv", DAILY, f"2026-01-02,{cell},3,2,2.5,2,9"))
    assert not bad
    assert (bar.open, bar.close, bar.flags) == (None, 2.5, ())


def test_a_bar_that_contradicts_itself_travels_marked(write: Write) -> None:
    (bar,), bad = read(write("KO_1d.csv", DAILY, "2026-01-02,1,2,3,2,2,9"))
    assert not bad
    assert bar.flags == ("impossible:high,low",)


def test_a_bar_off_its_grid_is_read_for_the_checks_to_mark(write: Write) -> None:
    (bar,), _ = read(write("KO_1m.csv", INTRADAY, "2026-03-19 13:31:07+00:00,2,3,1,2,100"))
    assert Checks().flagged(bar).flags == (OFF_GRID,)


def test_rows_travel_in_the_order_of_the_file_and_once_where_they_stand_twice(write: Write) -> None:
    rows = [f"2026-01-{day:02},1,2,1,2,2,9" for day in (5, 2, 5, 3)]
    bars, _ = read(write("KO_1d.csv", DAILY, *rows))
    assert [bar.time.day for bar in bars] == [2, 5, 3]


def test_prices_may_be_missing_beside_the_four(write: Write) -> None:
    (bar,), bad = read(write("KO_1d.csv", DAILY, "2026-01-02,1,2,1,2,null,"))
    assert not bad
    assert (bar.volume, bar.adj_close) == (None, None)


def test_gzip_zip_and_folders(write: Write, tmp_path: Path) -> None:
    plain = write("KO_1d.csv", DAILY, "2026-01-02,1,2,1,2,2,9")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "PEP_1d.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    with zipfile.ZipFile(folder / "many.zip", "w") as archive:
        archive.write(plain, "inside/MDLZ_1d.csv")
    bars, _ = read(folder)
    assert [bar.symbol for bar in bars] == ["PEP", "MDLZ"]


@pytest.mark.parametrize(("content", "result"), [(b"", "is empty"), (f"{DAILY}\n".encode(), "a header and no rows")])
def test_a_file_with_nothing_in_it_is_an_error(tmp_path: Path, content: bytes, result: str) -> None:
    path = tmp_path / "KO.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=result):
        read(path)


def test_it_knows_how_far_it_is(write: Write) -> None:
    rows = [f"2026-01-{day:02},1,2,1,2,2,9" for day in range(1, 31)]
    found, _ = find([write("KO.csv", DAILY, *rows, end=""), write("PEP.csv", DAILY, *rows)])
    files = StockFiles([examine(file, Overrides()) for file in found])
    assert (files.done, files.total) == (0, 60)
    list(files)
    assert files.done == 60


@pytest.mark.parametrize("folder", ["stocks_daily", "stocks_intraday", "index_processed"])
def test_every_real_file_gives_the_rows_that_pandas_reads(real_data: Path, folder: str) -> None:
    paths = sorted((real_data / folder).glob("*.csv"))
    assert paths
    for path in paths:
        compare(path)


def compare(path: Path) -> None:
    bars, bad = read(path)
    frame = pd.read_csv(path)
    time = "Datetime" if "Datetime" in frame else "Date"
    null = frame[["Open", "High", "Low", "Close"]].isna().any(axis=1)
    unreadable = set(frame.index[null] + 2)
    if "truncated" in path.name:
        unreadable.add(len(frame) + 1)
    assert {row.line for row in bad} == unreadable
    frame = frame[[number + 2 not in unreadable for number in frame.index]]
    assert [bar.time for bar in bars] == list(pd.to_datetime(frame[time], utc=True))
    columns = {"open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}
    columns |= {field: name for field, name in (("adj_close", "Adj Close"), ("close_usd", "CloseUSD")) if name in frame}
    for field, column in columns.items():
        assert [getattr(bar, field) for bar in bars] == list(frame[column].astype(float))
    symbols = frame["Index"] if "Index" in frame else [path.stem.split("_")[0]] * len(frame)
    assert [bar.symbol for bar in bars] == list(symbols)
    assert {bar.interval for bar in bars} == {"1m" if time == "Datetime" else "1d"}
