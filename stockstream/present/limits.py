"""Limits and ticks of an axis of values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

_PADDING: Final = 0.0625
_LABEL: Final = 10.5
"""Minimum distance in points of labels of the vertical axis."""

_SHRINK: Final = 0.5
"""Limits are kept while the values fill at least this share of them: each change costs a full draw."""


def thinned(ticks: Sequence[float], scale: float) -> Sequence[float]:
    """Evenly chosen ticks, as many as are legible at a number of points for each unit.

    >>> thinned((0, 30, 50, 70, 100), 1.0), thinned((0, 30, 50, 70, 100), 0.5), thinned((0, 30, 50, 70, 100), 0.2)
    ((0, 30, 50, 70, 100), (0, 50, 100), (0, 100))
    """
    whole = len(ticks) - 1
    for step in (step for step in range(1, whole) if whole % step == 0):
        some = ticks[::step]
        if scale * min(after - before for before, after in pairwise(some)) >= _LABEL:
            return some
    return ticks[::whole] if whole > 0 else ticks


def extent(columns: Sequence[np.ndarray]) -> tuple[float, float] | None:
    """Minimum and maximum of the known values of columns; None if there are none."""
    known = [ends for ends in map(_ends, columns) if ends is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def _ends(column: np.ndarray) -> tuple[float, float] | None:
    """Minimum and maximum of the finite values; without any copy if no value is infinite."""
    if len(column):
        low, high = float(np.fmin.reduce(column)), float(np.fmax.reduce(column))
        if np.isfinite(low) and np.isfinite(high):
            return low, high
    finite = column[np.isfinite(column)]
    return (float(finite.min()), float(finite.max())) if len(finite) else None


def fitting(
    held: tuple[float, float] | None, low: float, high: float, *, from_zero: bool = False
) -> tuple[float, float]:
    """Limits for values from ``low`` to ``high``: the present ones if they suffice, otherwise new ones with a margin.

    >>> fitting((0.0, 10.0), 1.0, 9.0), fitting((0.0, 10.0), 0.0, 100.0), fitting(None, 0.0, 10.0, from_zero=True)
    ((0.0, 10.0), (-6.25, 106.25), (0.0, 12.0))
    """
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    span = high - low
    if held is not None and held[0] <= low and high <= held[1] and span >= _SHRINK * (held[1] - held[0]):
        return held
    if span == 0:
        span = abs(high) * 0.02 or 1.0
    if from_zero:
        return (0.0 if low == 0 else low - 0.2 * span, 0.0 if high == 0 < -low else high + 0.2 * span)
    return low - _PADDING * span, high + _PADDING * span


def fitting_log(held: tuple[float, float] | None, low: float, high: float) -> tuple[float, float]:
    """The same for values above zero on a logarithmic scale.

    >>> fitting_log((1.0, 100.0), 2.0, 90.0), fitting_log(None, 10.0**-8, 10.0**8)
    ((1.0, 100.0), (1e-09, 1000000000.0))
    """
    powers = fitting(None if held is None else _powers(*held), *_powers(low, high))
    return held if held is not None and powers == _powers(*held) else (10 ** powers[0], 10 ** powers[1])


def _powers(low: float, high: float) -> tuple[float, float]:
    return math.log10(low), math.log10(high)
