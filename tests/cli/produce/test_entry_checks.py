"""All producers of bars check them on entry: a doubtful bar is flagged and sent."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.produce.recording import produce
from tests.producers.yahoo_standin import CLOSING, OPENING, Market, Standin, candle, minutes

CLOSED = 'calendars: {"*": XTKS}\n'


def flags_of(*command: str, settings: str = "") -> Counter[str]:
    result = produce(*command, settings=settings)
    assert result.bars
    return Counter(flag for bar in result.bars for flag in bar.flags)


@pytest.mark.parametrize("command", ["yahoo", "market"])
def test_bars_of_sources_are_checked(yahoo: Standin, command: str) -> None:
    """A price that stands still, a jump, a minute whose high is beneath its low, and the hours of another exchange."""
    rows = minutes(OPENING - timedelta(days=1), 60) + [candle(OPENING + timedelta(minutes=n)) for n in range(11)]
    still = [row._replace(open=9.0, high=9.0, low=9.0, close=9.0) for row in rows[:5]]
    rows[:5] = still
    rows[50] = candle(rows[50].time, 9_000.0)
    rows[55] = rows[55]._replace(high=1.0)
    yahoo.markets["AAPL"] = Market(rows, (OPENING, CLOSING))
    settings = CLOSED + "quality: {frozen: 3}\nmarket: {sources: [yahoo]}\n"
    found = flags_of(command, "AAPL", "--once", settings=settings)
    assert found["frozen"] == 3
    assert found["jump"] >= 2
    assert found["outside"] == 70
    assert any(flag.startswith("impossible") for flag in found)


def test_readings_are_checked_and_sent_once(home: Path) -> None:
    start = datetime(2026, 3, 19, 13, 0, tzinfo=UTC)
    rows = [
        {"symbol": "BOILER", "time": (start + timedelta(minutes=n)).isoformat(), "value": 20 + n % 3 / 10}
        for n in range(60)
    ]
    rows[50]["value"] = 90.0
    for row in rows[55:60]:
        row["value"] = 20.0
    (home / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = flags_of("readings", "a.jsonl", settings=CLOSED + "quality: {frozen: 3}\n")
    assert found == {"jump": 2, "frozen": 4}
