"""Services of bars other than Yahoo, with a market that comes to be while a clock moves."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.producers.exchange import MINUTE, NEW_YORK, Revision
from tests.producers.yahoo_standin import Candle, Fault, Request


class Event(NamedTuple):
    """A message of Binance's stream: a minute as it is at a moment."""

    time: datetime
    symbol: str
    row: Candle
    final: bool

    def message(self, skew: timedelta) -> str:
        """As Binance writes it; its clock stamps the message, and not the minute."""
        stamp, *numbers = kline(self.row)
        names = ("t", "o", "h", "l", "c", "v")
        values = {"s": self.symbol, "x": self.final} | dict(zip(names, (stamp, *numbers[:5]), strict=True))
        result = {"e": "kline", "E": round((self.time + skew).timestamp() * 1000), "s": self.symbol, "k": values}
        return json.dumps({"stream": f"{self.symbol.lower()}@kline_1m", "data": result})


@dataclass
class Minutes:
    """The minutes of a symbol from a start to an end; now and then none is traded, or one is corrected later."""

    symbol: str
    start: datetime
    end: datetime
    now: Callable[[], datetime]
    rows: list[Candle] = field(default_factory=list)
    revisions: dict[datetime, Revision] = field(default_factory=dict)
    ticks: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = random.Random(f"{self.symbol}")
        price = 100.0
        for number in range((self.end - self.start) // MINUTE):
            if chance.random() < 0.02:
                continue
            begins = self.start + number * MINUTE
            first, low, high, price = (round(price * chance.uniform(0.999, 1.001), 2) for _ in range(4))
            volume = float(chance.randint(100, 9_000))
            row = Candle(begins, first, max(first, high, price), min(first, low, price), price, volume)
            self.ticks += [self._part(row, seconds) for seconds in (11, 37)]
            self.ticks.append(Event(begins + timedelta(seconds=60.3), self.symbol, row, final=True))
            if chance.random() < 0.05:
                self.revisions[begins] = Revision(begins + timedelta(minutes=chance.uniform(2, 12)), row)
                row = row._replace(volume=volume + 1)
                self.ticks[-1] = self.ticks[-1]._replace(row=row)
            self.rows.append(row)

    def _part(self, row: Candle, seconds: int) -> Event:
        """The minute after some seconds."""
        assert row.open is not None
        some = row._replace(high=row.open, low=row.open, close=row.open, volume=float(seconds))
        return Event(row.time + timedelta(seconds=seconds), self.symbol, some, final=False)

    def official(self) -> dict[datetime, Candle]:
        """The minutes in their last revision."""
        return {row.time: self.revisions[row.time].row if row.time in self.revisions else row for row in self.rows}

    def visible(self, *, forming: bool = True) -> list[Candle]:
        """The minutes as they are shown now; with ``forming`` the present one, too, on the grid."""
        now, shown = self.now(), []
        for row in self.rows:
            if row.time + MINUTE <= now:
                revised = self.revisions.get(row.time)
                shown.append(revised.row if revised and revised.at <= now else row)
            elif row.time <= now and forming:
                shown.append(self._part(row, (now - row.time).seconds).row)
        return shown


def kline(row: Candle) -> list[Any]:
    """A row as Binance writes it: numbers are texts."""
    stamp = round(row.time.timestamp() * 1000)
    numbers = [f"{each:.8f}" for each in row[1:]]
    return [stamp, *numbers, stamp + 59_999, "1250.0", 42, "6.0", "600.0", "0"]


def binance(minutes: Minutes, request: Request) -> Fault:
    """Binance's klines."""
    assert request.query["symbol"] == minutes.symbol
    since = int(request.query["startTime"]) / 1000
    rows = [kline(row) for row in minutes.visible() if row.time.timestamp() >= since]
    return Fault(200, json.dumps(rows[: int(request.query["limit"])]))


def coinbase(minutes: Minutes, request: Request) -> Fault:
    """Coinbase's candles, the newest first."""
    assert request.path == f"/products/{minutes.symbol}/candles"
    start, end = (datetime.fromisoformat(request.query[name]) for name in ("start", "end"))
    if (end - start) / MINUTE > 300:
        return Fault(400, '{"message": "granularity too small for the requested time range"}')
    rows = [row for row in reversed(minutes.visible()) if start <= row.time <= end]
    return Fault(200, json.dumps([_candle(row) for row in rows]))


def _candle(row: Candle) -> list[Any]:
    return [int(row.time.timestamp()), row.low, row.high, row.open, row.close, row.volume]


def alpha_vantage(minutes: Minutes, request: Request) -> Fault:
    """Alpha Vantage's intraday bars, the newest first, in the time of New York without its name."""
    assert (request.query["symbol"], request.query["interval"]) == (minutes.symbol, "1min")
    rows = list(reversed(minutes.visible(forming=False)))
    if request.query["outputsize"] == "compact":
        rows = rows[:100]
    names = ("1. open", "2. high", "3. low", "4. close", "5. volume")
    series = {
        f"{row.time.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}": {
            name: f"{each:.4f}" for name, each in zip(names, row[1:], strict=True)
        }
        for row in rows
    }
    return Fault(200, json.dumps({"Meta Data": {"6. Time Zone": "US/Eastern"}, "Time Series (1min)": series}))


def saying(words: str, text: str) -> Fault:
    """What Alpha Vantage says in place of bars, with status 200."""
    return Fault(200, json.dumps({words: text}))


NIGHT = datetime(2026, 3, 22, 2, 0, tzinfo=UTC)
"""A Sunday, where crypto is traded."""
