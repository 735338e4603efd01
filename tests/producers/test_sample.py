"""The sample: the same bytes everywhere, with all the difficulties of the real file."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest

from stockstream.producers.flight_layouts import COLUMNS
from stockstream.producers.flight_rows import RowReader
from stockstream.producers.sample import sample_flights
from stockstream.records import Flight

SHIPPED = Path(__file__).parents[2] / "data" / "flights" / "sample.csv"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(BytesIO(sample_flights()))


def test_the_shipped_sample_is_what_the_command_makes() -> None:
    assert SHIPPED.read_bytes() == sample_flights()


def test_another_seed_makes_another_month() -> None:
    assert sample_flights(1) != sample_flights(2)
    assert sample_flights(1) == sample_flights(1)


def test_its_form_is_that_of_the_real_file() -> None:
    made = sample_flights()
    assert len(made) < 1_500_000
    lines = made.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert lines[0].decode() == ",".join(COLUMNS)
    assert lines[-1]


def test_every_row_reads(table: pd.DataFrame) -> None:
    read = RowReader("sample.csv", "0123456789abcdef").read
    rows = sample_flights().split(b"\r\n")[1:]
    assert all(isinstance(read(raw, row, row + 2), Flight) for row, raw in enumerate(rows))
    assert len(rows) == len(table)


def test_three_airlines_and_every_day_of_january_in_no_order(table: pd.DataFrame) -> None:
    days = pd.to_datetime(table[["YEAR", "MONTH", "DAY"]])
    assert sorted(days.unique()) == list(pd.date_range("2015-01-01", "2015-01-31"))
    assert not days.is_monotonic_increasing
    assert (days.dt.day_of_week + 1 == table["DAY_OF_WEEK"]).all()
    counts = table.groupby(["AIRLINE", "DAY"]).size().unstack()
    assert list(counts.index) == ["AA", "DL", "UA"]
    assert (counts.to_numpy() > 50).all()
    assert (counts.nunique(axis=1) > 10).all()


def test_cancelled_and_diverted_flights_and_midnight(table: pd.DataFrame) -> None:
    assert 0.01 < table["CANCELLED"].mean() < 0.05
    assert 0.001 < table["DIVERTED"].mean() < 0.01
    assert set(table["CANCELLATION_REASON"].dropna()) == {"A", "B", "C"}
    assert table["TAIL_NUMBER"].isna().any()
    for column in ("DEPARTURE_TIME", "WHEELS_OFF", "WHEELS_ON", "ARRIVAL_TIME"):
        assert (table[column] == 2400).any()
        assert (table[column].dropna() > 0).all()


def test_the_columns_of_a_row_agree_with_each_other(table: pd.DataFrame) -> None:
    def minutes(column: str) -> pd.Series[float]:
        return table[column] // 100 * 60 + table[column] % 100

    def apart(later: str, earlier: str) -> pd.Series[float]:
        return (minutes(later) - minutes(earlier)) % 1440

    flown = table["AIR_TIME"].notna()
    assert (flown == ~(table["CANCELLED"].eq(1) | table["DIVERTED"].eq(1))).all()
    assert (table["CANCELLATION_REASON"].notna() == table["CANCELLED"].eq(1)).all()
    departed = table[table["DEPARTURE_TIME"].notna()].index
    assert (table["CANCELLED"][departed] == 0).all()
    assert (apart("DEPARTURE_TIME", "SCHEDULED_DEPARTURE") == table["DEPARTURE_DELAY"] % 1440)[departed].all()
    assert (apart("WHEELS_OFF", "DEPARTURE_TIME") == table["TAXI_OUT"])[departed].all()
    assert (apart("ARRIVAL_TIME", "WHEELS_ON") == table["TAXI_IN"])[flown].all()
    assert (apart("ARRIVAL_TIME", "SCHEDULED_ARRIVAL") == table["ARRIVAL_DELAY"] % 1440)[flown].all()
    elapsed = table["TAXI_OUT"] + table["AIR_TIME"] + table["TAXI_IN"]
    assert (elapsed == table["ELAPSED_TIME"])[flown].all()
    late = table["DEPARTURE_DELAY"] + table["ELAPSED_TIME"] - table["SCHEDULED_TIME"]
    assert (late == table["ARRIVAL_DELAY"])[flown].all()
    assert (table["AIR_TIME"][flown] > 0).all()
    causes = table[list(COLUMNS[26:])]
    result = table["ARRIVAL_DELAY"] >= 15
    assert (causes.notna().all(axis=1) == result).all()
    assert (causes.sum(axis=1) == table["ARRIVAL_DELAY"])[result].all()
    assert (causes[result] >= 0).all(axis=None)
