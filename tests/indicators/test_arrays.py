"""How `batch` reads its input."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stockstream.indicators.arrays import columns_of, computable, element, whole_rows

TIMES = np.array(["2026-03-08T06:59", "2026-03-08T07:00"], dtype="M8[us]")
LOCAL = pd.DatetimeIndex(TIMES).tz_localize("UTC").tz_convert("America/New_York")


@pytest.mark.parametrize(
    "table",
    [
        {"close": [1, 2], "time": TIMES},
        {"close": [1, 2], "time": TIMES.astype("M8[s]")},
        {"close": [1, 2], "time": LOCAL},
        pd.DataFrame({"close": [1, 2], "time": TIMES}),
        pd.DataFrame({"close": [1, 2], "time": LOCAL}),
        pd.DataFrame({"close": [1, 2]}, index=pd.DatetimeIndex(TIMES)),
        pd.DataFrame({"close": [1, 2]}, index=LOCAL),
        pd.DataFrame({"close": [1, 2], "time": LOCAL}, index=pd.DatetimeIndex(TIMES) + pd.Timedelta(days=1)),
    ],
)
def test_times_are_instants_in_utc_from_a_column_or_an_index(table: Any) -> None:
    close, times = columns_of(table, ("close", "time"))
    np.testing.assert_array_equal(close, [1.0, 2.0], strict=True)
    np.testing.assert_array_equal(times, TIMES, strict=True)


@pytest.mark.parametrize("times", [np.array([1.0, 2.0]), [datetime(2026, 3, 8, tzinfo=UTC)] * 2])
def test_times_that_are_none_are_refused(times: Any) -> None:
    with pytest.raises(ValueError, match=r"time is a column of datetime64, not of (float64|list)"):
        columns_of({"time": times}, ("time",))


def test_times_that_are_missing_are_reported() -> None:
    for table in ({"close": np.ones(2)}, pd.DataFrame({"close": np.ones(2)})):
        with pytest.raises(ValueError, match=r"; time is missing: the columns are close$"):
            columns_of(table, ("close", "time"))


def test_zones_may_be_missing() -> None:
    zones, close = columns_of({"close": np.ones(3)}, ("tz", "close"))
    assert zones.tolist() == [None] * len(close)
    (zones,) = columns_of(pd.DataFrame({"tz": ["Asia/Tokyo", None]}), ("tz",))
    assert zones[0] == "Asia/Tokyo"


def test_an_element_is_what_update_takes() -> None:
    assert element(TIMES, -1) == datetime(2026, 3, 8, 7, tzinfo=UTC)
    assert element(np.array(["NaT"], dtype="M8[us]"), 0) is None
    assert element(np.array(["Asia/Tokyo", None], dtype=object), 1) is None
    assert type(element(np.ones(1), 0)) is float


@pytest.mark.parametrize(
    ("name", "bad"), [("close", np.nan), ("close", np.inf), ("close", -1.1e100), ("close", 1.1e100), ("volume", -1.0)]
)
@pytest.mark.parametrize("place", [0, 40_000, 69_999])
def test_the_only_bad_value_of_a_column_is_found_wherever_it_is(name: str, bad: float, place: int) -> None:
    column = np.full(70_000, 1.0)
    column[place] = bad
    assert np.flatnonzero(~computable({name: column})).tolist() == [place]


def test_a_high_below_its_low_is_found_among_good_prices() -> None:
    high, low = np.full(70_000, 2.0), np.full(70_000, 1.0)
    high[50_000] = 0.5
    assert np.flatnonzero(~computable({"high": high, "low": low})).tolist() == [50_000]


def test_numpy_has_its_buffer_again_after_rows_were_worked_on_whole() -> None:
    before = np.getbufsize()
    with suppress(ZeroDivisionError), whole_rows():
        assert np.getbufsize() < 64
        raise ZeroDivisionError
    assert np.getbufsize() == before
