"""Interface of a source of bars, about which `SourceBars` does what is the same for all."""

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
    """A bar as a source gives it: when it opened, in UTC, and its numbers, None where the source has none.

    From a day on, ``time`` is 00:00Z of the session's date. ``adj_close`` is adjusted for dividends, too. ``flags`` are
    what the source knows of the bar, such as `stockstream.records.EXTENDED`.
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
    """A split: the period in which it happened, and how many shares became of one."""

    time: datetime
    shares: float


class Dividend(NamedTuple):
    """A dividend: the period in which the shares first trade without it, and how much a share gets."""

    time: datetime
    amount: float


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
    splits, dividends
        Those in the time that was asked for, where the source tells of them.
    more
        From when on to ask for the rest, where a request does not give all; None where this is all.
    """

    rows: tuple[Row, ...] = ()
    zone: ZoneInfo = _UTC
    currency: str | None = None
    session: Session | None = None
    splits: tuple[Split, ...] = ()
    dividends: tuple[Dividend, ...] = ()
    more: datetime | None = None


class Quote(NamedTuple):
    """A price that a source tells as it comes up.

    ``volume`` is that of the day so far, None where the source does not tell. ``extended`` is whether it was paid
    outside of regular hours.
    """

    symbol: str
    time: datetime
    price: float
    volume: float | None = None
    extended: bool = False


class LiveRow(NamedTuple):
    """A bar that a source tells as it changes; ``final`` is whether its period is over."""

    symbol: str
    row: Row
    final: bool


Heard: TypeAlias = Quote | LiveRow


@dataclass(frozen=True)
class Stream:
    """A websocket on which a source tells what happens.

    Attributes
    ----------
    url
        Where it is.
    read
        What a message says; ValueError for one that cannot be read.
    subscribe
        Sent when it is open; empty where the address says it all.
    again
        Seconds after which ``subscribe`` is sent again, over and over; 0 for once.
    stall
        Seconds of silence, while a market is open, after which it is opened anew.
    """

    url: str
    read: Callable[[str | bytes], Iterable[Heard]]
    subscribe: str = ""
    again: float = 0.0
    stall: float = 90.0


@dataclass(frozen=True)
class About:
    """What a source is, for those who choose one.

    Attributes
    ----------
    name
        As commands, settings and bars name it: ``yahoo``.
    title
        As users read it: ``Yahoo``.
    offers, needs, terms
        In a line each: what it has, what it wants from the user, and what its terms of use forbid.
    intervals
        Those of its bars.
    limits
        What it gives at most, a line each.
    symbols
        How it writes symbols, with examples.
    examples
        Commands that can be typed.
    weekends
        Whether it trades on weekends: a history of 5d is five days of the calendar then, else five days of trading.
    interval, history, poll
        The interval, the length of the history and the seconds between two requests for a symbol, unless the user says.
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
    """What a source is made with.

    Attributes
    ----------
    folder
        Where it may keep what it wants to find again; made if need be, of this user alone.
    spacing
        Seconds between two requests, at the least; None for its own measure.
    key_file
        The file with the key of its service; None for the environment.
    calls_a_day
        How many requests the service allows in a day; None for what is usual there.
    extended
        Whether bars outside of regular hours are wanted, too.
    clock
        What time it is.
    """

    folder: Path
    spacing: float | None = None
    key_file: Path | None = None
    calls_a_day: int | None = None
    extended: bool = False
    clock: Clock = field(default=SYSTEM)


class BarSource(Protocol):
    """A service that is asked for bars. It is made with a `Setup`, and its class says what it is.

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

    about: ClassVar[About]

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        """The bars of a symbol from an instant on, up to now. No rows where the market was closed all the time."""

    def live(self, symbols: Sequence[str], interval: str) -> Stream | None:  # noqa: ARG002 - most have none
        """Where these symbols' prices are told as they come up; None where there is no such thing."""
        return None

    def reach(self, interval: str) -> timedelta | None:  # noqa: ARG002 - most have no limit
        """How far back from now its history goes at the interval; None for without limit."""
        return None

    def doing(self) -> str:
        """What the user may want to know of it while it works, in some words: calls that are left."""
        return ""
