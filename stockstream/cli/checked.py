"""Checks of option values that several commands share; each raises typer.BadParameter with one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from stockstream.config_choices import S3_PREFIX
from stockstream.files import HomeUnknown, expanded
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


def tables(place: str | None) -> str | None:
    """Check where tables are: a folder, which need not exist yet, or a prefix of a bucket.

    >>> tables("s3://shares/tables")
    's3://shares/tables'
    """
    if place is None or S3_PREFIX.fullmatch(place):
        return place
    if "://" in place or place.startswith("s3:"):
        raise typer.BadParameter(f"{cut(place)} is neither a folder nor s3://BUCKET/PREFIX")
    try:
        path = expanded(place).absolute()
        first = next((each for each in (path, *path.parents) if each.exists()), None)
    except HomeUnknown as error:
        raise typer.BadParameter(cut(str(error))) from None
    except OSError as error:
        raise typer.BadParameter(f"{cut(place)}: {error.strerror}") from None
    if first is None:
        raise typer.BadParameter(f"there is no drive {path.anchor}")
    if not first.is_dir():
        raise typer.BadParameter(f"{first} is a file, not a folder")
    return place


def matching(pattern: str, what: str) -> Callable[[str | None], str | None]:
    """A check that a value matches a regular expression as a whole; ``what`` says what it should be.

    >>> matching("[a-z]+", "a word")("abc")
    'abc'
    """

    def check(value: str | None) -> str | None:
        if value is not None and not re.fullmatch(pattern, value):
            raise typer.BadParameter(f"{cut(value)!r} is not {what}")
        return value

    return check
