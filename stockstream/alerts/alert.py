"""Identity and states of an alert; the record itself is `stockstream.records.Alert`."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final

import msgspec

from stockstream.records import Alert, Series, Way

FORMER: Final = "by a former rule: "
"""Begins the text of an alert whose rule was changed or given up."""


def alert_id(rule: str, series: Series, time: datetime, way: Way, of: str | None = None) -> str:
    """The id of an alert: 16 hex digits that depend only on what it came from.

    Parameters
    ----------
    rule
        The rule's name.
    series
        The series that it was evaluated over.
    time
        That of the bar.
    way
        How it came.
    of
        The interval of the bars that arrived, where those of the series are made of them.

    >>> alert_id("high", Series("AAPL", "1m"), datetime(2026, 3, 2, 14, 31, tzinfo=UTC), "above")
    '99576589614f3b83'
    """
    cause = msgspec.json.encode([rule, *series, of, time.astimezone(UTC), way])
    return hashlib.blake2b(cause, digest_size=8).hexdigest()


def mute_id(rule: str, symbol: str = "") -> str:
    """The id of the record that mutes a rule, at one symbol or at all: a later one takes the place of a former.

    >>> mute_id("high"), mute_id("high", "AAPL")
    ('mute/high', 'mute/high/AAPL')
    """
    return f"mute/{rule}/{symbol}" if symbol else f"mute/{rule}"


def level_name(symbol: str, value: float) -> str:
    """The name of the rule that a price level of a symbol is.

    >>> level_name("AAPL", 180.0)
    'level AAPL 180'
    """
    return f"level {symbol} {plain(value)}"


def level_id(owner: str, series: Series, value: float) -> str:
    """The id of the record by which somebody, whose name has no slash, watches a price level.

    >>> level_id("ann", Series("AAPL", "1m"), 180.5)
    'level/ann/AAPL/1m/market/180.5'
    """
    return f"level/{owner}/{series.symbol}/{series.interval}/{series.feed}/{plain(value)}"


def plain(number: float) -> str:
    """A number without an exponent."""
    return f"{number:.10f}".rstrip("0").rstrip(".")


def muting(rule: str, symbol: str, until: datetime, now: datetime) -> Alert:
    """The record that mutes a rule until a time; one that has passed ends it."""
    where = f" at {symbol}" if symbol else ""
    return Alert(
        id=mute_id(rule, symbol), rule=rule, when="", symbol=symbol, time=now, state="muted", at=now, until=until,
        text=f"{rule} is muted{where} until {until:%Y-%m-%d %H:%M} UTC",
    )  # fmt: skip


def withdrawn(alert: Alert, now: datetime) -> Alert:
    """The alert after its cause was taken away."""
    return msgspec.structs.replace(alert, state="withdrawn", at=now, text=f"withdrawn: {alert.text}")


def outdated(alert: Alert, now: datetime) -> Alert:
    """The alert after its rule was changed, or given up."""
    return msgspec.structs.replace(alert, state="withdrawn", at=now, text=f"withdrawn: {FORMER}{alert.text}")


def acknowledged(alert: Alert, now: datetime) -> Alert:
    """The alert after somebody has seen it."""
    return msgspec.structs.replace(alert, state="acknowledged", at=now)
