"""Tests of all combinations."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest


def diagonal(*factors: Sequence[Any]) -> list[Any]:
    """Every combination. In `make test` each value stands in one at least; the other combinations are thorough.

    >>> [case.values for case in diagonal("ab", [1, 2, 3]) if not case.marks]
    [('a', 1), ('a', 3), ('b', 2)]
    """
    first = {tuple(number % len(factor) for factor in factors) for number in range(max(map(len, factors)))}
    return [
        pytest.param(
            *(factor[place] for factor, place in zip(factors, places, strict=True)),
            marks=() if places in first else pytest.mark.thorough,
        )
        for places in product(*(range(len(factor)) for factor in factors))
    ]
