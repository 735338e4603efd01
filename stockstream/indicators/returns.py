"""Log returns of closes."""

from __future__ import annotations

from math import log, log1p


def log_return(former: float, close: float) -> float:
    """The log return of two closes above 0, from their difference where they are near each other.

    >>> log_return(100.0, 110.0), log_return(100.0, 300.0)
    (0.09531017980432487, 1.0986122886681098)
    """
    change = (close - former) / former
    return log1p(change) if -0.5 <= change <= 1.0 else far_return(former, close)


def far_return(former: float, close: float) -> float:
    """The log return of two closes of which one is more than twice the other."""
    ratio = close / former
    return log(ratio) if 1e-300 < ratio < 1e300 else log(close) - log(former)
