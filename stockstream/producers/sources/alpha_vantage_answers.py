"""Answers of Alpha Vantage: rows of its bars, and our errors for what it says in their place with status 200."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

from stockstream.errors import RateLimited, SourceError, Unavailable, UnknownSymbol
from stockstream.periods import intraday
from stockstream.producers.bar_source import Row
from stockstream.producers.new_york import CLOSES, NEW_YORK, OPENS
from stockstream.records import EXTENDED

MINUTES: Final = {"1m": "1min", "5m": "5min", "15m": "15min", "30m": "30min", "1h": "60min"}

_Number = Annotated[float, msgspec.Meta(ge=-1e100, le=1e100)]


class PaidPlan(SourceError):
    """The request needs a paid plan."""


class Spent(RateLimited):
    """Today's calls are used up."""


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


def _row(stamp: str, bar: _Bar, interval: str) -> Row:
    numbers = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    local = datetime.fromisoformat(stamp)
    if not intraday(interval):
        return Row(local.replace(tzinfo=UTC), *numbers)
    flags = () if OPENS <= local.time() < CLOSES else (EXTENDED,)
    return Row(local.replace(tzinfo=NEW_YORK).astimezone(UTC), *numbers, flags=flags)


def _refusal(symbol: str, words: _Words) -> SourceError:
    """Our error for a message of the service."""
    text = words.error or words.note or words.information
    if "internal or external error" in text:
        return Unavailable("Alpha Vantage fails (an internal or external error)")
    if words.error:
        return UnknownSymbol(symbol, f"Alpha Vantage does not know {symbol} ({text.partition('. ')[0]})")
    if "premium endpoint" in text:
        return PaidPlan("Alpha Vantage requires a paid plan for this", hint="try a shorter --history")
    if "demo" in text:
        return SourceError("Alpha Vantage's demo key is for its own examples", hint="use a key of your own")
    if "per second" in text or "per minute" in text:
        wait = 2.0 if "per second" in text else 60.0
        return RateLimited("Alpha Vantage limits the rate: too many calls at a time", retry_after=wait)
    if "per day" in text or "rate limit" in text:
        return Spent("Alpha Vantage says that today's calls are spent")
    return Unavailable(f"Alpha Vantage gives no bars of {symbol} ({text or 'and no reason'})")
