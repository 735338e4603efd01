"""Student's t distribution, of whole degrees of freedom."""

from __future__ import annotations

from functools import lru_cache
from math import atan, cos, pi, sin, sqrt
from typing import Final

_WIDEST: Final = 1e4
_HALVINGS: Final = 100


def inside(bound: float, degrees: int) -> float:
    """The probability that a value lies between -bound and bound, by a finite sum.

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.7.3 and 26.7.4.

    >>> round(inside(12.706, 1), 4), round(inside(2.228, 10), 4)
    (0.95, 0.95)
    """
    angle = atan(bound / sqrt(degrees))
    square = cos(angle) ** 2
    odd = degrees % 2
    term = cos(angle) if odd else 1.0
    total = term if degrees > 1 else 0.0
    for number in range(2 + odd, degrees - 1, 2):
        term *= square * (number - 1) / number
        total += term
    return 2.0 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total


@lru_cache(maxsize=256)
def central(probability: float, degrees: int) -> float:
    """The bound within which a value lies, on both sides of 0, with a probability from 0 to 0.999.

    >>> round(central(0.95, 10), 4), round(central(0.95, 1), 3)
    (2.2281, 12.706)
    """
    low, high = 0.0, _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if inside(middle, degrees) < probability else (low, middle)
    return (low + high) / 2.0
