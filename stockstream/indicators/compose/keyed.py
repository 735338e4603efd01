"""One indicator for each symbol, created when the symbol first arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any, Final, Generic, Self, TypeVar

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, refuse_other
from stockstream.indicators.stateful import State, copies

R = TypeVar("R")
P = TypeVar("P", bound=Point)

_VERSION: Final = 1


class Keyed(Mapping[str, Indicator[R, P]], Generic[R, P]):
    """One indicator for each key of the bars, each from its first bar on: a mapping of the existing ones.

    Parameters
    ----------
    indicator
        Each key begins with a copy of it.
    key
        The key of a bar, a string; its ``symbol`` by default.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from stockstream.indicators import SMA
    >>> averages = Keyed(SMA(period=2))
    >>> for symbol, close in [("AAPL", 10.0), ("MSFT", 50.0), ("AAPL", 12.0)]:
    ...     point = averages.update(SimpleNamespace(symbol=symbol, close=close))
    >>> point
    SMAPoint(sma=11.0)
    >>> {symbol: average.value for symbol, average in averages.items()}
    {'AAPL': SMAPoint(sma=11.0), 'MSFT': None}
    """

    __slots__ = ("_indicators", "_key", "_template")

    def __init__(self, indicator: Indicator[R, P], key: Callable[[R], str] = attrgetter("symbol")) -> None:
        refuse_other(indicator)
        self._template = indicator.copy()
        self._key = key
        self._indicators: dict[str, Indicator[R, P]] = {}

    def __getitem__(self, key: str) -> Indicator[R, P]:
        return self._indicators[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._indicators)

    def __len__(self) -> int:
        return len(self._indicators)

    def update(self, bar: R) -> P | None:
        """Take the next bar of its key; returns the key's point, None until warmed up.

        Raises
        ------
        InvalidBar
            The bar is unusable; nothing has changed, and a new key is not added.
        TypeError
            The key is not a string.
        """
        key = self._key(bar)
        known = self._indicators.get(key)
        if known is not None:
            return known.update(bar)
        if not isinstance(key, str):
            raise TypeError(f"the key of a bar is a string, not {key!r}")
        fresh = self._template.copy()
        point = fresh.update(bar)
        self._indicators[key] = fresh
        return point

    def peek(self, bar: R) -> P | None:
        """The point that `update` would return for a forming bar; changes nothing."""
        return self._indicators.get(self._key(bar), self._template).peek(bar)

    def copy(self) -> Self:
        """An independent copy with the same state."""
        twin = type(self)(self._template, self._key)
        twin._indicators = copies(self._indicators)  # noqa: SLF001 - it is one of us
        return twin

    def state(self) -> State:
        """The states of all indicators by key, and the state of a new one: JSON-safe, with a version."""
        indicators = {key: indicator.state() for key, indicator in self._indicators.items()}
        return {"version": _VERSION, "template": self._template.state(), "indicators": indicators}

    def restore(self, state: Mapping[str, object]) -> None:
        """Continue from a `state`, with its keys alone; ValueError for a foreign or damaged one.

        An error changes nothing.
        """
        if not isinstance(state, Mapping):
            raise checks.damaged(f"{state!r} stands where a state belongs")
        checks.same(state, version=_VERSION)
        saved = state.get("indicators")
        if not isinstance(saved, Mapping):
            raise checks.damaged(f"indicators is {saved!r}")
        template = self._restored(state.get("template"))
        self._indicators = {key: self._restored(each) for key, each in saved.items()}
        self._template = template

    def _restored(self, state: Any) -> Indicator[R, P]:
        fresh = self._template.copy()
        fresh.restore(state)
        return fresh
