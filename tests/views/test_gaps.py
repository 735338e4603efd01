"""A gap is an absence that the market's hours do not explain; only the rows show these hours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from stockstream.intervals import parse
from stockstream.views.gaps import gaps

NEW_YORK, TOKYO = "America/New_York", "Asia/Tokyo"


def session(day: str, first: str, bars: int, minutes: int = 1) -> NDArray[np.datetime64]:
    """Bars of a day, side by side."""
    return np.datetime64(f"{day}T{first}", "us") + np.arange(bars) * np.timedelta64(minutes, "m")


def without(rows: NDArray[np.datetime64], first: str, last: str) -> NDArray[np.datetime64]:
    """The rows but those from one instant up to another."""
    return rows[(rows < np.datetime64(first)) | (rows >= np.datetime64(last))]


def marked(parts: Sequence[NDArray[np.datetime64]], interval: str, zone: str | None) -> list[str]:
    rows = np.concatenate(parts)
    return [str(row) for row in rows[gaps(rows, interval, zone)].astype("M8[m]")]


def weekdays(first: str, last: str) -> NDArray[np.datetime64]:
    days = np.arange(first, last, dtype="M8[D]")
    return days[np.is_busday(days)].astype("M8[us]")


def test_nights_weekends_and_holidays_are_no_gaps() -> None:
    # A Friday, the Monday after it, and the Wednesday after that: summer time begins between the first two.
    days = [session(day, hour, 390) for day, hour in (("2026-03-06", "14:30"), ("2026-03-09", "13:30"))]
    assert marked([*days, session("2026-03-11", "13:30", 390)], "1m", NEW_YORK) == []


def test_bars_missing_within_a_day_are_a_gap() -> None:
    whole = session("2026-03-06", "14:30", 390)
    assert marked([without(whole, "2026-03-06T15:00", "2026-03-06T15:01")], "1m", NEW_YORK) == ["2026-03-06T15:01"]


@pytest.mark.parametrize("interval", ["5m", "30m", "1h"])
def test_missing_is_reckoned_by_the_interval(interval: str) -> None:
    minutes = {"5m": 5, "30m": 30, "1h": 60}[interval]
    whole = session("2026-03-06", "14:30", 6, minutes)
    assert marked([whole], interval, NEW_YORK) == []
    assert marked([np.delete(whole, 3)], interval, NEW_YORK) == [str(whole[4].astype("M8[m]"))]


def test_a_local_day_is_the_exchange_s_and_not_utc_s() -> None:
    night = session("2026-03-05", "22:00", 60)
    morning = session("2026-03-06", "00:00", 60)
    assert marked([night, morning], "1m", "Asia/Tokyo") == ["2026-03-06T00:00"]
    assert marked([night, morning], "1m", "UTC") == []


def tokyo(day: str) -> list[NDArray[np.datetime64]]:
    return [session(day, "00:00", 150), session(day, "03:30", 150)]


def test_a_pause_is_known_from_the_second_day_on() -> None:
    assert marked(tokyo("2026-03-02"), "1m", TOKYO) == ["2026-03-02T03:30"]
    assert marked([*tokyo("2026-03-02"), *tokyo("2026-03-03")], "1m", TOKYO) == []


def test_hours_of_which_another_day_has_bars_are_no_pause() -> None:
    days = ("2026-03-02", "2026-03-03")
    holes = [without(session(day, "14:30", 390), f"{day}T16", f"{day}T17") for day in days]
    assert marked(holes, "1m", NEW_YORK) == []
    assert marked([*holes, session("2026-03-04", "14:30", 390)], "1m", NEW_YORK) == [
        "2026-03-02T17:00", "2026-03-03T17:00"
    ]  # fmt: skip


def test_bars_missing_around_a_pause_are_a_gap() -> None:
    late = session("2026-03-04", "03:40", 140)
    days = [*tokyo("2026-03-02"), *tokyo("2026-03-03"), session("2026-03-04", "00:00", 150), late]
    assert marked(days, "1m", TOKYO) == ["2026-03-04T03:40"]


def test_a_market_that_never_closes_has_no_nights() -> None:
    whole = session("2026-03-02", "00:00", 4 * 24, 60)
    assert marked([whole], "1h", None) == []
    assert marked([without(whole, "2026-03-04T22:00", "2026-03-05T03:00")], "1h", None) == ["2026-03-05T03:00"]


def test_a_market_of_five_days_and_nights_has_weekends() -> None:
    weeks = [session(day, "22:00", 5 * 24, 60) for day in ("2026-03-01", "2026-03-08", "2026-03-15")]
    assert marked(weeks, "1h", None) == []
    all_week = session("2026-03-01", "00:00", 14 * 24, 60)
    gone = without(all_week, "2026-03-06T22:00", "2026-03-08T22:00")
    assert marked([gone], "1h", None) == ["2026-03-08T22:00"]


def test_a_daily_pause_over_midnight_is_one() -> None:
    nights = [session(f"2026-03-0{day}", "01:00", 22, 60) for day in (2, 3, 4, 5)]
    shifted = np.concatenate(nights) - np.timedelta64(5, "h")
    assert marked([shifted], "1h", None) == []


def test_months_without_a_bar_are_a_gap_between_sessions() -> None:
    days = [session("2026-03-06", "14:30", 390), session("2026-06-08", "13:30", 390)]
    assert marked(days, "1m", NEW_YORK) == ["2026-06-08T13:30"]


def test_days() -> None:
    days = weekdays("2025-01-01", "2025-07-01")
    assert marked([days], "1d", NEW_YORK) == []
    assert marked([without(days, "2025-03-03", "2025-03-12")], "1d", NEW_YORK) == []
    assert marked([without(days, "2025-03-03", "2025-03-13")], "1d", NEW_YORK) == ["2025-03-13T00:00"]


def test_a_special_saturday_makes_no_week_of_six_days() -> None:
    days = np.sort(np.append(weekdays("2025-01-01", "2025-07-01"), np.datetime64("2025-02-01", "us")))
    assert marked([days], "1d", NEW_YORK) == []


def test_where_there_are_bars_on_all_days_one_is_missed() -> None:
    days = np.arange("2025-01-01", "2025-03-01", dtype="M8[D]").astype("M8[us]")
    assert marked([days], "1d", None) == []
    assert marked([without(days, "2025-01-11", "2025-01-12")], "1d", None) == ["2025-01-12T00:00"]


@pytest.mark.parametrize(
    ("interval", "days", "gap"),
    [
        ("1wk", ["2025-01-06", "2025-01-13", "2025-01-27"], None),
        ("1wk", ["2025-01-06", "2025-01-13", "2025-02-03"], "2025-02-03"),
        ("1mo", ["2024-12-01", "2025-01-01", "2025-02-01"], None),
        ("1mo", ["2024-12-01", "2025-02-01", "2025-03-01"], "2025-02-01"),
        ("1y", ["2023-01-01", "2024-01-01", "2026-01-01"], "2026-01-01"),
        ("2wk", ["2025-01-06", "2025-01-20", "2025-02-03"], None),
        ("2wk", ["2025-01-06", "2025-01-20", "2025-02-17"], "2025-02-17"),
        ("3mo", ["2024-10-01", "2025-01-01", "2025-04-01"], None),
        ("3mo", ["2024-10-01", "2025-01-01", "2025-07-01"], "2025-07-01"),
        ("2d", ["2025-01-01", "2025-01-03", "2025-01-07", "2025-01-17"], None),
        ("2d", ["2025-01-01", "2025-01-03", "2025-01-07", "2025-01-21"], "2025-01-21"),
    ],
)
def test_longer_intervals(interval: str, days: list[str], gap: str | None) -> None:
    assert marked([np.array(days, "M8[us]")], interval, None) == ([] if gap is None else [f"{gap}T00:00"])


@pytest.mark.parametrize("interval", ["7m", "7h", "36h"])
def test_lengths_that_divide_no_day(interval: str) -> None:
    step = np.timedelta64(parse(interval).seconds, "s")
    bars = np.datetime64("2026-03-02T10:00", "us") + np.arange(40) * step
    assert not gaps(bars, interval, None).any()
    assert gaps(np.delete(bars, [20, 21]), interval, None).any()


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows(rows: int) -> None:
    assert gaps(session("2026-03-02", "14:30", rows), "1m", None).tolist() == [False] * rows


def column(file: Path, name: str) -> NDArray[np.datetime64]:
    """The instants of a real file, ascending, each once."""
    read = pd.to_datetime(pd.read_csv(file)[name], utc=True, errors="coerce").dropna().dt.tz_localize(None)
    return np.unique(read.to_numpy().astype("M8[us]"))


def test_sixty_years_of_real_days_have_no_gap(real_data: Path) -> None:
    files = sorted((real_data / "stocks_daily").glob("*.csv"))
    assert files
    for file in files:
        assert marked([column(file, "Date")], "1d", NEW_YORK) == [], file


def test_real_minutes_that_are_missing_are_a_gap(real_data: Path) -> None:
    files = sorted((real_data / "stocks_intraday").glob("*_1m.csv"))
    assert files
    for file in files:
        assert marked([column(file, "Datetime")], "1m", NEW_YORK) == ["2026-03-27T15:27"], file
