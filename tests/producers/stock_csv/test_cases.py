"""Stock files that users told of: what the README of shared/cases says is right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from stockstream.producers.stock_csv import StockFiles
from stockstream.records import Bar
from tests.producers.stock_csv.helpers import NEW_YORK, day, examined, numbers, read


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
