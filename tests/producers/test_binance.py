"""Binance's answers and its stream, good and bad, from a stand-in on this machine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stockstream.errors import RateLimited, SourceError, Unavailable, UnknownSymbol
from stockstream.producers.bar_source import Setup
from stockstream.producers.source_bars import Polling
from stockstream.producers.sources.binance import Binance, read_klines
from tests.producers.manual_clock import ManualClock
from tests.producers.polling import Run
from tests.producers.yahoo_standin import DROP, Fault, Request, Standin

MINUTE = timedelta(minutes=1)
SUNDAY = datetime(2026, 3, 22, 2, 0, tzinfo=UTC)


def kline(at: datetime, price: float = 100.0) -> list[Any]:
    """A row as Binance writes it: numbers are texts."""
    stamp = round(at.timestamp() * 1000)
    numbers = [f"{each:.8f}" for each in (price, price + 1, price - 1, price + 0.5, 12.5)]
    return [stamp, *numbers, stamp + 59_999, "1250.0", 42, "6.0", "600.0", "0"]


def event(at: datetime, price: float, *, final: bool) -> str:
    """A message of the stream."""
    stamp, opens, high, low, close, volume, *_ = kline(at, price)
    values = {"t": stamp, "s": "BTCUSDT", "o": opens, "h": high, "l": low, "c": close, "v": volume, "x": final}
    return json.dumps({"stream": "btcusdt@kline_1m", "data": {"e": "kline", "E": stamp, "s": "BTCUSDT", "k": values}})


class Rows:
    """Binance: what it has of BTCUSDT, and what it was asked."""

    def __init__(self) -> None:
        self.times = [SUNDAY - number * MINUTE for number in range(1500, -1, -1)]
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Fault:
        self.asked.append(request)
        if request.query["symbol"] != "BTCUSDT":
            return Fault(400, '{"code": -1121, "msg": "Invalid symbol."}')
        since = int(request.query["startTime"]) / 1000
        rows = [kline(each) for each in self.times if each.timestamp() >= since]
        return Fault(200, json.dumps(rows[: int(request.query["limit"])]))


@pytest.fixture
def rows(standin: Standin) -> Rows:
    standin.services["data-api.binance.vision"] = rows = Rows()
    return rows


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock(SUNDAY + timedelta(seconds=5))


@pytest.fixture
def binance(rows: Rows, manual_clock: ManualClock, tmp_path: Path) -> Binance:
    return Binance(Setup(tmp_path, spacing=0.0, clock=manual_clock.clock))


@pytest.fixture
def run(binance: Binance, manual_clock: ManualClock) -> Iterator[Run]:
    run = Run(binance, manual_clock, ("BTCUSDT",), Polling("1m", "1d"))
    yield run
    run.close()


def test_a_history_comes_a_thousand_bars_at_a_time(run: Run, rows: Rows) -> None:
    rows.times = [SUNDAY.replace(hour=0) - 60 * MINUTE + number * MINUTE for number in range(181)]
    bars = run.until(SUNDAY + timedelta(seconds=10))
    assert [bar.time for bar in bars] == [SUNDAY.replace(hour=0) + number * MINUTE for number in range(120)]
    assert (bars[0].open, bars[0].high, bars[0].low, bars[0].close, bars[0].volume) == (100, 101, 99, 100.5, 12.5)
    assert (bars[0].source, bars[0].currency, bars[0].tz, bars[0].flags) == ("binance", "USDT", "UTC", ())


def test_pages_follow_one_another(binance: Binance, rows: Rows) -> None:
    first = binance.history("BTCUSDT", "1m", rows.times[0])
    assert len(first.rows) == 1000
    assert first.more is not None
    second = binance.history("BTCUSDT", "1m", first.more)
    assert (len(second.rows), second.more) == (501, None)
    assert [row.time for row in (*first.rows, *second.rows)] == rows.times
    assert {request.query["interval"] for request in rows.asked} == {"1m"}
    binance.history("BTCUSDT", "1mo", SUNDAY)
    assert rows.asked[-1].query["interval"] == "1M"


@pytest.mark.parametrize(
    ("fault", "kind", "result"),
    [
        (Fault(400, '{"code": -1121, "msg": "Invalid symbol."}'), UnknownSymbol, "does not know BTCUSDT"),
        (Fault(400, '{"code": -1120, "msg": "Invalid interval."}'), SourceError, "Invalid interval. (-1120)"),
        (Fault(429, "", {"Retry-After": "7"}), RateLimited, "refuses for now (status 429)"),
        (Fault(418, "", {"Retry-After": "120"}), RateLimited, "refuses for now (status 418)"),
        (Fault(502, "<html>"), Unavailable, "fails (status 502)"),
        (Fault(200, '[[1, "x"]]'), Unavailable, "cannot be read"),
        (Fault(403, "<html>no</html>"), Unavailable, "cannot be read (status 403"),
        (DROP, Unavailable, "cannot be reached"),
    ],
)
def test_what_fails_is_one_of_our_errors(
    binance: Binance, standin: Standin, fault: Fault | str, kind: type[SourceError], result: str
) -> None:
    standin.faults.append(fault)
    with pytest.raises(kind) as caught:
        binance.history("BTCUSDT", "1m", SUNDAY)
    assert result in str(caught.value)
    assert type(caught.value) is kind
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after in (7.0, 120.0)


def test_a_final_bar_of_the_stream_is_the_bar_itself(run: Run, standin: Standin, rows: Rows) -> None:
    stream = standin.stream
    give_up = time.monotonic() + 20
    while not stream.connected:
        assert time.monotonic() < give_up
        run.until(run.manual_clock.clock.now() + timedelta(seconds=0.2))
        time.sleep(0.01)
    assert stream.paths == ["/stream?streams=btcusdt@kline_1m"]
    run.until(run.manual_clock.clock.now() + timedelta(seconds=20))
    before = len(run.bars)
    stream.tell(event(SUNDAY, 200.0, final=False), event(SUNDAY, 201.0, final=True), '{"result": null}', "")
    stream.settle()
    time.sleep(0.05)
    (bar,) = run.until(SUNDAY + timedelta(seconds=62))
    assert len(run.bars) == before + 1
    assert (bar.time, bar.close, bar.final, bar.flags, bar.currency) == (SUNDAY, 201.5, True, (), "USDT")
    # The poll that checks it gives other numbers: it counts.
    rows.times.append(SUNDAY + MINUTE)
    (corrected,) = run.until(SUNDAY + timedelta(minutes=1, seconds=59))
    assert (corrected.time, corrected.close, corrected.revision) == (SUNDAY, 100.5, 1)


def test_a_message_that_cannot_be_read_is_an_error_of_value() -> None:
    for bad in ("no JSON", '{"data": {"k": {"t": 1}}}', '{"data": {"k": 5}}', b"\xff"):
        with pytest.raises(ValueError, match=":"):
            list(read_klines(bad))
    assert list(read_klines("")) == list(read_klines('{"data": {"e": "trade"}}')) == []
