"""Scan of all times of a file into arrays, 20 bytes a row."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stockstream.producers.stock_csv.rows import RowParser, Unreadable
from stockstream.producers.stock_csv.text import Line
from stockstream.producers.stock_csv.zones import NAIVE

_MICRO: Final = timedelta(microseconds=1)
_NO_TIME: Final = timedelta()
_DAY: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local times; their offsets are in another array
_EPOCH_UTC: Final = _EPOCH.replace(tzinfo=UTC)


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
    def of(cls, lines: Iterable[Line], rows: RowParser) -> Scan:
        """Read all rows of a file."""
        numbers, walls, offsets, codes = array("i"), array("q"), array("i"), array("i")
        symbols: dict[str | None, int] = {}
        last, unreadable = 0, None
        for line in lines:
            last = line.number
            try:
                cells = rows.cells(line)
                stamp, symbol = rows.stamp(cells), rows.symbol(cells)
            except Unreadable as error:
                unreadable = unreadable or (line.number, error.reason)
                continue
            zone = stamp.tzinfo
            if zone is None or zone is UTC:
                since, offset = stamp - (_EPOCH if zone is None else _EPOCH_UTC), NAIVE if zone is None else 0
            else:
                ahead = stamp.utcoffset() or _NO_TIME
                since, offset = stamp.replace(tzinfo=None) - _EPOCH, ahead.days * _DAY + ahead.seconds
            numbers.append(line.number)
            walls.append((since.days * _DAY + since.seconds) * 10**6 + since.microseconds)
            offsets.append(offset)
            codes.append(symbols.setdefault(symbol, len(symbols)))
        arrays = (np.frombuffer(numbers, np.int32), np.frombuffer(walls, np.int64), np.frombuffer(offsets, np.int32))
        return cls(last, *arrays, np.frombuffer(codes, np.int32), list(symbols), unreadable)

    @property
    def instant(self) -> NDArray[np.int64]:
        """Time of each row in UTC, or as written if it has no offset; microseconds since 1970."""
        return self.wall - np.where(self.offset == NAIVE, 0, self.offset).astype(np.int64) * 10**6

    @property
    def naive(self) -> bool:
        """Whether any time is without an offset."""
        return bool((self.offset == NAIVE).any())


def moment(micros: int) -> datetime:
    """Microseconds since 1970 as a time in UTC."""
    return _EPOCH.replace(tzinfo=UTC) + micros * _MICRO
