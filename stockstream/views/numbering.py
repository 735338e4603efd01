"""Numbering of values: each distinct value gets the next number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=Hashable)


def numbered(values: Iterable[T], size: int) -> tuple[NDArray[np.intp], list[T]]:
    """The number of each of ``size`` values, and the distinct values by number, in the order in which they first occur.

    >>> numbered(["UA", "AA", "UA"], 3)
    (array([0, 1, 0]), ['UA', 'AA'])
    """
    numbers: defaultdict[T, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    return np.fromiter(map(numbers.__getitem__, values), np.intp, size), list(numbers)
