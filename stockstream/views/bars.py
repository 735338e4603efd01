"""Columns of one series' bars: a tenth of the memory of bar objects, and arrays without conversion."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime
from itertools import compress
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from stockstream.errors import StateError
from stockstream.records import NUMBERS, Candle, doubted
from stockstream.views.bar_batch import BarBatch, instants_of
from stockstream.views.bar_merge import BarMerge


class Merged(NamedTuple):
    """What became of bars that did not simply go on from those that there are."""

    place: int
    """From where on the bars are others than before; their number where none is."""

    late: int
    """Bars that came after newer ones."""

    corrections: int
    """Bars that came again, and otherwise than before."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """What an indicator reads of a bar."""

    time: datetime
    open: float | None
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

    def follow(self, stretch: BarBatch) -> bool:
        """Take bars that simply go on from what there is, as nearly always; where they do not, False and none taken."""
        follows = not self.times or self.times[-1] < stretch.times[0]
        if follows and stretch.ascending:
            self._extend(stretch)
            return True
        return False

    def _extend(self, stretch: BarBatch) -> None:
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

    def merge(self, stretch: BarBatch) -> Merged:
        """Take bars in any order, as if one came after the other: of one time the last counts.

        One that is as it was changes nothing; neither does another source, currency or revision.
        """
        coming = BarMerge(stretch, self)
        rows = coming.counting
        if not len(rows):
            return Merged(len(self), late=0, corrections=0)
        times = coming.times(rows)
        fresh = ~coming.held[rows]
        places = coming.places[rows]
        self._numbers[:, places[~fresh]] = coming.numbers[:, rows[~fresh]]
        self._insert(places[fresh], list(compress(times, fresh)), coming.numbers[:, rows[fresh]])
        for time, flags in coming.flags(rows, times):
            self.flags.pop(time, None)
            if flags:
                self.flags[time] = flags
        self._unfinished.difference_update(times)
        self._unfinished.update(compress(times, ~coming.finals[rows]))
        if times[-1] == self.times[-1]:
            self.newest = coming.bar(rows[-1])
        return Merged(int(places[0]), coming.late, coming.corrections)

    def _insert(self, places: NDArray[np.intp], times: list[datetime], numbers: NDArray[np.float64]) -> None:
        """Put bars, by time, before those that stand at these places."""
        if not times:
            return
        held, total = len(self), len(self) + len(times)
        start = int(places[0])
        instants = np.insert(self.instants()[start:], places - start, instants_of(times))
        tail = np.insert(self._numbers[:, start:held], places - start, numbers, axis=1)
        self._numbers = grown(self._numbers, total)
        self._instants = grown(self._instants, total)
        self._numbers[:, start:total] = tail
        self._instants[start:total] = instants
        self._filled = total
        behind = self.times[start:]
        del self.times[start:]
        done = 0
        for place, time in zip((places - start).tolist(), times, strict=True):
            self.times += behind[done:place]
            self.times.append(time)
            done = place
        self.times += behind[done:]

    def cut(self, place: int) -> None:
        """Let go of all bars from a place on; others follow at once."""
        for time in self.times[place:]:
            self.flags.pop(time, None)
            self._unfinished.discard(time)
        del self.times[place:]
        self._filled = min(self._filled, place)

    def finals(self, places: NDArray[np.intp]) -> NDArray[np.bool_]:
        """`final` of the bars at some places."""
        if not self._unfinished:
            return np.ones(len(places), dtype=np.bool_)
        return np.fromiter(map(self.final, places.tolist()), np.bool_, len(places))

    def final(self, place: int) -> bool:
        """Whether the period of the bar at a place was over when it was last heard of."""
        return self.times[place] not in self._unfinished

    def row(self, place: int) -> Row:
        """The bar at a place, as an indicator takes it."""
        first, high, low, close, volume = self._numbers[:, place].tolist()
        return Row(
            self.times[place],
            first if first == first else None,
            high,
            low,
            close,
            volume if volume == volume else None,
            self.newest.tz if self.newest else None,
        )

    def doubts(self) -> NDArray[np.uint8]:
        """Which fields of each bar are in doubt, shape (bars,): see `bits`."""
        doubts = np.zeros(len(self), dtype=np.uint8)
        for time, flags in self.flags.items():
            if fields := doubted(flags):
                doubts[self.place(time)] = bits(*fields)
        return doubts

    def column(self, name: str, start: int, end: int) -> NDArray[Any]:
        """A column from one place up to another; never to be written to."""
        if name == "time":
            return self.instants()[start:end]
        if name == "tz":
            return np.full(end - start, self.newest.tz if self.newest else None)
        return self._numbers[NUMBERS.index(name), start:end]

    def numbers(self) -> NDArray[np.float64]:
        """The columns of numbers, shape (5, bars); never to be written to."""
        return self._numbers[:, : len(self)]

    def instants(self) -> NDArray[np.datetime64]:
        """When each bar begins, shape (bars,), in UTC."""
        total = len(self)
        self._instants = grown(self._instants, total)
        self._instants[self._filled : total] = instants_of(self.times[self._filled :])
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


def bits(*fields: str) -> np.uint8:
    """Some fields of a bar as a number: the bit of each is set, by its place in `NUMBERS`; of others there is none.

    >>> int(bits("open", "close", "time"))
    9
    """
    return np.uint8(sum(1 << place for place, name in enumerate(NUMBERS) if name in fields))


def grown(store: NDArray[Any], places: int) -> NDArray[Any]:
    """The store with room for that many places along its last axis, its contents kept."""
    held = store.shape[-1]
    if held >= places:
        return store
    larger = np.empty((*store.shape[:-1], max(places, 2 * held, 256)), dtype=store.dtype)
    larger[..., :held] = store
    return larger
