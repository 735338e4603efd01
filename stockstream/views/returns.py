"""Return statistics: the distribution of each series' returns, and their correlation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stockstream.records import Series
from stockstream.views.frame import Frame

Values = NDArray[np.float64]

LEAST: Final = 20
"""Number of common returns that a correlation of two symbols needs."""

MOST: Final = 16
"""Maximum number of symbols with returns and correlations in a `ReturnDistribution`; more would not be legible."""

_NOISE: Final = 1e-13
"""Deviations of log returns up to this are rounding errors of prices that change by a constant factor, or never."""

_USUAL: Final = 0.99
"""Part of a symbol's returns that is in view, unless that compresses most of them too much."""

_BULK: Final = 0.95
_SQUEEZED: Final = 2.0
"""The view is at most this number of times as wide as this part of a symbol's returns needs."""

_FEW: Final = 20
"""Number of returns below which outliers cannot be recognised."""

_UNLIKE: Final = 3.0
"""The view is at most this number of times as wide as the median symbol needs."""


@dataclass(frozen=True, eq=False)
class Correlation:
    """Pearson's correlation of the returns of each pair of symbols, over their common returns.

    Attributes
    ----------
    symbols
        Symbols of the rows and columns.
    values
        Shape (symbols, symbols), from -1 to 1; NaN for fewer than `LEAST` common returns, and for constant prices.
    common
        Number of common returns, between the same two instants; same shape.
    """

    symbols: tuple[str, ...]
    values: Values
    common: NDArray[np.int64]

    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Indexes of each pair of symbols, once: rows and columns."""
        return np.triu_indices(len(self.symbols), 1)

    def known(self) -> tuple[list[str], Values]:
        """The symbols with a correlation, and their rows and columns."""
        others = np.isfinite(self.values) & ~np.eye(len(self.symbols), dtype=bool)
        kept = np.flatnonzero(others.any(axis=1))
        return [self.symbols[index] for index in kept], self.values[np.ix_(kept, kept)]


@dataclass(frozen=True, eq=False)
class ReturnDistribution:
    """Return distribution of all series of one interval and feed.

    Attributes
    ----------
    interval, feed
        Interval and feed of the bars.
    table
        The statistics of `described`, a row for each symbol.
    returns
        Log returns by symbol, as fractions; of at most `MOST` symbols, the busiest.
    correlation
        Correlation of these returns.
    """

    interval: str
    feed: str
    table: Frame
    returns: Mapping[str, Values]
    correlation: Correlation


def return_distributions(frames: Mapping[Series, Frame], most: int = MOST) -> list[ReturnDistribution]:
    """One for each interval and feed: returns of days and minutes, or simulated and real ones, cannot be compared.

    Parameters
    ----------
    frames
        Bars of each series, as `History.frame` gives them.
    most
        Maximum number of symbols whose returns are kept: those of the highest total volume, or with the most returns.
    """
    kinds = dict.fromkeys((series.interval, series.feed) for series in frames)
    return [
        _spread(*kind, {series.symbol: frame for series, frame in frames.items() if series[1:] == kind}, most)
        for kind in kinds
    ]


def _spread(interval: str, feed: str, frames: Mapping[str, Frame], most: int) -> ReturnDistribution:
    moves = {symbol: returns(frame) for symbol, frame in frames.items()}
    busiest = _busiest(frames, moves, most)
    kept = {symbol: moves[symbol] for symbol in frames if symbol in busiest}
    bars = [len(frame) for frame in frames.values()]
    return ReturnDistribution(
        interval,
        feed,
        described(bars, {symbol: move["return"] for symbol, move in moves.items()}),
        {symbol: move["return"] for symbol, move in kept.items()},
        correlated(kept),
    )


def _busiest(frames: Mapping[str, Frame], moves: Mapping[str, Frame], most: int) -> Collection[str]:
    def rank(symbol: str) -> tuple[float, int]:
        frame = frames[symbol]
        return -float(np.nansum(frame["volume"][frame.sure("volume")])), -len(moves[symbol])

    return set(sorted((symbol for symbol in frames if len(moves[symbol])), key=rank)[:most])


def returns(frame: Frame) -> Frame:
    """The log returns from bar to bar: ln(close / close of the previous bar), as fractions.

    There is no return over a gap, from or to a close that is doubtful or not positive, or to a forming bar. A night, a
    weekend or a holiday is not a gap.

    Parameters
    ----------
    frame
        Bars of one series: time, close, final, doubtful and gap.

    Returns
    -------
    Frame
        ``time`` of the bar at which a return ends, ``since`` that of the previous bar, ``return`` the value.

    >>> times = np.arange("2026-03-02", "2026-03-06", dtype="M8[D]").astype("M8[us]")
    >>> no = np.zeros(4, dtype=bool)
    >>> gap = np.array([False, False, True, False])
    >>> close = np.array([100.0, 101.0, 50.0, 50.0])
    >>> found = returns(Frame("time", {"time": times, "close": close, "final": ~no, "doubtful": no, "gap": gap}))
    >>> found["return"].round(6).tolist(), [str(time)[:10] for time in found["time"]]
    ([0.00995, 0.0], ['2026-03-03', '2026-03-05'])
    """
    times, close = frame["time"], frame["close"]
    sound = frame["final"] & frame.sure("close") & np.isfinite(close) & (close > 0)
    ends = np.flatnonzero(sound[1:] & sound[:-1] & ~frame["gap"][1:]) + 1
    return Frame(
        "time",
        {"time": times[ends], "since": times[ends - 1], "return": np.log(close[ends]) - np.log(close[ends - 1])},
    )


def described(bars: Sequence[int], moves: Mapping[str, Values]) -> Frame:
    """Statistics of the returns of each symbol.

    Parameters
    ----------
    bars
        Number of bars of each symbol.
    moves
        Returns of each symbol, as fractions.

    Returns
    -------
    Frame
        By ``symbol``: ``bars`` and ``returns``, their numbers; ``mean`` and sample ``deviation`` (divisor n - 1) of one
        return, not annualised; ``skewness`` and ``kurtosis`` as below; ``worst`` and ``best``, the lowest and highest
        return. Values are fractions, except counts, skewness and kurtosis. NaN for too few returns.
    """
    rows = [_described(values) for values in moves.values()]
    names = ("mean", "deviation", "skewness", "kurtosis", "worst", "best")
    return Frame(
        "symbol",
        {
            "symbol": np.array(list(moves), dtype=object),
            "bars": np.array(bars, dtype=np.int64),
            "returns": np.array([len(values) for values in moves.values()], dtype=np.int64),
        }
        | {name: np.array([row[index] for row in rows], dtype=np.float64) for index, name in enumerate(names)},
    )


def _described(values: Values) -> tuple[float, ...]:
    if not len(values):
        return (np.nan,) * 6
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else np.nan
    return (
        float(np.mean(values)), deviation, *shape(values),
        float(np.min(values)), float(np.max(values)),
    )  # fmt: skip


def shape(values: Values) -> tuple[float, float]:
    """Skewness and excess kurtosis of the population of a sample, shape (n,), as in pandas.

    Unbiased estimates: G1 and G2 of Joanes and Gill, Comparing measures of sample skewness and kurtosis, The
    Statistician 47 (1998), 183-189; both 0 for a normal distribution. NaN for fewer than three and four values, and
    for constant values (pandas: 0).

    >>> [round(each, 4) for each in shape(np.array([1.0, 2.0, 3.0, 10.0]))]
    [1.7636, 3.228]
    """
    if not len(values) or not _varies(values):
        return np.nan, np.nan
    import pandas as pd  # importing it takes a third of a second, only needed for returns

    # Both are independent of scale; pandas 2 treats sums below 1e-14 as zero.
    scaled: Any = pd.Series(values / np.std(values))
    return float(scaled.skew()), float(scaled.kurt())


def _varies(values: Values) -> bool:
    return bool(np.std(values) > _NOISE)


def correlated(moves: Mapping[str, Frame]) -> Correlation:
    """Correlation of the returns of each pair of symbols.

    Only returns between the same two instants count: if one of the two lacks a bar, its next return covers more than
    one bar, and has no match.

    Parameters
    ----------
    moves
        The `returns` of each symbol.
    """
    frames = list(moves.values())
    values = np.full((len(frames), len(frames)), np.nan)
    common = np.zeros(values.shape, dtype=np.int64)
    for row, one in enumerate(frames):
        for column, other in enumerate(frames[: row + 1]):
            ours, theirs = _matched(one, other)
            common[row, column] = common[column, row] = len(ours)
            if len(ours) >= LEAST:
                values[row, column] = values[column, row] = _pearson(ours, theirs)
    return Correlation(tuple(moves), values, common)


def _matched(one: Frame, other: Frame) -> tuple[Values, Values]:
    """The common returns of two symbols."""
    indexes = np.searchsorted(other["time"], one["time"])
    ours = np.flatnonzero(indexes < len(other))
    theirs = indexes[ours]
    same: Any = (other["time"][theirs] == one["time"][ours]) & (other["since"][theirs] == one["since"][ours])
    return one["return"][ours[same]], other["return"][theirs[same]]


def _pearson(one: Values, other: Values) -> float:
    if not (_varies(one) and _varies(other)):
        return np.nan
    return float(np.corrcoef(one, other)[0, 1])


def reach(moves: Collection[Values]) -> float:
    """Symmetric limit around 0 for a view of these returns, so that a few outliers do not compress it.

    For one symbol it includes 99 % of the returns (all, for up to 100), but is at most twice the limit for 95 % of them
    (for 20 returns or more). For several symbols it is the largest of their limits, but at most three times the median.
    Positive, rounded up to two digits; 0.01 if no price has changed.

    >>> usual = np.linspace(-0.01, 0.01, 41)
    >>> reach([usual]), reach([np.append(usual, 5.0)])
    (0.01, 0.019)
    """
    wanted = [width for width in map(_reach, moves) if width > 0]
    if not wanted:
        return 0.01
    width = min(max(wanted), _UNLIKE * float(np.median(wanted)))
    digit = 10.0 ** (np.floor(np.log10(width)) - 1)
    return float(np.round(np.ceil(width / digit - 1e-9) * digit, 12))


def beyond(values: Values, edge: float) -> tuple[int, int]:
    """Number of returns below -edge, and above it."""
    return int(np.count_nonzero(values < -edge)), int(np.count_nonzero(values > edge))


def _reach(values: Values) -> float:
    if not len(values):
        return 0.0
    usual = float(np.quantile(np.abs(values), _USUAL, method="higher"))
    bulk = float(np.quantile(np.abs(values), _BULK, method="lower"))
    return min(usual, _SQUEEZED * bulk) if bulk > 0 and len(values) >= _FEW else usual
