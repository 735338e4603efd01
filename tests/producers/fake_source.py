"""A small second source of bars: the test changes its data, and makes it fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from stockstream.errors import SourceError, UnknownSymbol
from stockstream.producers.bar_source import About, BarSource, Dividend, Reply, Row, Session, Split

MINUTE = timedelta(minutes=1)
OPENING = datetime(2026, 3, 19, 13, 30, tzinfo=UTC)
CLOSING = datetime(2026, 3, 19, 20, 0, tzinfo=UTC)
TODAY = Session(OPENING, CLOSING)
_UTC = ZoneInfo("UTC")
_PRICES = frozenset({"open", "high", "low", "close"})


def row(time: datetime, price: float = 100.0, volume: float = 500.0) -> Row:
    """A row around a price."""
    return Row(time, price, price + 1, price - 1, price + 0.5, volume)


def null(time: datetime) -> Row:
    """A row without any number."""
    return Row(time, None, None, None, None, None)


def minutes(first: datetime, count: int, price: float = 100.0) -> list[Row]:
    """Consecutive one-minute rows."""
    return [row(first + number * MINUTE, price + number) for number in range(count)]


def split(rows: list[Row], shares: float) -> list[Row]:
    """The rows as a source gives them after a split."""
    return [
        each._replace(**{name: price / shares for name, price in each._asdict().items() if name in _PRICES and price})
        for each in rows
    ]


@dataclass
class Market:
    """A symbol as the source knows it."""

    rows: list[Row]
    session: Session | None = TODAY
    splits: tuple[Split, ...] = ()
    dividends: tuple[Dividend, ...] = ()


class Question(NamedTuple):
    """What it was asked: a symbol's bars, from an instant on."""

    symbol: str
    since: datetime


@dataclass
class FakeSource(BarSource):
    """A source in memory. It shows the rows that have begun, ``page`` at a time, and answers with ``faults`` first."""

    about: ClassVar[About] = About("fake", "Fake Exchange", "made-up bars", "nothing", "none", ("1m", "1d", "1wk"))

    now: Callable[[], datetime]
    markets: dict[str, Market] = field(default_factory=dict)
    faults: deque[SourceError] = field(default_factory=deque)
    asked: list[Question] = field(default_factory=list)
    goes_back: timedelta | None = None
    page: int = 1_000_000
    thinks: Callable[[], object] = lambda: None

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        market = self._market(symbol, start)
        rows = [each for each in market.rows if start <= each.time <= self.now()]
        more = rows[self.page].time if len(rows) > self.page else None
        given = tuple(rows[: self.page])
        return Reply(given, _UTC, "USD", market.session, market.splits, market.dividends, more)

    def reach(self, interval: str) -> timedelta | None:
        return self.goes_back

    def _market(self, symbol: str, since: datetime) -> Market:
        self.asked.append(Question(symbol, since))
        self.thinks()
        if self.faults:
            raise self.faults.popleft()
        if symbol not in self.markets:
            raise UnknownSymbol(symbol, f"Fake Exchange does not know {symbol}")
        return self.markets[symbol]
