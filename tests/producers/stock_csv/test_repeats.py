"""Rows of one bar, and files of one series."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from stockstream.errors import BadRow, SourceError
from stockstream.producers.stock_csv import StockFiles, check_one_series
from stockstream.records import Bar
from tests.producers.stock_csv.helpers import HEADER, Write, day, examined, read

DAY = timedelta(days=1)


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
