"""Indicator over a DataFrame of many series, computed for each series separately."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from stockstream.indicators.base import AnyIndicator, Table, refuse_other
from stockstream.indicators.checks import InvalidBar
from stockstream.records import doubted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stockstream.indicators.arrays import Column, UserTable

SERIES: Final = ("symbol", "interval", "feed")
"""The columns that distinguish the series, if they exist."""

_MAY_LACK: Final = ("open", "volume")


def by_series(indicator: AnyIndicator, table: Table) -> Table:
    """The points of an indicator over each series of a frame, as a window shows them.

    Every series is computed from its first bar on, by a copy of the indicator, in the order of time. Bars are left out
    as windows leave them out: one that the indicator refuses, one of which a field that it reads is in doubt, and one
    that lacks an open or a volume where it reads that. Of several rows of one series and time the last counts.

    Parameters
    ----------
    indicator
        Each series begins with a copy of it; it is not changed.
    table
        Arrays of shape (n,) by name, or a DataFrame: the columns of ``inputs``, in any case; symbol, interval and feed
        where there are several series; time, which may be the index, if rows are not in its order; ``flags``
        (a bar's, see `stockstream.records.doubts`), or ``doubtful`` (a truth), where bars are in doubt.

    Returns
    -------
    Columns | pandas.DataFrame
        The columns ``fields``, one row for each of the table (and a DataFrame's index), NaN during warm-up, where a
        field is undefined, and for a row that does not count.

    Raises
    ------
    ValueError
        A column is missing, or they differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> from stockstream.indicators import SMA
    >>> table = {
    ...     "symbol": np.array(["AAPL", "MSFT", "AAPL", "MSFT", "AAPL"]),
    ...     "close": np.array([10.0, 50.0, 12.0, 70.0, 20.0]),
    ... }
    >>> by_series(SMA(2), table)["sma"].tolist()
    [nan, nan, 11.0, 60.0, 16.0]
    """
    import numpy as np  # as late as here: see base

    from stockstream.indicators import arrays

    refuse_other(indicator)
    table = arrays.spelt(table, indicator.inputs)  # a plain Series is the only input
    table = arrays.spelt(table, (*indicator.inputs, *SERIES, "time", "flags", "doubtful"))
    inputs = indicator._columns(table)  # noqa: SLF001 - it is one of us
    count = len(inputs[0])
    points = np.full((len(indicator.fields), count), np.nan)
    fed = _fed(indicator, inputs, table)
    for rows in _series(table, count):
        used = rows[fed[rows]]
        columns = {name: column[used] for name, column in zip(indicator.inputs, inputs, strict=True)}
        points[:, used] = _points(indicator.copy(), columns, len(used))
    result: Table = arrays.like(table, dict(zip(indicator.fields, points, strict=True)))
    return result


def _series(table: UserTable, count: int) -> Sequence[NDArray[np.intp]]:
    """The rows of each series in the order of time, of one time the last."""
    import numpy as np

    from stockstream.indicators import arrays
    from stockstream.indicators.segments import changes

    codes = np.zeros(count, dtype=np.intp)
    if named := [np.asarray(arrays.labels(table, name)).tolist() for name in SERIES if arrays.has(table, name)]:
        known: dict[Any, int] = {}
        codes = np.fromiter((known.setdefault(key, len(known)) for key in zip(*named, strict=True)), np.intp, count)
    order = np.argsort(codes, kind="stable")
    if (times := arrays.times_of(table)) is not None:
        order = np.lexsort((times, codes))
        last = (np.diff(codes[order]) != 0) | (np.diff(times[order]) != np.timedelta64(0))
        order = order[np.append(last, np.ones(min(1, count), dtype=np.bool_))]
    return np.split(order, changes(codes[order])[1:]) if count else []


def _fed(indicator: AnyIndicator, inputs: Sequence[Column], table: UserTable) -> NDArray[np.bool_]:
    """Mask of the rows that the indicator takes."""
    import numpy as np

    fed = np.ones(len(inputs[0]), dtype=np.bool_)
    for name, column in zip(indicator.inputs, inputs, strict=True):
        if name in _MAY_LACK:
            fed &= ~np.isnan(column)
    if "flags" in table:
        doubts = (not doubted(_flags(flags)).isdisjoint(indicator.inputs) for flags in table["flags"])
        fed &= ~np.fromiter(doubts, np.bool_, len(fed))
    elif "doubtful" in table:
        fed &= ~np.asarray(table["doubtful"], dtype=np.bool_)
    return fed


def _flags(cell: Any) -> tuple[str, ...]:
    """The flags of a cell: any number of them, one, or none (None or NaN)."""
    if isinstance(cell, str):
        return (cell,)
    return () if cell is None or cell != cell else tuple(cell)


def _points(indicator: AnyIndicator, columns: dict[str, Column], count: int) -> NDArray[np.float64]:
    """The points of one series, NaN for a bar that is refused, shape (fields, count)."""
    import numpy as np

    if not count:
        return np.empty((len(indicator.fields), 0))
    try:
        return np.array(list(indicator.copy().batch(columns).values()))
    except InvalidBar:
        points = np.full((len(indicator.fields), count), np.nan)
        inputs = list(columns.values())
        for index in range(count):
            try:
                point = indicator.update(indicator._bar(inputs, index))  # noqa: SLF001 - it is one of us
                points[:, index] = indicator._row(point)  # noqa: SLF001
            except InvalidBar:
                continue
        return points
