"""Regular blocks: lines with the cells of the header and plain numbers, read column by column.

A block is read here as `rows` reads its lines one by one, at a fraction of the cost, or it is `Irregular`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, repeat
from operator import attrgetter
from typing import Final

import numpy as np

from stockstream.errors import BadRow
from stockstream.periods import intraday
from stockstream.producers.csv_files import LONGEST_ROW
from stockstream.producers.stock_csv.columns import PRICES
from stockstream.producers.stock_csv.rows import LARGEST, Reader, RowParser
from stockstream.producers.stock_csv.text import Block
from stockstream.producers.stock_csv.times import joined
from stockstream.records import FIRST_YEAR, LAST_YEAR, Bar, doubts, known_open

_LONGEST: Final = LONGEST_ROW // 4
"""Characters of the longest regular line: each has at most four bytes."""

zone_of = attrgetter("tzinfo")
_year_of = attrgetter("year")


class Irregular(Exception):
    """A block that must be read line by line."""


@dataclass(frozen=True)
class RegularBlock:
    """The cells of a regular block: a list for each column of the header."""

    rows: RowParser
    columns: Sequence[Sequence[str]]

    @classmethod
    def of(cls, block: Block, rows: RowParser) -> RegularBlock:
        """Split a block into its cells. Raises `Irregular`."""
        if block.text is None or '"' in block.text:
            raise Irregular
        width, separator = len(rows.columns.names), rows.dialect.separator
        text = block.text.removesuffix("\n")
        lines = text.split("\n")
        if {line.count(separator) for line in lines} != {width - 1} or max(map(len, lines)) > _LONGEST:
            raise Irregular
        cells = text.replace("\n", separator).split(separator)
        return cls(rows, [cells[index::width] for index in range(width)])

    def stamps(self) -> list[datetime]:
        """The time of each row, as `RowParser.stamp`. Raises `Irregular`."""
        indexes = self.rows.columns.indexes
        texts = self._texts("time")
        if "clock" in indexes:
            texts = list(map(joined, texts, map(str.strip, self.columns[indexes["clock"]])))
        try:
            stamps = self.rows.times.read_all(texts)
        except ValueError:
            raise Irregular from None
        if not all(FIRST_YEAR <= year <= LAST_YEAR for year in set(map(_year_of, stamps))):
            raise Irregular
        return stamps

    def symbols(self) -> list[str] | None:
        """The symbol of each row; None without a column of symbols. Raises `Irregular`."""
        return self._texts("symbol") if "symbol" in self.rows.columns.indexes else None

    def numbers(self, index: int) -> list[float]:
        """The numbers of a column. Raises `Irregular`."""
        try:
            return list(map(float, self.columns[index]))
        except ValueError:
            raise Irregular from None

    def _texts(self, field: str) -> list[str]:
        """The texts of a field, none of which is empty."""
        texts = list(map(str.strip, self.columns[self.rows.columns.indexes[field]]))
        if not all(texts):
            raise Irregular
        return texts


def read(block: Block, reader: Reader) -> Iterable[tuple[int, Bar | BadRow]]:
    """The bars of a block, and its rows that cannot be read, each with the number of its line."""
    try:
        return zip(count(block.number), bars_of(block, reader), strict=False)
    except Irregular:
        return ((line.number, item) for line in block.lines for item in reader.bars(line))


def bars_of(block: Block, reader: Reader) -> list[Bar]:
    """The bar of each line of a block, as `Reader.bars`. Raises `Irregular`."""
    groups = reader.rows.columns.groups
    if len(groups) > 1 or reader.numbers.decimal != ".":
        raise Irregular
    ((name, indexes),) = groups.items()
    regular = RegularBlock.of(block, reader.rows)
    times = _instants(regular.stamps(), block.number, reader)
    numbers = {field: regular.numbers(index) for field, index in indexes.items()}
    symbols = repeat(name) if name else regular.symbols() or repeat(reader.symbol)
    interval, tz, nothing = reader.interval, reader.tz, repeat(None)
    return [
        Bar(
            symbol=symbol,
            interval=interval,
            time=time,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=volume,
            adj_close=adj_close,
            close_usd=close_usd,
            tz=tz,
            source="csv",
            flags=flags,
        )
        for symbol, time, opened, flags, high, low, close, volume, adj_close, close_usd in zip(
            symbols,
            times,
            *_judged(numbers),
            *(numbers[field] for field in ("high", "low", "close")),
            *(numbers.get(field, nothing) for field in ("volume", "adj_close", "close_usd")),
            strict=False,
        )
    ]


def _instants(stamps: list[datetime], number: int, reader: Reader) -> list[datetime]:
    if intraday(reader.interval) and set(map(zone_of, stamps)) == {UTC}:
        return stamps
    try:
        return list(map(reader.instant, stamps, count(number)))
    except ValueError:
        raise Irregular from None


def _judged(numbers: dict[str, list[float]]) -> tuple[list[float | None], list[tuple[str, ...]]]:
    """The opens as far as they are known, and the flags, of bars with these numbers. Raises `Irregular`."""
    arrays = {field: np.array(column) for field, column in numbers.items()}
    if not all((np.abs(array) <= LARGEST).all() for array in arrays.values()):
        raise Irregular
    opened, high, low, close = (arrays[field] for field in PRICES)
    volume = arrays.get("volume", np.zeros_like(close))
    plain = (low <= opened) & (opened <= high) & (low <= close) & (close <= high) & (volume >= 0)
    opens: list[float | None] = list(numbers["open"])
    flags: list[tuple[str, ...]] = [()] * len(opens)
    for row in np.flatnonzero(~plain).tolist():
        highest, lowest, last = numbers["high"][row], numbers["low"][row], numbers["close"][row]
        opens[row] = known_open(opens[row], highest, lowest, last)
        flags[row] = doubts(opens[row], highest, lowest, last, float(volume[row]))
    return opens, flags
