"""Yahoo, asked in the evening, from a stand-in on this machine: each request is sent once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from stockstream.producers.bar_source import Setup
from stockstream.producers.final_bars import Answer, read_reply
from stockstream.producers.history_spans import beginning
from stockstream.producers.sources.yahoo import Yahoo
from tests.producers.manual_clock import ManualClock
from tests.producers.yahoo.asking import EVENING, Ask
from tests.producers.yahoo_standin import (
    CLOSING,
    OPENING,
    Market,
    Standin,
    minutes,
)


@pytest.fixture
def yahoo(standin: Standin, tmp_path: Path) -> Yahoo:
    return Yahoo(Setup(tmp_path / "cache", spacing=0.0, clock=ManualClock(EVENING).clock))


@pytest.fixture
def ask(yahoo: Yahoo) -> Ask:
    def ask(
        symbol: str = "AAPL", interval: str = "1m", since: datetime | str = "5d", now: datetime = EVENING
    ) -> Answer:
        start = beginning(since, EVENING, weekends=False) if isinstance(since, str) else since
        return read_reply(yahoo.history(symbol, interval, start), "yahoo", symbol, interval, now)

    return ask


@pytest.fixture
def market(standin: Standin) -> Market:
    """Five minutes of AAPL."""
    standin.markets["AAPL"] = Market(minutes(OPENING, 5), (OPENING, CLOSING))
    return standin.markets["AAPL"]
