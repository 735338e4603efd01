"""Iteration: an indicator over any iterable of bars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from stockstream.indicators.base import Indicator, Point, refuse_other

R = TypeVar("R")
P = TypeVar("P", bound=Point)


def run(indicator: Indicator[R, P], bars: Iterable[R]) -> Iterator[P | None]:
    """The point of each bar, None until warmed up; a bar is taken when its point is asked for.

    A refused bar raises `InvalidBar` in its place, and the iteration can continue after it.

    >>> from types import SimpleNamespace
    >>> from stockstream.indicators import SMA
    >>> list(run(SMA(2), (SimpleNamespace(close=close) for close in (10.0, 12.0, 15.0))))
    [None, SMAPoint(sma=11.0), SMAPoint(sma=13.5)]
    """
    refuse_other(indicator)
    return map(indicator.update, bars)
