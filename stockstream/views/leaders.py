"""Ranking of symbols by size, a page at a time, because a picture shows no more than a dozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from stockstream.views.frame import Frame

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
    pages = max(1, -(-len(table) // MOST))
    page = max(0, min(page, pages - 1))
    ordered = table if pages == 1 else _taken(table, np.argsort(-np.nan_to_num(table[by], nan=-np.inf), kind="stable"))
    first, last = page * MOST, (page + 1) * MOST
    rest = np.r_[0 : min(first, len(table)), min(last, len(table)) : len(table)]
    return Leaders(ordered.slice(slice(first, last)), _taken(ordered, rest), ordered, page, pages)


def _taken(table: Frame, indexes: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Frame:
    return Frame(table.index, {name: column[indexes] for name, column in table.columns.items()})
