"""Building blocks of indicators in exact fractions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from tests.indicators.inputs import Floats, noise, walk


def smoothed(values: Iterable[float | Fraction], seeds: int, span: int) -> Iterator[Fraction]:
    """The exponential average of each value from the last seed on, by its definition."""
    fractions = (Fraction(value) for value in values)
    average = sum((next(fractions) for _ in range(seeds)), Fraction(0)) / seeds
    yield average
    for value in fractions:
        average = (average * (span - 1) + 2 * value) / (span + 1)
        yield average


def error(found: Iterable[float | None], exact: Iterable[Fraction]) -> float:
    """The largest relative error of numbers of which none is missing; of 0 it is infinite, or none."""
    return max(map(_error, *zip(*zip(found, exact, strict=True), strict=True)))


def _error(found: float | None, exact: Fraction) -> float:
    assert found is not None
    return float(abs(Fraction(found) / exact - 1)) if exact else math.inf if found else 0.0


def spiked(bars: int, *places: int) -> Floats:
    """A walk at 100 with a price of 1e9 at each of these places."""
    closes = walk(bars)
    closes[list(places)] = 1e9
    return closes


CLOSES: dict[str, Floats] = {
    "walk at 100": walk(500),
    "1e9 +- 1": noise(500, level=1e9, size=1.0),
    "1e9 +- 0.01": noise(500, level=1e9, size=0.01),
    "1e-7": noise(500, level=1e-7, size=1e-9),
}
"""Closes at which digits are easily lost."""
