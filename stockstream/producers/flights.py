"""Source of US flights from files: each row is sent once, even if files are replayed in any order."""

from __future__ import annotations

import hashlib
import uuid
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from mmap import mmap
from typing import Final, Protocol

import numpy as np

from stockstream.errors import BadRow, SourceError
from stockstream.producers.csv_files import BLOCK, CsvFile, Sanity
from stockstream.producers.flight_layouts import Layout
from stockstream.producers.flight_rows import RowReader
from stockstream.records import Flight

COMPANIONS: Final = frozenset({"airlines.csv", "airports.csv"})
"""Other files in Kaggle's download, without flights."""

_BEAT: Final = 1_000
_BLOCK: Final = 1 << 16
"""Bytes of the lines that are read at once: one irregular line makes all of them slower to read."""

_MINUTES: Final = 24 * 60
_LONGEST_HEADER: Final = 1 << 16


class RowSet(Protocol):
    """Set of row numbers: a BitMap of pyroaring, or a set."""

    def __contains__(self, row: int, /) -> bool: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class FlightFile:
    """A file of flights: its CSV file, identity, number of lines after the header, and layout."""

    csv: CsvFile
    identity: str
    lines: int
    layout: Layout

    def reader(self) -> RowReader:
        """A parser of its lines."""
        return RowReader(self.csv.name, self.identity, self.layout)

    def again(self) -> FlightFile:
        """The same file with a new identity, so that its rows count again."""
        return replace(self, identity=_short(hashlib.sha256(f"{self.identity}/{uuid.uuid4()}".encode())))


def examine(csv: CsvFile) -> FlightFile:
    """Read a file once: check that it holds flights, and compute its identity. Raises SourceError."""
    digest = hashlib.sha256()
    with csv.open() as stream:
        header = stream.readline(_LONGEST_HEADER)
        if not header.strip():
            raise SourceError(f"{csv.name} is empty")
        layout = Layout.of(csv.name, header)
        digest.update(header)
        lines, last = (0, b"\n") if layout.header else (header.count(b"\n"), header)
        sanity = Sanity(csv.name)
        while block := stream.read(BLOCK):
            sanity.check(block)
            digest.update(block)
            lines += block.count(b"\n")
            last = block
    lines += not last.endswith(b"\n")
    if not lines:
        raise SourceError(f"{csv.name} holds a header and no rows")
    return FlightFile(csv, _short(digest), lines, layout)


def _short(digest: hashlib._Hash) -> str:
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Choice:
    """Selects flights: from day ``start`` to day ``end``, both included, of these airlines; None is no limit."""

    start: date | None = None
    end: date | None = None
    airlines: frozenset[str] | None = None

    def __contains__(self, flight: Flight) -> bool:
        if self.airlines is not None and flight.airline not in self.airlines:
            return False
        day = (flight.year, flight.month, flight.day)
        return (self.start is None or day >= _triple(self.start)) and (self.end is None or day <= _triple(self.end))


