"""Interface of a source of bars that `PolledBars` polls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

_UTC: Final = ZoneInfo("UTC")


class Row(NamedTuple):
    """A bar as a source gives it: when it opened, in UTC, and its numbers, None where the source has none.

    From a day on, ``time`` is 00:00Z of the session's date. ``adj_close`` is adjusted for dividends, too.
    """

    time: datetime
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    adj_close: float | None = None


class Session(NamedTuple):
    """The regular trading hours of today, or of the next day that has any: from ``start`` up to ``end``, in UTC."""

    start: datetime
    end: datetime


class Split(NamedTuple):
    """A split: the period in which it happened, and how many shares became of one."""

    time: datetime
    shares: float


@dataclass(frozen=True)
class Reply:
    """What a source answers about a symbol.

    Attributes
    ----------
    rows
        By time, as the source has them: with the period that is not over, without prices where it has none.
    zone
        The exchange's.
    currency
        Of the prices; None where the source does not tell.
    session
        The trading hours; None where the source does not tell, and where the market never closes.
    splits
        Those in the time that was asked for, where the source tells of them.
    """

    rows: tuple[Row, ...] = ()
    zone: ZoneInfo = _UTC
    currency: str | None = None
    session: Session | None = None
    splits: tuple[Split, ...] = ()


class BarSource(Protocol):
    """A service that is asked for bars.

    Each question is asked once, and blocks: it is called on a thread of its own, one question at a time. Asking again,
    and when, is not its business. It keeps the distance between its requests by a `Limiter`. What it cannot answer is
    one of these:

    UnknownSymbol
        There is no such symbol.
    RateLimited
        It was asked too often; with the time to wait, where the service tells.
    Unavailable
        It cannot be reached, or answers with what cannot be read.
    SourceError
        It will never give this: it has no such interval, or not so far back.
    """

    @property
    def name(self) -> str:
        """As bars name their source: ``yahoo``."""

    @property
    def title(self) -> str:
        """As users read it: ``Yahoo``."""

    def newest(self, symbol: str, interval: str, span: str) -> Reply:
        """The newest bars of a symbol, as far back as a span says: 5d, 1mo, 1y, or max for all that there are."""

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        """The bars of a symbol from an instant on, up to now. No rows where the market was closed all the time."""

    def reach(self, interval: str) -> timedelta | None:
        """How far back from now its history goes at the interval; None for without limit."""
