"""What yfinance gives for a symbol, as bars: in UTC, final or forming, nothing invented."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd

from stockstream.periods import following, intraday, off_grid, opening
from stockstream.records import OFF_GRID, Bar, doubts, known_open


class Session(NamedTuple):
    """The regular trading hours of today, or of the next day that has any: from ``start`` up to ``end``, in UTC."""

    start: datetime
    end: datetime


class Null(NamedTuple):
    """A row without prices: its number in the answer, from 1, and the period's opening."""

    row: int
    time: datetime


class Split(NamedTuple):
    """A split: the period in which it happened, and how many shares became of one."""

    time: datetime
    shares: float


@dataclass(frozen=True)
class Answer:
    """What Yahoo said about a symbol: bars by time, the rows of past periods that have no prices, the hours, splits."""

    bars: tuple[Bar, ...] = ()
    nulls: tuple[Null, ...] = ()
    session: Session | None = None
    splits: tuple[Split, ...] = ()


@dataclass(frozen=True)
class _Reader:
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

    def bar(self, time: datetime, row: Any, *, final: bool, flags: tuple[str, ...]) -> Bar:
        volume = None if math.isnan(row.Volume) else float(row.Volume)
        opened = known_open(row.Open, row.High, row.Low, row.Close)
        # Where Yahoo has no adjusted close, for all below a day, yfinance repeats the close under its name.
        adjusted = None if intraday(self.interval) or math.isnan(row.Adjusted) else row.Adjusted
        return Bar(
            symbol=self.symbol,
            interval=self.interval,
            time=time,
            open=opened,
            high=row.High,
            low=row.Low,
            close=row.Close,
            volume=volume,
            adj_close=adjusted,
            currency=self.currency,
            tz=str(self.zone),
            source="yahoo",
            final=final,
            flags=(*doubts(opened, row.High, row.Low, row.Close, volume), *flags),
        )


def read_answer(symbol: str, interval: str, frame: pd.DataFrame, meta: Mapping[str, Any], now: datetime) -> Answer:
    """Make bars of a history.

    Parameters
    ----------
    symbol, interval
        Whose, and how long a bar is.
    frame
        yfinance's: Open, High, Low, Close, Adj Close, Volume and Stock Splits by time in the exchange's zone.
    meta
        yfinance's metadata of the history: the exchange's zone, the currency, the trading hours.
    now
        What time it is, which decides whether the last bar is final.

    Returns
    -------
    Answer
        A bar that Yahoo stamps with the last trade, off the grid, is what is known of a period that has no row of its
        own yet: it becomes that period's forming bar, flagged. Where the period has a row of its own, that one counts.
    """
    zone = ZoneInfo(meta["exchangeTimezoneName"])
    session = _session(meta)
    reader = _Reader(symbol, interval, zone, meta.get("currency"), session, now)
    bars: dict[datetime, Bar] = {}
    nulls: list[Null] = []
    splits: list[Split] = []
    anchor = session.start if session else None
    for number, (time, row) in enumerate(_rows(frame, interval), start=1):
        stray = off_grid(time, interval)
        if row.Split > 0:
            splits.append(Split(time, row.Split))
        if any(math.isnan(price) for price in (row.High, row.Low, row.Close)):
            if not stray and reader.ended(time):
                nulls.append(Null(number, time))
        elif not stray:
            anchor = time
            bars[time] = reader.bar(time, row, final=reader.ended(time), flags=())
        else:
            period = opening(time, interval, anchor) if anchor else opening(time, interval)
            bars.setdefault(period, reader.bar(period, row, final=False, flags=(OFF_GRID,)))
    return Answer(tuple(bars[time] for time in sorted(bars)), tuple(nulls), session, tuple(splits))


def _rows(frame: pd.DataFrame, interval: str) -> Iterator[tuple[datetime, Any]]:
    frame = frame.rename(columns={"Adj Close": "Adjusted", "Stock Splits": "Split"})
    index = frame.index
    if isinstance(index, pd.DatetimeIndex) and intraday(interval):
        index = index.tz_convert(UTC)
    for stamp, row in zip(index, frame.itertuples(index=False), strict=True):
        if intraday(interval):
            yield stamp.to_pydatetime(), row
        else:
            yield datetime(stamp.year, stamp.month, stamp.day, tzinfo=UTC), row


def _session(meta: Mapping[str, Any]) -> Session | None:
    regular = (meta.get("currentTradingPeriod") or {}).get("regular") or {}
    start, end = regular.get("start"), regular.get("end")
    if not isinstance(start, pd.Timestamp) or not isinstance(end, pd.Timestamp) or start >= end:
        return None
    return Session(start.to_pydatetime().astimezone(UTC), end.to_pydatetime().astimezone(UTC))
