"""Coinbase's answers from a stand-in on this machine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stockstream.errors import Unavailable, UnknownSymbol
from stockstream.producers.bar_source import Row, Setup
from stockstream.producers.sources.coinbase import Coinbase
from tests.producers.manual_clock import ManualClock
from tests.producers.yahoo_standin import Fault, Request, Standin

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 3, 22, 2, 0, tzinfo=UTC)


def answer(request: Request) -> Fault:
    """The minutes of a span, the newest first; three hundred at the most."""
    if request.path != "/products/BTC-USD/candles":
        return Fault(404, '{"message": "NotFound"}')
    start, end = (datetime.fromisoformat(request.query[name]) for name in ("start", "end"))
    stamps = range(int(start.timestamp()), int(min(end, NOW).timestamp()) + 1, int(request.query["granularity"]))
    if len(stamps) > 300:
        return Fault(400, '{"message": "granularity too small for the requested time range"}')
    return Fault(200, json.dumps([[stamp, 99, 101, 100, 100.5, 7.25] for stamp in reversed(stamps)]))


@pytest.fixture
def coinbase(standin: Standin, tmp_path: Path) -> Coinbase:
    standin.services["api.exchange.coinbase.com"] = answer
    return Coinbase(Setup(tmp_path, spacing=0.0, clock=ManualClock(NOW).clock))


def test_three_hundred_bars_at_a_time_by_time(coinbase: Coinbase) -> None:
    since: datetime | None = NOW - 500 * MINUTE
    rows: list[Row] = []
    while since is not None:
        reply = coinbase.history("BTC-USD", "1m", since)
        rows += reply.rows
        since = reply.more
    assert [row.time for row in rows] == [NOW - number * MINUTE for number in range(500, -1, -1)]
    assert rows[0][1:6] == (100, 101, 99, 100.5, 7.25)
    assert reply.currency == "USD"


def test_what_it_does_not_know_or_answers_otherwise(coinbase: Coinbase, standin: Standin) -> None:
    with pytest.raises(UnknownSymbol, match="does not know NOPE-USD"):
        coinbase.history("NOPE-USD", "1m", NOW)
    standin.faults.append(Fault(200, "{}"))
    with pytest.raises(Unavailable, match="cannot be read"):
        coinbase.history("BTC-USD", "1m", NOW)