def _triple(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def departure(flight: Flight) -> int:
    """The scheduled departure in minutes, in the local time of the airport.

    The actual departure if the file has no scheduled ones; the start of the day if it has neither.

    The file does not give the airport's zone, so flights of two zones may be some hours out of order.
    """
    days = date(flight.year, flight.month, flight.day).toordinal()
    hhmm = flight.departure_time if flight.scheduled_departure is None else flight.scheduled_departure
    return days * _MINUTES + (0 if hhmm is None else hhmm // 100 * 60 + hhmm % 100)


class Replay:
    """The flights of some files that a topic does not hold yet.

    Iterating gives a `Flight`, a `BadRow` where a row cannot be read, and a None now and then.

    Parameters
    ----------
    files
        The files, in order.
    choice
        Selects the flights.
    held
        The rows that the topic holds, by the identity of their file.

    Attributes
    ----------
    done, total : int
        Lines read so far, and all lines.
    already : int
        Selected flights that were skipped because the topic holds them.
    sorting : bool
        Whether `by_departure` is reading all files to sort them; ``done`` starts at 0 again after that.
    airlines : set of str
        Airlines of the selected flights.
    there : set of str
        Airlines of all flights that were read, selected or not.
    days : tuple of (year, month, day), or None
        The first and the last day of these.
    """

    def __init__(
        self,
        files: Sequence[FlightFile],
        *,
        choice: Choice | None = None,
        held: Mapping[str, RowSet] | None = None,
    ) -> None:
        self._files = files
        self._choice = choice
        self._held = held or {}
        self.done = 0
        self.total = sum(file.lines for file in files)
        self.already = 0
        self.sorting = False
        self.airlines: set[str] = set()
        self.there: set[str] = set()
        self.days: tuple[tuple[int, int, int], tuple[int, int, int]] | None = None

    def _see(self, flight: Flight) -> None:
        """Note what the files hold, to report it if nothing was selected."""
        self.there.add(flight.airline)
        day = (flight.year, flight.month, flight.day)
        first, last = self.days or (day, day)
        self.days = min(first, day), max(last, day)

    def __iter__(self) -> Iterator[Flight | BadRow | None]:
        for file in self._files:
            with file.csv.open() as stream:
                if file.layout.header:
                    stream.readline()
                yield from self._chosen(file, iter(partial(stream.readlines, _BLOCK), []))

    def _chosen(self, file: FlightFile, blocks: Iterable[list[bytes]]) -> Iterator[Flight | BadRow | None]:
        """The selected flights in the lines of a file after its header, which come in blocks."""
        reader, choice = file.reader(), self._choice
        held: RowSet = self._held.get(file.identity, frozenset())
        passed: RowSet = frozenset() if choice is not None else held
        row, line = 0, 1 + file.layout.header
        for block in blocks:
            if (line + len(block)) // _BEAT > line // _BEAT:
                yield None
            rows = range(row, row + len(block))
            found: Iterable[Flight | BadRow | None] | None = None
            if not passed or not any(map(passed.__contains__, rows)):
                found = reader.read_regular(block, row)
            if found is None:
                found = self._one_by_one(reader, block, row, line, passed)
                rows = range(row, row + sum(not raw.isspace() for raw in block))
            for flight in found:
                self.done += 1
                if flight is None:
                    continue
                if choice is None or isinstance(flight, BadRow):
                    yield flight
                    continue
                self._see(flight)
                if flight in choice:
                    self.airlines.add(flight.airline)
                    if flight.row in held:
                        self.already += 1
                    else:
                        yield flight
            row, line = rows.stop, line + len(block)

    def _one_by_one(
        self, reader: RowReader, lines: Iterable[bytes], row: int, line: int, passed: RowSet
    ) -> Iterator[Flight | BadRow | None]:
        """An item for each line, from these numbers of the first row and line on; None for a blank or a held one."""
        for number, raw in enumerate(lines, start=line):
            if raw.isspace():
                yield None
                continue
            if row in passed:
                self.already += 1
                yield None
            else:
                yield reader.read(raw, row, number)
            row += 1

    def by_departure(self) -> Iterator[Flight | BadRow | None]:
        """The flights sorted by scheduled departure over all files; rows that cannot be read come first.

        Needs 18 bytes of memory a row, and 8 more after sorting: departure, offset in the file, and row.
        """
        self.sorting = True
        departures, starts, rows, numbers = array("i"), array("q"), array("i"), array("H")
        with ExitStack() as stack:
            maps: list[mmap] = []
            for number, file in enumerate(self._files):
                data = stack.enter_context(file.csv.map())
                maps.append(data)
                lines = _Lines(data, header=file.layout.header)
                for flight in self._chosen(file, ([line] for line in lines)):
                    if isinstance(flight, Flight):
                        departures.append(departure(flight))
                        starts.append(lines.start)
                        rows.append(flight.row)
                        numbers.append(number)
                    else:
                        yield flight
            order = np.argsort(np.frombuffer(departures, np.intc), kind="stable") if departures else ()
            readers = [file.reader() for file in self._files]
            self.sorting, self.done, self.total = False, 0, len(departures)
            for index in order:
                number, start = numbers[index], starts[index]
                data = maps[number]
                end = data.find(b"\n", start) + 1 or len(data)
                self.done += 1
                yield readers[number].read(data[start:end], rows[index], 0)


class _Lines:
    """The lines of a mapped file after its header; ``start`` is the offset of the last line given."""

    def __init__(self, data: mmap, *, header: bool) -> None:
        self._data = data
        if header:
            data.readline()
        self.start = data.tell()

    def __iter__(self) -> Iterator[bytes]:
        while raw := self._data.readline():
            yield raw
            self.start += len(raw)
