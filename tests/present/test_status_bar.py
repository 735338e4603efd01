"""The text of the status bar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from stockstream.present.status_bar import age, status_bar
from stockstream.views.status import Status

NOW = datetime(2026, 3, 2, 19, 31, 5, tzinfo=UTC)
STATUS = Status(
    connected=True,
    since=NOW - timedelta(hours=5),
    lag=0,
    rate=3.25,
    latest=np.datetime64("2026-03-02T19:31", "us"),
    received=NOW - timedelta(seconds=4),
    caught_up=True,
)


@pytest.fixture(autouse=True)
def _local_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's clock shows UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_all_is_well() -> None:
    said = status_bar(STATUS, NOW, zone="America/New_York")
    assert said.parts == ("● connected since 14:31:05", "last 14:31, came 4 s ago", "up to date", "3.2 records/s")
    assert said.tone == "good"


def test_the_sources_of_the_newest_bars() -> None:
    def result(*sources: str) -> str:
        return status_bar(STATUS, NOW, sources=sources).parts[2]

    assert result("binance") == "source binance"
    assert result("binance", "yahoo") == "sources binance, yahoo"
    assert result("a", "b", "c", "d") == "sources a, b, c and 1 more"
    assert result("x" * 1_000) == "source " + "x" * 57 + "..."
    assert result("a\x1b[2J\nb") == "source a\\u001b[2J b"
    assert result() == "up to date"


def test_the_broker_is_gone() -> None:
    lost = replace(STATUS, connected=False, since=NOW - timedelta(minutes=3), waiting="the broker", rate=0.0)
    said = status_bar(lost, NOW + timedelta(minutes=10))
    assert said.parts == (
        "○ not connected since 19:28:05 (13 min)",
        "waiting for the broker",
        "last 19:31 UTC, came 10 min ago",
    )
    assert said.tone == "bad"


def test_it_waits() -> None:
    said = status_bar(Status(connected=True, since=NOW, waiting="topic stocks on 127.0.0.1:9092"), NOW)
    assert said.parts == (
        "● connected since 19:31:05", "waiting for topic stocks on 127.0.0.1:9092", "0 records/s"
    )  # fmt: skip
    assert said.tone == "quiet"


def test_an_unknown_lag_does_not_count_as_up_to_date() -> None:
    assert status_bar(replace(STATUS, lag=None), NOW).parts[2] == "lag unknown"


def test_what_is_behind_or_counted_is_reported() -> None:
    said = status_bar(replace(STATUS, lag=12_345, rate=54_321.0, counts={"corrected": 3, "doubtful": 0}), NOW)
    assert said.parts[2:] == ("12,345 behind", "3 corrected", "54,321 records/s")


def test_paused_and_a_note() -> None:
    said = status_bar(STATUS, NOW, held=0, note="saved x.png")
    assert said.parts[1:3] == ("drawing paused (Space goes on)", "saved x.png")
    assert said.tone == "quiet"


def test_what_waits_while_paused_is_counted() -> None:
    said = [status_bar(STATUS, NOW, held=count).parts[1] for count in (1, 4_711)]
    assert said == [
        "drawing paused (Space goes on), 1 record waiting", "drawing paused (Space goes on), 4,711 records waiting"
    ]  # fmt: skip


def test_an_alarm_comes_first() -> None:
    said = status_bar(replace(STATUS, connected=False), NOW, note="saved", alarm="AAPL: close rose through 101")
    assert said.parts[0] == "AAPL: close rose through 101"
    assert said.tone == "alarm"
    assert "saved" in said.parts


def test_a_picture_shows_no_ages() -> None:
    lost = replace(STATUS, connected=False)
    for status in (STATUS, lost):
        early, late = (status_bar(status, NOW + timedelta(seconds=seconds), ages=False) for seconds in (0, 50))
        assert early == late


def test_days_and_other_days_are_dated() -> None:
    day = replace(STATUS, latest=np.datetime64("2015-01-31", "D"))
    assert status_bar(day, NOW).parts[1] == "last 2015-01-31, came 4 s ago"
    daily = replace(STATUS, latest=np.datetime64("2015-01-31", "us"))
    assert status_bar(daily, NOW).parts[1] == "last 2015-01-31, came 4 s ago"
    earlier = replace(STATUS, latest=np.datetime64("2026-02-27T20:59:30", "us"))
    assert status_bar(earlier, NOW, zone="America/New_York").parts[1] == "last 27 Feb 2026 15:59:30, came 4 s ago"
    assert status_bar(replace(STATUS, since=NOW - timedelta(days=2)), NOW).parts[0] == "● connected since 28 Feb 19:31"


def test_age() -> None:
    result = [age(seconds) for seconds in (0.0, 59.9, 60, 3_599, 3_600, 172_799, 172_800)]
    assert result == ["0 s", "59 s", "1 min", "59 min", "1 h", "47 h", "2 days"]
