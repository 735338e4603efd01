"""Mean deviations of whole blocks of bars, in NumPy: `stockstream.indicators.deviations.Deviations` at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from stockstream.indicators.arrays import Floats, running_sum

_CHUNK: Final = 32_768
"""Values that stay in the processor's cache."""


def of_blocks(
    closes: Floats, spreads: Floats, period: int, sums: Callable[[Floats, Floats], Floats], out: Floats
) -> None:
    """What `Deviations.push` gives from the last value of the first block on to the last but one of all.

    Parameters
    ----------
    closes, spreads
        Whole blocks, shape (blocks * period,).
    sums
        Gives the sums of the absolute deviations: see ``Deviations._sums``.
    out
        To write distance, total and mean to, shape (3, (blocks - 1) * period).
    """
    close, spread = (each.reshape(-1, period) for each in (closes, spreads))
    distances, totals, levels = (each.reshape(-1, period) for each in out)
    step = max(1, _CHUNK // (2 * period))
    for first in range(0, len(close) - 1, step):
        # A column is a block and the next one but for its last value, all measured from the last close of the former:
        # period windows, of which the first is the block itself.
        end = min(first + step, len(close) - 1)
        prices = np.ascontiguousarray(close[first : end + 1].T)
        rest = spread[first : end + 1].T
        pivots = prices[-1, :-1]
        segment = np.concatenate((prices[:, :-1], prices[:-1, 1:]))
        segment -= pivots
        segment *= 3.0
        segment[:period] += rest[:, :-1]
        segment[period:] += rest[:-1, 1:]
        means = running_sum(segment[period - 1 :: -1].copy())[::-1]
        means[1:] += running_sum(segment[period:].copy())
        means /= period
        distances[first:end] = (segment[period - 1 :] - means).T
        totals[first:end] = sums(segment, means).T
        levels[first:end] = (3.0 * pivots + means).T
