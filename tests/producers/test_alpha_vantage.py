"""Alpha Vantage's answers, good and bad, from a stand-in on this machine; its key, and its calls a day."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stockstream.errors import ConfigError, RateLimited, SourceError, Unavailable, UnknownSymbol
from stockstream.producers.bar_source import Session, Setup
from stockstream.producers.new_york import regular_hours
from stockstream.producers.sources.alpha_vantage import VARIABLE, AlphaVantage
from stockstream.producers.sources.alpha_vantage_answers import PaidPlan, read_rows
from tests.producers.manual_clock import ManualClock
from tests.producers.yahoo_standin import Fault, Request, Standin

KEY = "SESAM5OPEN"
NOW = datetime(2026, 3, 19, 21, 0, tzinfo=UTC)
NOON = datetime(2026, 3, 19, 16, 0, tzinfo=UTC)

Make = Callable[..., AlphaVantage]


def bar(price: float) -> dict[str, str]:
    """A bar as Alpha Vantage writes it."""
    names = ("1. open", "2. high", "3. low", "4. close", "5. volume")
    return dict(zip(names, (f"{each:.4f}" for each in (price, price + 1, price - 1, price + 0.5, 900)), strict=True))


def series(name: str, stamps: list[str]) -> str:
    """An answer, the newest bar first."""
    return json.dumps(
        {"Meta Data": {"6. Time Zone": "US/Eastern"}, name: {each: bar(100.0) for each in reversed(stamps)}}
    )


class Service:
    """Alpha Vantage: what it answers, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.answers: list[str] = []
        self.usual = series("Time Series (1min)", ["2026-03-19 11:59:00", "2026-03-19 12:00:00", "2026-03-19 19:59:00"])

    def __call__(self, request: Request) -> Fault:
        assert request.path == "/query"
        self.asked.append(request.query)
        return Fault(200, self.answers.pop(0) if self.answers else self.usual)


@pytest.fixture
def service(standin: Standin) -> Service:
    standin.services["www.alphavantage.co"] = service = Service()
    return service


