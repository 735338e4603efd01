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
"""Returns that two symbols must have in common for a correlation."""

MOST: Final = 16
"""Symbols of a `ReturnDistribution` of which there are returns and correlations, the busiest: more cannot be read."""

_NOISE: Final = 1e-13
"""Deviations of log returns up to this are their rounding: of prices that never change, or always by one factor."""

_USUAL: Final = 0.99
"""The share of a symbol's returns that are to lie in the view, unless that squeezes the bulk of them."""

_BULK: Final = 0.95
_SQUEEZED: Final = 2.0
"""The view reaches no farther than so many times what this share of a symbol's returns needs."""

_FEW: Final = 20
"""Of fewer returns than these nobody can tell which ones are outliers."""

_UNLIKE: Final = 3.0
"""The view reaches no farther than so many times what the median symbol needs."""


@dataclass(frozen=True, eq=False)
class Correlation:
    """Pearson's correlation of the returns of each two symbols, over those that both have.

    Attributes
    ----------
    symbols
        The rows and the columns.
    values
        Shape (symbols, symbols), from -1 to 1; NaN where `LEAST` is not reached, or where prices did not vary.
    common
        How many returns the two have in common, of the same shape: from the same instant to the same instant.
    """

    symbols: tuple[str, ...]
    values: Values
    common: NDArray[np.int64]

    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The indexes of each two symbols, once: rows and columns."""
        return np.triu_indices(len(self.symbols), 1)

    def known(self) -> tuple[list[str], Values]:
        """The symbols that have a correlation with any other one, and their rows and columns."""
        others = np.isfinite(self.values) & ~np.eye(len(self.symbols), dtype=bool)
        kept = np.flatnonzero(others.any(axis=1))
        return [self.symbols[index] for index in kept], self.values[np.ix_(kept, kept)]


@dataclass(frozen=True, eq=False)
class ReturnDistribution:
    """How the returns of all series of one interval and feed are spread.

    Attributes
    ----------
    interval, feed
        Of the bars.
    table
        A row a symbol, of all: what `described` says.
    returns
        The log returns by symbol, as fractions; of the busiest `MOST` of those that have any.
    correlation
        Of these.
    """

    interval: str
    feed: str
    table: Frame
    returns: Mapping[str, Values]
    correlation: Correlation


def return_distributions(frames: Mapping[Series, Frame], most: int = MOST) -> list[ReturnDistribution]:
    """One for each kind of series: returns of a day and of a minute do not compare, nor do made-up ones with real ones.

    Parameters
    ----------
    frames
        The bars of each series, as `History.frame` gives them.
    most
        Of how many symbols to keep the returns: those of the highest volume in total, or else of the most returns.
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
    """The log returns from bar to bar: ln(close / close of the bar before), as fractions.

    There is none over a gap, none from or to a close that is doubtful or not positive, and none to a bar that
    is still forming. A night, a weekend or a holiday is no gap.

    Parameters
    ----------
    frame
        The bars of one series: time, close, final, doubtful and gap.

    Returns
    -------
    Frame
        By ``time``, when the bar begins to which a return leads; ``since``, when the one before it began; ``return``.

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
    """What the returns of each symbol are like.

    Parameters
    ----------
    bars
        How many bars each symbol has.
    moves
        Its returns, as fractions.

    Returns
    -------
    Frame
        By ``symbol``: ``bars``; ``returns``, how many there are; ``mean`` and ``deviation``, the sample's (its divisor
        is n - 1), of one return, not annualised; ``skewness`` and ``kurtosis`` as below; ``worst`` and ``best``, the
        lowest and the highest. Fractions, but for counts, skewness and kurtosis. NaN where there are too few returns.
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
    """The skewness and the excess kurtosis of what a sample, shape (n,), was drawn from, as pandas has them.

    Without the sample's bias: G1 and G2 of Joanes and Gill, Comparing measures of sample skewness and kurtosis, The
    Statistician 47 (1998), 183-189; both 0 for a normal distribution. NaN of fewer than three and four values, and
    where they do not vary (pandas: 0).

    >>> [round(each, 4) for each in shape(np.array([1.0, 2.0, 3.0, 10.0]))]
    [1.7636, 3.228]
    """
    if not len(values) or not _varies(values):
        return np.nan, np.nan
    import pandas as pd  # a third of a second, which who asks for no returns need not pay for

    # Both are of any scale, and pandas 2 takes sums below 1e-14 for zero.
    scaled: Any = pd.Series(values / np.std(values))
    return float(scaled.skew()), float(scaled.kurt())


def _varies(values: Values) -> bool:
    return bool(np.std(values) > _NOISE)


def correlated(moves: Mapping[str, Frame]) -> Correlation:
    """How the returns of each two symbols go together.

    Only returns count that lead, in both, from the same instant to the same instant: where one of the two lacks a bar,
    its next return is of more than a bar, and no match for the other's.

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
    """The returns that both have."""
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
    """How far from 0, to both sides, a view of these returns is to reach, so that a few outliers do not squeeze it.

    For one symbol it takes in 99 % of the returns (all, of up to 100), unless that is more than twice what 95 % of them
    need (where there are 20); for several, the most that one of them needs, unless that is more than three times what
    the median one does. Positive, rounded up to two digits; 0.01 where no price has changed.

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
    """How many returns lie below -edge, and how many above it."""
    return int(np.count_nonzero(values < -edge)), int(np.count_nonzero(values > edge))


def _reach(values: Values) -> float:
    if not len(values):
        return 0.0
    usual = float(np.quantile(np.abs(values), _USUAL, method="higher"))
    bulk = float(np.quantile(np.abs(values), _BULK, method="lower"))
    return min(usual, _SQUEEZED * bulk) if bulk > 0 and len(values) >= _FEW else usual
