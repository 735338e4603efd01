"""Airlines as several words after their option, as a shell's user writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stockstream.cli.commands import Command

if TYPE_CHECKING:  # typer's copy of click has no public names
    from typer._click.core import Context

_AIRLINE: Final = re.compile(r"[A-Za-z0-9]{2}")


class SpreadAirlines(Command):
    """Lets ``--airlines`` take every airline that follows it: ``--airlines AA DL flights.csv``."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """As click's, with the airlines of an option joined to one argument."""
        return super().parse_args(ctx, gathered(args))


def gathered(args: Sequence[str]) -> list[str]:
    """Join the airlines after ``--airlines`` with commas. A name of an existing file is a file.

    >>> gathered(["--airlines", "AA", "DL", "flights.csv", "--rate", "5"])
    ['--airlines', 'AA,DL', 'flights.csv', '--rate', '5']
    """
    words: list[str] = []
    for word in args:
        follows = len(words) > 1 and words[-2] == "--airlines"
        if follows and _AIRLINE.fullmatch(word) and not Path(word).exists():
            words[-1] += f",{word}"
        else:
            words.append(word)
    return words
