"""Fold of flights: the number of flights per airline and day, each row of a file counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Final

import msgspec
import numpy as np
from pyroaring import BitMap

from stockstream.errors import StateError
from stockstream.indicators.flights_per_day import Cell, FlightsPerDay
from stockstream.records import Flight, FlightDay
from stockstream.views.fold import Identity, Selection
from stockstream.views.frame import Frame

_STATE_VERSION: Final = 1
_BUSIEST: Final = 3

_file_of = attrgetter("file")
_row_of = attrgetter("row")
_cell_of = attrgetter("airline", "year", "month", "day")


class _State(msgspec.Struct):
    version: int
    counts: list[tuple[str, int, int, int, int]]
    seen: dict[str, bytes]
    repeated: int


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

    def apply(self, records: Sequence[Flight | FlightDay]) -> bool:
        """Add the next rows; returns whether any of them was new."""
        before = self._repeated
        for file, group in groupby(records, key=_file_of):
            flights = list(group)
            seen = self._seen.setdefault(file, BitMap())
            rows = BitMap(list(map(_row_of, flights)))
            if len(rows) < len(flights) or rows.intersect(seen):
                # Counted rows are removed from the set of new rows, so that a repeated row in a batch counts once.
                new = rows - seen
                fresh = [flight for flight in flights if _discard(new, flight.row)]
                self._repeated += len(flights) - len(fresh)
                flights = fresh
            seen |= rows
            self._refused.update(self._per_day.add(Counter(map(_cell_of, flights))))
        changed = len(records) > self._repeated - before
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

    def state(self) -> bytes:
        """The counts and the counted rows, with a version."""
        counts = [
            (airline, day.year, day.month, day.day, count)
            for airline, days in self._per_day.counts().items()
            for day, count in days.items()
        ]
        counts += [(*cell, count) for cell, count in self._refused.items()]
        seen = {file: rows.serialize() for file, rows in self._seen.items()}
        return msgspec.msgpack.encode(_State(_STATE_VERSION, counts, seen, self._repeated))

    def restore(self, state: bytes) -> None:
        """Continue from a `state`; raises `StateError` if it cannot be used."""
        try:
            saved = msgspec.msgpack.decode(state, type=_State)
            seen = {file: BitMap.deserialize(rows) for file, rows in saved.seen.items()}
        except (msgspec.MsgspecError, ValueError) as error:
            raise StateError(f"a saved state of flights cannot be read: {error}") from error
        if saved.version != _STATE_VERSION:
            raise StateError(f"a saved state of flights has version {saved.version}, not {_STATE_VERSION}")
        self._seen = seen
        self._per_day = FlightsPerDay()
        self._refused = Counter(
            self._per_day.add({(a, year, month, day): count for a, year, month, day, count in saved.counts})
        )
        self._repeated = saved.repeated
        self._frames = None


def _discard(rows: BitMap, row: int) -> bool:
    """Remove a row from a set; returns whether it was in it."""
    present = row in rows
    rows.discard(row)
    return present


def _frame(cells: list[tuple[date, int]]) -> Frame:
    days = np.array([day for day, _ in cells], dtype="M8[D]")
    return Frame("day", {"day": days, "flights": np.array([count for _, count in cells], dtype=np.int64)})
