"""Display of foreign names in messages: shortened, some of many, the nearest to a misspelt one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

_COMMANDS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    r"""A text in which nothing commands a terminal, colours it or turns the direction of writing.

    Lines and tabs stay. What is written out has the form of JSON, so that JSON stays what it is.

    >>> print(harmless("AAPL\x1b[2J\u202e\nMSFT"))
    AAPL\u001b[2J\u202e
    MSFT
    """
    return _COMMANDS.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


def cut(text: str, most: int = 60) -> str:
    """A text of no more than so many signs, what is left out marked.

    >>> cut("AAPL"), cut("A" * 100_000, 8)
    ('AAPL', 'AAAAA...')
    """
    return text if len(text) <= most else f"{text[: most - 3]}..."


def listed(names: Sequence[str], most: int = 8) -> str:
    """The first names, and how many more there are.

    >>> listed(["AAPL", "MSFT"]), listed(["A", "B", "C"], 2)
    ('AAPL, MSFT', 'A, B and 1 more')
    """
    shown = ", ".join(map(cut, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one among the names that exist which may have been meant, in any case of its letters; None without any.

    >>> nearest("perod", ["width", "period"]), nearest("appl", ["AAPL", "MSFT"])
    ('period', 'AAPL')
    """
    import difflib  # as late as here: it is hardly ever needed

    folded: dict[str, str] = {}
    for each in sorted(known):
        folded.setdefault(each.casefold(), each)
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return folded[near[0]] if near else None


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """What to answer to a name that does not exist: the nearest one, and all that exist.

    >>> unknown("indicator", "rsj", ["rsi", "sma"])
    'there is no indicator rsj: did you mean rsi? there are rsi, sma'
    """
    near = nearest(name, known)
    meant = f"did you mean {near}? " if near else ""
    return f"there is no {kind} {cut(name)}: {meant}there are {', '.join(known)}"
