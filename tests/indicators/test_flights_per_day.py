from __future__ import annotations

import math
import re
from collections import Counter
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockstream.indicators import FlightsPerDay, FlightsPerDayPoint, InvalidBar, Keyed
from stockstream.records import FlightDay
from tests.indicators.inputs import flights


def flight(airline: Any = "AA", year: Any = 2015, month: Any = 1, day: Any = 31) -> SimpleNamespace:
    return SimpleNamespace(airline=airline, year=year, month=month, day=day)


def by_pandas(table: pd.DataFrame) -> np.ndarray[Any, Any]:
    """The flights so far of each row's airline and day."""
    return (table.groupby(["airline", "year", "month", "day"]).cumcount() + 1).to_numpy(np.float64)


def test_flights_are_counted_by_airline_and_day() -> None:
    per_day = FlightsPerDay()
    records = [FlightDay("f", row, 2015, 2, day, airline) for row, (airline, day) in enumerate([("AA", 28), ("UA", 1)])]
    sent = [records[0], records[1], records[0], records[0]]
    assert [per_day.update(record) for record in sent] == [FlightsPerDayPoint(count) for count in (1, 1, 2, 3)]
    assert per_day.counts() == {"AA": {date(2015, 2, 28): 3}, "UA": {date(2015, 2, 1): 1}}
    assert per_day.peek(records[1]) == FlightsPerDayPoint(2)
    assert per_day.peek(flight("WN")) == FlightsPerDayPoint(1)
    assert per_day.counts()["UA"] == {date(2015, 2, 1): 1}


@pytest.mark.parametrize("kind", ["object", "category", "string"])
def test_pandas_agrees_whatever_the_columns_are_made_of(kind: Any) -> None:
    table = pd.DataFrame(flights(140_000)).astype({"airline": kind, "day": "int8", "year": "float64"})
    table.index = pd.Index(range(100, 140_100), name="row")
    points = FlightsPerDay().batch(table)
    assert points.index is table.index
    np.testing.assert_array_equal(points["flights"], by_pandas(table))


def test_arrays_of_texts_will_do() -> None:
    columns = flights(500)
    texts = columns | {"airline": columns["airline"].astype("<U2")}
    np.testing.assert_array_equal(FlightsPerDay().batch(texts)["flights"], by_pandas(pd.DataFrame(columns)))


def test_a_day_of_floats_is_the_same_day() -> None:
    per_day = FlightsPerDay()
    per_day.batch({name: np.array([value]) for name, value in vars(flight(year=2015.0, day=31.0)).items()})
    per_day.update(flight(month=1.0))
    per_day.update(flight())
    assert per_day.counts() == {"AA": {date(2015, 1, 31): 3}}
    assert per_day.state()["counts"] == {"AA": {"2015-01-31": 3}}
    assert per_day.state()["value"] == [3]


@pytest.mark.parametrize(
    "bad",
    [
        {"month": 2, "day": 30},
        {"month": 2, "day": 29},
        {"month": 13},
        {"day": 0},
        {"year": 0},
        {"year": 10**30},
        {"day": 1.5},
        {"day": None},
        {"day": math.nan},
        {"airline": ""},
        {"airline": None},
        {"airline": 7},
    ],
    ids=str,
)
def test_a_flight_of_no_day_or_no_airline_is_refused_and_changes_nothing(bad: dict[str, Any]) -> None:
    per_day = FlightsPerDay()
    per_day.update(flight())
    before = per_day.state()
    name, value = list(bad.items())[-1]
    for take in (per_day.update, per_day.peek):
        with pytest.raises(InvalidBar, match=re.escape(f"{name} {value!r}")):
            take(flight(**bad))
    rows = [vars(flight()), vars(flight(**bad)), vars(flight())]
    columns = {name: np.array([row[name] for row in rows], dtype=object) for name in FlightsPerDay.inputs}
    with pytest.raises(InvalidBar, match="at index 1 of the batch"):
        per_day.batch(columns)
    assert per_day.state() == before
    per_day.update(flight(month=2, day=28, year=2016))


def test_the_29th_of_february_is_a_day_in_some_years() -> None:
    per_day = FlightsPerDay()
    assert per_day.update(flight(year=2016, month=2, day=29)) == FlightsPerDayPoint(1)


@pytest.mark.parametrize(
    "counts",
    [
        {"AA": {"2015-02-29": 1}},
        {"AA": {"2015-02-28": 0}},
        {"AA": {"2015-02-28": 1.5}},
        {"": {"2015-02-28": 1}},
        {"AA": {"soon": 1}},
        {"AA": 5},
    ],
    ids=str,
)
def test_counts_that_cannot_be_are_damage(counts: Any) -> None:
    per_day = FlightsPerDay()
    per_day.update(flight())
    with pytest.raises(ValueError, match="the saved state is damaged: counts"):
        per_day.restore(per_day.state() | {"counts": counts})


def test_flights_added_many_at_once_count_as_one_by_one() -> None:
    one_by_one, at_once = FlightsPerDay(), FlightsPerDay()
    flights = [flight(airline) for airline in ("AA", "UA", "AA", "DL", "AA")]
    for each in flights:
        one_by_one.update(each)
    cells = Counter((each.airline, each.year, each.month, each.day) for each in flights)
    wrong = {("AA", 2015, 2, 30): 2, ("", 2015, 2, 28): 1, ("AA", 2015, 0, 1): 1}
    assert at_once.add(cells) == {}
    assert at_once.add(wrong) == wrong
    assert at_once.counts() == one_by_one.counts()


def test_an_airline_can_be_a_key() -> None:
    keyed: Keyed[Any, Any] = Keyed(FlightsPerDay(), key=lambda flight: flight.airline)
    for airline in ("AA", "UA", "AA"):
        keyed.update(flight(airline))
    assert keyed["AA"].value == FlightsPerDayPoint(2)


def test_pandas_agrees_on_the_real_files(real_data: Path) -> None:
    per_day = FlightsPerDay()
    truth: Counter[tuple[str, date]] = Counter()
    for path in sorted((real_data / "flights_2015").glob("flight?.csv")):
        table = pd.read_csv(path, usecols=["AIRLINE", "YEAR", "MONTH", "DAY"]).rename(columns=str.lower)
        np.testing.assert_array_equal(FlightsPerDay().batch(table)["flights"], by_pandas(table))
        per_day.batch(table)
        truth.update(zip(table["airline"], pd.to_datetime(table[["year", "month", "day"]]).dt.date, strict=True))
    assert {(airline, day): count for airline, days in per_day.counts().items() for day, count in days.items()} == truth
    assert sum(truth.values()) > 80_000
