"""Parsing of rows: lines into cells, cells into bars."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from stockstream.errors import BadRow
from stockstream.periods import intraday
from stockstream.producers.csv_files import LONGEST_ROW, too_long
from stockstream.producers.stock_csv.columns import PRICES, Columns
from stockstream.producers.stock_csv.dialect import Dialect, Numbers
from stockstream.producers.stock_csv.local import LocalTimes
from stockstream.producers.stock_csv.text import Line
from stockstream.producers.stock_csv.times import TimeFormat, joined
from stockstream.records import FIRST_YEAR, LAST_YEAR, Bar, doubts, known_open

# Endings that the last cell of a complete row cannot have. A number that lost only digits looks complete.
_CUT: Final = re.compile(r"(.*[.,eE+-])?\s*")
LARGEST: Final = 1e100
"""Largest absolute value of a record's numbers; see `stockstream.records.Number`."""


class Unreadable(Exception):
    """A cell that cannot be read: the index of its column, None for the row as a whole, and the reason."""

    def __init__(self, index: int | None, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


@dataclass(frozen=True)
class RowParser:
    """Splits lines into cells, and reads the time and the symbol of a row."""

    dialect: Dialect
    columns: Columns
    times: TimeFormat

    def cells(self, line: Line) -> list[str]:
        """The cells of a line; their number is that of the header. Raises Unreadable, also for an incomplete line."""
        text, width = line.text, len(self.columns.names)
        if line.whole and '"' not in text and len(line.raw) <= LONGEST_ROW:
            cells = text.split(self.dialect.separator)  # as nearly always
            return cells if len(cells) == width else self._fitted(cells)
        if reason := too_long(line.raw):
            raise Unreadable(None, reason)
        try:
            cells = self.dialect.cells(text)
        except csv.Error as error:
            if line.whole:
                raise Unreadable(None, f"cannot be read: {error}") from None
            cells = []
        if not line.whole and (len(cells) < width or _CUT.fullmatch(cells[-1])):
            raise Unreadable(None, "the file ends in the middle of this row")
        if len(cells) != width:
            return self._fitted(cells)
        return cells

    def _fitted(self, cells: list[str]) -> list[str]:
        """The cells with empty ones added or removed at the end, to match the header."""
        width = len(self.columns.names)
        if any(cell.strip() for cell in cells[width:]) or any(self.columns.names[len(cells) :]):
            raise Unreadable(None, f"{len(cells)} cells where the header has {width}")
        return cells[:width] + [""] * (width - len(cells))

    def written(self, cells: Sequence[str]) -> str:
        """The text of a row's time: the date, and the time of the day if it has its own column."""
        indexes = self.columns.indexes
        text = cells[indexes["time"]].strip()
        return joined(text, cells[indexes["clock"]].strip()) if "clock" in indexes else text

    def stamp(self, cells: Sequence[str]) -> datetime:
        """The time of a row, without a zone if the text has none. Raises Unreadable."""
        indexes = self.columns.indexes
        index = indexes["time"]
        text = self.written(cells) if "clock" in indexes else cells[index].strip()
        if not text:
            raise Unreadable(index, "no value (empty)")
        try:
            stamp = self.times.read(text)
        except ValueError:
            raise Unreadable(index, f"{text!r} is not a time in this file's format, {self.times}") from None
        if not FIRST_YEAR <= stamp.year <= LAST_YEAR:
            raise Unreadable(
                index, f"{text!r} would be a time of the year {stamp.year}, before {FIRST_YEAR} or after {LAST_YEAR}"
            )
        return stamp

    def symbol(self, cells: Sequence[str]) -> str | None:
        """The symbol of a row; None without a column of symbols. Raises Unreadable."""
        index = self.columns.indexes.get("symbol")
        if index is None:
            return None
        text = cells[index].strip()
        if not text:
            raise Unreadable(index, "no value")
        return text


@dataclass(frozen=True)
class Reader:
    """Parses the lines of one file to bars, or to errors.

    Parameters
    ----------
    file
        Name of the file, for messages.
    rows, numbers
        Parsers of its rows and numbers.
    symbol
        Symbol of rows that name none.
    interval
        Interval of all bars.
    tz
        The exchange's zone, for the bars.
    local
        Zone of times without an offset; None for UTC.
    """

    file: str
    rows: RowParser
    numbers: Numbers
    symbol: str
    interval: str
    tz: str | None = None
    local: LocalTimes | None = None

    def bars(self, line: Line) -> list[Bar | BadRow]:
        """The bars of a line, one for each symbol in it. Contradictory bars are flagged."""
        try:
            cells = self.rows.cells(line)
            symbol = (self.rows.symbol(cells) or self.symbol) if self._names_symbols else self.symbol
            time = self._time(cells, line)
        except Unreadable as error:
            return [self._refused(line, error)]
        found: list[Bar | BadRow] = []
        groups = self.rows.columns.groups
        for name, indexes in groups.items():
            if len(groups) > 1 and not any(cells[index].strip() for index in indexes.values()):
                continue  # other symbols have a bar in this line
            try:
                found.append(self._bar(cells, name or symbol, time, indexes))
            except Unreadable as error:
                found.append(self._refused(line, error))
        return found

    @cached_property
    def _names_symbols(self) -> bool:
        return "symbol" in self.rows.columns.indexes

    @cached_property
    def _intraday(self) -> bool:
        return intraday(self.interval)

    def _refused(self, line: Line, error: Unreadable) -> BadRow:
        column = None if error.index is None else self.rows.columns.names[error.index]
        return BadRow(self.file, line.number, column, error.reason, raw=line.raw)

    def instant(self, stamp: datetime, number: int) -> datetime:
        """When the bar of a line opens, given the time in its row. Raises ValueError for a time that clocks skipped."""
        if not self._intraday:
            return datetime(stamp.year, stamp.month, stamp.day, tzinfo=UTC)
        if stamp.tzinfo is not None:
            return stamp.astimezone(UTC)
        return stamp.replace(tzinfo=UTC) if self.local is None else self.local.instant(stamp, number)

    def _time(self, cells: Sequence[str], line: Line) -> datetime:
        stamp = self.rows.stamp(cells)
        try:
            return self.instant(stamp, line.number)
        except ValueError as error:
            raise Unreadable(self.rows.columns.indexes["time"], f"{self.rows.written(cells)!r} {error}") from None

    def _bar(self, cells: Sequence[str], symbol: str, time: datetime, indexes: Mapping[str, int]) -> Bar:
        numbers = self._plain(cells, indexes)
        flags: tuple[str, ...] = ()
        if numbers is None:
            opened, high, low, close = self._prices(cells, indexes)
            volume = self._number(cells, indexes.get("volume"))
            flags = doubts(opened, high, low, close, volume)
        else:
            opened, high, low, close, volume = numbers
        return Bar(
            symbol=symbol,
            interval=self.interval,
            time=time,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=volume,
            adj_close=self._number(cells, indexes["adj_close"]) if "adj_close" in indexes else None,
            close_usd=self._number(cells, indexes["close_usd"]) if "close_usd" in indexes else None,
            tz=self.tz,
            source="csv",
            flags=flags,
        )

    def _plain(
        self, cells: Sequence[str], indexes: Mapping[str, int]
    ) -> tuple[float, float, float, float, float | None] | None:
        """Prices and volume that are plain numbers without contradictions, as nearly always; None for others."""
        if self.numbers.decimal != ".":
            return None
        try:
            opened, high = float(cells[indexes["open"]]), float(cells[indexes["high"]])
            low, close = float(cells[indexes["low"]]), float(cells[indexes["close"]])
            volume = float(cells[indexes["volume"]]) if "volume" in indexes else None
        except ValueError:
            return None
        if (
            -LARGEST <= low <= opened <= high <= LARGEST
            and low <= close <= high
            and (volume is None or 0.0 <= volume <= LARGEST)
        ):
            return opened, high, low, close, volume
        return None

    def _prices(self, cells: Sequence[str], indexes: Mapping[str, int]) -> tuple[float | None, float, float, float]:
        """Open, high, low and close; only the open may be missing."""
        prices = opened, high, low, close = [self._number(cells, indexes[field]) for field in PRICES]
        if high is None or low is None or close is None:
            index = indexes[PRICES[prices.index(None)]]
            raise Unreadable(index, f"no value ({cells[index].strip() or 'empty'})")
        return known_open(opened, high, low, close), high, low, close

    def _number(self, cells: Sequence[str], index: int | None) -> float | None:
        if index is None:
            return None
        try:
            number = self.numbers.read(cells[index].strip())
        except ValueError as error:
            raise Unreadable(index, str(error)) from None
        if number is not None and abs(number) > LARGEST:
            raise Unreadable(index, f"{cells[index].strip()!r} is beyond 1e100")
        return number
