"""Resampling of whole columns of bars, in NumPy: see `stockstream.indicators.resample`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stockstream import periods
from stockstream.indicators.arrays import Column, UserTable, columns_of, element, refuse_unless, spelt
from stockstream.indicators.segments import changes, running_sums
from stockstream.indicators.sessions import Sessions

_PRICES: Final = ("open", "high", "low", "close")
_LAST: Final = ("adj_close", "close_usd", "symbol", "feed", "currency", "unit", "tz", "source")
"""The columns whose last value each period has."""


def resampled(
    interval: str,
    sessions: Sessions,
    closes: Callable[[datetime, str, str | None], bool],
    columns: UserTable,
    of: str | None,
    left_out: NDArray[np.bool_] | None,
) -> UserTable:
    """The result of `stockstream.indicators.resample.Resampler.batch`.

    Parameters
    ----------
    interval
        The longer one.
    sessions
        Which session an instant belongs to.
    closes
        Whether a bar of a time, an interval and a zone is the last of its period.
    columns, of, left_out
        As for ``batch``.
    """
    columns = spelt(columns, (*_PRICES, "volume", "time", "final", "interval", *_LAST))
    finer = _interval(columns, of)
    if not periods.add_up(finer, interval):
        raise ValueError(f"bars of {finer} do not add up to bars of {interval}")
    names = (*_PRICES, *(["volume"] if "volume" in columns else []))
    *numbers, zones, times = columns_of(columns, (*names, "tz", "time"))
    found = dict(zip(names, numbers, strict=True))
    refuse_unless(~np.isnat(times) & np.logical_and.reduce([*map(_known, names, numbers)]), columns, found)

    order = _ascending(times)
    times, zones = times[order], zones[order]
    opened = openings(interval, sessions, finer, times, zones)
    last = opened[-1:]
    possible = _possible(found) if left_out is None else _possible(found) & ~left_out
    found = _known_parts(found, possible)
    kept = np.flatnonzero(_taken(possible[order], changes(opened)))
    rows = order[kept]
    if not np.array_equal(rows, np.arange(len(numbers[0]))):  # which it nearly always is
        found = {name: column[rows] for name, column in found.items()}
        opened = opened[kept]
    starts = changes(opened)
    ends = np.append(starts[1:], len(rows))[: len(starts)] - 1
    result: dict[str, Any] = {
        "time": opened[starts],
        "open": found["open"][starts],
        "high": np.maximum.reduceat(found["high"], starts),
        "low": np.minimum.reduceat(found["low"], starts),
        "close": found["close"][ends],
    }
    if "volume" in found:
        result["volume"] = running_sums(found["volume"].copy(), starts)[ends]
    result |= {name: np.asarray(columns[name])[rows[ends]] for name in _LAST if name in columns}
    if "interval" in columns:
        result["interval"] = np.full(len(starts), interval)
    result["final"] = np.ones(len(starts), dtype=np.bool_)
    if len(starts) and last == result["time"][-1]:
        final = "final" not in columns or bool(np.asarray(columns["final"])[order[-1]])
        result["final"][-1] = final and closes(element(times, -1), finer, zones[-1])
    return _like(columns, result, dates=not periods.intraday(interval))


def _interval(columns: UserTable, of: str | None) -> str:
    """The interval of the bars, which must be of one series."""
    known = {}
    for name in ("symbol", "interval", "feed"):
        values = np.asarray(columns[name]) if name in columns else np.empty(0)
        if (values != values[:1]).any():
            raise ValueError(f"a batch is of one series; {name} is {values[0]!r} and others")
        if len(values):
            known[name] = str(values[0])
    finer = of or known.get("interval")
    if finer is None:
        raise ValueError("batch needs to know the interval of the bars: of='1m', or a column interval")
    if finer != known.get("interval", finer):
        raise ValueError(f"the bars are of {known['interval']}, not of {finer}")
    return finer


def _known(name: str, column: NDArray[np.float64]) -> NDArray[np.bool_]:
    size: NDArray[np.float64] = np.abs(column)
    return ~(size > 1e100) if name in ("open", "volume") else size <= 1e100


def _possible(found: dict[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Which bars have a high, a low and a close that `stockstream.records.doubts` does not doubt."""
    possible: NDArray[np.bool_] = (found["low"] <= found["close"]) & (found["close"] <= found["high"])
    return possible


def _known_parts(found: dict[str, NDArray[np.float64]], possible: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    """The numbers, NaN in place of an open or a volume that is in doubt where all else is possible."""
    first = found["open"]
    wrong = {"open": possible & ((first < found["low"]) | (first > found["high"]))}
    if "volume" in found:
        wrong["volume"] = possible & (found["volume"] < 0.0)
    return found | {name: np.where(bad, np.nan, found[name]) for name, bad in wrong.items() if bad.any()}


def _taken(possible: NDArray[np.bool_], starts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which bars count: those that are possible, and of a period of nothing else the last."""
    if not possible.all():
        ends = np.append(starts[1:], len(possible)) - 1
        possible[ends[~np.logical_or.reduceat(possible, starts)]] = True
    return possible


def _ascending(times: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """The places in the order of time; of those of one time the last."""
    if (times[1:] > times[:-1]).all():
        return np.arange(len(times))
    order: NDArray[np.intp] = np.argsort(times, kind="stable")
    last: NDArray[np.bool_] = np.append(times[order][1:] != times[order][:-1], np.True_)
    return order[last]


def openings(
    interval: str, sessions: Sessions, finer: str, times: NDArray[np.datetime64], zones: Column
) -> NDArray[np.datetime64]:
    """The result of `stockstream.indicators.resample.Resampler.openings`."""
    if not periods.intraday(finer):
        return periods.openings(times, interval)
    places, runs = sessions.runs(times, zones)
    lengths = np.diff([*places, len(times)])
    dates, starts, opens = (
        np.array([getattr(run, name).replace(tzinfo=None) for run in runs], dtype="M8[us]")
        for name in ("date", "start", "opens")
    )
    if not periods.intraday(interval):
        return np.repeat(periods.openings(dates, interval), lengths)
    opened = periods.openings(times, interval, np.repeat(opens, lengths))
    clipped: NDArray[np.datetime64] = np.maximum(opened, np.repeat(starts, lengths))
    return clipped


def _like(columns: UserTable, found: dict[str, Any], *, dates: bool) -> UserTable:
    """The bars as the columns came: a DataFrame where those were one, times where they were, in their zone."""
    if not hasattr(columns, "iloc"):
        return found
    import pandas as pd  # a caller with a DataFrame has loaded it

    as_column = "time" in columns
    stamps = pd.DatetimeIndex(found.pop("time"))
    zone = getattr((columns["time"] if as_column else columns.index).dtype, "tz", None)
    if zone is not None:
        stamps = stamps.tz_localize("UTC") if dates else stamps.tz_localize("UTC").tz_convert(zone)
    if as_column:
        return pd.DataFrame({"time": stamps} | found)
    return pd.DataFrame(found, index=stamps.rename(columns.index.name))
