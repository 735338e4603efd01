"""A small second source of bars: what it has is changed by the test, and it fails when it is told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, NamedTuple

from stockstream.errors import SourceError, UnknownSymbol
from stockstream.producers.bar_source import Reply, Row, Session, Split

MINUTE = timedelta(minutes=1)
OPENING = datetime(2026, 3, 19, 13, 30, tzinfo=UTC)
CLOSING = datetime(2026, 3, 19, 20, 0, tzinfo=UTC)
TODAY = Session(OPENING, CLOSING)
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
    """A symbol as the source knows it; of its newest bars it gives ``recent``."""

    rows: list[Row]
    session: Session | None = TODAY
    splits: tuple[Split, ...] = ()
    recent: int = 1_000_000


class Question(NamedTuple):
    """What it was asked: a symbol's bars, from an instant on or over a span."""

    symbol: str
    since: datetime | str


@dataclass
class FakeSource:
    """A source in memory. It shows the rows that have begun, and answers with ``faults`` first, one each."""

    name: ClassVar[str] = "fake"
    title: ClassVar[str] = "Fake Exchange"

    now: Callable[[], datetime]
    markets: dict[str, Market] = field(default_factory=dict)
    faults: deque[SourceError] = field(default_factory=deque)
    asked: list[Question] = field(default_factory=list)
    goes_back: timedelta | None = None
    thinks: Callable[[], object] = lambda: None

    def newest(self, symbol: str, interval: str, span: str) -> Reply:
        market = self._market(symbol, interval, span)
        return self._reply(market, self._begun(market)[-market.recent :])

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        market = self._market(symbol, interval, start)
        return self._reply(market, [each for each in self._begun(market) if each.time >= start])

    def reach(self, interval: str) -> timedelta | None:
        return self.goes_back

    def _market(self, symbol: str, interval: str, since: datetime | str) -> Market:
        self.asked.append(Question(symbol, since))
        self.thinks()
        if self.faults:
            raise self.faults.popleft()
        if symbol not in self.markets:
            raise UnknownSymbol(symbol, f"Fake Exchange does not know {symbol}")
        return self.markets[symbol]

    def _begun(self, market: Market) -> list[Row]:
        return [each for each in market.rows if each.time <= self.now()]

    def _reply(self, market: Market, rows: list[Row]) -> Reply:
        return Reply(tuple(rows), currency="USD", session=market.session, splits=market.splits)
