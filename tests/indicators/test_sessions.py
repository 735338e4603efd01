"""Which session an instant belongs to: against pandas' own days of a zone, and exchange_calendars."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockstream.indicators import InvalidBar, Sessions

ZONES = ["America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]
# A day that is not there, clocks that change at midnight and just after it.
ODD_ZONES = ["Pacific/Apia", "America/Sao_Paulo", "America/Havana", "America/St_Johns", "Asia/Beirut"]
# Hypothesis takes its limits without a zone.
INSTANTS = st.datetimes(datetime(1975, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - see above
OPENINGS = ["00:00", "09:15", "11:59", "12:00", "17:00", "23:59"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(instant=INSTANTS, zone=st.sampled_from(ZONES))
def test_without_more_a_session_is_the_local_day(instant: datetime, zone: str) -> None:
    session = Sessions(zone).at(instant)
    local = pd.Timestamp(instant).tz_convert(zone)
    assert session.date.date() == local.date()
    assert session.start == session.opens == local.normalize()
    assert session.end == (local.normalize() + pd.DateOffset(days=1))
    assert session.date.time() == datetime.min.time()
    assert {each.tzinfo for each in session} == {UTC}


@given(instant=INSTANTS, zone=st.sampled_from(ZONES + ODD_ZONES), opens=st.sampled_from(OPENINGS))
def test_sessions_follow_each_other_without_gap_and_in_the_order_of_their_dates(
    instant: datetime, zone: str, opens: str
) -> None:
    sessions = Sessions(zone, opens)
    session = sessions.at(instant)
    following = sessions.at(session.end)
    before = sessions.at(session.start - timedelta(microseconds=1))
    assert session.start <= instant < session.end
    assert sessions.at(session.start) == sessions.at(session.end - timedelta(microseconds=1)) == session
    assert before.end == session.start < session.end == following.start
    assert before.date < session.date < following.date


@given(instant=INSTANTS, zone=st.sampled_from(ZONES), opens=st.sampled_from(OPENINGS))
def test_periods_are_counted_from_the_opening(instant: datetime, zone: str, opens: str) -> None:
    session = Sessions(zone, opens).at(instant)
    local = session.opens.astimezone(ZoneInfo(zone))
    assert f"{local:%H:%M}" == opens
    assert local.date() == session.date.date() - timedelta(days=opens >= "12:00")
    assert (session.opens == session.start) == (opens == "00:00" or opens >= "12:00")


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23.0),
        ("America/New_York", date(2026, 11, 1), 25.0),
        ("Europe/London", date(2026, 3, 29), 23.0),
        ("Europe/London", date(2026, 10, 25), 25.0),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Asia/Kolkata", date(2026, 3, 29), 24.0),
        ("America/Sao_Paulo", date(2018, 11, 4), 23.0),
    ],
)
def test_days_on_which_clocks_change(zone: str, day: date, hours: float) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
    session = Sessions(zone).at(noon)
    assert session.date.date() == day
    assert session.end - session.start == timedelta(hours=hours)


def test_a_market_that_opens_in_the_evening_trades_for_the_next_day() -> None:
    futures = Sessions("America/Chicago", "17:00")
    session = futures.at(utc("2026-03-15T22:00"))  # Sunday at five
    assert (session.date, session.end) == (utc("2026-03-16"), utc("2026-03-16T22:00"))
    assert futures.at(utc("2026-03-15T21:59")).date == utc("2026-03-15")


def test_a_day_that_a_zone_leaves_out_has_no_session() -> None:
    apia = Sessions("Pacific/Apia")
    session = apia.at(utc("2011-12-30T10:00"))
    assert session.date == utc("2011-12-31")
    assert apia.at(utc("2011-12-30T09:59")).end == session.start
    assert apia.at(utc("2011-12-30T09:59")).date == utc("2011-12-29")


def test_a_zone_that_is_stated_counts_and_else_the_bar_s() -> None:
    instant = utc("2026-03-03T03:00")
    assert Sessions().at(instant).date == utc("2026-03-03")
    assert Sessions().at(instant, "America/New_York").date == utc("2026-03-02")
    assert Sessions("Asia/Tokyo").at(instant, "America/New_York").date == utc("2026-03-03")


def test_what_is_none_is_refused_with_its_value() -> None:
    for zone in ("Mars/Olympus", "", "America", "../etc/passwd", 5):
        with pytest.raises(ValueError, match=f"zone is one .* not {zone!r}"):
            Sessions(zone)  # type: ignore[arg-type]
    for opens in ("9:30", "24:00", "09:60", "09:30:00", "", None):
        with pytest.raises(ValueError, match=f"opens is a time .* not {opens!r}"):
            Sessions(opens=opens)  # type: ignore[arg-type]
    with pytest.raises(InvalidBar, match="tz 'Mars/Olympus' at 2026-03-03 00:00:00"):
        Sessions().at(utc("2026-03-03"), "Mars/Olympus")
    with pytest.raises(InvalidBar, match="2026-03-03 00:00:00 has no zone"):
        Sessions().at(datetime(2026, 3, 3))  # noqa: DTZ001 - the point of it
    for end in (utc("0001-01-01"), utc("9999-12-31")):
        with pytest.raises(InvalidBar, match="beyond what a calendar can hold"):
            Sessions("Asia/Tokyo").at(end)


@given(instants=st.lists(INSTANTS, max_size=30), zone=st.sampled_from(ZONES), opens=st.sampled_from(OPENINGS))
def test_many_instants_at_once_are_in_the_same_sessions(instants: list[datetime], zone: str, opens: str) -> None:
    sessions = Sessions(zone, opens)
    # Some of them close together, so that sessions have several.
    instants = sorted([*instants, *(instant + timedelta(hours=7) for instant in instants)])
    times = np.array([instant.replace(tzinfo=None) for instant in instants], dtype="M8[us]")
    places, found = sessions.runs(times, np.full(len(times), None))
    each = [sessions.at(instant) for instant in instants]
    lengths = np.diff([*places, len(times)])
    assert [session for session, length in zip(found, lengths, strict=True) for _ in range(length)] == each


def test_a_calendar_without_its_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    with pytest.raises(ValueError, match=r"calendar XFAR needs .* pip install 'stockstream\[calendars\]'"):
        Sessions(calendar="XFAR")


def test_a_calendar_has_its_own_zone_and_openings() -> None:
    for more in ({"zone": "UTC"}, {"opens": "09:30"}):
        with pytest.raises(ValueError, match="the calendar 'XNYS' has its own"):
            Sessions(calendar="XNYS", **more)


@pytest.fixture
def calendars() -> None:
    pytest.importorskip("exchange_calendars", reason="exchange_calendars is not installed")


@pytest.mark.usefixtures("calendars")
def test_a_calendar_knows_holidays_and_openings() -> None:
    new_york = Sessions(calendar="XNYS")
    wednesday = new_york.at(utc("2025-11-26T05:00"))
    assert (wednesday.date, wednesday.opens) == (utc("2025-11-26"), utc("2025-11-26T14:30"))
    assert wednesday == new_york.at(utc("2025-11-27T04:59"))
    friday = new_york.at(utc("2025-11-27T18:00"))  # Thanksgiving
    assert (friday.date, friday.start, friday.end) == (utc("2025-11-28"), wednesday.end, utc("2025-11-29T05:00"))


@pytest.mark.usefixtures("calendars")
def test_a_calendar_of_sessions_that_begin_the_evening_before() -> None:
    futures = Sessions(calendar="CMES")
    monday = futures.at(utc("2025-11-23T23:30"))
    assert (monday.date, monday.opens, monday.end) == (
        utc("2025-11-24"),
        utc("2025-11-23T23:00"),
        utc("2025-11-24T23:00"),
    )


@pytest.mark.usefixtures("calendars")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # exchange_calendars' own use of pandas
@pytest.mark.parametrize("name", ["XNYS", "XTKS", "XSAU", "CMES", "24/7"])
def test_every_minute_of_trading_belongs_to_its_session(name: str) -> None:
    import exchange_calendars

    calendar = exchange_calendars.get_calendar(name)
    sessions = Sessions(calendar=name)
    for day in calendar.sessions_in_range("2025-03-01", "2025-04-10"):
        for minute in calendar.session_minutes(day)[::30]:
            session = sessions.at(minute.to_pydatetime().astimezone(UTC))
            assert session.date.date() == day.date()
            assert session.opens == calendar.session_open(day)


@pytest.mark.usefixtures("calendars")
def test_a_calendar_says_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="calendar is one that exchange_calendars knows, such as XNYS, not 'NOPE'"):
        Sessions(calendar="NOPE")
    for instant in (utc("1962-01-02T15:00"), utc("2062-01-02T15:00")):
        with pytest.raises(InvalidBar, match=f"XNYS knows sessions from 20.* not at {instant:%Y}"):
            Sessions(calendar="XNYS").at(instant)
