"""Repeated rows of a bar: which of them counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from stockstream.errors import BadRow
from stockstream.producers.stock_csv.rows import Reader
from stockstream.producers.stock_csv.text import Line

_KEPT: Final = 5
_SEVERAL: Final = 0.02
_FEW: Final = 10
_MANY: Final = 0.2


class Conflict(NamedTuple):
    """Two rows of a bar with different numbers: symbol, time, and both lines; the later one counts."""

    symbol: str
    time: datetime
    former: int
    later: int


@dataclass(frozen=True)
class Repeats:
    """The repeated rows of a file: the lines to skip, and the rows whose numbers differ.

    ``differing`` is the number of conflicts; ``conflicts`` are the first of them.
    """

    superseded: BitMap
    conflicts: Sequence[Conflict] = ()
    differing: int = 0

    def several(self, times: int) -> bool:
        """Whether a file with this number of different times holds several series, not corrections of one."""
        share = self.differing / max(times, 1)
        return self.differing >= 2 and share >= (_SEVERAL if self.differing >= _FEW else _MANY)


def repeated(keys: NDArray[np.int64], symbols: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Mask of rows with the key and symbol of another row; shape (rows,)."""
    order = np.lexsort((keys, symbols))
    same = (np.diff(keys[order]) == 0) & (np.diff(symbols[order]) == 0)
    found = np.zeros(len(keys), dtype=bool)
    found[order[1:][same]] = True
    found[order[:-1][same]] = True
    return found


def settle(lines: Iterable[Line], reader: Reader, candidates: BitMap) -> Repeats:
    """Read the repeated rows and decide which of them count: the last readable row of each bar.

    Parameters
    ----------
    lines
        Lines of the file.
    reader
        Their parser.
    candidates
        Numbers of the lines to read.
    """
    superseded, conflicts, differing = BitMap(), list[Conflict](), 0
    seen: dict[tuple[str, datetime], tuple[int, int]] = {}
    for line in lines:
        if line.number not in candidates:
            continue
        bars = [bar for bar in reader.bars(line) if not isinstance(bar, BadRow)]
        if not bars:
            continue
        key, numbers = (bars[0].symbol, bars[0].time), hash(tuple(bars))
        if key in seen:
            former, before = seen[key]
            superseded.add(former)
            if before != numbers:
                differing += 1
                if len(conflicts) < _KEPT:
                    conflicts.append(Conflict(*key, former, line.number))
        seen[key] = line.number, numbers
    return Repeats(superseded, conflicts, differing)
