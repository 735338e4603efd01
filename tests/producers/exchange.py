"""A simulated exchange with its own clock: official bars, their quotes, and a script of faults."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from stockstream.producers.clock import Clock
from tests.producers.yahoo_standin import (
    CUT,
    DROP,
    Candle,
    Fault,
    Market,
    Standin,
    quote,
)

MINUTE: Final = timedelta(minutes=1)
PRICES: Final = ("open", "high", "low", "close")
NEW_YORK: Final = ZoneInfo("America/New_York")


class Tick(NamedTuple):
    """A trade: when, of what, at which price, and the day's volume so far."""

    time: datetime
    symbol: str
    price: float
    volume: int

    def message(self, skew: timedelta) -> str:
        """As Yahoo's stream tells it, by a clock of its own."""
        return quote(self.symbol, self.time + skew, self.price, self.volume)


class Said(Protocol):
    """What a stream says, and when."""

    @property
    def time(self) -> datetime:
        """When."""

    def message(self, skew: timedelta) -> str:
        """What, by a clock that is ahead by so much."""


class Traded(Protocol):
    """A symbol whose trades come from a stream."""

    @property
    def ticks(self) -> Sequence[Said]:
        """Its messages."""


class Revision(NamedTuple):
    """A bar that is corrected some time after it was over."""

    at: datetime
    row: Candle


def session(day: date, *, half: bool = False) -> tuple[datetime, datetime]:
    """The regular hours in New York on a day, in UTC; a half day ends at one."""
    start, end = (
        datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)
        for hour, minute in ((9, 30), (13 if half else 16, 0))
    )
    return start, end


@dataclass
class Exchange(Market):
    """A symbol whose bars come to be while the clock moves, as Yahoo shows them."""

    symbol: str = "AAPL"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sessions: Sequence[tuple[datetime, datetime]] = ()
    revisions: dict[datetime, Revision] = field(default_factory=dict)
    ticks: list[Tick] = field(default_factory=list)
    split: tuple[datetime, float] | None = None

    def trade(self, seed: int) -> None:
        """Make the bars of all sessions, and the trades that they are made of; prices are those after the split."""
        chance = random.Random(f"{self.symbol} {seed}")
        price = chance.uniform(50, 500)
        for start, end in self.sessions:
            volume = 0
            for number in range((end - start) // MINUTE):
                if chance.random() < 0.02:
                    continue  # nobody trades in this minute
                begins = start + number * MINUTE
                prices = [_single(price * chance.uniform(0.999, 1.001)) for _ in range(4)]
                price = prices[-1]
                before = volume
                for place, each in enumerate(prices):
                    volume += chance.randint(1, 900)
                    at = begins + timedelta(seconds=place * 14 + chance.uniform(0.5, 12))
                    self.ticks.append(Tick(at, self.symbol, each * self._shares(at), volume))
                row = Candle(begins, prices[0], max(prices), min(prices), prices[-1], float(volume - before))
                if chance.random() < 0.05:
                    self.revisions[begins] = Revision(begins + timedelta(minutes=chance.uniform(2, 12)), row)
                    row = row._replace(volume=float(volume - before + 1), high=_single(max(prices) * 1.01))
                self.rows.append(row)
            self.rows.append(Candle(end, price, price, price, price, 1000.0))

    def official(self) -> dict[datetime, Candle]:
        """The bars in their last revision."""
        return {row.time: self.revisions[row.time].row if row.time in self.revisions else row for row in self.rows}

    def visible(self) -> list[Candle]:
        """The rows as Yahoo shows them now: the present minute stamped at its last trade, off the grid."""
        now = self.now()
        shares = self._shares(now)
        shown = []
        for row in self.rows:
            if row.time > now:
                break
            over = row.time + MINUTE <= now or row.time in self._ends
            if over:
                revised = self.revisions.get(row.time)
                shown.append(revised.row if revised and revised.at <= now else row)
            elif now.second:
                shown.append(row._replace(time=now.replace(microsecond=0), volume=0.0))
        if shares == 1.0:
            return shown
        return [
            _times(each, shares) for each in shown
        ]  # fmt: skip

    def _shares(self, at: datetime) -> float:
        """By what prices at a moment were multiplied: they are on the basis of before the split."""
        return self.split[1] if self.split and at < self.split[0] else 1.0

    @property
    def _ends(self) -> set[datetime]:
        return {end for _, end in self.sessions}

    def reply(self, symbol: str, query: dict[str, str]) -> dict[str, object]:
        """As Yahoo's chart; the session is today's, or the next day's that has one."""
        now = self.now()
        day = now.astimezone(NEW_YORK).date()
        coming = [each for each in self.sessions if each[0].astimezone(NEW_YORK).date() >= day]
        self.session = coming[0] if coming else self.sessions[-1]
        if self.split and now >= self.split[0]:
            stamp = int(self.split[0].timestamp())
            event = {"date": stamp, "numerator": self.split[1], "denominator": 1}
            self.events = {"splits": {str(stamp): event}}
        return super().reply(symbol, query)

    def _meta(self, symbol: str) -> dict[str, object]:
        meta = super()._meta(symbol)
        meta["tradingPeriods"] = [[self._period(*each)] for each in self.sessions if each[0] <= self.now()]
        return meta


def _times(row: Candle, shares: float) -> Candle:
    """The row with its prices multiplied."""
    prices: dict[str, Any] = {name: (getattr(row, name) or 0) * shares for name in PRICES}
    return row._replace(**prices)


def _single(price: float) -> float:
    """A price as Yahoo has it: of single precision."""
    import numpy as np  # as late as here: mypy's plug-in and most tests need none

    return float(np.float32(price))


class Moment(NamedTuple):
    """A fault of the script: when, and what happens then."""

    time: datetime
    name: str
    happens: Callable[[], object]


class World:
    """A clock that only moves when a caller sleeps, and everything that happens meanwhile."""

    def __init__(self, standin: Standin, start: datetime) -> None:
        self._start = start
        self.slept = 0.0
        self.clock = Clock(self.now, lambda: self.slept, self._sleep)
        self.standin = standin
        self.asked: list[datetime] = []
        self.skew = timedelta()
        self.silent_until = start
        self.shuffled = False
        self._ticks: Iterator[Said] = iter(())
        self._next: Said | None = None
        self._moments: list[Moment] = []
        standin.heard = lambda: None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.slept)

    def run(self, exchanges: Iterable[Traded], moments: Iterable[Moment]) -> None:
        """Take what will happen."""
        self._ticks = iter(sorted((tick for each in exchanges for tick in each.ticks), key=lambda tick: tick.time))
        self._next = next(self._ticks, None)
        self._moments = sorted(moments, key=lambda each: each.time, reverse=True)

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        now = self.now()
        while self._moments and self._moments[-1].time <= now:
            self._moments.pop().happens()
        result: list[str] = []
        while self._next is not None and self._next.time <= now:
            tick = self._next
            if now >= self.silent_until:
                result.append(tick.message(self.skew))
            self._next = next(self._ticks, None)
        if result and self.standin.stream.connected:
            if self.shuffled:
                result = [*reversed(result), *result]
            self.standin.stream.tell(*result)
            self.standin.stream.settle()
            time.sleep(0.001)


