"""Rolling windows over whole arrays of bars, in NumPy.

Arrays are processed in chunks that stay in the processor's cache. Every formula is, operation by operation,
that of the update of one bar, so that both agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stockstream.indicators.checks import InvalidBar
from stockstream.names import cut, listed

Floats: TypeAlias = NDArray[np.float64]

Column: TypeAlias = NDArray[Any]
"""A column of a table: numbers, times or texts, shape (rows,)."""

UserTable: TypeAlias = Any
"""A table as a user gives it: a DataFrame, a Series, or arrays by name; `table` refuses everything else."""

_CHUNK = 32_768
_LEAST_BUFFER = 16
_TEXTS = ("airline", "tz")


def columns_of(columns: UserTable, names: Sequence[str]) -> list[Column]:
    """The named columns as arrays of shape (n,).

    Raises TypeError for what is not a table, and ValueError where a column is missing or holds something else, or they
    differ in length.

    Names are found in any case (``Close``), a pandas Series is the only column of numbers. Numbers are floats. ``time``
    is in microseconds, UTC, and may be a DataFrame's index; ``airline`` and ``tz`` hold texts, the latter None where
    there is no such column.
    """
    columns = spelt(columns, names)
    given = {"tz"} | ({"time"} if _instants(getattr(columns, "index", None)) else set())
    needed = [name for name in names if name not in given]
    missing = [name for name in needed if name not in columns]
    if missing:
        held = f"the columns are {listed([*map(str, columns)])}" if len(columns) else "there are no columns"
        raise ValueError(f"batch needs the columns {', '.join(needed)}; {', '.join(missing)} is missing: {held}")
    found = {name: _column(columns, name) for name in names if name != "tz" or name in columns}
    lengths = {name: len(column) for name, column in found.items()}
    if len(set(lengths.values())) > 1:
        sizes = ", ".join(f"{name} has {length:,}" for name, length in lengths.items())
        raise ValueError(f"batch needs columns of one length: {sizes}")
    return [found[name] if name in found else np.full(max(lengths.values()), None) for name in names]


def table(columns: UserTable) -> None:
    """Raise TypeError for what has no columns by name, such as a plain array."""
    if not isinstance(columns, Mapping) and not hasattr(columns, "iloc"):
        kind = f"an array of shape {columns.shape}" if isinstance(columns, np.ndarray) else type(columns).__name__
        raise TypeError(
            f"batch needs columns by name, in a DataFrame or a dict of arrays such as {{'close': closes}}, not {kind}"
        )


def spelt(columns: UserTable, names: Sequence[str]) -> UserTable:
    """The table with these names as they are written here; a pandas Series as a table of the only one that is a number.

    Raises ValueError for a Series in place of several columns, and for names that differ in case alone.
    """
    table(columns)
    if hasattr(columns, "to_frame"):
        numbers = [name for name in names if name not in (*_TEXTS, "time")]
        if len(numbers) != 1:
            raise ValueError(f"batch needs the columns {', '.join(numbers)}; a Series is only one of them")
        return columns.to_frame(numbers[0])
    others: dict[str, list[str]] = {}
    for label in columns:
        if isinstance(label, str) and label.lower() in names and label.lower() not in columns:
            others.setdefault(label.lower(), []).append(label)
    if not others:
        return columns
    for labels in others.values():
        if len(labels) > 1:
            raise ValueError(f"the columns {' and '.join(labels)} differ in case alone")
    renamed = {label: name for name, (label,) in others.items()}
    if hasattr(columns, "iloc"):
        return columns.rename(columns=renamed)
    return {renamed.get(label, label): column for label, column in columns.items()}


def has(columns: UserTable, name: str) -> bool:
    """Whether a table has such labels, as a column or as a part of a DataFrame's index."""
    return name in columns or name in (getattr(getattr(columns, "index", None), "names", None) or ())


def labels(columns: UserTable, name: str) -> Column:
    """The labels of each row, of a column or of a part of a DataFrame's index."""
    found: Column = columns[name] if name in columns else columns.index.get_level_values(name)
    return found


