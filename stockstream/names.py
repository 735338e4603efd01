"""Display of foreign names in messages: shortened, some of many, the nearest to a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


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
    told = ", ".join(map(cut, names[:most]))
    return told if len(names) <= most else f"{told} and {len(names) - most:,} more"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one among the names that exist which may have been meant, in any case of its letters; None without any.

    >>> nearest("perod", ["width", "period"]), nearest("appl", ["AAPL", "MSFT"])
    ('period', 'AAPL')
    """
    folded: dict[str, str] = {}
    for each in sorted(known):
        folded.setdefault(each.casefold(), each)
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return folded[near[0]] if near else None
