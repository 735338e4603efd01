"""Interval of a file's bars, from the spacing of its rows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from stockstream.intervals import is_interval, spaced


def spacing(instants: NDArray[np.int64], symbols: NDArray[np.int32]) -> str | None:
    """The most frequent spacing of the rows of a symbol: an interval, or a length of time; None for too few rows.

    Parameters
    ----------
    instants
        Microseconds since 1970, in any order; shape (rows,).
    symbols
        Number of each row's symbol.
    """
    order = np.lexsort((instants, symbols))
    steps = np.diff(instants[order])[np.diff(symbols[order]) == 0]
    gaps, counts = np.unique(steps[steps > 0], return_counts=True)
    spacings: Counter[str] = Counter()
    for gap, count in zip(gaps.tolist(), counts.tolist(), strict=True):
        span = timedelta(microseconds=gap)
        spacings[spaced(span) or str(span)] += count
    return max(spacings, key=lambda name: (spacings[name], is_interval(name)), default=None)
