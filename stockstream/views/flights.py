"""Fold of flights: the number of flights per airline and day, each row of a file counted once."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from stockstream.errors import StateError
from stockstream.indicators.flights_per_day import Cell, FlightsPerDay
from stockstream.records import Flight, FlightDay
from stockstream.views.flight_batch import FlightBatch, gather
from stockstream.views.fold import Identity, Pages, Selection
from stockstream.views.frame import Frame

_STATE_VERSION: Final = 2
_PAGE: Final = 1 << 16
"""Rows of a file in one page of a saved state."""

_BUSIEST: Final = 3


class _Head(msgspec.Struct):
    """The part of a saved state beside the counts of each airline and the rows of each file."""

    version: int
    repeated: int
    refused: list[tuple[str, int, int, int, int]]


class FlightsFold:
    """Number of flights per airline and day, cancelled ones included.

    A row is identified by its file and number, and one bit is kept for each. So a row counts once, even if it is sent
    twice, filtered, in another order or to other partitions.

    Parameters
    ----------
    selection
        The airlines to show; none for the three with the most flights.
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._per_day = FlightsPerDay()
        self._refused: Counter[Cell] = Counter()
        self._seen: dict[str, BitMap] = {}
        self._repeated = 0
        self._frames: dict[str, Frame] | None = None
        self._unsaved: set[str] = set()
        """Airlines whose counts are others than when they were saved last."""
        self._unsaved_rows: set[tuple[str, int]] = set()
        """The same for the rows: file and number of the page."""

    def apply(self, records: Sequence[Flight | FlightDay] | Sequence[FlightBatch]) -> bool:
        """Add the next rows, or batches that `gather` made of them; returns whether any of them was new."""
        before = self._repeated
        batches = [each for each in records if isinstance(each, FlightBatch)]
        batches += gather([each for each in records if not isinstance(each, FlightBatch)])
        for batch in batches:
            seen = self._seen.setdefault(batch.file, BitMap())
            rows = BitMap(array("I", batch.rows.tobytes()))  # an eighth of the time of a NumPy array
            new = batch
            if len(rows) < len(batch) or rows.intersect(seen):
                # The first flight of each row that was not counted before: a row may also be repeated in a batch.
                found, places = np.unique(batch.rows, return_index=True)
                new = batch.pick(np.sort(places[np.isin(found, (rows - seen).to_array())]))
                self._repeated += len(batch) - len(new)
            cells = new.counts()
            seen |= rows
            self._unsaved_rows.update((batch.file, page) for page in _pages_of(batch.rows))
            self._unsaved.update(cell[0] for cell in cells)
            self._refused.update(self._per_day.add(cells))
        changed = sum(map(len, batches)) > self._repeated - before
        if changed:
            self._frames = None
        return changed

    def keys(self) -> list[str]:
        """The requested airlines with flights; by default the three with most flights (sorted by name if equal)."""
        frames = self._all()
        if self._selection.keys:
            return [airline for airline in self._selection.keys if airline in frames]
        return sorted(frames, key=lambda airline: (-int(frames[airline]["flights"].sum()), airline))[:_BUSIEST]

    def missing(self) -> list[str]:
        """The requested airlines without flights so far."""
        return [airline for airline in self._selection.keys if airline not in self._all()]

    def known(self) -> list[str]:
        """All airlines with flights, sorted by code."""
        return sorted(self._all())

    def frame(self, key: str) -> Frame:
        """Flights of an airline by day; days without flights have no row."""
        return self._all()[key]

    def _all(self) -> dict[str, Frame]:
        if self._frames is None:
            self._frames = {airline: _frame(sorted(days.items())) for airline, days in self._per_day.counts().items()}
        return self._frames

    def identity(self, key: str) -> Identity:
        """The airline's code as title; days have no zone, and flights are never simulated."""
        return Identity(key)

    def latest(self) -> np.datetime64 | None:
        """The last day with a flight."""
        return max((frame.instants[-1] for frame in self._all().values()), default=None)

    def counts(self) -> Mapping[str, int]:
        """Number of rows that were counted before, and of rows with an invalid day or without an airline."""
        counts = {"repeated": self._repeated, "doubtful": self._refused.total()}
        return {name: count for name, count in counts.items() if count}

    def pages(self, *, changed: bool = False) -> Pages:
        """The counts and the rows behind them, with a version: a page an airline, and one for 65,536 rows of a file."""
        refused = [(*cell, count) for cell, count in self._refused.items()]
        found = {"head": msgspec.msgpack.encode(_Head(_STATE_VERSION, self._repeated, refused))}
        for airline, days in self._per_day.counts().items():
            if airline in self._unsaved or not changed:
                cells = [(day.year, day.month, day.day, count) for day, count in days.items()]
                found[f"counts/{airline}"] = msgspec.msgpack.encode(cells)
        rows = self._unsaved_rows
        if not changed:
            rows = {(file, page) for file, seen in self._seen.items() for page in _pages_of(seen.to_array())}
        for file, page in rows:
            within = self._seen[file] & BitMap(range(page * _PAGE, (page + 1) * _PAGE))
            if within:
                within.run_optimize()
                found[f"seen/{file}/{page}"] = within.serialize()
        self._unsaved, self._unsaved_rows = set(), set()
        return found

    def restore(self, pages: Mapping[str, bytes]) -> None:
        """Go on from all `pages`; raises `StateError` where they cannot be used."""
        decode = msgspec.msgpack.decode
        per_day, seen = FlightsPerDay(), defaultdict[str, BitMap](BitMap)
        try:
            head = decode(pages.get("head", b""), type=_Head)
            if head.version != _STATE_VERSION:
                raise StateError(f"a saved state of flights has version {head.version}, not {_STATE_VERSION}")
            for name, page in pages.items():
                kind, _, rest = name.partition("/")
                if kind == "counts":
                    cells = decode(page, type=list[tuple[int, int, int, int]])
                    per_day.add({(rest, year, month, day): count for year, month, day, count in cells})
                elif kind == "seen":
                    seen[rest.rpartition("/")[0]] |= BitMap.deserialize(page)
        except (msgspec.MsgspecError, ValueError) as error:
            raise StateError(f"a saved state of flights cannot be read: {error}") from error
        self._seen = dict(seen)
        self._per_day = per_day
        self._refused = Counter({(a, year, month, day): count for a, year, month, day, count in head.refused})
        self._repeated = head.repeated
        self._unsaved, self._unsaved_rows = set(), set()
        self._frames = None


def _pages_of(rows: Sequence[int] | NDArray[np.uint32]) -> list[int]:
    """The pages that hold these rows: any row may be the only one of its page."""
    pages: list[int] = np.flatnonzero(np.bincount(np.asarray(rows, np.uint32) // _PAGE)).tolist()
    return pages


def _frame(cells: list[tuple[date, int]]) -> Frame:
    days = np.array([day for day, _ in cells], dtype="M8[D]")
    return Frame("day", {"day": days, "flights": np.array([count for _, count in cells], dtype=np.int64)})