def one_series(columns: UserTable) -> None:
    """Raise ValueError for a table of several series: a batch continues from one state. TypeError: see `table`."""
    table(columns)
    if hasattr(columns, "to_frame"):
        return
    for name in ("symbol", "interval", "feed"):
        for label in (name, name.title(), name.upper()):
            if not has(columns, label):
                continue
            values = np.asarray(labels(columns, label))
            different = values != values[:1]
            if different.any():
                raise ValueError(
                    f"a batch is of one series; {label} is {values[0]!s} and {values[np.argmax(different)]!s}: "
                    "by_series computes each by itself, Keyed bar by bar"
                )


def _column(columns: UserTable, name: str) -> Column:
    if name == "time":
        times = columns.get(name, getattr(columns, "index", None))
        if not _instants(times):
            raise ValueError(f"time is a column of datetime64, not of {getattr(times, 'dtype', type(times).__name__)}")
        # Of a zone's times in pandas, this gives the instants in UTC.
        return _flat(name, np.asarray(times, dtype="M8[us]"))
    if name in _TEXTS:
        return _flat(name, np.asarray(columns[name], dtype=np.object_))
    given = columns[name]
    kind = getattr(getattr(given, "dtype", None), "kind", None)
    if kind is not None and kind in "mMcV":
        raise ValueError(f"{name} is a column of numbers, not of {given.dtype}")
    try:
        column = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is a column of numbers: {_no_number(given) or error}") from error
    return _flat(name, column)


def _flat(name: str, column: Column) -> Column:
    if column.ndim == 1:
        return column
    what = "a single value" if not column.ndim else f"an array of shape {column.shape}"
    raise ValueError(f"{name} is one column with a value for each bar, not {what}")


def _no_number(column: Iterable[str | float]) -> str:
    """The first value that is not a number, in words; "" if there is none."""
    for place, value in enumerate(column):
        try:
            float(value)
        except (TypeError, ValueError):
            return f"{cut(repr(value))} at index {place} is none"
    return ""


def times_of(columns: UserTable) -> NDArray[np.datetime64] | None:
    """The times of a table, be they a column, its index or a part of that; None where it has none."""
    if has(columns, "time"):
        return _column({"time": labels(columns, "time")}, "time")
    return _column(columns, "time") if _instants(getattr(columns, "index", None)) else None


def _instants(times: object) -> bool:
    """Whether these are instants, as NumPy or pandas has them."""
    return getattr(getattr(times, "dtype", None), "kind", None) == "M"


def element(column: Column, place: int) -> Any:
    """The value at a place of a column, as `update` takes it."""
    value = column[place]
    if column.dtype.kind == "M":
        instant = value.item()
        return instant if instant is None else instant.replace(tzinfo=UTC)
    return value.item() if isinstance(value, np.generic) else value


def like(columns: UserTable, points: dict[str, Floats]) -> UserTable:
    """The points as the columns came: a DataFrame with the same index where those were one."""
    if not hasattr(columns, "iloc"):
        return points
    import pandas as pd  # a caller with a DataFrame has loaded it

    return pd.DataFrame(points, index=columns.index)


