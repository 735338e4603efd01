"""Flight batch: flights of a file that arrived together, as columns, made on the reading thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stockstream.indicators.arrays import Column
from stockstream.indicators.flights_per_day import Cell
from stockstream.records import Flight, FlightDay
from stockstream.views.numbering import numbered

_file_of = attrgetter("file")
_row_of = attrgetter("row")
_airline_of = attrgetter("airline")

_DAY: Final = (("year", 10_000), ("month", 16), ("day", 32))
"""The fields of a day, and more than any value of each."""


class FlightBatch:
    """Flights of one file in order of arrival; at least one.

    Attributes
    ----------
    file
        The file, as in `FlightRow`.
    rows
        The row of each flight, shape (flights,).
    """

    __slots__ = ("_airlines", "_cells", "file", "rows")

    def __init__(self, file: str, rows: NDArray[np.uint32], cells: NDArray[np.int64], airlines: Sequence[str]) -> None:
        self.file = file
        self.rows = rows
        self._cells = cells
        self._airlines = airlines

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[FlightDay]:
        for row, (airline, year, month, day) in zip(self.rows.tolist(), self._named(self._cells), strict=True):
            yield FlightDay(self.file, row, year, month, day, airline)

    def pick(self, places: NDArray[np.intp]) -> FlightBatch:
        """Some of the flights, by their indexes in ascending order."""
        return FlightBatch(self.file, self.rows[places], self._cells[places], self._airlines)

    def counts(self) -> dict[Cell, int]:
        """Number of flights by airline, year, month and day."""
        cells, counts = np.unique(self._cells, return_counts=True)
        return dict(zip(self._named(cells), counts.tolist(), strict=True))

    def _named(self, cells: NDArray[np.int64]) -> Iterator[Cell]:
        """Airline, year, month and day of each cell."""
        parts: list[list[int]] = []
        for _, size in reversed(_DAY):
            cells, part = np.divmod(cells, size)
            parts.append(part.tolist())
        day, month, year = parts
        return zip(map(self._airlines.__getitem__, cells.tolist()), year, month, day, strict=True)


def gather(flights: Sequence[Flight | FlightDay]) -> list[FlightBatch]:
    """A batch for each file among the flights, in the order in which the files first occur."""
    size = len(flights)
    rows = _integers(_row_of, flights, np.uint32)
    cells, airlines = numbered(map(_airline_of, flights), size)
    for name, most in _DAY:
        cells *= most
        cells += _integers(attrgetter(name), flights, np.int64)
    if len(set(map(_file_of, flights))) == 1:
        return [FlightBatch(flights[0].file, rows, cells, airlines)]
    numbers, files = numbered(map(_file_of, flights), size)
    whole = FlightBatch("", rows, cells, airlines)
    batches = [whole.pick(np.flatnonzero(numbers == number)) for number in range(len(files))]
    for batch, file in zip(batches, files, strict=True):
        batch.file = file
    return batches


def _integers(value_of: Callable[[Any], Any], flights: Sequence[Flight | FlightDay], kind: type[np.integer]) -> Column:
    return np.fromiter(map(value_of, flights), kind, len(flights))
