"""Local times of instants, against zoneinfo one by one."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from stockstream.views.clock import Instants, local

ZONES = (
    "UTC",
    "America/New_York",
    "Europe/London",
    "Europe/Dublin",  # its winter is the daylight saving time
    "Asia/Kolkata",
    "Asia/Tehran",  # changed its clocks at midnight
    "America/Sao_Paulo",
    "Australia/Lord_Howe",  # by half an hour
    "Africa/Casablanca",  # changes its clocks four times a year
    "Pacific/Apia",  # left out a day
    "Etc/GMT-11",
)


def one_by_one(instants: Instants, zone: str) -> list[datetime]:
    there = ZoneInfo(zone)
    return [each.replace(tzinfo=UTC).astimezone(there).replace(tzinfo=None) for each in instants.tolist()]


@pytest.mark.parametrize("zone", ZONES)
def test_each_instant_has_the_local_time_of_its_zone(zone: str) -> None:
    random = np.random.default_rng(1)
    begin, end = (np.datetime64(day, "us").astype(np.int64) for day in ("1970-01-01", "2060-01-01"))
    instants = random.integers(begin, end, 3_000).astype("M8[us]")  # in no order
    assert local(instants, zone).tolist() == one_by_one(instants, zone)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("year", [2007, 2011, 2026])
def test_every_quarter_of_an_hour_of_a_year(zone: str, year: int) -> None:
    begin, end = np.datetime64(f"{year}-01-01", "us"), np.datetime64(f"{year + 1}-01-02", "us")
    instants = np.arange(begin, end, np.timedelta64(15, "m"))
    edges = np.concatenate([instants - 1, instants])
    assert local(edges, zone).tolist() == one_by_one(edges, zone)


def test_what_is_no_time_stays_none_and_the_unit_stays() -> None:
    instants = np.array(["NaT", "2026-07-01T13:30"], "M8[s]")
    shown = local(instants, "America/New_York")
    assert shown.dtype == instants.dtype
    assert shown.astype(str).tolist() == ["NaT", "2026-07-01T09:30:00"]
    nothing = instants[:1]
    assert local(nothing, "America/New_York") is nothing


@pytest.mark.parametrize("instant", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_the_ends_of_the_calendar_are_no_error(instant: str) -> None:
    there = local(np.array([instant], "M8[us]"), "Asia/Tokyo")
    assert abs(there[0] - np.datetime64(instant, "us")) < np.timedelta64(1, "D")


def test_a_window_of_an_exchange_does_not_import_pandas() -> None:
    program = """
import sys
import numpy as np
import stockstream.cli.watch.session, stockstream.charts.window.window
from stockstream.present.ticks import ticks
ticks(np.array(["2026-03-02T14:30", "2026-03-02T14:31"], "M8[us]"), 0, "America/New_York", 8.0)
print("pandas" in sys.modules)
"""
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"