@pytest.fixture
def make(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv(VARIABLE, KEY)

    def make(at: datetime = NOW, **settings: object) -> AlphaVantage:
        return AlphaVantage(Setup(tmp_path / "av", spacing=0.0, clock=ManualClock(at).clock, **settings))  # type: ignore[arg-type]

    return make


def test_minutes_are_those_of_new_york_by_time(make: Make, service: Service) -> None:
    reply = make().history("IBM", "1m", NOON - timedelta(minutes=1))
    assert [(row.time, row.open, row.high, row.low, row.close, row.volume) for row in reply.rows] == [
        (NOON - timedelta(minutes=1), 100, 101, 99, 100.5, 900),
        (NOON, 100, 101, 99, 100.5, 900),
    ]
    assert (str(reply.zone), reply.session) == ("America/New_York", regular_hours(NOW))
    (query,) = service.asked
    assert (query["function"], query["interval"], query["extended_hours"]) == ("TIME_SERIES_INTRADAY", "1min", "false")
    assert query["outputsize"] == "full"
    make().history("IBM", "1m", NOW - timedelta(minutes=90))
    assert service.asked[-1]["outputsize"] == "compact"


def test_extended_hours_are_marked_where_they_are_wished(make: Make) -> None:
    rows = make(extended=True).history("IBM", "1m", NOON).rows
    assert [(row.time.hour, row.flags) for row in rows] == [(16, ()), (23, ("extended",))]


def test_winter_and_summer(make: Make, service: Service) -> None:
    service.usual = series("Time Series (60min)", ["2026-03-06 10:00:00", "2026-03-09 10:00:00"])
    rows = make().history("IBM", "1h", NOW - timedelta(days=30)).rows
    assert [row.time.hour for row in rows] == [15, 14]


def test_days_are_dates(make: Make, service: Service) -> None:
    service.usual = series("Time Series (Daily)", ["2026-03-17", "2026-03-18"])
    rows = make().history("IBM", "1d", NOW - timedelta(days=5)).rows
    assert [row.time for row in rows] == [datetime(2026, 3, day, tzinfo=UTC) for day in (17, 18)]
    assert service.asked[-1]["function"] == "TIME_SERIES_DAILY"


def test_what_a_paid_plan_has_is_asked_for_once(make: Make, service: Service) -> None:
    premium = json.dumps({"Information": "Thank you for using Alpha Vantage! This is a premium endpoint. You may"})
    service.answers = [premium]
    source = make()
    assert len(source.history("IBM", "1m", NOON).rows) == 1
    source.history("IBM", "1m", NOON)
    assert [query["outputsize"] for query in service.asked] == ["full", "compact", "compact"]


@pytest.mark.parametrize(
    ("body", "kind", "result", "wait"),
    [
        ({"Error Message": "Invalid API call. Please retry"}, UnknownSymbol, "know IBM (Invalid API call)", None),
        ({"Error Message": "The series encountered an internal or external error"}, Unavailable, "", None),
        ({"Note": "Our standard API call frequency is 5 calls per minute"}, RateLimited, "limits the rate", 60.0),
        (
            {"Information": "Please spread out your requests (1 request per second), 25 requests per day"},
            RateLimited, "too many calls at a time", 2.0,
        ),
        ({"Information": "The **demo** API key is for demo purposes only."}, SourceError, "demo key", None),
        ({"Information": f"Something about {KEY} that is new"}, Unavailable, "Something about *** that is new", None),
        ({"Information": "This is a premium endpoint."}, PaidPlan, "requires a paid plan", None),
        ({}, Unavailable, "and no reason", None),
    ],
)  # fmt: skip
def test_errors_come_with_status_200(
    make: Make, service: Service, body: dict[str, str], kind: type[SourceError], result: str, wait: float | None
) -> None:
    service.usual = json.dumps(body)
    with pytest.raises(kind) as caught:
        make().history("IBM", "1m", NOW - timedelta(minutes=50))
    assert type(caught.value) is kind
    assert result in str(caught.value)
    assert getattr(caught.value, "retry_after", None) == wait


@pytest.mark.parametrize(
    "answer", ["<html>", "[1]", '{"Time Series (1min)": {"yesterday": {}}}', '{"Time Series (1min)": 3}']
)
def test_what_cannot_be_read_is_unavailable(make: Make, service: Service, answer: str) -> None:
    service.usual = answer
    with pytest.raises(Unavailable, match="cannot be read"):
        make().history("IBM", "1m", NOW - timedelta(minutes=50))


def test_the_calls_of_a_day_are_kept_across_restarts_and_reported(make: Make, service: Service) -> None:
    source = make(calls_a_day=3)
    assert source.doing() == "3 of 3 calls left today"
    for _ in range(2):
        source.history("IBM", "1m", NOON)
    again = make(calls_a_day=3)
    again.history("IBM", "1m", NOON)
    assert again.doing() == "0 of 3 calls left today"
    with pytest.raises(RateLimited, match="the 3 calls of today to Alpha Vantage are spent") as caught:
        again.history("IBM", "1m", NOON)
    assert len(service.asked) == 3
    # It is five in the afternoon in New York.
    assert caught.value.retry_after == 7 * 3600
    tomorrow = make(at=NOW + timedelta(hours=8), calls_a_day=3)
    assert tomorrow.doing() == "3 of 3 calls left today"


def test_who_says_that_the_calls_are_spent_is_believed(make: Make, service: Service) -> None:
    words = f"We have detected your API key as {KEY} and our standard API rate limit is 25 requests per day."
    service.answers = [json.dumps({"Information": words})]
    source = make()
    with pytest.raises(RateLimited) as caught:
        source.history("IBM", "1m", NOON)
    assert KEY not in str(caught.value)
    assert caught.value.retry_after == 7 * 3600
    assert source.doing() == "0 of 25 calls left today"
    with pytest.raises(RateLimited, match="are spent"):
        source.history("IBM", "1m", NOON)
    assert len(service.asked) == 1


def test_the_key_is_of_the_environment_or_of_a_file_that_others_cannot_read(
    make: Make, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make().history("IBM", "1m", NOON)
    assert service.asked[-1]["apikey"] == KEY
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(SourceError, match=f"needs a key - set {VARIABLE}, or sources.alphavantage.key_file"):
        make()
    file = tmp_path / "key"
    file.write_text("OF-A-FILE\n")
    with pytest.raises(ConfigError, match="chmod 600"):
        make(key_file=file)
    file.chmod(0o600)
    make(key_file=file).history("IBM", "1m", NOON)
    assert service.asked[-1]["apikey"] == "OF-A-FILE"
    with pytest.raises(SourceError, match="cannot be read from"):
        make(key_file=tmp_path / "none")


def test_no_log_holds_the_key(make: Make, service: Service, standin: Standin, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        source = make()
        source.history("IBM", "1m", NOON)
        standin.faults.append(Fault(503, KEY))
        with pytest.raises(Unavailable) as caught:
            source.history("IBM", "1m", NOON)
    assert KEY not in caplog.text
    assert KEY not in str(caught.value)


def test_hours_are_those_of_the_next_weekday() -> None:
    saturday = datetime(2026, 3, 21, 15, 0, tzinfo=UTC)
    monday = datetime(2026, 3, 23, 13, 30, tzinfo=UTC)
    assert regular_hours(saturday) == Session(monday, monday + timedelta(hours=6, minutes=30))
    assert regular_hours(NOW).start == datetime(2026, 3, 19, 13, 30, tzinfo=UTC)


def test_quoted_answers_are_understood(real_data: Path) -> None:
    folder = real_data / "api_json"
    rows = read_rows("MSFT", "1m", (folder / "alphavantage" / "mock_time_series.json").read_bytes())
    assert rows[-1][:6] == (datetime(2017, 12, 18, 19, 56, tzinfo=UTC), 86.49, 86.5, 86.475, 86.5, 10494)
    assert [row.time for row in rows] == sorted(row.time for row in rows)
    expected = {
        "error_intraday_2017": Unavailable,
        "error_message_invalid_call": UnknownSymbol,
        "information_25_per_day": RateLimited,
        "information_burst_1_per_second": RateLimited,
        "information_demo_key": SourceError,
        "information_key_echoed_25_per_day": RateLimited,
        "information_premium_endpoint": PaidPlan,
        "note_5_per_minute": RateLimited,
    }
    for name, kind in expected.items():
        content = (folder / "errors_quoted_from_threads" / f"alphavantage_{name}.json").read_bytes()
        with pytest.raises(kind):
            read_rows("MSFT", "1m", content)
