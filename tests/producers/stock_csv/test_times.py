"""Times in any format: their order, epochs, local clocks, offsets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from stockstream.errors import BadRow, SourceError
from stockstream.producers.stock_csv import StockFiles
from stockstream.producers.stock_csv.times import named_format
from stockstream.records import Bar
from tests.producers.stock_csv.helpers import HEADER, NEW_YORK, Write, day, examined, read

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "pattern",
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y",
     "%m/%d/%y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%d-%b-%y", "%Y-%m-%d 00:00:00-05:00", "%Y-%m-%dT00:00:00Z",
     "%m/%d/%Y 16:00"],
)  # fmt: skip
@pytest.mark.parametrize("newest_first", [False, True])
def test_dates_in_many_orders(write: Write, pattern: str, newest_first: bool) -> None:
    dates = [day(2025, 1, 20) + number * DAY for number in range(25)]
    rows = [f"{date.strftime(pattern)};1.5;2.5;0.5;1.25;9" for date in (reversed(dates) if newest_first else dates)]
    bars = read(write("KO.csv", HEADER.replace(",", ";"), *rows))
    assert sorted(bar.time for bar in bars) == dates
    assert {bar.interval for bar in bars} == {"1d"}


@pytest.mark.parametrize("month", ["Dezember", "Dez", "December", "dec"])
def test_months_by_name(write: Write, month: str) -> None:
    rows = [f"{date}. {month} 2024;1;2;1;2;9" for date in (2, 3, 4)]
    bars = read(write("KO.csv", HEADER.replace(",", ";"), *rows))
    assert [bar.time for bar in bars] == [day(2024, 12, date) for date in (2, 3, 4)]


def test_dates_without_zeros(write: Write) -> None:
    bars = read(write("KO.csv", HEADER, *(f"2025/1/{date},1,2,1,2,9" for date in range(8, 12))))
    assert [bar.time.day for bar in bars] == [8, 9, 10, 11]


def test_the_order_of_a_few_dates_is_reported_by_their_being_sorted(write: Write) -> None:
    rows = [f"{date},1,2,1,2,9" for date in ("09/01/2025", "10/01/2025", "03/02/2025", "04/02/2025")]
    assert [bar.time for bar in read(write("KO.csv", HEADER, *rows), interval="1d")] == [
        day(2025, 1, 9), day(2025, 1, 10), day(2025, 2, 3), day(2025, 2, 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("dates", "one", "other"),
    [
        (["02/01/2025", "03/01/2025", "06/01/2025"], r"2025-01-02 \(D/M/Y\)", r"2025-02-01 \(M/D/Y\)"),
        (["02-01-25", "03-01-25", "06-01-25"], r"2002-01-25 \(Y/M/D\), 2025-01-02 \(D/M/Y\)", r"2025-02-01 \(M/D/Y\)"),
    ],
)
def test_dates_that_may_be_either_are_refused_with_both_readings(
    write: Write, dates: Sequence[str], one: str, other: str
) -> None:
    path = write("KO_1d.csv", HEADER, *(f"{date},1,2,1,2,9" for date in dates))
    with pytest.raises(SourceError, match=f"{one} or {other}.*--date-format"):
        read(path)
    assert [bar.time.day for bar in read(path, times=named_format("D/M/Y"))] == [2, 3, 6]
    assert [bar.time.month for bar in read(path, times=named_format("M/D/Y"))] == [2, 3, 6]


def test_the_date_that_decides_may_stand_far_down(write: Write) -> None:
    dates = [f"0{1 + number % 9}/0{1 + number % 7}/{2000 + number % 20}" for number in range(3_000)] + ["31/01/2025"]
    rows = [f"{date},1,2,1,2,9" for date in dict.fromkeys(dates)]
    bars = read(write("KO_1d.csv", HEADER, *rows))
    assert bars[-1].time == day(2025, 1, 31)


def test_dates_written_in_two_orders_are_refused_by_their_lines(write: Write) -> None:
    path = write("KO_1d.csv", HEADER, "31/01/2025,1,2,1,2,9", "01/31/2025,1,2,1,2,9")
    with pytest.raises(SourceError, match=r"two ways: '31/01/2025' in line 2, '01/31/2025' in line 3"):
        read(path)


def test_a_file_none_of_whose_rows_can_be_read_says_why(write: Write) -> None:
    path = write("KO.csv", HEADER, *(f"2025-01-0{number},1,2,1,2,{'9' * 70_000}" for number in range(1, 6)))
    with pytest.raises(
        SourceError, match=r"line 2: 70,019 bytes, and no row has more than 65,536; no other row can be"
    ):
        read(path)


def test_what_is_no_time_is_shown_with_the_formats_that_are(write: Write) -> None:
    path = write("KO.csv", HEADER, *(f"day {number},1,2,1,2,9" for number in range(5)))
    with pytest.raises(
        SourceError, match=r"line 2: 'day 0' is not in a known time format - known are 2026-01-31.*; say another with"
    ) as caught:
        read(path)
    assert "--date-format" in str(caught.value)
    rows = [f"{number},1,2,1,2,9" for number in range(5)]
    with pytest.raises(SourceError, match="line 2: '0' is not in a known time format"):
        read(write("KO.csv", HEADER, *rows))


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("start", [day(1995, 1, 3), day(2021, 1, 8)])
def test_epochs_in_any_unit(write: Write, factor: int, start: datetime) -> None:
    times = [start + number * timedelta(minutes=1) for number in range(5)]
    rows = [f"{int(time.timestamp()) * factor},1,2,1,2,9" for time in times]
    bars = read(write("KO.csv", HEADER, *rows), zone=NEW_YORK)
    assert [bar.time for bar in bars] == times
    assert {(bar.interval, bar.tz) for bar in bars} == {("1m", "America/New_York")}


def test_a_daily_file_of_epochs_from_before_1970(write: Write) -> None:
    times = [day(1968, 1, 2) + number * DAY for number in range(3_000)]
    bars = read(write("KO.csv", HEADER, *(f"{int(time.timestamp())}.0,1,2,1,2,9" for time in times)))
    assert [bar.time for bar in bars] == times


def test_a_run_of_digits_is_a_date_and_a_time(write: Write) -> None:
    rows = [f"20120201 {clock};1.3066;1.3067;1.3065;1.3066;0" for clock in ("000000", "000100", "000200")]
    columns = {name: str(place) for place, name in enumerate(("time", "open", "high", "low", "close"), 1)}
    bars = read(write("EURUSD.csv", *rows), columns=columns)
    assert [bar.time for bar in bars] == [datetime(2012, 2, 1, 0, minute, tzinfo=UTC) for minute in range(3)]


def test_an_interval_of_days_is_none_of_minutes(write: Write) -> None:
    rows = [f"2026-01-05 10:{minute:02},1,2,1,2,9" for minute in range(20)]
    with pytest.raises(SourceError, match=r"most of its rows are 1m apart, so they are not bars of 1d - .*--interval"):
        examined(write("KO_1d.csv", HEADER, *rows))


@pytest.mark.parametrize(("text", "zone", "assumed"), [("", None, True), ("", NEW_YORK, False), ("Z", None, False)])
def test_times_that_name_no_zone_are_known(write: Write, text: str, zone: ZoneInfo | None, assumed: bool) -> None:
    rows = [f"2026-01-05 10:{minute:02}:00{text},1,2,1,2,9" for minute in range(20)]
    (file,) = examined(write("KO.csv", HEADER, *rows), zone=zone)
    assert file.assumed == assumed


def test_a_year_that_cannot_be_is_refused_by_line(write: Write) -> None:
    path = write("KO_1d.csv", HEADER, "2025-01-02,1,2,1,2,9", "1610-06-04,1,2,1,2,9")
    (refused,) = (item for item in StockFiles(examined(path)) if isinstance(item, BadRow))
    assert (
        str(refused)
        == f"{path}, line 3, column Date: '1610-06-04' would be a time of the year 1610, before 1900 or after 2261"
    )


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("minutes", [30, 60])
def test_the_order_of_rows_shows_the_second_pass_of_an_hour(write: Write, newest_first: bool, minutes: int) -> None:
    first = datetime(2024, 11, 2, 4, tzinfo=UTC)
    times = [first + number * timedelta(minutes=minutes) for number in range(72)]
    rows = [
        f"{name},{time.astimezone(NEW_YORK):%Y-%m-%d %H:%M},1,2,1,2,{number}"
        for number, time in enumerate(times)
        for name in ("KO", "PEP")
    ]
    path = write("x.csv", f"Symbol,{HEADER}", *(reversed(rows) if newest_first else rows))
    bars = read(path, zone=NEW_YORK)
    assert {(bar.symbol, bar.time): bar.volume for bar in bars} == {
        (name, time): float(number) for number, time in enumerate(times) for name in ("KO", "PEP")
    }


def test_an_hour_that_stands_there_once_is_the_first_pass(write: Write) -> None:
    for clocks in (("00:00", "01:00", "02:00"), ("02:00", "01:00", "00:00")):
        bars = read(write("x_1h.csv", HEADER, *(f"2024-11-03 {clock},1,2,1,2,9" for clock in clocks)), zone=NEW_YORK)
        assert sorted(bar.time.hour for bar in bars) == [4, 5, 7]


def test_a_time_that_clocks_went_forward_over_is_refused_by_line(write: Write) -> None:
    path = write("x_1h.csv", HEADER, *(f"2024-03-10 {hour:02}:00,1,2,1,2,{hour}" for hour in range(6)))
    items = list(StockFiles(examined(path, zone=NEW_YORK)))
    (refused,) = (item for item in items if isinstance(item, BadRow))
    assert (refused.line, refused.column) == (4, "Date")
    assert refused.reason == "'2024-03-10 02:00' does not exist in America/New_York: clocks went forward over it"
    assert [item.time.hour for item in items if isinstance(item, Bar)] == [5, 6, 7, 8, 9]


def minutes(zone: timezone | ZoneInfo, *days: datetime) -> list[str]:
    """Rows of one session a day from ten o'clock, with their offsets."""
    starts = [
        date.replace(hour=10, tzinfo=zone) + number * timedelta(minutes=1) for date in days for number in range(5)
    ]
    return [f"{start},1,2,1,2,9" for start in starts]