def computable(columns: Mapping[str, Column]) -> NDArray[np.bool_]:
    """Mask of the usable bars: see `stockstream.indicators.base.Indicator`."""
    good = np.ones(len(next(iter(columns.values()))), dtype=np.bool_)
    ranges = "high" in columns and "low" in columns
    for first in range(0, len(good), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        for name, column in columns.items():
            if name != "tz" and not _all_computable(name, column[chunk]):
                good[chunk] &= _computable(name, column[chunk])
        if ranges:
            good[chunk] &= columns["low"][chunk] <= columns["high"][chunk]
    return good


def _all_computable(name: str, column: Column) -> bool:
    """Whether `_computable` holds for all: of floats in a quarter of its time, as a NaN is the least and the most."""
    if column.dtype.kind != "f":
        return False
    return bool(column.min() >= _least(name) and column.max() <= 1e100)


def _computable(name: str, column: Column) -> NDArray[np.bool_]:
    good: NDArray[np.bool_]
    good = ~np.isnat(column) if column.dtype.kind == "M" else (column >= _least(name)) & (column <= 1e100)
    return good


def _least(name: str) -> float:
    return 0.0 if name == "volume" else -1e100


def refuse_unless(good: NDArray[np.bool_], table: UserTable, columns: Mapping[str, Column]) -> None:
    """Raise `InvalidBar` for the first bar that is not good, naming its values, its place, and its time if known."""
    if not good.all():
        place = int(np.argmin(good))
        found = {name: element(column, place) for name, column in columns.items() if name != "time"}
        values = ", ".join(f"{name} {value!r}" for name, value in found.items())
        times = table["time"] if "time" in table else getattr(table, "index", None)
        label = None if times is None else np.asarray(times)[place]
        time = "" if label is None or isinstance(label, np.integer) else f", {label}"  # a row's number is its index
        raise InvalidBar(f"cannot compute with {values} at index {place} of the batch{time}")


@contextmanager
def whole_rows() -> Iterator[None]:
    """Let NumPy work row by row on arrays that it would otherwise copy through its buffer.

    That is what it does wherever one operand is repeated for each row or column, or rows have gaps between them, and
    takes three times as long. Only for operands of one type: others need the buffer.
    """
    before = np.setbufsize(_LEAST_BUFFER)
    try:
        yield
    finally:
        np.setbufsize(before)


def running_sum(rows: Floats) -> Floats:
    """The sums of the first 1, 2, ... rows, in place."""
    if rows.shape[1] < rows.shape[0]:
        return np.add.accumulate(rows, axis=0, out=rows)
    # accumulate walks down one column after the other; whole rows at once take a fifth of its time.
    for above, row in pairwise(rows):
        row += above
    return rows


def bars_since_highest(values: Floats, size: int) -> NDArray[np.unsignedinteger]:
    """Bars since the highest value in each full window, shape (len(values) - size + 1,); ties to the most recent.

    The highest of a window is that of two shorter ones that cover it: from windows of one value they double.
    """
    kind = np.min_scalar_type(size)
    ages = np.empty(len(values) - size + 1, dtype=kind)
    step = max(_CHUNK, 4 * size)
    for first in range(0, len(ages), step):
        highest = values[first : first + step + size - 1]
        age = np.zeros(len(highest), dtype=kind)
        width = 1
        while width < size:
            shift = min(width, size - width)
            recent, older = highest[shift:], highest[:-shift]
            # The recent age where it wins, else all bits set, which the older one undercuts: a tenth of the time
            # of np.where.
            choice = (recent >= older).astype(kind)
            choice -= 1
            choice |= age[shift:]
            age = np.minimum(choice, age[:-shift] + kind.type(shift), out=choice)
            highest = np.maximum(recent, older)
            width += shift
        ages[first : first + step] = age
    return ages


def highest(values: Floats, size: int) -> Floats:
    """The highest value in each full window, shape (len(values) - size + 1,), by the same doubling."""
    found = np.empty(len(values) - size + 1)
    step = max(_CHUNK, 4 * size)
    for first in range(0, len(found), step):
        highest = values[first : first + step + size - 1]
        width = 1
        while width < size:
            shift = min(width, size - width)
            highest = np.maximum(highest[shift:], highest[:-shift])
            width += shift
        found[first : first + step] = highest
    return found


def falling(window: Floats) -> list[tuple[int, float]]:
    """(bars ago, value) of all values that exceed everything after them, the oldest first."""
    newest_first = window[::-1]
    before = np.concatenate(([-np.inf], np.maximum.accumulate(newest_first)[:-1]))
    ages = np.flatnonzero(newest_first > before)[::-1]
    return list(zip(ages.tolist(), newest_first[ages].tolist(), strict=True))
