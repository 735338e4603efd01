"""Digest of one series for a dashboard: its summary values, and its rows in each table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from stockstream.indicators.arrays import Column
from stockstream.views.clock import local
from stockstream.views.frame import Frame

AVERAGE: Final = "moving_average"
VOLATILITY: Final = "volatility"

ROWS: Final = 500
"""Number of newest bars in the table of bars, of all symbols together."""

WINDOWS: Final = 120
"""Number of newest windows of each symbol in the table of windows."""

FIGURES: Final = ("volume", "close", AVERAGE, VOLATILITY, f"{AVERAGE}_max", f"{VOLATILITY}_max")

_MINUTE: Final = np.timedelta64(1, "m")


class Past(msgspec.Struct, frozen=True):
    """Summary of the dropped bars of one series, for figures and tables of all bars.

    ``volume`` is their sum; ``average`` and ``volatility`` are the highest; of each day (since 1970), ``closes`` is the
    sum and ``bars`` the number.
    """

    volume: float = 0.0
    average: float | None = None
    volatility: float | None = None
    days: tuple[int, ...] = ()
    closes: tuple[float, ...] = ()
    bars: tuple[int, ...] = ()

    def plus(self, frame: Frame, zone: str | None) -> Past:
        """With some more bars, which come after these."""
        sound = _sound(frame)
        days = _Days.of(sound, zone, self)
        return Past(
            self.volume + float(np.nansum(sound["volume"])),
            _higher(self.average, sound[AVERAGE]),
            _higher(self.volatility, sound[VOLATILITY]),
            tuple(days.days.astype(np.int64).tolist()),
            tuple(days.closes.tolist()),
            tuple(days.bars.tolist()),
        )


class _Days(NamedTuple):
    """Of each day the sum of the closes and the number of bars."""

    days: NDArray[np.datetime64]
    closes: NDArray[np.float64]
    bars: NDArray[np.int64]

    @classmethod
    def of(cls, frame: Frame, zone: str | None, past: Past) -> _Days:
        starts, days = _runs(local(frame["time"], zone).astype("M8[D]"))
        closes = np.add.reduceat(frame["close"], starts) if len(starts) else np.empty(0)
        bars = np.diff(starts, append=len(frame))
        if past.days:
            days = np.concatenate((np.array(past.days, "M8[D]"), days))
            closes = np.concatenate((past.closes, closes))
            bars = np.concatenate((past.bars, bars))
            starts, days = _runs(days)  # the day at which the bars were parted is one
            closes, bars = np.add.reduceat(closes, starts), np.add.reduceat(bars, starts)
        return cls(days, closes, bars)


@dataclass(frozen=True, eq=False)
class Digest:
    """Summary of one series. Bars with a doubtful close or volume are only in ``rows``.

    Attributes
    ----------
    figures
        Values of `FIGURES` in their order: the sum of volumes; the latest close, average and volatility; the highest
        average and volatility.
    days
        Mean close of each local day.
    windows
        For each of the newest `WINDOWS` minutes the mean of the moving average, the number of bars, and of late ones.
    rows
        The newest `ROWS` bars.
    counts
        Number of irregular bars of each kind.
    """

    figures: tuple[float, ...]
    days: Frame
    windows: Frame
    rows: Frame
    counts: Mapping[str, int]


def digest(
    symbol: str, frame: Frame, zone: str | None, *, late: int, counts: Mapping[str, int], past: Past | None = None
) -> Digest:
    """The digest of a series.

    Parameters
    ----------
    symbol
        Name in the tables.
    frame
        Bars with `AVERAGE` and `VOLATILITY`.
    zone
        The exchange's zone; None for UTC.
    late
        Number of bars that arrived after newer ones.
    counts
        Bars that could not simply be taken.
    past
        Summary of older bars.
    """
    sound = _sound(frame)
    past = past or Past()
    return Digest(
        (
            past.volume + float(np.nansum(sound["volume"])),
            *(_last(sound[name]) for name in ("close", AVERAGE, VOLATILITY)),
            *(
                np.nan if most is None else most
                for most in (_higher(past.average, sound[AVERAGE]), _higher(past.volatility, sound[VOLATILITY]))
            ),
        ),
        _days(symbol, _Days.of(sound, zone, past)),
        _windows(symbol, sound, late),
        _rows(symbol, frame),
        counts,
    )


def _sound(frame: Frame) -> Frame:
    """The bars whose close and volume are not in doubt."""
    sure = frame.sure("close", "volume")
    return frame if sure.all() else frame.pick(sure)


def _days(symbol: str, of: _Days) -> Frame:
    days = of.days
    return Frame("day", {"day": days, "symbol": texts([symbol] * len(days)), "close": of.closes / of.bars})


def _windows(symbol: str, frame: Frame, late: int) -> Frame:
    starts, minutes = _runs(frame["time"].astype("M8[m]"))
    if len(starts) > WINDOWS:
        starts, minutes = starts[-WINDOWS:], minutes[-WINDOWS:]
    first = starts[0] if len(starts) else 0
    values = frame[AVERAGE][first:]
    known = np.isfinite(values).astype(np.float64)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts - first) if len(starts) else np.empty(0)
    counts = np.add.reduceat(known, starts - first) if len(starts) else np.empty(0)
    begins = minutes.astype("M8[us]")
    return Frame(
        "start",
        {
            "start": begins,
            "end": begins + _MINUTE,
            "symbol": texts([symbol] * len(starts)),
            AVERAGE: np.divide(sums, counts, out=np.full(len(starts), np.nan), where=counts > 0),
            "bars": np.diff(starts, append=len(frame)),
            "late": np.full(len(starts), late),
        },
    )


def _rows(symbol: str, frame: Frame) -> Frame:
    newest = frame.tail(ROWS)
    return Frame(
        "time",
        {"time": newest["time"], "symbol": texts([symbol] * len(newest))}
        | {name: newest[name] for name in ("open", "high", "low", "close", "volume", "doubtful")},
    )


def _runs(values: Column) -> tuple[NDArray[np.intp], Column]:
    """Start and value of each run of equal values."""
    starts = (
        np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1]))) if len(values) else np.empty(0, np.intp)
    )
    return starts, values[starts]


def _last(values: NDArray[np.float64]) -> float:
    if len(values) and values[-1] == values[-1]:
        return float(values[-1])
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else np.nan


def _higher(most: float | None, values: NDArray[np.float64]) -> float | None:
    """The highest of some values and the former highest; None if there are none."""
    known = values[np.isfinite(values)]
    if not len(known):
        return most
    highest = float(known.max())
    return highest if most is None else max(most, highest)


def texts(values: list[str]) -> Column:
    """Texts as a column."""
    return np.array(values, dtype=object)
