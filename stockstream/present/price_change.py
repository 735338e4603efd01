"""Last price and its change since the previous close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from stockstream.present.formats import decimals, moment
from stockstream.present.plot_data import PlotData
from stockstream.views.clock import local

_RECENT: Final = 20
"""Number of closes from which the decimals of prices are derived."""

_A_WEEK: Final = np.timedelta64(6, "D")
_A_MONTH: Final = 28
"""Days."""


@dataclass(frozen=True)
class PriceChange:
    """A price, its reference price, and the time of the reference: "Fri", "27 Feb", "09:30"."""

    price: float
    before: float
    since: str
    digits: int = 2

    @property
    def change(self) -> float:
        """The difference."""
        return self.price - self.before

    @property
    def lines(self) -> tuple[str, ...]:
        """Price, change with an arrow, change in percent, and since when."""
        arrow = "▲" if self.change > 0 else "▼" if self.change < 0 else "="
        share = f"{100 * self.change / self.before:+.2f} %" if self.before > 0 else "-"
        return (
            f"{self.price:,.{self.digits}f}",
            f"{arrow} {self.change:+,.{self.digits}f}",
            share,
            f"since {self.since}",
        )


def price_change(plot_data: PlotData) -> PriceChange | None:
    """The last close of a series and its reference; None if there are not two prices.

    For bars shorter than a day the reference is the last close of the day before, in the exchange's time; on the first
    day of the rows it is their first open. For longer bars it is the close of the bar before. Doubtful bars do not
    count.
    """
    frame = plot_data.frame
    if not plot_data.key or "close" not in frame or "open" not in frame:
        return None
    closes = frame["close"]
    sure = np.isfinite(closes)
    sure &= frame.sure("close")
    rows = np.flatnonzero(sure)
    if not len(rows):
        return None
    last = int(rows[-1])
    digits = decimals(closes[-_RECENT:])
    begin = last if plot_data.daily else _first_of_day(plot_data, last)
    earlier = rows[: np.searchsorted(rows, begin)]
    if len(earlier):
        before = int(earlier[-1])
        return PriceChange(float(closes[last]), float(closes[before]), _day(plot_data, before, last), digits)
    if plot_data.daily:
        return None
    first = int(rows[0])
    if not np.isfinite(frame["open"][first]) or not frame.sure("open")[first]:
        return None
    clock = moment(frame.instants[first], plot_data.zone, daily=False, named=False).rpartition(" ")[2]
    return PriceChange(float(closes[last]), float(frame["open"][first]), clock, digits)


def _first_of_day(plot_data: PlotData, row: int) -> int:
    """First row of the local day of a row."""
    instants = plot_data.frame.instants
    instant = instants[row]
    clock = _local(instant, plot_data.zone)
    midnight = clock.astype("M8[D]")
    began = instant - (clock - midnight)
    began -= _local(began, plot_data.zone) - midnight  # the clock may have been changed on that day
    return int(np.searchsorted(instants, began))


def _local(instant: np.datetime64, zone: str | None) -> np.datetime64:
    there: np.datetime64 = local(np.array([instant]), zone)[0]
    return there


def _day(plot_data: PlotData, row: int, last: int) -> str:
    """Name of a row's day relative to another row: its weekday within the same week, otherwise its month or year."""
    instants = plot_data.frame.instants
    if plot_data.days >= _A_MONTH:
        return plot_data.moment(row)
    weekday, *date = moment(instants[row], plot_data.zone, daily=True).split()
    if instants[last] - instants[row] <= _A_WEEK:
        return weekday
    same = instants[last].astype("M8[Y]") == instants[row].astype("M8[Y]")
    return " ".join(date[:2] if same else date[1:])