@pytest.mark.parametrize(
    ("zone", "dates", "tz"),
    [
        (timezone(timedelta(hours=11)), [day(2025, 2, 3)], "Etc/GMT-11"),
        (timezone(timedelta(hours=-5)), [day(2025, 2, 3)], "Etc/GMT+5"),
        (timezone(timedelta(hours=5, minutes=30)), [day(2025, 2, 3)], "Asia/Kolkata"),
        (UTC, [day(2025, 2, 3)], None),
        (NEW_YORK, [day(2025, 3, 7), day(2025, 3, 10)], "America/New_York"),
        (ZoneInfo("Australia/Sydney"), [day(2025, 4, 4), day(2025, 4, 7)], "Australia/Sydney"),
        (ZoneInfo("Australia/Adelaide"), [day(2025, 4, 4), day(2025, 4, 7)], "Australia/Adelaide"),
    ],
)
def test_offsets_in_the_file_decide_the_session_s_day(
    write: Write, zone: timezone | ZoneInfo, dates: Sequence[datetime], tz: str | None
) -> None:
    bars = read(write("x_1m.csv", HEADER, *minutes(zone, *dates)))
    assert {bar.tz for bar in bars} == {tz}
    there = ZoneInfo(tz) if tz else UTC
    assert {(bar.time.astimezone(there).day, bar.time.astimezone(there).hour) for bar in bars} == {
        (date.day, 10) for date in dates
    }
    assert {bar.tz for bar in read(write("x_1m.csv", HEADER, *minutes(zone, *dates)), zone=NEW_YORK)} == {str(NEW_YORK)}


def test_offsets_that_no_exchange_has_ask_for_the_zone(write: Write) -> None:
    rows = minutes(timezone(timedelta(hours=3, minutes=7)), day(2025, 2, 3))
    with pytest.raises(SourceError, match=r"\(\+03:07\) - say the exchange's zone with --tz"):
        read(write("x_1m.csv", HEADER, *rows))
