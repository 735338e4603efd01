"""Yahoo's bad answers: none, refusals, dropped connections; and the distance of requests."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from stockstream.errors import RateLimited, SourceError, Unavailable, UnknownSymbol
from stockstream.producers.bar_source import Setup
from stockstream.producers.final_bars import Answer
from stockstream.producers.sources.yahoo import Yahoo
from tests.producers.manual_clock import ManualClock
from tests.producers.yahoo.asking import EVENING, Ask
from tests.producers.yahoo_standin import (
    CLOSING,
    DROP,
    OPENING,
    TOO_MANY,
    UNKNOWN,
    Fault,
    Market,
    Standin,
    error,
    minutes,
)


@pytest.mark.parametrize(
    "fault",
    [
        error(400, "Bad Request", "Data doesn't exist for startDate = 1577836800, endDate = 1578009600"),
        Fault(200, '{"chart": {"result": [], "error": null}}'),
    ],
)
def test_no_bars_are_no_error(ask: Ask, market: Market, standin: Standin, fault: Fault) -> None:
    ask()  # the zone is known from now on
    standin.faults.extend([fault] * 2)
    assert ask() == Answer()


def test_a_market_that_was_closed_all_the_time_has_no_bars(ask: Ask, market: Market) -> None:
    market.rows.clear()
    assert ask().bars == ()


def test_an_unknown_symbol_is_said_at_once(ask: Ask) -> None:
    with pytest.raises(UnknownSymbol, match=r"does not know NOPE \(No data found, symbol may be delisted\)") as caught:
        ask("NOPE")
    assert caught.value.symbol == "NOPE"


def test_a_span_that_is_too_long_is_said_at_once(ask: Ask, market: Market, standin: Standin) -> None:
    ask()
    standin.faults.extend(
        [error(422, "Unprocessable Entity", "1m data not available for startTime=1. Only 8 days")] * 2
    )
    with pytest.raises(SourceError, match="Only 8 days") as caught:
        ask(since="1y")
    assert type(caught.value) is SourceError
    assert "--history" in str(caught.value.hint)


def test_after_a_dropped_connection_yahoo_answers_again(ask: Ask, market: Market, standin: Standin) -> None:
    ask()
    # On a connection that was in use before, curl itself asks once more.
    standin.faults.extend([DROP] * 2)
    with pytest.raises(Unavailable, match=r"^Yahoo cannot be reached \(Connection closed abruptly\)"):
        ask()
    assert len(ask().bars) == 5
    assert not standin.faults


@pytest.mark.parametrize(
    ("fault", "kind", "result"),
    [
        (DROP, Unavailable, "Yahoo cannot be reached (Connection closed abruptly) - is this machine online?"),
        (Fault(503, "<html>busy</html>"), Unavailable, "Yahoo fails (status 503)"),
        (Fault(401, '{"finance": {"error": {"code": "Unauthorized"}}}'), Unavailable, "Yahoo fails (status 401)"),
        (Fault(404, "a proxy's page"), Unavailable, "Yahoo fails (status 404)"),
        (Fault(200, "<html>Will be right back</html>"), Unavailable, "cannot be read"),
        (Fault(200, '{"chart": {"result": [{"meta": {}}]}}'), Unavailable, "cannot be read"),
        (TOO_MANY, RateLimited, "Yahoo refuses for now (429 Too Many Requests)"),
    ],
)
def test_what_fails_is_one_of_our_errors(
    ask: Ask, market: Market, standin: Standin, fault: Fault | str, kind: type[SourceError], result: str
) -> None:
    ask()
    standin.faults.extend([fault] * 40)
    with pytest.raises(kind) as caught:
        ask()
    assert result in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "0.4"}, 0.4),
        ({"Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_a_refusal_says_how_long_where_yahoo_does(
    ask: Ask, market: Market, standin: Standin, headers: dict[str, str], seconds: float | None
) -> None:
    ask()
    standin.faults.append(Fault(429, "Edge: Too Many Requests", headers))
    with pytest.raises(RateLimited) as caught:
        ask()
    assert caught.value.retry_after == seconds
    assert len(ask().bars) == 5


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        (Fault(503, "<html>busy</html>"), 1),
        (UNKNOWN, 1),
        (TOO_MANY, 1),
        (Fault(401, '{"finance": {"error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}'), 3),
    ],
)
def test_what_another_cookie_cannot_help_is_asked_once(
    ask: Ask, market: Market, standin: Standin, fault: Fault, requests: int
) -> None:
    """Of itself yfinance takes another cookie and crumb after any error, and asks again at once."""
    ask()
    standin.requests.clear()
    standin.faults.append(fault)
    if requests == 1:
        with pytest.raises(SourceError):
            ask()
    else:
        ask()
    assert len(standin.requests) == requests


def test_an_answer_that_failed_is_not_remembered(ask: Ask, standin: Standin) -> None:
    # The first question about a symbol is for its zone; yfinance keeps the answer, whatever it is.
    standin.markets["NEWCOMER"] = Market(minutes(OPENING, 3), (OPENING, CLOSING))
    standin.faults.append(Fault(500, "no JSON"))
    with pytest.raises(Unavailable):
        ask("NEWCOMER")
    assert len(ask("NEWCOMER").bars) == 3
    assert not standin.faults


def test_requests_keep_their_distance(market: Market, standin: Standin, tmp_path: Path) -> None:
    at: list[float] = []
    standin.heard = lambda: at.append(time.monotonic())
    yahoo = Yahoo(Setup(tmp_path, spacing=0.1, clock=ManualClock(EVENING).clock))
    for _ in range(3):
        yahoo.history("AAPL", "1m", OPENING)
    # The clocks of two processes' worth of threads: a little less than the distance is no fault.
    assert len(at) >= 3
    assert all(later - earlier > 0.08 for earlier, later in pairwise(at))
