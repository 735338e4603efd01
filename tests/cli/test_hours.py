"""Trading hours by the calendars of the settings."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from stockstream.cli.hours import outside_hours
from stockstream.config import Settings, load
from stockstream.errors import ConfigError
from tests.views.bars import bar


def settings_of(folder: Path, calendars: str) -> Settings:
    path = folder / "config.yaml"
    path.write_text(f"calendars: {calendars}\n")
    return load(path)


@pytest.mark.parametrize(
    ("moment", "interval", "expected"),
    [
        ("2026-03-19T13:29", "1m", True),
        ("2026-03-19T13:30", "1m", False),
        ("2026-03-19T19:59", "1m", False),
        ("2026-03-19T20:00", "1m", True),
        ("2026-03-19T13:00", "1h", False),  # its second half is traded
        ("2026-03-19T12:00", "1h", True),
        ("2025-03-19T00:00", "24h", False),  # contains the session, and so do the next two
        ("2024-12-24T12:00", "12h", False),
        ("2026-03-19T12:00", "12h", False),
        ("2026-03-21T00:00", "24h", True),
        ("2026-11-27T18:30", "5m", True),  # a half day
        ("2026-11-27T17:30", "5m", False),
        ("2026-03-21T00:00", "1d", True),  # a Saturday
        ("2026-03-20T00:00", "1d", False),
        ("2026-03-16T00:00", "1wk", False),
        ("1975-03-22T15:00", "1m", False),  # before what the calendar knows
        ("2199-03-22T15:00", "1m", False),
    ],
)
def test_the_hours_of_a_bar(tmp_path: Path, moment: str, interval: str, expected: bool) -> None:
    outside = outside_hours(settings_of(tmp_path, '{"*-USD": 24/7, "*": XNYS}'))
    assert outside is not None
    time = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert outside(bar(0, 5.0, time=time, interval=interval)) is expected
    assert not outside(bar(0, 5.0, "BTC-USD", time=time, interval=interval))
    assert not outside(bar(0, 5.0, time=time, interval=interval, feed="readings")), "no exchange has its hours"


@pytest.mark.parametrize(
    ("moment", "interval", "expected"),
    [
        ("2026-03-19T02:30", "1h", True),  # Tokyo's break, 02:30Z to 03:30Z
        ("2026-03-19T02:00", "1h", False),
        ("2026-03-19T02:00", "2h", False),
        ("2026-03-19T03:30", "5m", False),
        ("2026-03-18T23:00", "1h", True),
    ],
)
def test_a_bar_within_the_break_of_a_session_is_outside(
    tmp_path: Path, moment: str, interval: str, expected: bool
) -> None:
    outside = outside_hours(settings_of(tmp_path, "{AAPL: XTKS}"))
    assert outside is not None
    assert outside(bar(0, 5.0, time=datetime.fromisoformat(moment).replace(tzinfo=UTC), interval=interval)) is expected


def test_without_calendars_nothing_is_judged(tmp_path: Path) -> None:
    assert outside_hours(settings_of(tmp_path, "{}")) is None
    outside = outside_hours(settings_of(tmp_path, "{AAPL: XNYS}"))
    assert outside is not None
    assert not outside(bar(0, 5.0, "MSFT", time=datetime(2026, 3, 21, 15, 0, tzinfo=UTC)))


def test_a_calendar_that_is_none_is_reported(tmp_path: Path) -> None:
    outside = outside_hours(settings_of(tmp_path, "{AAPL: NYSE2}"))
    assert outside is not None
    with pytest.raises(ConfigError, match="NYSE2"):
        outside(bar(0, 5.0))
