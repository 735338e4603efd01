"""Answers of Alpha Vantage: rows of its bars, and our errors for what it says in their place with status 200."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec

from stockstream.errors import RateLimited, SourceError, Unavailable, UnknownSymbol
from stockstream.periods import intraday
from stockstream.producers.bar_source import Row, Session
from stockstream.records import EXTENDED

EASTERN: Final = ZoneInfo("America/New_York")
MINUTES: Final = {"1m": "1min", "5m": "5min", "15m": "15min", "30m": "30min", "1h": "60min"}

_OPENS, _CLOSES = time(9, 30), time(16)
_WEEKEND: Final = 5
_Number = Annotated[float, msgspec.Meta(ge=-1e100, le=1e100)]


class PaidPlan(SourceError):
    """What is asked for is given to a paid plan alone."""


class Spent(RateLimited):
    """The service says that today's calls are spent."""


class _Bar(msgspec.Struct):
    open: _Number = msgspec.field(name="1. open")
    high: _Number = msgspec.field(name="2. high")
    low: _Number = msgspec.field(name="3. low")
    close: _Number = msgspec.field(name="4. close")
    volume: _Number = msgspec.field(name="5. volume")


class _Words(msgspec.Struct):
    error: str = msgspec.field(default="", name="Error Message")
    note: str = msgspec.field(default="", name="Note")
    information: str = msgspec.field(default="", name="Information")


def read_rows(symbol: str, interval: str, content: bytes) -> list[Row]:
    """The rows of an answer, by time; those outside of regular hours are marked.

    Raises
    ------
    UnknownSymbol, RateLimited, Unavailable, PaidPlan, SourceError
        What it says in their place. The words may hold the key.
    """
    name = f"Time Series ({MINUTES.get(interval, 'Daily')})"
    try:
        parts = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        if name not in parts:
            raise _refusal(symbol, msgspec.json.decode(content, type=_Words))
        series = msgspec.json.decode(parts[name], type=dict[str, _Bar], strict=False)
        # The newest come first.
        return [_row(stamp, bar, interval) for stamp, bar in reversed(series.items())]
    except (msgspec.MsgspecError, ValueError) as error:
        raise Unavailable(f"Alpha Vantage's answer for {symbol} cannot be read ({error})") from None


def regular_hours(now: datetime) -> Session:
    """The regular hours of today, or of the next weekday after a weekend; holidays it does not tell."""
    day: date = now.astimezone(EASTERN).date()
    while day.weekday() >= _WEEKEND:
        day += timedelta(days=1)
    start, end = (datetime.combine(day, each, EASTERN).astimezone(UTC) for each in (_OPENS, _CLOSES))
    return Session(start, end)


def _row(stamp: str, bar: _Bar, interval: str) -> Row:
    numbers = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    local = datetime.fromisoformat(stamp)
    if not intraday(interval):
        return Row(local.replace(tzinfo=UTC), *numbers)
    flags = () if _OPENS <= local.time() < _CLOSES else (EXTENDED,)
    return Row(local.replace(tzinfo=EASTERN).astimezone(UTC), *numbers, flags=flags)


def _refusal(symbol: str, words: _Words) -> SourceError:
    """Our error for what it says."""
    text = words.error or words.note or words.information
    if "internal or external error" in text:
        return Unavailable("Alpha Vantage fails (an internal or external error)")
    if words.error:
        return UnknownSymbol(symbol, f"Alpha Vantage does not know {symbol} ({text.partition('. ')[0]})")
    if "premium endpoint" in text:
        return PaidPlan("Alpha Vantage gives this to a paid plan alone", hint="try a shorter --history")
    if "demo" in text:
        return SourceError("Alpha Vantage's demo key is for its own examples", hint="use a key of your own")
    if "per second" in text or "per minute" in text:
        wait = 2.0 if "per second" in text else 60.0
        return RateLimited("Alpha Vantage refuses for now: too many calls at a time", retry_after=wait)
    if "per day" in text or "rate limit" in text:
        return Spent("Alpha Vantage says that today's calls are spent")
    return Unavailable(f"Alpha Vantage gives no bars of {symbol} ({text or 'and no reason'})")
