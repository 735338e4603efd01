"""Frame: named columns, one row a bar or a day. Folds produce it; windows, files and reports use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stockstream.indicators.arrays import Column
from stockstream.records import NUMBERS

_Rows: TypeAlias = slice | NDArray[np.bool_]


@dataclass(frozen=True)
class Undefined:
    """Reason why a column is NaN from an instant on; before that instant there were too few rows."""

    since: np.datetime64
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Columns of equal length, sorted by the first, which is the index.

    ``index`` is its name: ``time`` (datetime64[us], UTC) or ``day`` (datetime64[D]). Columns are read only. ``doubts``
    marks the doubtful fields of each row, as bits by their index in `records.NUMBERS`, shape (rows,). ``undefined``
    gives reasons why columns may have no value.

    >>> frame = Frame("day", {"day": np.array(["2015-01-01", "2015-01-02"], "M8[D]"), "flights": np.array([3, 5])})
    >>> len(frame), frame["flights"].tolist(), frame.tail(1)["flights"].tolist()
    (2, [3, 5], [5])
    """

    index: str
    columns: Mapping[str, Column]
    doubts: NDArray[np.uint8] | None = None
    undefined: Mapping[str, Undefined] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns[self.index])

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    @property
    def instants(self) -> Column:
        """The index column."""
        return self.columns[self.index]

    def slice(self, rows: slice) -> Frame:
        """A range of rows; the columns are views, not copies."""
        return self._of(rows)

    def pick(self, rows: NDArray[np.bool_]) -> Frame:
        """The rows selected by a mask, shape (rows,)."""
        return self._of(rows)

    def _of(self, rows: _Rows) -> Frame:
        doubts = None if self.doubts is None else self.doubts[rows]
        return Frame(self.index, {name: column[rows] for name, column in self.columns.items()}, doubts, self.undefined)

    def copy(self) -> Frame:
        """A copy with copied columns."""
        return replace(self, columns={name: column.copy() for name, column in self.columns.items()})

    def sure(self, *fields: str) -> NDArray[np.bool_]:
        """Mask of rows in which none of these fields is doubtful, shape (rows,)."""
        if self.doubts is not None:
            return np.asarray(self.doubts & np.uint8(sum(1 << NUMBERS.index(name) for name in fields)) == 0)
        return ~self["doubtful"] if "doubtful" in self else np.ones(len(self), dtype=np.bool_)

    def reason(self, name: str) -> str | None:
        """Reason why a column is undefined in the last row; None if it is defined, or if there are too few rows."""
        known = self.undefined.get(name)
        return known.why if known and len(self) and self.instants[-1] >= known.since else None

    def tail(self, rows: int) -> Frame:
        """The last rows."""
        return self.slice(slice(max(0, len(self) - rows), None))

    def between(self, start: np.datetime64 | None, end: np.datetime64 | None) -> Frame:
        """The rows from ``start`` up to, and not including, ``end``."""
        first = 0 if start is None else int(np.searchsorted(self.instants, start))
        last = len(self) if end is None else int(np.searchsorted(self.instants, end))
        return self.slice(slice(first, max(first, last)))


_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def table(frames: Iterable[tuple[str, str, Frame]]) -> Iterator[list[str]]:
    """The rows of frames as text, after a header.

    Takes (name of the key column, key, frame); the key column follows the index. Floats have all digits, so that they
    read back to the same value; undefined ones are empty. Instants are ISO 8601 with Z, days are dates. A text that a
    spreadsheet would treat as a formula gets a ``'`` before it.
    """
    header: list[str] | None = None
    for key_name, key, frame in frames:
        names = [name for name in frame if name != frame.index]
        if header is None:
            header = [frame.index, key_name, *names]
            yield header
        texts = [_texts(frame[name]) for name in names]
        for instant, *cells in zip(_texts(frame.instants), *texts, strict=True):
            yield [instant, text_cell(key), *cells]


def text_cell(text: str) -> str:
    """A text as a table cell; a ``'`` keeps a spreadsheet from computing it as a formula.

    >>> text_cell("AAPL"), text_cell("=HYPERLINK(1)"), text_cell("-1+1")
    ('AAPL', "'=HYPERLINK(1)", "'-1+1")
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def _texts(column: Column) -> list[str]:
    if column.dtype.kind == "M":
        if np.datetime_data(column.dtype)[0] == "D":
            return [str(text) for text in np.datetime_as_string(column)]
        seconds = column.astype("M8[s]")
        whole = bool(np.all(seconds == column))
        return [f"{text}Z" for text in np.datetime_as_string(seconds if whole else column)]
    if column.dtype.kind == "f":
        return ["" if value != value else repr(value) for value in column.tolist()]
    return ["" if each is None else text_cell(each) if isinstance(each, str) else str(each) for each in column.tolist()]
