"""Means and moments of windows over whole arrays, by the blocks of `stockstream.indicators.rolling.Moments`.

Values of one place in their blocks are a row: a step along all blocks is one operation. All that a row needs is done
while it is in the processor's first cache. Every operation is that of a push, in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

_VALUES: Final = 131_072
"""Values at once, which stay in the second cache."""

_BLOCKS: Final = 512
"""Blocks at once, at least: a call for fewer values costs more than their sums."""


def moments(values: Floats, period: int, out: Floats) -> None:
    """What `rolling.Moments` gives for each value from the second block on: its distance from the mean, and the sum.

    Takes whole blocks, shape (blocks * period,); writes to ``out``, shape (2, (blocks - 1) * period).
    """
    for blocks, (distances, sums) in _turned(values, period, *out):
        last = blocks[-1].copy()
        totals, squares = np.empty((2, *blocks.shape))  # of the last 1, 2, ... values of each block
        totals[0] = squares[0] = 0.0
        for value, above, total, above_square, square in zip(
            blocks[-2::-1], totals, totals[1:], squares, squares[1:], strict=False
        ):
            offset = np.subtract(value, last, out=total)
            np.multiply(offset, offset, out=square)
            square += above_square
            total += above
        pivot = last[:-1]
        run, run_square, mean = np.zeros((3, len(pivot)))
        new = blocks[:, 1:]
        found = np.empty(new.shape)
        for offset, result, total, square in zip(
            new[:-1], found, totals[-2::-1, :-1], squares[-2::-1, :-1], strict=False
        ):
            offset -= pivot
            run += offset
            total += run
            run_square += np.multiply(offset, offset, out=result)
            np.add(run_square, square, out=result)
            np.divide(total, period, out=mean)
            offset -= mean
            total *= mean
            result -= total
        # Of the last value in a block the distance from the pivot, which it is itself, is 0, and so are its sums.
        total = totals[-1, 1:]
        np.divide(total, period, out=mean)
        np.subtract(0.0, mean, out=new[-1])
        total *= mean
        np.subtract(squares[-1, 1:], total, out=found[-1])
        if found.min() < 0.0:
            np.maximum(found, 0.0, out=found)
        distances[:] = new.T
        sums[:] = found.T


def means(values: Floats, period: int, out: Floats, *, of_sizes: bool = False) -> None:
    """The mean of the window that ends at each value from the second block on, as `rolling.Mean` has it.

    Takes whole blocks, shape (blocks * period,); writes to ``out``, shape ((blocks - 1) * period,).
    """
    for blocks, (result,) in _turned(values, period, out):
        last = np.zeros(blocks.shape[1]) if of_sizes else blocks[-1].copy()
        totals = np.empty(blocks.shape)  # of the last 1, 2, ... values of each block
        np.subtract(blocks[-1], last, out=totals[0])
        for value, above, total in zip(blocks[-2::-1], totals, totals[1:], strict=False):
            np.subtract(value, last, out=total)
            total += above
        pivot = last[:-1]
        run = np.zeros(len(pivot))
        for mean, total in zip(blocks[:-1, 1:], totals[-2::-1, :-1], strict=True):
            mean -= pivot
            run += mean
            np.add(run, total, out=mean)
            mean /= period
            mean += pivot
        _full(blocks[-1, 1:], totals[-1, 1:], period, last[1:])
        result[:] = blocks[:, 1:].T


def weighted_means(values: Floats, period: int, out: Floats) -> None:
    """The weighted mean of the window that ends at each value, as `weighted.WeightedMean` has it: see `means`."""
    weights = period * (period + 1) / 2
    for blocks, (result,) in _turned(values, period, out):
        last = blocks[-1].copy()
        tails = np.empty(blocks.shape)
        tails[0] = 0.0
        run = np.zeros(len(last))
        for value, above, tail in zip(blocks[-2::-1], tails, tails[1:], strict=False):
            run += np.subtract(value, last, out=tail)
            np.add(above, run, out=tail)
        pivot = last[:-1]
        run, ramp = np.zeros((2, len(pivot)))
        for place, (mean, tail) in enumerate(zip(blocks[:-1, 1:], tails[-2::-1, :-1], strict=True), start=1):
            mean -= pivot
            run += mean
            mean *= place
            ramp += mean
            np.multiply(run, period - place, out=mean)
            mean += ramp
            mean += tail
            mean /= weights
            mean += pivot
        _full(blocks[-1, 1:], tails[-1, 1:], weights, last[1:])
        result[:] = blocks[:, 1:].T


def _full(out: Floats, total: Floats, weights: float, pivot: Floats) -> None:
    """The mean of a whole block, which ends with its last value."""
    np.divide(total, weights, out=out)
    out += pivot


def _turned(values: Floats, period: int, *outs: Floats) -> Iterator[tuple[Floats, list[Floats]]]:
    """Whole blocks by place, shape (period, n + 1), and where the results of all but the first belong, by block."""
    blocks = values.reshape(-1, period)
    results = [out.reshape(-1, period) for out in outs]
    step = max(_BLOCKS, _VALUES // period) | 1  # rows of a power of two bytes apart would share the cache's lines
    for first in range(0, len(blocks) - 1, step):
        end = min(first + step, len(blocks) - 1)
        yield np.array(blocks[first : end + 1].T, order="C"), [each[first:end] for each in results]
