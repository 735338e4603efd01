"""Scan of all times of a file into arrays, 20 bytes a row."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stockstream.producers.stock_csv.regular import Irregular, RegularBlock, zone_of
from stockstream.producers.stock_csv.rows import RowParser, Unreadable
from stockstream.producers.stock_csv.text import Block, Line
from stockstream.producers.stock_csv.zones import NAIVE

_MICRO: Final = timedelta(microseconds=1)
_DAY: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local times; their offsets are in another array


@dataclass(frozen=True)
class Scan:
    """Times and symbols of the rows of a file whose time can be read.

    Parameters
    ----------
    lines
        Number of lines of the file, header included.
    line, wall, offset, symbol
        For each row the number of its line, its local time in microseconds since 1970, the offset from UTC in seconds
        (or `NAIVE`), and the number of its symbol; shape (rows,).
    symbols
        The symbols by number; only None without a column of symbols, or with several symbols in a row.
    unreadable
        The first line whose time cannot be read, and why.
    """

    lines: int
    line: NDArray[np.int32]
    wall: NDArray[np.int64]
    offset: NDArray[np.int32]
    symbol: NDArray[np.int32]
    symbols: Sequence[str | None]
    unreadable: tuple[int, str] | None

    @classmethod
    def of(cls, blocks: Iterable[Block], rows: RowParser) -> Scan:
        """Read all rows of a file."""
        gathered = _Gathered(rows)
        for block in blocks:
            try:
                gathered.take_block(block)
            except Irregular:
                for line in block.lines:
                    gathered.take_line(line)
        return gathered.scan()

    @property
    def instant(self) -> NDArray[np.int64]:
        """Time of each row in UTC, or as written if it has no offset; microseconds since 1970."""
        return self.wall - np.where(self.offset == NAIVE, 0, self.offset).astype(np.int64) * 10**6

    @property
    def naive(self) -> bool:
        """Whether any time is without an offset."""
        return bool((self.offset == NAIVE).any())


class _Gathered:
    """What is read of a file so far."""

    def __init__(self, rows: RowParser) -> None:
        self._rows = rows
        self._lines = 0
        self._line, self._wall, self._offset, self._symbol = array("i"), array("q"), array("i"), array("i")
        self._symbols: dict[str | None, int] = {}
        self._unreadable: tuple[int, str] | None = None

    def take_block(self, block: Block) -> None:
        """Add the rows of a block. Raises `Irregular`, and then adds nothing."""
        regular = RegularBlock.of(block, self._rows)
        stamps, symbols = regular.stamps(), regular.symbols()
        self._lines = block.number + len(stamps) - 1
        self._line.extend(range(block.number, block.number + len(stamps)))
        self._add(stamps, symbols)

    def take_line(self, line: Line) -> None:
        """Add the row of a line, if its time can be read."""
        self._lines = line.number
        try:
            cells = self._rows.cells(line)
            stamp, symbol = self._rows.stamp(cells), self._rows.symbol(cells)
        except Unreadable as error:
            self._unreadable = self._unreadable or (line.number, error.reason)
            return
        self._line.append(line.number)
        self._add([stamp], None if symbol is None else [symbol])

    def _add(self, stamps: Sequence[datetime], symbols: Sequence[str] | None) -> None:
        epochs = {zone: _EPOCH.replace(tzinfo=zone) for zone in set(map(zone_of, stamps))}
        offsets = {zone: _offset(epoch) for zone, epoch in epochs.items()}
        self._wall.extend([(stamp - epochs[stamp.tzinfo]) // _MICRO for stamp in stamps])
        self._offset.extend([offsets[stamp.tzinfo] for stamp in stamps])
        numbers = self._symbols
        if symbols is None:
            self._symbol.extend(repeat(numbers.setdefault(None, len(numbers)), len(stamps)))
        else:
            self._symbol.extend([numbers.setdefault(symbol, len(numbers)) for symbol in symbols])

    def scan(self) -> Scan:
        """All of it."""
        return Scan(
            self._lines,
            np.frombuffer(self._line, np.int32),
            np.frombuffer(self._wall, np.int64),
            np.frombuffer(self._offset, np.int32),
            np.frombuffer(self._symbol, np.int32),
            list(self._symbols),
            self._unreadable,
        )


def _offset(time: datetime) -> int:
    ahead = time.utcoffset()
    return NAIVE if ahead is None else ahead.days * _DAY + ahead.seconds


def moment(micros: int) -> datetime:
    """Microseconds since 1970 as a time in UTC."""
    return _EPOCH.replace(tzinfo=UTC) + micros * _MICRO
