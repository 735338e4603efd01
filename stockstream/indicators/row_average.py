"""Row-wise moving average of the close: over the last rows of a table, whatever series they belong to."""

from __future__ import annotations

from typing import ClassVar

from stockstream.indicators.sma import SMA, SMAPoint


class RowAveragePoint(SMAPoint, frozen=True, gc=False):
    """The average at one row, ``sma``, in the price's unit."""


class RowAverage(SMA):
    """The mean of the closes of the last ``period`` rows, in the order in which they come.

    ::

        sma = (sum of the last period closes) / period

    That is `SMA` under another name and with another period: what pandas' ``close.rolling(3).mean()`` gives over a
    table of rows. The caller chooses the rows: bars of one symbol give its own average; a table of
    several symbols' rows gives one over all of them, which only says something where their prices are of one kind. The
    first point is at the row with index ``period`` - 1.

    Parameters
    ----------
    period
        Rows in the average, at least 1.

    Raises
    ------
    ValueError
        For a period that is not a whole number of at least 1.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> average = RowAverage()
    >>> [average.update(SimpleNamespace(close=close)) for close in (1.0, 2.0, 6.0, 4.0)][2:]
    [RowAveragePoint(sma=3.0), RowAveragePoint(sma=4.0)]
    """

    __slots__ = ()

    name: ClassVar[str] = "row_average"
    point: ClassVar[type[SMAPoint]] = RowAveragePoint
    of_one_series: ClassVar[bool] = False

    def __init__(self, period: int = 3) -> None:
        super().__init__(period)
