"""Indicator over bars that arrive late or are corrected."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime
from math import isqrt
from types import SimpleNamespace
from typing import Any, Final, Generic, Self, TypeVar

import msgspec

from stockstream.indicators import checks
from stockstream.indicators.base import Indicator, Point, refuse_other
from stockstream.indicators.compose.snapshots import Snapshots
from stockstream.indicators.stateful import State

R = TypeVar("R")
P = TypeVar("P", bound=Point)

_VERSION: Final = 1


class TooLate(ValueError):
    """A bar is older than the retained history; nothing has changed."""


class Corrected(Generic[R, P]):
    """An indicator over the bars of one series in any order, as if the final bars had arrived in order, once each.

    Bars are identified by their ``time``. A bar with an existing time replaces the former one; a bar with a time before
    the newest is inserted in order. The indicator then returns to a snapshot before that bar (there is one
    about every square root of ``retain`` bars) and takes all bars since then again.

    Parameters
    ----------
    indicator
        The indicator; a copy of it takes the bars.
    retain
        Number of the newest bars that can be corrected, at least 1: a bar older than all of them is too late.

    Raises
    ------
    ValueError
        For a ``retain`` that is not a whole number of at least 1.

    Examples
    --------
    >>> from datetime import datetime
    >>> from types import SimpleNamespace
    >>> from stockstream.indicators import SMA
    >>> average = Corrected(SMA(period=2), retain=100)
    >>> for minute, close in [(30, 10.0), (32, 13.0), (31, 12.0), (32, 14.0)]:
    ...     point = average.update(SimpleNamespace(time=datetime(2026, 3, 2, 9, minute), close=close))
    >>> point
    SMAPoint(sma=13.0)
    >>> [(time.minute, point) for time, point in average.points()]
    [(30, None), (31, SMAPoint(sma=11.0)), (32, SMAPoint(sma=13.0))]
    >>> average.newest.minute, len(average.points_since(datetime(2026, 3, 2, 9, 31)))
    (32, 2)
    """

    __slots__ = ("_indicator", "_names", "_points", "_snapshots", "_times", "_values", "retain")

    def __init__(self, indicator: Indicator[R, P], retain: int = 1_000) -> None:
        self.retain = checks.whole("retain", retain, least=1)
        refuse_other(indicator)
        self._indicator = indicator.copy()
        self._names = tuple(name for name in indicator.inputs if name != "time")
        self._snapshots: Snapshots[Indicator[R, P]] = Snapshots(isqrt(self.retain))
        # From the first snapshot on, which is up to one interval between snapshots longer than the retained history.
        self._times: list[datetime] = []
        self._values: list[tuple[object, ...]] = []
        self._points: list[P | None] = []

    @property
    def value(self) -> P | None:
        """The newest bar's point; None until warmed up."""
        return self._indicator.value

    @property
    def ready(self) -> bool:
        """Whether it has warmed up."""
        return self._indicator.ready

    @property
    def newest(self) -> datetime | None:
        """The time of the newest bar; None before the first."""
        return self._times[-1] if self._times else None

    def points_since(self, time: datetime) -> list[tuple[datetime, P | None]]:
        """The `points` of bars at this time and later, which a bar of this time may have changed."""
        first = max(bisect_left(self._times, time), len(self._times) - self.retain)
        return list(zip(self._times[first:], self._points[first:], strict=True))

    def points(self) -> list[tuple[datetime, P | None]]:
        """The time and the present point of each retained bar."""
        return list(zip(self._times[-self.retain :], self._points[-self.retain :], strict=True))

    def update(self, bar: R) -> P | None:
        """Take a new, late or corrected bar; returns the newest bar's present point.

        Raises
        ------
        InvalidBar
            The bar, or a later one after this change, is unusable; nothing has changed.
        TooLate
            The bar is older than the retained history; nothing has changed.
        """
        time: datetime = bar.time  # type: ignore[attr-defined]
        values = tuple([getattr(bar, name, None) for name in self._names])
        if self._times and time <= self._times[-1]:
            self._correct(time, values)
        else:
            self._snapshots.note(len(self._times), self._indicator)
            point = self._indicator.update(bar)
            self._times.append(time)
            self._values.append(values)
            self._points.append(point)
        self._let_go()
        return self.value

    def peek(self, bar: R) -> P | None:
        """The point that `update` would return for a forming bar; changes nothing."""
        if self._times and bar.time <= self._times[-1]:  # type: ignore[attr-defined]
            return self.copy().update(bar)
        return self._indicator.peek(bar)

    def _correct(self, time: datetime, values: tuple[object, ...]) -> None:
        """Insert a bar among the retained ones and continue from there."""
        index = bisect_left(self._times, time)
        again = self._times[index] == time
        if len(self._times) - index + (not again) > self.retain:
            raise TooLate(f"the bar at {time} is older than the last {self.retain} bars, which are retained")
        if again and self._values[index] == values:
            return
        behind = slice(index + again, None)
        times = [time, *self._times[behind]]
        rows = [values, *self._values[behind]]
        snapshots = self._snapshots.copy()
        start, indicator = snapshots.back(index)
        for passed in range(start, index):
            indicator.update(self._bar(self._times[passed], self._values[passed]))
        points = []
        for number, (each, row) in enumerate(zip(times, rows, strict=True), index):
            snapshots.note(number, indicator)
            points.append(indicator.update(self._bar(each, row)))
        self._indicator, self._snapshots = indicator, snapshots
        self._times[index:], self._values[index:], self._points[index:] = times, rows, points

    def _bar(self, time: datetime, values: tuple[object, ...]) -> Any:
        return SimpleNamespace(time=time, **dict(zip(self._names, values, strict=True)))

    def _let_go(self) -> None:
        """Drop the bars that can no longer be corrected, up to a snapshot."""
        past = len(self._times) - self.retain
        if past > 0 and (gone := self._snapshots.forget(past)):
            del self._times[:gone], self._values[:gone], self._points[:gone]

    def copy(self) -> Self:
        """An independent copy with the same state."""
        twin = type(self)(self._indicator, self.retain)
        for name in ("_snapshots", "_times", "_values", "_points"):
            setattr(twin, name, getattr(self, name).copy())
        return twin

    def state(self) -> State:
        """The retained bars and the indicator's state before them: JSON-safe, with a version."""
        first = max(0, len(self._times) - self.retain)
        start, indicator = self._snapshots.copy().back(first) if self._times else (0, self._indicator)
        for index in range(start, first):
            indicator.update(self._bar(self._times[index], self._values[index]))
        bars = zip(self._times[first:], self._values[first:], strict=True)
        return {
            "version": _VERSION,
            "retain": self.retain,
            "before": indicator.state(),
            "bars": [[msgspec.to_builtins(time), *values] for time, values in bars],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state`; ValueError for a foreign or damaged one, which changes nothing."""
        if not isinstance(state, Mapping):
            raise checks.damaged(f"{state!r} stands where a state belongs")
        checks.same(state, version=_VERSION, retain=self.retain)
        before = self._indicator.copy()
        before.restore(state.get("before", {}))
        fresh = type(self)(before, self.retain)
        try:
            for text, *values in state["bars"]:
                fresh.update(self._bar(msgspec.convert(text, datetime), tuple(values)))
        except (LookupError, TypeError, ValueError, msgspec.ValidationError) as error:
            raise checks.damaged(f"bars: {error}") from error
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))
