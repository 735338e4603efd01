"""Shell completion of arguments and option values.

Symbols, airlines and topics come from the broker, if it answers within a second. After a failure nothing is offered
and nothing is printed, because it would appear in the line that the user types.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final

import typer

from stockstream.cli.context import Invocation
from stockstream.connection import Connection
from stockstream.topics import FLIGHTS, STOCKS

WITHIN: Final = 0.8
"""Seconds that the broker has to answer; Python and its modules take the rest of a second."""


def symbols(ctx: typer.Context, incomplete: str) -> list[str]:
    """The symbols of the topic of bars; several may be joined with commas."""
    return _joined(_asked(ctx, lambda connection: _keys(connection, STOCKS.name)), incomplete)


def airlines(ctx: typer.Context, incomplete: str) -> list[str]:
    """The airlines of the topic of flights; several may be joined with commas."""
    return _joined(_asked(ctx, lambda connection: _keys(connection, FLIGHTS.name)), incomplete)


def topics(ctx: typer.Context, incomplete: str) -> list[str]:
    """The topics of the broker."""
    return [name for name in _asked(ctx, _topics) if name.startswith(incomplete)]


def one_of(*values: str) -> Callable[[str], list[str]]:
    """A completion with these values."""

    def completions(incomplete: str) -> list[str]:
        return [value for value in values if value.startswith(incomplete)]

    return completions


def zones(incomplete: str) -> list[str]:
    """The time zones."""
    from zoneinfo import available_timezones  # reads a folder of some hundred files

    return sorted(name for name in available_timezones() if name.startswith(incomplete))


def _joined(names: Iterable[str], incomplete: str) -> list[str]:
    begun, comma, last = incomplete.rpartition(",")
    return [begun + comma + name for name in names if name.startswith(last)]


def _asked(ctx: typer.Context, ask: Callable[[Connection], Collection[str]]) -> list[str]:
    try:
        return sorted(ask(Invocation.early(ctx).settings().connection("consumer")))
    except Exception:  # noqa: BLE001 - any output would appear in the user's line
        return []


def _keys(connection: Connection, topic: str) -> set[str]:
    from stockstream.kafka.keys import recent_keys  # Kafka's client is slow to import, and `--help` does not need it

    return recent_keys(connection, topic, within=WITHIN)


def _topics(connection: Connection) -> list[str]:
    from stockstream.kafka.admin import Admin

    return [name for name in Admin(connection, timeout=WITHIN).names() if not name.startswith("__")]
