"""The bars of one series as columns: a tenth of the memory of bar objects, and no time to make arrays of them."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from stockstream.errors import StateError
from stockstream.records import IMPOSSIBLE, Candle
from stockstream.views.stretch import NUMBERS, Stretch

_numbers_of = attrgetter(*NUMBERS)


class Row(msgspec.Struct, frozen=True, gc=False):
    """What an indicator reads of a bar."""

    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    tz: str | None


class SavedBars(msgspec.Struct):
    """The bars of a series, for a checkpoint: instants in microseconds, and numbers, as little-endian bytes."""

    newest: Candle
    instants: bytes
    numbers: bytes
    flags: list[tuple[datetime, tuple[str, ...]]]
    unfinished: list[datetime]


class Bars:
    """The bars of one series, in the order of their time.

    Kept is what is drawn and computed with: instants, prices, volumes, doubts, and the whole of the newest bar.

    Attributes
    ----------
    times
        When each bar begins.
    newest
        The bar that begins last; None before the first.
    flags
        The doubts about bars that have any, by time.
    """

    def __init__(self) -> None:
        self.times: list[datetime] = []
        self.newest: Candle | None = None
        self.flags: dict[datetime, tuple[str, ...]] = {}
        self._unfinished: set[datetime] = set()
        self._numbers = np.empty((len(NUMBERS), 0))
        self._instants = np.empty(0, dtype="M8[us]")
        self._filled = 0  # instants

    def __len__(self) -> int:
        return len(self.times)

    def follow(self, stretch: Stretch) -> bool:
        """Take bars that simply go on from what there is, as nearly always; where they do not, False and none taken."""
        follows = not self.times or self.times[-1] < stretch.times[0]
        if follows and stretch.ascending:
            self._extend(stretch)
            return True
        return False

    def append(self, bar: Candle) -> None:
        """Take a bar that is newer than all."""
        self._extend(Stretch([bar]))

    def _extend(self, stretch: Stretch) -> None:
        start, total = len(self), len(self) + len(stretch)
        self._numbers = grown(self._numbers, total)
        self._numbers[:, start:total] = stretch.numbers
        self.times += stretch.times
        self.newest = stretch.last
        if stretch.flags:
            flagged = zip(stretch.times, stretch.flags, strict=True)
            self.flags.update((time, doubts) for time, doubts in flagged if doubts)
        if stretch.finals:
            finals = zip(stretch.times, stretch.finals, strict=True)
            self._unfinished.update(time for time, final in finals if not final)

    def place(self, time: datetime) -> int:
        """Where a bar of that time stands, or would stand."""
        return bisect_left(self.times, time)

    def holds(self, place: int, bar: Candle) -> bool:
        """Whether the bar at a place is this one: a source, a currency or a revision that differs is no change."""
        values = [np.nan if value is None else value for value in _numbers_of(bar)]
        return (
            self.times[place] == bar.time
            and self.final(place) == bar.final
            and self.flags.get(bar.time, ()) == bar.flags
            and np.array_equal(self._numbers[:, place], values, equal_nan=True)
        )

    def put(self, place: int, bar: Candle) -> None:
        """Set the bar at a place in place of one of the same time, else before it."""
        if place == len(self) or self.times[place] != bar.time:
            total = len(self) + 1
            self._numbers = grown(self._numbers, total)
            self._numbers[:, place + 1 : total] = self._numbers[:, place : total - 1].copy()
            self.times.insert(place, bar.time)
        self._numbers[:, place] = [np.nan if value is None else value for value in _numbers_of(bar)]
        self.flags.pop(bar.time, None)
        self._unfinished.discard(bar.time)
        if bar.flags:
            self.flags[bar.time] = bar.flags
        if not bar.final:
            self._unfinished.add(bar.time)
        if place == len(self) - 1:
            self.newest = bar
        self._filled = min(self._filled, place)

    def cut(self, place: int) -> None:
        """Let go of all bars from a place on; others follow at once."""
        for time in self.times[place:]:
            self.flags.pop(time, None)
            self._unfinished.discard(time)
        del self.times[place:]
        self._filled = min(self._filled, place)

    def final(self, place: int) -> bool:
        """Whether the period of the bar at a place was over when it was last heard of."""
        return self.times[place] not in self._unfinished

    def row(self, place: int) -> Row:
        """The bar at a place, as an indicator takes it."""
        first, high, low, close, volume = self._numbers[:, place].tolist()
        known = volume if volume == volume else None
        return Row(self.times[place], first, high, low, close, known, self.newest.tz if self.newest else None)

    def impossible(self) -> NDArray[np.bool_]:
        """Which bars are marked so, shape (bars,)."""
        marked = np.zeros(len(self), dtype=bool)
        for time, doubts in self.flags.items():
            if IMPOSSIBLE in doubts:
                marked[self.place(time)] = True
        return marked

    def column(self, name: str, start: int, end: int) -> NDArray[Any]:
        """A column from one place up to another; never to be written to."""
        if name == "time":
            return self.instants()[start:end]
        if name == "tz":
            return np.full(end - start, self.newest.tz if self.newest else None)
        return self._numbers[NUMBERS.index(name), start:end]

    def instants(self) -> NDArray[np.datetime64]:
        """When each bar begins, shape (bars,), in UTC."""
        total = len(self)
        self._instants = grown(self._instants, total)
        fresh = self.times[self._filled :]
        seconds = np.fromiter(map(datetime.timestamp, fresh), np.float64, len(fresh))
        self._instants[self._filled : total] = (seconds * 1e6).round().astype("M8[us]")
        self._filled = total
        return self._instants[:total]

    def save(self) -> SavedBars:
        """All of it, for a checkpoint. Raises ValueError before the first bar."""
        if self.newest is None:
            raise ValueError("there are no bars to save")
        return SavedBars(
            self.newest,
            self.instants().astype("<i8").tobytes(),
            self._numbers[:, : len(self)].astype("<f8").tobytes(),
            list(self.flags.items()),
            sorted(self._unfinished),
        )

    @classmethod
    def load(cls, saved: SavedBars) -> Bars:
        """Bars that were saved; raises `StateError` where they cannot be."""
        bars = cls()
        try:
            instants = np.frombuffer(saved.instants, "<i8")
            numbers = np.frombuffer(saved.numbers, "<f8").reshape(len(NUMBERS), len(instants))
        except ValueError as error:
            raise StateError(f"a saved series cannot be read: {error}") from error
        bars._instants = instants.astype("M8[us]")
        bars._numbers = numbers.astype(np.float64)
        bars._filled = len(instants)
        bars.times = [time.replace(tzinfo=UTC) for time in bars._instants.tolist()]
        bars.newest = saved.newest
        bars.flags = dict(saved.flags)
        bars._unfinished = set(saved.unfinished)
        return bars


def grown(store: NDArray[Any], places: int) -> NDArray[Any]:
    """The store with room for that many places along its last axis, its contents kept."""
    held = store.shape[-1]
    if held >= places:
        return store
    larger = np.empty((*store.shape[:-1], max(places, 2 * held, 256)), dtype=store.dtype)
    larger[..., :held] = store
    return larger
