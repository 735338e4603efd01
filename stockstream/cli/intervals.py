"""Options that name an interval, and their checks."""

from __future__ import annotations

import typer

from stockstream.intervals import parse
from stockstream.periods import longer


def known(name: str | None) -> str | None:
    """Check an interval. Raises typer.BadParameter.

    >>> known("3m")
    '3m'
    """
    if name is not None:
        try:
            parse(name)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return name


def made(name: str | None) -> str | None:
    """Check an interval to resample bars to. Raises typer.BadParameter."""
    if name is not None:
        try:
            longer(name)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return name
