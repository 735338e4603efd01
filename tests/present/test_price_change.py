"""The last price and its reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stockstream.present.plot_data import PlotData
from stockstream.present.price_change import PriceChange, price_change
from stockstream.views.frame import Frame

NEW_YORK = "America/New_York"


def plot_data(times: list[str], closes: list[float], zone: str | None = NEW_YORK, **columns: Any) -> PlotData:
    frame = {"time": np.array(times, "M8[us]"), "open": np.array(closes) - 0.5, "close": np.array(closes)}
    return PlotData("", "AAPL", Frame("time", {**frame, **columns}), zone)


def found(given: PlotData) -> PriceChange:
    shown = price_change(given)
    assert shown is not None
    return shown


def test_within_a_day_it_is_the_close_of_the_session_before() -> None:
    times = ["2026-03-06T20:58", "2026-03-06T20:59", "2026-03-09T13:30", "2026-03-09T13:31"]
    shown = found(plot_data(times, [100.0, 101.0, 99.0, 98.0]))
    assert (shown.price, shown.before, shown.since) == (98.0, 101.0, "Fri")
    assert shown.lines == ("98.00", "▼ -3.00", "-2.97 %", "since Fri")


def test_a_day_is_the_exchange_s() -> None:
    # 23:30 and 00:30 UTC are one afternoon in New York.
    times = ["2026-03-05T20:00", "2026-03-05T23:30", "2026-03-06T00:30"]
    assert found(plot_data(times, [100.0, 101.0, 102.0])).since == "15:00"
    assert found(plot_data(times, [100.0, 101.0, 102.0], None)).since == "Thu"


@pytest.mark.parametrize(
    ("zone", "before", "times"),
    [
        # Sao Paulo's day of 2018-11-04 began at 01:00, 03:00 UTC: there was no midnight.
        ("America/Sao_Paulo", "2018-11-04T02:59", ["2018-11-04T03:00", "2018-11-04T15:00"]),
        # New York's day of 2026-03-08 began at 05:00 UTC, in winter time; its afternoon is in summer time.
        (NEW_YORK, "2026-03-08T04:59", ["2026-03-08T05:00", "2026-03-08T20:00"]),
        (NEW_YORK, "2026-11-01T03:59", ["2026-11-01T04:00", "2026-11-01T20:00"]),
    ],
)
def test_a_day_on_which_the_clock_is_changed_begins_where_it_does(zone: str, before: str, times: list[str]) -> None:
    shown = found(plot_data([before, *times], [7.0, 8.0, 9.0], zone))
    assert (shown.price, shown.before) == (9.0, 7.0)


def test_in_the_first_day_it_is_the_first_price_there_is() -> None:
    shown = found(plot_data(["2026-03-06T15:10", "2026-03-06T15:11"], [100.0, 101.0]))
    assert (shown.before, shown.since) == (99.5, "10:10")
    assert shown.lines[1] == "▲ +1.50"


def test_of_days_it_is_the_bar_before() -> None:
    shown = found(plot_data(["2026-02-20", "2026-03-05", "2026-03-06"], [100.0, 101.0, 101.0], None))
    assert (shown.before, shown.since) == (101.0, "Thu")
    assert shown.lines == ("101.00", "= +0.00", "+0.00 %", "since Thu")


@pytest.mark.parametrize(
    ("first", "since"), [("2026-03-02", "Mon"), ("2026-02-27", "27 Feb"), ("2025-12-31", "Dec 2025")]
)
def test_a_day_is_named_so_that_it_is_known(first: str, since: str) -> None:
    assert found(plot_data([first, "2026-03-06"], [1.0, 2.0], None)).since == since


@pytest.mark.parametrize(
    ("times", "since"),
    [
        (["2026-04-01", "2026-05-01", "2026-06-01"], "May 2026"),
        (["2024-01-01", "2025-01-01", "2026-01-01"], "2025"),
        (["2026-05-18", "2026-05-25", "2026-06-01"], "25 May"),
    ],
)
def test_a_longer_bar_is_named_by_its_period(times: list[str], since: str) -> None:
    assert found(plot_data(times, [1.0, 2.0, 3.0], None)).since == since


def test_doubtful_and_unknown_closes_do_not_count() -> None:
    times = ["2026-03-05", "2026-03-06", "2026-03-09", "2026-03-10"]
    shown = found(plot_data(times, [1.0, 2.0, np.nan, 9.0], None, doubtful=np.array([False, False, False, True])))
    assert (shown.price, shown.before) == (2.0, 1.0)


def test_without_two_prices_there_is_none() -> None:
    assert price_change(plot_data([], [])) is None
    assert price_change(plot_data(["2026-03-06"], [1.0], None)) is None
    assert price_change(PlotData("", "", plot_data(["2026-03-06", "2026-03-07"], [1.0, 2.0], None).frame)) is None


def test_small_prices_have_their_digits() -> None:
    shown = found(plot_data(["2026-03-05", "2026-03-06"], [0.0000121, 0.0000123], None))
    assert shown.lines[:2] == ("0.0000123", "▲ +0.0000002")
