"""Checks of option values that several commands share; each raises typer.BadParameter with one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from stockstream.intervals import parse
from stockstream.names import cut
from stockstream.periods import longer


def interval(name: str | None) -> str | None:
    """Check an interval.

    >>> interval("3m")
    '3m'
    """
    return name if name is None else _parsed(name, parse)


def longer_interval(name: str | None) -> str | None:
    """Check an interval to which bars can be resampled."""
    return name if name is None else _parsed(name, longer)


def _parsed(name: str, parser: Callable[[str], object]) -> str:
    try:
        parser(name)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return name


def zone(name: str | None) -> str | None:
    """Check the name of a time zone.

    >>> zone("America/New_York")
    'America/New_York'
    """
    try:
        return None if name is None else str(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise typer.BadParameter(f"{cut(str(name))!r} is not a zone such as America/New_York") from None


def one_of(values: Sequence[str]) -> Callable[[str | None], str | None]:
    """A check that a value is one of these.

    >>> one_of(("light", "dark"))("dark")
    'dark'
    """

    def check(value: str | None) -> str | None:
        if value is not None and value not in values:
            raise typer.BadParameter(f"{value} is not one of {', '.join(values)}")
        return value

    return check
