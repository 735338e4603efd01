"""What a dashboard shows: a few tables over the bars of all its symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stockstream.indicators import SMA, Volatility
from stockstream.records import Series
from stockstream.views.clock import local
from stockstream.views.fold import Selection
from stockstream.views.frame import Frame
from stockstream.views.returns import Spread, spreads
from stockstream.views.series import SeriesFold

ROWS: Final = 500
"""The newest bars that the table of rows holds, of all symbols together."""

WINDOWS: Final = 120
"""The newest windows that the table of windows holds, of each symbol."""

_MINUTE: Final = np.timedelta64(1, "m")
_AVERAGE, _VOLATILITY = "moving_average", "volatility"


class DashboardFold(SeriesFold):
    """Bars by series with a moving average and the volatility of each, and tables over all of them.

    Bars that are marked impossible, or that cannot be computed with, are in the table of rows alone.

    Parameters
    ----------
    selection
        The symbols to keep (none: every one), and their interval and feed (None: any).
    average
        Bars in the moving average of the closes.
    volatility
        Log returns in the volatility, which is that of a single bar: their standard deviation, not annualised.
    """

    def __init__(self, selection: Selection, *, average: int = 3, volatility: int = 20) -> None:
        super().__init__(
            {_AVERAGE: lambda: SMA(average), _VOLATILITY: lambda: Volatility(volatility, factor=1.0)}, selection
        )

    def tables(self) -> Mapping[str, Frame]:
        """The tables by name, good until the next `apply`.

        ``symbols``
            A row a symbol: volume (the sum), close, moving_average and volatility (the latest), both of these at their
            highest, and share (the volatility's, of the sum of all).
        ``days``
            A row a symbol and day of its exchange, the newest first: close, the mean.
        ``windows``
            A row a symbol and minute by the bars' own time (a tumbling window from start up to end), the newest first:
            moving_average, the mean of it; bars, how many; late, how many of the symbol's bars came after newer ones.
        ``rows``
            The newest bars, newest first.
        """
        frames = {key: self.frame(key) for key in self.keys()}
        sound = {key: _sound(frame) for key, frame in frames.items()}
        return {
            "symbols": _symbols(sound),
            "days": _joined([_days(key, frame, self.zone(key)) for key, frame in sound.items()], "day"),
            "windows": _joined([_windows(key, frame, self._late(key)) for key, frame in sound.items()], "start"),
            "rows": _joined([_rows(key, frame) for key, frame in frames.items()], "time", ROWS),
        }

    def returns(self) -> list[Spread]:
        """How the returns are spread, a `Spread` for each interval and feed; computed anew each time."""
        return spreads({Series(*self._shown[key]): self.frame(key) for key in self.keys()})

    def _late(self, key: str) -> int:
        return self._histories[self._shown[key]].late


def _sound(frame: Frame) -> Frame:
    """The bars that can be computed with."""
    sound = frame.sure("close", "volume")
    return frame if sound.all() else frame.pick(sound)


def _symbols(frames: Mapping[str, Frame]) -> Frame:
    last = {name: [_last(frame[name]) for frame in frames.values()] for name in ("close", _AVERAGE, _VOLATILITY)}
    most = {name: [_most(frame[name]) for frame in frames.values()] for name in (_AVERAGE, _VOLATILITY)}
    columns: dict[str, Any] = {
        "symbol": _texts(list(frames)),
        "volume": np.array([float(np.nansum(frame["volume"])) for frame in frames.values()]),
        **{name: np.array(values) for name, values in last.items()},
        **{f"{name}_max": np.array(values) for name, values in most.items()},
    }
    total = np.nansum(columns[_VOLATILITY])
    columns["share"] = columns[_VOLATILITY] / total if total else np.full(len(frames), np.nan)
    return Frame("symbol", columns)


def _days(key: str, frame: Frame, zone: str | None) -> Frame:
    starts, days = _runs(local(frame["time"], zone).astype("M8[D]"))
    sizes = np.diff(starts, append=len(frame))
    means = np.add.reduceat(frame["close"], starts) / sizes if len(starts) else np.empty(0)
    return Frame("day", {"day": days, "symbol": _texts([key] * len(days)), "close": means})


def _windows(key: str, frame: Frame, late: int) -> Frame:
    starts, minutes = _runs(frame["time"].astype("M8[m]"))
    if len(starts) > WINDOWS:
        starts, minutes = starts[-WINDOWS:], minutes[-WINDOWS:]
    values = frame[_AVERAGE]
    known = np.isfinite(values).astype(np.float64)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts) if len(starts) else np.empty(0)
    counts = np.add.reduceat(known, starts) if len(starts) else np.empty(0)
    begins = minutes.astype("M8[us]")
    return Frame(
        "start",
        {
            "start": begins,
            "end": begins + _MINUTE,
            "symbol": _texts([key] * len(starts)),
            _AVERAGE: np.divide(sums, counts, out=np.full(len(starts), np.nan), where=counts > 0),
            "bars": np.diff(starts, append=len(frame)),
            "late": np.full(len(starts), late),
        },
    )


def _rows(key: str, frame: Frame) -> Frame:
    newest = frame.tail(ROWS)
    return Frame(
        "time",
        {"time": newest["time"], "symbol": _texts([key] * len(newest))}
        | {name: newest[name] for name in ("open", "high", "low", "close", "volume", "doubtful")},
    )


def _joined(frames: list[Frame], index: str, most: int | None = None) -> Frame:
    """The rows of all, the newest first; of one instant in the order of the frames."""
    if not frames:
        return Frame(index, {index: np.empty(0, "M8[us]")})
    columns = {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}
    order = np.argsort(-columns[index].astype(np.int64), kind="stable")[:most]
    return Frame(index, {name: column[order] for name, column in columns.items()})


def _runs(values: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Where each run of equal values starts, and its value."""
    starts = (
        np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1]))) if len(values) else np.empty(0, np.intp)
    )
    return starts, values[starts]


def _last(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else np.nan


def _most(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.max()) if len(known) else np.nan


def _texts(values: list[str]) -> NDArray[Any]:
    return np.array(values, dtype=object)
