"""Columns of one series' bars: a tenth of the memory of bar objects, and arrays without conversion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from stockstream.errors import StateError
from stockstream.indicators.arrays import Column
from stockstream.records import NUMBERS, Candle, doubted
from stockstream.views.bar_batch import BarBatch, microseconds
from stockstream.views.bar_merge import BarMerge

_PAGE: Final = 256
"""Bars of a page of a saved state; the last page of a growing series is written again at each save."""


class Merged(NamedTuple):
    """Result of bars that did not simply extend the series."""

    place: int
    """Index of the first changed bar; the number of bars if none has changed."""

    late: int
    """Number of bars that arrived after newer ones."""

    corrections: int
    """Number of bars that arrived again with other values."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """The part of a bar that an indicator reads."""

    time: datetime
    open: float | None
    high: float
    low: float
    close: float
    volume: float | None
    tz: str | None


class BarPage(msgspec.Struct):
    """A page of a series' bars in a saved state; numbers and instants are little-endian bytes.

    ``first`` is the index of its first bar among all that the series ever had, including dropped ones.
    Instants are in microseconds since 1970; ``flags`` and ``unfinished`` name bars by them.
    """

    first: int
    instants: bytes
    numbers: bytes
    flags: list[tuple[int, tuple[str, ...]]]
    unfinished: list[int]


class Bars:
    """The bars of one series, in the order of their time.

    The columns hold what drawing and computing need: instants, prices, volumes and doubts. The newest bar is kept
    completely.

    Attributes
    ----------
    newest
        The bar that begins last; None before the first.
    flags
        The doubts about bars that have any, by time in microseconds since 1970.
    dropped
        Number of dropped bars, all older than the present ones.
    """

    def __init__(self) -> None:
        self.newest: Candle | None = None
        self.flags: dict[int, tuple[str, ...]] = {}
        self.dropped = 0
        self._unfinished: set[int] = set()
        self._size = 0
        self._numbers = np.empty((len(NUMBERS), 0))
        self._instants = np.empty(0, dtype="M8[us]")
        self._changed = 0
        """Index, among all bars ever, of the first change since the last `pages`."""
        self._paged = 0
        """Number of the first page that `pages` returned and that still exists."""

    def __len__(self) -> int:
        return self._size

    def follow(self, batch: BarBatch) -> bool:
        """Append bars that simply extend the series, as nearly always; otherwise returns False and takes none."""
        follows = not self._size or self._instants[self._size - 1] < batch.instants[0]
        if follows and batch.ascending:
            self._extend(batch)
            return True
        return False

    def _extend(self, batch: BarBatch) -> None:
        start, total = self._size, self._size + len(batch)
        self._numbers = grown(self._numbers, total)
        self._instants = grown(self._instants, total)
        self._numbers[:, start:total] = batch.numbers
        self._instants[start:total] = batch.instants
        self._size = total
        self.newest = batch.last
        if batch.flags:
            flagged = zip(microseconds(batch.instants), batch.flags, strict=True)
            self.flags.update((time, doubts) for time, doubts in flagged if doubts)
        if batch.finals:
            finals = zip(microseconds(batch.instants), batch.finals, strict=True)
            self._unfinished.update(time for time, final in finals if not final)

    def merge(self, batch: BarBatch) -> Merged:
        """Take bars in any order, as if one by one: of several with one time the last counts.

        An unchanged bar changes nothing; neither does another source, currency or revision.
        """
        coming = BarMerge(batch, self)
        rows = coming.counting
        if not len(rows):
            return Merged(len(self), late=0, corrections=0)
        instants = coming.instants(rows)
        fresh = ~coming.held[rows]
        places = coming.places[rows]
        self._changed = min(self._changed, self.dropped + int(places[0]))
        self._numbers[:, places[~fresh]] = coming.numbers[:, rows[~fresh]]
        self._insert(places[fresh], instants[fresh], coming.numbers[:, rows[fresh]])
        for time, flags in coming.flags(rows):
            self.flags.pop(time, None)
            if flags:
                self.flags[time] = flags
        self._unfinished.difference_update(microseconds(instants))
        self._unfinished.update(microseconds(instants[~coming.finals[rows]]))
        if instants[-1] == self.instants()[-1]:
            self.newest = coming.bar(rows[-1])
        return Merged(int(places[0]), coming.late, coming.corrections)

    def _insert(self, places: NDArray[np.intp], instants: NDArray[np.datetime64], numbers: NDArray[np.float64]) -> None:
        """Insert bars, in the order of time, before the bars at these places."""
        if not len(instants):
            return
        held, total = self._size, self._size + len(instants)
        start = int(places[0])
        times = np.insert(self._instants[start:held], places - start, instants)
        tail = np.insert(self._numbers[:, start:held], places - start, numbers, axis=1)
        self._numbers = grown(self._numbers, total)
        self._instants = grown(self._instants, total)
        self._numbers[:, start:total] = tail
        self._instants[start:total] = times
        self._size = total

    def cut(self, place: int) -> None:
        """Drop all bars from a place on; others follow at once."""
        for time in microseconds(self.instants()[place:]):
            self.flags.pop(time, None)
            self._unfinished.discard(time)
        self._size = min(self._size, place)

    def drop(self, count: int) -> None:
        """Drop the first bars, fewer than all."""
        self._numbers = self._numbers[:, count : self._size].copy()
        self._instants = self._instants[count : self._size].copy()
        self._size -= count
        self.dropped += count
        [first] = microseconds(self._instants[:1])
        self.flags = {time: flags for time, flags in self.flags.items() if time >= first}
        self._unfinished = {time for time in self._unfinished if time >= first}

    def finals(self, places: NDArray[np.intp]) -> NDArray[np.bool_]:
        """`final` of the bars at some places."""
        if not self._unfinished:
            return np.ones(len(places), dtype=np.bool_)
        return np.fromiter(map(self.final, places.tolist()), np.bool_, len(places))

    def final(self, place: int) -> bool:
        """Whether the period of the bar at a place was over when it last arrived."""
        return not self._unfinished or self.time(place) not in self._unfinished

    def time(self, place: int) -> int:
        """Start time of the bar at a place, in microseconds since 1970."""
        return int(self._instants[: self._size].view(np.int64)[place])

    def rows(self, start: int, end: int) -> Iterator[Row]:
        """The bars from one place up to another, as an indicator takes them."""
        tz = self.newest.tz if self.newest else None
        columns = self._numbers[:, start:end].tolist()
        for time, first, high, low, close, volume in zip(self._instants[start:end].tolist(), *columns, strict=True):
            yield Row(
                time.replace(tzinfo=UTC),
                first if first == first else None,
                high,
                low,
                close,
                volume if volume == volume else None,
                tz,
            )

    def doubts(self) -> NDArray[np.uint8]:
        """Doubtful fields of each bar, shape (bars,): see `bits`."""
        doubts = np.zeros(self._size, dtype=np.uint8)
        if self.flags:
            doubts[self.places(self.flags)] = list(map(_doubted_bits, self.flags.values()))
        return doubts

    def places(self, times: Iterable[int]) -> NDArray[np.intp]:
        """Indexes of bars, or where they would be inserted, by their times in microseconds since 1970."""
        return self.instants().view(np.int64).searchsorted(np.fromiter(times, np.int64))

    def column(self, name: str, start: int, end: int) -> Column:
        """A column from one place up to another; read-only."""
        if name == "time":
            return self.instants()[start:end]
        if name == "tz":
            return np.full(end - start, self.newest.tz if self.newest else None)
        return self._numbers[NUMBERS.index(name), start:end]

    def numbers(self) -> NDArray[np.float64]:
        """The columns of numbers, shape (5, bars); read-only."""
        return self._numbers[:, : self._size]

    def instants(self) -> NDArray[np.datetime64]:
        """Start times of the bars, shape (bars,), in UTC; read-only."""
        return self._instants[: self._size]

    def pages(self, *, changed: bool) -> Iterator[tuple[int, BarPage | None]]:
        """Pages of a saved state by number: all, or those that changed since the last call; None for a lost one."""
        first, end = self.dropped // _PAGE, -(-(self.dropped + self._size) // _PAGE)
        if changed:
            yield from ((number, None) for number in range(self._paged, first))
            first = max(first, self._changed // _PAGE if self._changed < self.dropped + self._size else end)
        for number in range(first, end):
            yield number, self._page(number)
        self._paged = self.dropped // _PAGE
        self._changed = self.dropped + self._size

    def _page(self, number: int) -> BarPage:
        start = max(number * _PAGE - self.dropped, 0)
        rows = slice(start, min((number + 1) * _PAGE - self.dropped, self._size))
        instants = self._instants[rows]
        marked = microseconds(instants) if self.flags or self._unfinished else []
        return BarPage(
            self.dropped + start,
            instants.astype("<i8").tobytes(),
            self._numbers[:, rows].astype("<f8").tobytes(),
            [(time, self.flags[time]) for time in marked if time in self.flags],
            [time for time in marked if time in self._unfinished],
        )

    @classmethod
    def load(cls, newest: Candle, dropped: int, pages: Iterable[BarPage]) -> Bars:
        """Bars of a saved state, and the number of dropped ones; raises `StateError` if they cannot be read."""
        bars = cls()
        instants, numbers = [np.empty(0, "<i8")], [np.empty((len(NUMBERS), 0))]
        ordered = sorted(pages, key=lambda page: page.first)
        end = ordered[0].first if ordered else 0
        try:
            for page in ordered:
                if page.first != end:
                    raise ValueError(f"after bar {end:,} comes bar {page.first:,}")
                instants.append(np.frombuffer(page.instants, "<i8"))
                numbers.append(np.frombuffer(page.numbers, "<f8").reshape(len(NUMBERS), len(instants[-1])))
                end += len(instants[-1])
            if not 0 <= dropped - ordered[0].first < end - ordered[0].first:
                raise ValueError(f"bar {dropped:,} is not there")
        except (ValueError, IndexError) as error:
            raise StateError(f"a saved series cannot be read: {error}") from error
        bars.newest = newest
        bars.flags = {time: flags for page in ordered for time, flags in page.flags}
        bars._unfinished = {time for page in ordered for time in page.unfinished}
        bars._instants = np.concatenate(instants).astype("M8[us]")
        bars._numbers = np.concatenate(numbers, axis=1).astype(np.float64)
        bars._size = len(bars._instants)
        bars.dropped = ordered[0].first
        if dropped > bars.dropped:
            bars.drop(dropped - bars.dropped)
        bars._paged = bars.dropped // _PAGE
        bars._changed = end
        return bars


def bits(*fields: str) -> np.uint8:
    """Some fields of a bar as a number: each field sets the bit of its place in `NUMBERS`; other names have none.

    >>> int(bits("open", "close", "time"))
    9
    """
    return np.uint8(sum(1 << place for place, name in enumerate(NUMBERS) if name in fields))


@lru_cache(maxsize=256)
def _doubted_bits(flags: tuple[str, ...]) -> np.uint8:
    return bits(*doubted(flags))


def grown(store: Column, places: int) -> Column:
    """The array with room for so many places along its last axis, with its contents.

    It doubles: to copy costs more than room, which takes no memory before it is used.
    """
    held = store.shape[-1]
    if held >= places:
        return store
    larger = np.empty((*store.shape[:-1], max(places, 2 * held, 256)), dtype=store.dtype)
    larger[..., :held] = store
    return larger
