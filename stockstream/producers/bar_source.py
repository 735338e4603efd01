"""Interface of a source of bars; `SourceBars` implements the behaviour that all sources share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Final, NamedTuple, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from stockstream.producers.clock import SYSTEM, Clock

_UTC: Final = ZoneInfo("UTC")


class Row(NamedTuple):
    """A bar as a source returns it: its opening time in UTC, and its numbers; None where the source has none.

    From a day on, ``time`` is 00:00Z of the session's date. ``adj_close`` is also adjusted for dividends. ``flags`` are
    the source's marks of the bar, such as `stockstream.records.EXTENDED`.
    """

    time: datetime
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    adj_close: float | None = None
    flags: tuple[str, ...] = ()


class Session(NamedTuple):
    """The regular trading hours of today, or of the next day that has any: from ``start`` up to ``end``, in UTC."""

    start: datetime
    end: datetime


class Split(NamedTuple):
    """A split: its period, and the number of shares that replace one."""

    time: datetime
    shares: float


class Dividend(NamedTuple):
    """A dividend: the period in which the shares first trade without it, and the amount per share."""

    time: datetime
    amount: float


@dataclass(frozen=True)
class Reply:
    """Answer of a source about a symbol.

    Attributes
    ----------
    rows
        Rows by time, as the source has them: including the unfinished period, and rows without prices.
    zone
        Time zone of the exchange.
    currency
        Currency of the prices; None if the source does not name it.
    session
        The trading hours; None if the source does not name them, or if the market never closes.
    splits, dividends
        Splits and dividends in the requested time, if the source reports them.
    more
        Start of the next request, if this answer is not complete; None if it is.
    """

    rows: tuple[Row, ...] = ()
    zone: ZoneInfo = _UTC
    currency: str | None = None
    session: Session | None = None
    splits: tuple[Split, ...] = ()
    dividends: tuple[Dividend, ...] = ()
    more: datetime | None = None


class Quote(NamedTuple):
    """A price from a source's live stream.

    ``volume`` is that of the day so far, None if the source does not report it. ``extended`` is whether it was paid
    outside of regular hours.
    """

    symbol: str
    time: datetime
    price: float
    volume: float | None = None
    extended: bool = False


class LiveRow(NamedTuple):
    """A bar from a source's live stream, sent again as it changes; ``final`` is whether its period is over."""

    symbol: str
    row: Row
    final: bool


Heard: TypeAlias = Quote | LiveRow


@dataclass(frozen=True)
class Stream:
    """A websocket with a source's live data.

    Attributes
    ----------
    url
        Address of the websocket.
    read
        Reads a message; ValueError if it cannot be read.
    subscribe
        Message sent when the connection is open; empty if the address is enough.
    again
        Seconds after which ``subscribe`` is sent again, repeatedly; 0 to send it once.
    stall
        Seconds of silence, while a market is open, after which the connection is opened again.
    """

    url: str
    read: Callable[[str | bytes], Iterable[Heard]]
    subscribe: str = ""
    again: float = 0.0
    stall: float = 90.0


@dataclass(frozen=True)
class About:
    """Description of a source for users.

    Attributes
    ----------
    name
        Name in commands, settings and bars: ``yahoo``.
    title
        Name in messages: ``Yahoo``.
    offers, needs, terms
        One line each: the data it has, what it needs from the user, and what its terms of use forbid.
    intervals
        Intervals of its bars.
    limits
        Limits of its service, one line each.
    symbols
        Its notation of symbols, with examples.
    examples
        Commands that can be typed.
    weekends
        Whether it trades on weekends: a history of 5d is then five calendar days, otherwise five days of trading.
    interval, history, poll
        Defaults of the interval, the length of the history and the seconds between two requests for a symbol.
    extended
        Whether it has bars outside of regular hours.
    """

    name: str
    title: str
    offers: str
    needs: str
    terms: str
    intervals: tuple[str, ...]
    limits: tuple[str, ...] = ()
    symbols: str = ""
    examples: tuple[str, ...] = ()
    weekends: bool = False
    interval: str = "1m"
    history: str = "5d"
    poll: float = 30.0
    extended: bool = False


@dataclass(frozen=True)
class Setup:
    """Arguments of a source's constructor.

    Attributes
    ----------
    folder
        Folder for its files between runs; created if needed, for this user alone.
    spacing
        Minimum number of seconds between two requests; None for the source's default.
    key_file
        File with the key of its service; None for the environment.
    calls_a_day
        Number of requests that the service allows in a day; None for the source's default.
    extended
        Whether to include bars outside of regular hours.
    clock
        The clock.
    """

    folder: Path
    spacing: float | None = None
    key_file: Path | None = None
    calls_a_day: int | None = None
    extended: bool = False
    clock: Clock = field(default=SYSTEM)


class BarSource(Protocol):
    """A service that returns bars. It is made with a `Setup`, and its class describes it.

    Each call sends its request once, and blocks: it runs on a separate thread, one call at a time. The caller decides
    about further attempts. A source spaces its requests by a `Limiter`. It raises one of these errors:

    UnknownSymbol
        The service does not know the symbol.
    RateLimited
        There were too many requests; with the time to wait, if the service names it.
    Unavailable
        The service cannot be reached, or its answer cannot be read.
    SourceError
        The request can never succeed: the source lacks the interval, or so old a history.
    """

    about: ClassVar[About]

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        """The bars of a symbol from an instant on, up to now. No rows if the market was closed all the time."""

    def live(self, symbols: Sequence[str], interval: str) -> Stream | None:  # noqa: ARG002 - most have none
        """The websocket of these symbols' live prices; None if the service has none."""
        return None

    def reach(self, interval: str) -> timedelta | None:  # noqa: ARG002 - most have no limit
        """Length of its history at the interval, back from now; None without a limit."""
        return None

    def doing(self) -> str:
        """A few words for the progress line, such as the number of calls that are left."""
        return ""
