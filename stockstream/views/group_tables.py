"""Tables over the series of one group, kept up to date series by series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stockstream.views.digest import FIGURES, ROWS, VOLATILITY, Digest, texts
from stockstream.views.frame import Frame
from stockstream.views.joined import Joined, SlicedTable


class Tables(NamedTuple):
    """The tables of a group.

    Attributes
    ----------
    symbols
        A row for each symbol: the sum of volumes; the latest close, moving_average and volatility; the highest
        moving_average and volatility; share, the part of the volatility in the sum of all.
    days
        A row for each symbol and local day, the newest first: the mean close.
    windows
        A row for each symbol and minute of event time (a tumbling window from start up to end), the newest first: the
        mean moving_average; bars, their number; late, the number of the symbol's bars that arrived after newer ones.
    rows
        The newest bars, newest first.
    """

    symbols: Frame
    days: SlicedTable
    windows: SlicedTable
    rows: SlicedTable

    def of(self, name: str) -> SlicedTable:
        """The table with a name."""
        table: SlicedTable = getattr(self, name)
        return table


class GroupTables:
    """The tables of some symbols; setting the digest of one does not change the others.

    Parameters
    ----------
    symbols
        Symbols in the order of display.
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        count = len(symbols)
        self._places = {symbol: place for place, symbol in enumerate(symbols)}
        self._symbols = texts(list(symbols))
        self._known = np.zeros(count, dtype=np.bool_)
        self._figures = np.full((len(FIGURES), count), np.nan)
        self._days = Joined("day", count)
        self._windows = Joined("start", count)
        self._rows = Joined("time", count, ROWS)

    def put(self, symbol: str, digest: Digest) -> None:
        """Set the digest of a symbol; a symbol that is not in the tables is ignored."""
        place = self._places.get(symbol)
        if place is None:
            return
        self._known[place] = True
        self._figures[:, place] = digest.figures
        self._days.put(place, digest.days)
        self._windows.put(place, digest.windows)
        self._rows.put(place, digest.rows)

    def tables(self) -> Tables:
        """The tables of the symbols that have a digest, valid until the next `put`."""
        figures = self._figures[:, self._known]
        columns: dict[str, Any] = {"symbol": self._symbols[self._known], **dict(zip(FIGURES, figures, strict=True))}
        total = np.nansum(columns[VOLATILITY])
        columns["share"] = columns[VOLATILITY] / total if total else np.full(figures.shape[1], np.nan)
        return Tables(Frame("symbol", columns), self._days, self._windows, self._rows)
