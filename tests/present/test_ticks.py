"""Labels of rows and of values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stockstream.present.ticks import _CLOCK, _STEPS, _WIDTHS, Step, Ticks, _number, _opens, local, numbers, ticks
from tests.charts.fake_model import times

NEW_YORK = "America/New_York"


def labels(found: Ticks) -> list[str]:
    return [label.replace("\n", " | ") for label in found.labels]


def test_minutes_are_reported_in_the_exchange_s_time() -> None:
    # 60 minutes from 9:30 in New York, before and after its clocks are set forward.
    for start in ("2026-03-06T14:30", "2026-03-09T13:30"):
        found = ticks(times(60, start, 1, None), 0, NEW_YORK, 10.0)
        assert labels(found)[0].startswith("09:30 | ")
        assert labels(found)[1:3] == ["09:35", "09:40"]
        assert found.rows[:3] == (0, 5, 10)
    assert found.title == "2026, America/New_York time (EDT)"


def test_without_a_zone_it_is_utc() -> None:
    found = ticks(times(60, "2026-03-06T14:30", 1, None), 0, None, 10.0)
    assert labels(found)[0] == "14:30 | Fri 6 Mar"
    assert found.title == "2026, UTC"


def test_a_zone_of_one_offset_is_named_by_it() -> None:
    found = ticks(times(60, "2026-03-06T14:30", 1, None), 0, "Etc/GMT-11", 10.0)
    assert labels(found)[0] == "01:30 | Sat 7 Mar"
    assert found.title == "2026, UTC+11"


def test_closed_hours_take_no_width_and_a_new_day_is_named() -> None:
    instants = times(800, "2026-03-05T14:30", 1, 390)  # Thursday, Friday, a little of Monday in summer time
    found = ticks(instants, 0, NEW_YORK, 1.0)
    opening = {row: label for row, label in zip(found.rows, labels(found), strict=True) if "|" in label}
    assert opening == {30: "10:00 | Thu 5 Mar", 390: "09:30 | Fri 6 Mar", 780: "10:30 | Mon 9 Mar"}
    assert found.title == "2026, America/New_York time (EST/EDT)"


def test_a_day_s_first_row_is_named_before_an_hour_near_it() -> None:
    # Five days of 75 bars in Kolkata: six o'clock in the afternoon is nearer to the next morning than a label is wide.
    found = ticks(times(375, "2026-03-02T08:00", 5, 375), 0, "Asia/Kolkata", 1.17)
    assert [label for label in labels(found) if "|" in label] == [
        "13:30 | Tue 3 Mar",
        "13:30 | Wed 4 Mar",
        "13:30 | Thu 5 Mar",
        "13:30 | Fri 6 Mar",
    ]


@pytest.mark.parametrize("pitch", [40.0, 400.0])
def test_days_are_never_shifted(pitch: float) -> None:
    for unit in ("us", "D"):
        instants = (np.datetime64("2025-12-29", "D") + np.arange(6)).astype(f"M8[{unit}]")
        found = ticks(instants, 100, None, pitch)
        assert labels(found) == ["29 | Dec 2025", "30", "31", "1 | Jan 2026", "2", "3"]
        assert found.rows == (100, 101, 102, 103, 104, 105)
        assert found.title == ""


@pytest.mark.parametrize(
    ("rows", "pitch", "expected"),
    [
        (60, 15.0, ["1 | Jan 2015", "3", "5"]),
        (60, 8.0, ["1 | Jan 2015", "6", "11"]),
        (400, 1.5, ["Jan | 2015", "Feb", "Mar"]),
        (400, 0.5, ["Jan | 2015", "Apr", "Jul"]),
        (4_000, 0.12, ["2015", "2016", "2017"]),
        (40_000, 0.02, ["2020", "2030", "2040"]),
    ],
)
def test_labels_adapt_from_days_to_decades(rows: int, pitch: float, expected: list[str]) -> None:
    found = ticks(np.datetime64("2015-01-01", "D") + np.arange(rows), 0, None, pitch)
    assert labels(found)[:3] == expected


@pytest.mark.parametrize("minutes", [1, 5, 60, 1440])
@pytest.mark.parametrize("pitch", [0.1, 0.7, 3.0, 20.0])
def test_labels_never_touch(minutes: int, pitch: float) -> None:
    instants = times(700, "2026-01-05T14:30", minutes, 390 if minutes < 60 else 1440)
    found = ticks(instants, 0, NEW_YORK if minutes < 1440 else None, pitch)
    assert found.rows
    assert (np.diff(found.rows) * pitch > 19).all()
    assert set(found.rows) <= set(range(700))


def test_one_row_is_labelled() -> None:
    found = ticks(times(1, "2026-03-06T14:37", 1, None), 7, NEW_YORK, 10.0)
    assert (found.rows, labels(found)) == ((7,), ["09:37 | Fri 6 Mar"])
    assert ticks(times(0, "2026-03-06T14:37", 1, None), 0, NEW_YORK, 10.0) == Ticks((), (), "")


def test_local_time() -> None:
    summer = np.array(["2026-07-01T13:30"], "M8[us]")
    assert local(summer, NEW_YORK)[0] == np.datetime64("2026-07-01T09:30")
    assert local(summer, None) is summer


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.25, 0.5], ["0", "0.25", "0.50"]),
        ([-100.0, -50.0, 0.0], ["-100", "-50", "0"]),
        ([1e-5, 2e-5], ["0.00001", "0.00002"]),
        ([67_250.0, 67_500.0], ["67,250", "67,500"]),
        ([1.5e8, 1.51e8], ["150M", "151M"]),
        ([1.5e8, 1.505e8], ["150.0M", "150.5M"]),
        ([0.0, 2_000.0, 4_000.0], ["0", "2,000", "4,000"]),
        ([0.0, 10_000.0, 20_000.0], ["0", "10k", "20k"]),
        ([2.5], ["2.5"]),
        ([], []),
    ],
)
def test_values_are_distinguished_with_as_few_digits_as_it_takes(values: list[float], expected: list[str]) -> None:
    assert numbers(values) == expected


def every_row(clock: Any, pitch: float) -> tuple[int, ...]:
    """Rows of the ticks by the definition: the changes of each step among all rows."""
    days_only = bool(np.all(clock == clock.astype("M8[D]")))
    for step in _STEPS:
        if not (days_only and step.unit in _CLOCK):
            places = changes(clock, step)
            if (len(places) - 1) * _WIDTHS[step.unit] <= (places[-1] - places[0]) * pitch:
                break
    kept: list[int] = []
    opens = _opens(clock, step)
    for place in places.tolist():
        if kept and place - kept[-1] < 0.8 * _WIDTHS[step.unit] / pitch:
            if not opens[place] or (kept[-1] > 0 and opens[kept[-1]]):
                continue
            kept.pop()
        kept.append(place)
    return tuple(kept)


def changes(clock: Any, step: Step) -> Any:
    before = (clock[:1].astype(np.int64) - 1).astype(clock.dtype)
    numbers_there = _number(np.concatenate((before, clock)), step)
    begins = clock[0].astype(f"M8[{step.unit}]") == clock[0] and numbers_there[0] != numbers_there[1]
    places = np.flatnonzero(np.diff(numbers_there[1:])) + 1
    return np.concatenate(([0], places)) if begins or not len(places) else places


@pytest.mark.parametrize("rows", [1, 2, 37, 999, 1_001, 2_500, 20_000])
@pytest.mark.parametrize("minutes", [1, 7, 60, 1_440, 7 * 1_440])
@pytest.mark.parametrize("width", [60.0, 700.0, 4_000.0])
def test_ticks_are_those_of_the_definition_for_any_number_of_rows(rows: int, minutes: int, width: float) -> None:
    days = minutes % 1_440 == 0
    steps = np.random.default_rng(rows).choice([1, 1, 1, 1, 1, 3, 40], rows)  # gaps
    start = np.datetime64("1969-10-20" if days else "1969-10-20T22:30", "us")
    instants = start + (minutes * np.cumsum(steps)).astype("m8[m]")
    zone = None if days else "America/New_York"
    pitch = width / rows
    assert ticks(instants, 0, zone, pitch).rows == every_row(local(instants, zone), pitch)
