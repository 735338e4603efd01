"""Where periods open: against pandas' own arithmetic of periods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockstream.intervals import USUAL, is_interval, parse, spaced
from stockstream.periods import add_up, following, intraday, off_grid, opening, openings, preceding

PANDAS = {"1m": "min", "2m": "2min", "5m": "5min", "15m": "15min", "30m": "30min", "1h": "h", "1d": "D"}
INTERVALS = st.sampled_from(USUAL) | st.builds(
    "{}{}".format, st.integers(1, 50), st.sampled_from(["m", "h", "d", "wk", "mo", "y"])
)
# Hypothesis takes its limits without a zone.
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2261, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - see above


@given(time=INSTANTS, interval=st.sampled_from(list(PANDAS)))
def test_a_period_opens_where_pandas_floors(time: datetime, interval: str) -> None:
    assert opening(time, interval) == pd.Timestamp(time).floor(PANDAS[interval])


@given(time=INSTANTS, interval=st.sampled_from(["1wk", "1mo", "1y"]))
def test_weeks_open_on_monday_months_and_years_on_their_first(time: datetime, interval: str) -> None:
    period = pd.Timestamp(time.replace(tzinfo=None)).to_period({"1wk": "W-SUN", "1mo": "M", "1y": "Y"}[interval])
    assert opening(time, interval).replace(tzinfo=None) == period.start_time


@given(time=INSTANTS, interval=INTERVALS)
def test_an_instant_lies_between_its_opening_and_the_next(time: datetime, interval: str) -> None:
    first = opening(time, interval)
    assert first <= time < following(first, interval)
    assert opening(following(first, interval), interval) == following(first, interval)
    assert opening(following(first, interval) - timedelta(microseconds=1), interval) == first


@given(time=INSTANTS, interval=INTERVALS, periods=st.integers(0, 40))
def test_going_back_and_forth_ends_where_it_began(time: datetime, interval: str, periods: int) -> None:
    first = opening(time, interval)
    back = preceding(first, interval, periods)
    for _ in range(periods):
        back = following(back, interval)
    assert back == first


@given(
    times=st.lists(st.tuples(INSTANTS, st.timedeltas(timedelta(days=-1), timedelta(days=1)))),
    interval=INTERVALS,
)
def test_many_instants_have_the_same_openings(times: list[tuple[datetime, timedelta]], interval: str) -> None:
    instants = np.array([time.replace(tzinfo=None) for time, _ in times], dtype="M8[us]")
    anchors = np.array([(time + far).replace(tzinfo=None) for time, far in times], dtype="M8[us]")
    found = openings(instants, interval, anchors)
    assert found.dtype == "M8[us]"
    assert [time.replace(tzinfo=UTC) for time in found.tolist()] == [
        opening(time, interval, time + far) for time, far in times
    ]
    alone = openings(instants, interval)
    assert [time.replace(tzinfo=UTC) for time in alone.tolist()] == [opening(time, interval) for time, _ in times]


def test_which_intervals_add_up_to_which() -> None:
    finer = {interval: [each for each in USUAL if add_up(each, interval)] for interval in USUAL}
    assert finer["1m"] == []
    assert finer["5m"] == ["1m"]
    assert finer["30m"] == ["1m", "2m", "5m", "15m"]
    assert finer["1d"] == ["1m", "2m", "5m", "15m", "30m", "1h"]
    assert finer["1mo"] == [*finer["1d"], "1d"]
    assert finer["1y"] == [*finer["1d"], "1d", "1mo"]
    assert add_up("90m", "1d")
    assert not add_up("24h", "1d")


@given(finer=INTERVALS, interval=INTERVALS, time=INSTANTS)
def test_what_adds_up_opens_where_its_parts_do(finer: str, interval: str, time: datetime) -> None:
    if not add_up(finer, interval):
        return
    part, whole = parse(finer), parse(interval)
    assert part.seconds < whole.seconds
    if part.unit == whole.unit:
        first = opening(time, interval)
        assert opening(first, finer) == first


@pytest.mark.parametrize(
    ("interval", "time", "opened"),
    [
        ("3mo", "2026-05-31", "2026-04-01"),
        ("6mo", "2026-12-31", "2026-07-01"),
        ("10y", "2026-05-31", "2020-01-01"),
        ("2wk", "1970-01-12", "1970-01-05"),
        ("2wk", "1970-01-19", "1970-01-19"),
        ("2d", "1970-01-06", "1970-01-05"),
        ("2d", "1970-01-04", "1970-01-03"),
        ("7d", "2026-03-19", "2026-03-16"),
    ],
)
def test_from_where_several_are_counted(interval: str, time: str, opened: str) -> None:
    day = datetime.fromisoformat(time).replace(tzinfo=UTC)
    assert opening(day, interval) == datetime.fromisoformat(opened).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "name", ["", "m", "0m", "01m", "-1m", "1", "1s", "1M", "1m ", "1.5h", "101y", "99999999999m", "٣m"]
)
def test_what_is_no_interval(name: str) -> None:
    assert not is_interval(name)
    with pytest.raises(ValueError, match=r"interval|hundred"):
        parse(name)


@pytest.mark.parametrize(
    ("gap", "interval"),
    [
        (timedelta(minutes=3), "3m"),
        (timedelta(hours=4), "4h"),
        (timedelta(days=1), "1d"),
        (timedelta(days=3), None),
        (timedelta(minutes=61), None),
        (timedelta(days=31), "1mo"),
        (timedelta(days=92), "3mo"),
        (timedelta(days=365), "1y"),
        (timedelta(microseconds=1), None),
        (timedelta(0), None),
    ],
)
def test_what_a_spacing_shows(gap: timedelta, interval: str | None) -> None:
    assert spaced(gap) == interval


def test_what_is_intraday() -> None:
    assert [name for name in USUAL if not intraday(name)] == ["1d", "1wk", "1mo", "1y"]
    assert intraday("90m")
    assert intraday("36h")


def test_an_anchor_moves_the_grid() -> None:
    nine_thirty = datetime(2026, 3, 19, 13, 30, tzinfo=UTC)
    assert opening(nine_thirty + timedelta(minutes=75), "1h", nine_thirty) == nine_thirty + timedelta(hours=1)


@pytest.mark.parametrize(
    ("minutes", "seconds", "interval", "off"),
    [
        (31, 0, "1m", False),
        (31, 7, "1m", True),
        (31, 0, "5m", True),
        (35, 0, "5m", False),
        (30, 0, "1h", False),
        (31, 0, "1h", True),
        (31, 7, "1d", False),
        (31, 0, "7m", False),
        (32, 0, "20m", True),
        (35, 0, "20m", False),
    ],
)
def test_what_stands_off_the_grid(minutes: int, seconds: int, interval: str, *, off: bool) -> None:
    assert off_grid(datetime(2026, 3, 19, 13, minutes, seconds, tzinfo=UTC), interval) is off
