"""Final and forming bars: a source's rows as bars in UTC, nothing invented."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeGuard
from zoneinfo import ZoneInfo

import msgspec

from stockstream.periods import following, intraday, off_grid, opening
from stockstream.producers.bar_source import Dividend, Reply, Row, Session, Split
from stockstream.records import DIVIDEND, OFF_GRID, SPLIT, Bar, doubts, known_open

_DAY: Final = timedelta(days=1)


class Null(NamedTuple):
    """A row without prices: its number in the reply, from 1, and the period's opening."""

    row: int
    time: datetime


@dataclass(frozen=True)
class Answer:
    """Answer of a source about a symbol: bars by time, rows of past periods without prices, trading hours, events."""

    bars: tuple[Bar, ...] = ()
    nulls: tuple[Null, ...] = ()
    session: Session | None = None
    splits: tuple[Split, ...] = ()
    dividends: tuple[Dividend, ...] = ()


class _Priced(NamedTuple):
    """A row that has its prices."""

    time: datetime
    open: float | None
    high: float
    low: float
    close: float
    volume: float | None
    adj_close: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class _Reader:
    source: str
    symbol: str
    interval: str
    zone: ZoneInfo
    currency: str | None
    session: Session | None
    now: datetime

    def ended(self, time: datetime) -> bool:
        """Whether the period that opens at ``time`` is over: a last one ends with its session."""
        end = following(time, self.interval)
        if intraday(self.interval):
            if self.session and self.session.start <= time < self.session.end:
                end = min(end, self.session.end)
            return self.now >= end
        if self.interval == "1d" and self.session and time.date() == self.session.start.astimezone(self.zone).date():
            return self.now >= self.session.end
        return end.date() <= self.now.astimezone(self.zone).date()

    def bar(self, time: datetime, row: _Priced, *, final: bool, flags: tuple[str, ...]) -> Bar:
        opened = known_open(row.open, row.high, row.low, row.close)
        return Bar(
            symbol=self.symbol,
            interval=self.interval,
            time=time,
            open=opened,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            adj_close=row.adj_close,
            currency=self.currency,
            tz=str(self.zone),
            source=self.source,
            final=final,
            flags=(*doubts(opened, row.high, row.low, row.close, row.volume), *row.flags, *flags),
        )


def read_reply(reply: Reply, source: str, symbol: str, interval: str, now: datetime) -> Answer:
    """Make bars of a source's reply.

    Parameters
    ----------
    reply
        The source's.
    source
        As bars name it.
    symbol, interval
        Whose, and how long a bar is.
    now
        What time it was when the source was asked, which decides whether the last bar is final.

    Returns
    -------
    Answer
        A row that is stamped with the last trade, off the grid, belongs to a period without its own row so far: it
        becomes that period's forming bar, flagged. If the period has its own row, that one counts.
    """
    session = reply.session
    reader = _Reader(source, symbol, interval, reply.zone, reply.currency, session, now)
    bars: dict[datetime, Bar] = {}
    nulls: list[Null] = []
    anchor = session.start if session else None
    for number, row in enumerate(reply.rows, start=1):
        time = row.time
        stray = off_grid(time, interval)
        if not _priced(row):
            if not stray and reader.ended(time):
                nulls.append(Null(number, time))
        elif not stray:
            anchor = time
            bars[time] = reader.bar(time, row, final=reader.ended(time), flags=())
        else:
            period = opening(time, interval, anchor) if anchor else opening(time, interval)
            bars.setdefault(period, reader.bar(period, row, final=False, flags=(OFF_GRID,)))
    given = [bars[time] for time in sorted(bars)]
    _mark(given, ((each.time, f"{SPLIT}:{each.shares:g}") for each in reply.splits))
    _mark(given, ((each.time, f"{DIVIDEND}:{each.amount:g}") for each in reply.dividends))
    return Answer(tuple(given), tuple(nulls), session, reply.splits, reply.dividends)


def _mark(bars: list[Bar], events: Iterable[tuple[datetime, str]]) -> None:
    """Flag with each event the bar of its period, or the first one within a day after it."""
    for time, flag in events:
        place = bisect_right(bars, time, key=lambda bar: bar.time)
        if place and following(bars[place - 1].time, bars[place - 1].interval) > time:
            place -= 1
        if place < len(bars) and bars[place].time - time < _DAY:
            bars[place] = msgspec.structs.replace(bars[place], flags=(*bars[place].flags, flag))


def _priced(row: Row | _Priced) -> TypeGuard[_Priced]:
    return row.high is not None and row.low is not None and row.close is not None