def script(
    world: World,
    start: datetime,
    end: datetime,
    count: int,
    seed: int,
    *,
    slow_by: float = 0.05,
    own: Mapping[str, Callable[[], None]] | None = None,
) -> list[Moment]:
    """So many faults, of every kind and a service's ``own`` ones, at random moments."""
    standin, stream, chance = world.standin, world.standin.stream, random.Random(seed)

    def silence() -> None:
        world.silent_until = world.now() + timedelta(minutes=chance.uniform(1, 4))

    def skew() -> None:
        world.skew = timedelta(seconds=chance.uniform(-1.5, 1.5))

    def shuffle() -> None:
        world.shuffled = not world.shuffled

    def refuse(status: int = 503) -> None:
        stream.refusals.append(status)
        stream.reset()

    def slow() -> None:
        standin.delay = slow_by if not standin.delay else 0.0

    kinds: dict[str, Callable[[], None]] = {
        "reset": lambda: standin.faults.append(DROP),
        "truncated": lambda: standin.faults.append(Fault(200, '{"chart": {"result": [{"meta": {"curr')),
        "429": lambda: standin.faults.append(Fault(429, "Edge: Too Many Requests")),
        "429 with Retry-After": lambda: standin.faults.append(Fault(429, "Edge", {"Retry-After": "45"})),
        "500": lambda: standin.faults.extend([Fault(500, "Internal Server Error")] * 2),
        "empty": lambda: standin.faults.append(Fault(200, '{"chart": {"result": [], "error": null}}')),
        "no JSON": lambda: standin.faults.append(Fault(200, "<html>Will be right back</html>")),
        "stream closed": stream.close,
        "stream reset": stream.reset,
        "stream silent": silence,
        "stream refuses": refuse,
        "stream 429": lambda: refuse(429),
        "empty frames": lambda: stream.tell("", "{}", b""),
        "garbage": lambda: stream.tell('{"type": "pricing", "message": "%%%"}', "no JSON", '{"type": "pricing"}'),
        "skew": skew,
        "out of order and repeated": shuffle,
        "slow": slow,
        "cut": lambda: standin.faults.append(CUT),
        **(own or {}),
    }
    names = [*kinds]
    chosen = [names[number % len(names)] for number in range(count)]
    return [
        Moment(start + (end - start) * chance.random(), name, kinds[name])
        for name in chosen
    ]  # fmt: skip
