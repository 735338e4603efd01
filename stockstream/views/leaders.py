"""Ranking of symbols by size, a page at a time, because a picture shows no more than a dozen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stockstream.views.frame import Frame

Indexes: TypeAlias = NDArray[np.intp]

MOST: Final = 12
"""Number of symbols on a page."""


@dataclass(frozen=True, eq=False)
class Leaders:
    """A page of a table of symbols.

    Attributes
    ----------
    shown
        The symbols of the page.
    rest
        All others, summed up in pictures.
    ordered
        The whole table, the largest first; in its original order if it fits one page.
    page, pages
        Number of the page, from 0, and number of pages.
    """

    shown: Frame
    rest: Frame
    ordered: Frame
    page: int
    pages: int

    @property
    def span(self) -> str:
        """Range and total of the symbols shown: ``1 to 12 of 2,000``; empty if all are shown.

        >>> symbols = np.array([f"S{number}" for number in range(30)], dtype=object)
        >>> table = Frame("symbol", {"symbol": symbols, "volume": np.arange(30.0)})
        >>> leaders(table, "volume", 1).span, leaders(table, "volume", 1).shown["symbol"].tolist()[:2]
        ('13 to 24 of 30', ['S17', 'S16'])
        """
        if self.pages == 1:
            return ""
        first = self.page * MOST
        return f"{first + 1:,} to {first + len(self.shown):,} of {len(self.ordered):,}"


class Ranking:
    """Order of the symbols of successive tables, kept for some seconds so that symbols do not swap at each frame.

    Parameters
    ----------
    keep
        Seconds for which an order is kept.
    clock
        Gives the time in seconds.
    """

    def __init__(self, keep: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._keep = keep
        self._clock = clock
        self._until = -math.inf
        self._of: tuple[str, int] = ("", 0)
        self._order: Indexes = np.empty(0, dtype=np.intp)

    def page(self, table: Frame, by: str, number: int) -> Leaders:
        """As `leaders`, in the order kept; other symbols, or another column, are sorted at once."""
        now, of = self._clock(), (by, len(table))
        if of != self._of or now >= self._until:
            self._of, self._until = of, now + self._keep
            self._order = _sorted(table, by)
        return _page(table, self._order, number)


def leaders(table: Frame, by: str, page: int = 0) -> Leaders:
    """A page of a table.

    Parameters
    ----------
    table
        A row for each symbol.
    by
        Column by which to sort, largest first; unknown values last.
    page
        Number of the page, from 0; limited to the last.
    """
    return _page(table, _sorted(table, by), page)


def _sorted(table: Frame, by: str) -> Indexes:
    return np.argsort(-np.nan_to_num(table[by], nan=-np.inf), kind="stable")


def _page(table: Frame, order: Indexes, page: int) -> Leaders:
    pages = max(1, -(-len(table) // MOST))
    page = max(0, min(page, pages - 1))
    ordered = table if pages == 1 else _taken(table, order)
    first, last = page * MOST, (page + 1) * MOST
    rest = np.r_[0 : min(first, len(table)), min(last, len(table)) : len(table)]
    return Leaders(ordered.slice(slice(first, last)), _taken(ordered, rest), ordered, page, pages)


def _taken(table: Frame, indexes: Indexes) -> Frame:
    return Frame(table.index, {name: column[indexes] for name, column in table.columns.items()})
