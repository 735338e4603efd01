"""Schema of a stock file: from its encoding to the interval of its bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import dropwhile, islice
from typing import Final
from zoneinfo import ZoneInfo

from stockstream.errors import SourceError
from stockstream.producers.csv_files import CsvFile
from stockstream.producers.stock_csv.columns import LAYOUTS, PRICES
from stockstream.producers.stock_csv.dialect import Numbers, Undecidable
from stockstream.producers.stock_csv.header import Header
from stockstream.producers.stock_csv.rows import RowParser, Unreadable
from stockstream.producers.stock_csv.text import Block, Encoding, Line
from stockstream.producers.stock_csv.time_format import MixedOrders, UnknownTime, Written, format_of
from stockstream.producers.stock_csv.times import KNOWN, Calendar, TimeFormat, is_clock

SAMPLE: Final = 2_000
"""Number of rows from which the format is recognised; more are read if that is not enough."""


@dataclass(frozen=True)
class Overrides:
    """What the user gives; None and empty values are recognised from the files.

    Parameters
    ----------
    symbol
        Symbol of the bars; in a file that names symbols, the only one to read.
    interval
        Interval of the bars; by default that in the file's name, otherwise the most frequent spacing.
    zone
        The exchange's zone, for times without an offset; by default UTC. Session dates are never converted.
    columns
        Column of each field, as for `Columns.of`.
    times, separator, decimal
        Format of times, separator of cells, and decimal mark.
    """

    symbol: str | None = None
    interval: str | None = None
    zone: ZoneInfo | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    times: TimeFormat | None = None
    separator: str | None = None
    decimal: str | None = None


@dataclass(frozen=True)
class Schema:
    """Format of a file: its encoding, rows, times and numbers."""

    encoding: Encoding
    header: Header
    rows: RowParser
    numbers: Numbers

    @classmethod
    def of(cls, file: CsvFile, overrides: Overrides) -> Schema:
        """Recognise the format from the beginning of a file, or from the whole file if necessary.

        Raises
        ------
        SourceError
            If the file has no bars, or can be read in two ways: names both, and the option that decides.
        """
        encoding = Encoding.of(file)
        with encoding.lines(file) as lines:
            head = list(islice(lines, SAMPLE))
        if not head:
            raise SourceError(f"{file.name} is empty", hint=f"its first line should be a header, such as {LAYOUTS[0]}")
        header = Header.of(file.name, head, separator=overrides.separator, chosen=overrides.columns)
        sample = [line for line in head if line.number > header.end]
        if not sample:
            raise SourceError(f"{file.name} holds a header and no rows")
        rows = _settled(RowParser(header.dialect, header.columns, Calendar()), sample, chosen=overrides.columns)
        looking = _Examination(file, encoding, header, rows)
        times = overrides.times or looking.times()
        numbers = Numbers(overrides.decimal) if overrides.decimal else looking.numbers()
        return cls(encoding, header, RowParser(rows.dialect, rows.columns, times), numbers)

    @property
    def names_symbols(self) -> bool:
        """Whether a column or the header names symbols."""
        return "symbol" in self.rows.columns.indexes or any(self.rows.columns.groups)

    def lines(self, file: CsvFile) -> Iterator[Line]:
        """The lines of the file after its header."""
        with self.encoding.lines(file) as lines:
            yield from dropwhile(lambda line: line.number <= self.header.end, lines)

    def blocks(self, file: CsvFile) -> Iterator[Block]:
        """The same lines, in blocks."""
        return self.encoding.blocks(file, self.header.end)


def _settled(rows: RowParser, sample: list[Line], *, chosen: Mapping[str, str]) -> RowParser:
    """The rows without misnamed columns: symbols that are row numbers, times of the day that are not times."""
    cells = [cells for cells in (_cells(rows, line) for line in sample) if cells is not None]
    columns = rows.columns if "symbol" in chosen else rows.columns.without_row_numbers(cells)
    clock = columns.indexes.get("clock")
    if clock is not None and not all(is_clock(row[clock].strip()) for row in cells):
        columns = columns.without_clock()
    return RowParser(rows.dialect, columns, rows.times)


def _cells(rows: RowParser, line: Line) -> list[str] | None:
    try:
        return rows.cells(line)
    except Unreadable:
        return None


@dataclass(frozen=True)
class _Examination:
    """A file whose format is being recognised."""

    file: CsvFile
    encoding: Encoding
    header: Header
    rows: RowParser

    def times(self) -> TimeFormat:
        option = "with --date-format (D/M/Y, M/D/Y, Y/M/D, s, ms, us, ns or a pattern such as %d.%m.%Y)"
        try:
            return format_of(self._times(), patience=SAMPLE)
        except UnknownTime as error:
            text, line = error.first
            if not line and (unread := self._unread()):
                raise unread from None
            raise SourceError(
                f"{self.file.name}, line {line}: {text!r} is not in a known time format",
                hint=f"known are {KNOWN}; say another {option}",
            ) from None
        except Undecidable as error:
            raise SourceError(
                f"{self.file.name}: {error}, and no row of the file tells which",
                hint=f"say it {option}",
            ) from None
        except MixedOrders as error:
            one, other = error.one, error.other
            raise SourceError(
                f"{self.file.name} writes its dates in two ways: {one.text!r} in line {one.line}, "
                f"{other.text!r} in line {other.line}",
                hint=f"correct the file, as other rows are ambiguous; or name the format {option}",
            ) from None

    def numbers(self) -> Numbers:
        try:
            return Numbers.of(self._numbers(), self.rows.dialect.separator, patience=SAMPLE * len(PRICES))
        except Undecidable as error:
            raise SourceError(
                f"{self.file.name}: {error}, and no number of the file tells which",
                hint="name the decimal mark: --decimal . or --decimal ,",
            ) from None

    def _unread(self) -> SourceError | None:
        """The error for a file none of whose rows can be read, with the reason of the first; None if it has no rows."""
        with self.encoding.lines(self.file) as lines:
            for line in lines:
                if line.number > self.header.end:
                    try:
                        self.rows.cells(line)
                    except Unreadable as error:
                        where = f"{self.file.name}, line {line.number}"
                        return SourceError(f"{where}: {error.reason}; no other row can be read either")
        return None

    def _times(self) -> Iterator[Written]:
        for line, cells in self._cells():
            yield Written(self.rows.written(cells), line)

    def _numbers(self) -> Iterator[tuple[str, bool]]:
        indexes = [
            (group[name], name == "volume")
            for group in self.rows.columns.groups.values()
            for name in (*PRICES, "volume")
            if name in group
        ]
        for _, cells in self._cells():
            for index, volume in indexes:
                yield cells[index].strip(), volume

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        with self.encoding.lines(self.file) as lines:
            for line in lines:
                cells = _cells(self.rows, line) if line.number > self.header.end else None
                if cells is not None:
                    yield line.number, cells
