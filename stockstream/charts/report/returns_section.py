"""Section of the report about returns: pictures, a table, and explanations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from stockstream.charts.report import returns
from stockstream.charts.report.markup import Picture, Table, picture, table
from stockstream.charts.theme import Theme
from stockstream.views.returns import LEAST, Correlation, ReturnDistribution, beyond, reach
from stockstream.views.tiles import Cell, Listing

_TABLE: Final = Listing(
    (
        Cell("symbol", "symbol", "text"),
        Cell("bars", "bars", form=",d"),
        Cell("returns", "returns", form=",d"),
        Cell("mean", "mean", "percent", "+.5f"),
        Cell("deviation", "standard deviation", "percent", ".4f"),
        Cell("skewness", "skewness", form="+.2f"),
        Cell("kurtosis", "excess kurtosis", form="+.2f"),
        Cell("worst", "worst", "percent", "+.3f"),
        Cell("best", "best", "percent", "+.3f"),
    )
)

WHAT: Final = (
    "A log return is 100 · ln(close / close of the bar before), in percent: close to the change itself while that is "
    "small, but -69.3% where a price halves and +69.3% where it doubles. There is none over a gap, none from or to a "
    "doubtful bar, none to a bar that is still forming; a night, a weekend or a holiday is no gap. Closes are as they "
    "came, dividends not added."
)

MEANING: Final = (
    "Bars: all there are; returns: those that count. Mean and standard deviation (the sample's, its divisor is n - 1) "
    "are of one return, not annualised. Skewness and excess kurtosis are those without the sample's bias (G1 and G2 of "
    "Joanes and Gill, 1998, as in pandas), both 0 for a normal distribution. A dash stands where there are too few "
    "returns, or where they do not differ."
)


@dataclass(frozen=True)
class Returns:
    """The returns of a group: pictures, reasons for missing ones, and a table with a row for each symbol."""

    pictures: tuple[Picture, ...]
    absence: str
    table: Table


def section(spread: ReturnDistribution, theme: Theme) -> Returns:
    """Draw distribution and correlation of the returns."""
    described = table(_TABLE, spread.table)
    if not spread.returns:
        return Returns((), "There are no returns: no two bars follow each other yet.", described)
    spread_out = picture(returns.distribution(spread, theme), "Log returns", describe_returns(spread))
    why_not = absence(spread.correlation)
    if why_not:
        return Returns((spread_out,), why_not, described)
    together = picture(returns.correlation(spread, theme), "Correlation of returns", describe_correlation(spread))
    return Returns((spread_out, together), "", described)


def describe_returns(spread: ReturnDistribution) -> str:
    """Caption of `returns.distribution`."""
    moves = list(spread.returns.values())
    edge = reach(moves)
    total = sum(map(len, moves))
    outside = sum(sum(beyond(values, edge)) for values in moves)
    where = (
        f"{outside:,} of {total:,} returns lie beyond ±{100 * edge:.4g}%, and are counted at the edges."
        if outside
        else f"All {total:,} returns are in view."
    )
    how = (
        "Line: the median. The widest box holds the middle half of the returns, each next pair of boxes half of what "
        "is left, points are the last few."
    )
    return f"{how} {where}{_choice(spread)}"


def _choice(spread: ReturnDistribution) -> str:
    """Names of the symbols drawn, if not all are."""
    having = int(np.count_nonzero(spread.table["returns"]))
    shown = len(spread.returns)
    return f" Shown are the {shown} of {having:,} symbols with the highest volume." if shown < having else ""


def describe_correlation(spread: ReturnDistribution) -> str:
    """Caption of `returns.correlation`."""
    found = spread.correlation
    symbols, values = found.known()
    pairs = found.pairs()
    common = found.common[pairs][np.isfinite(found.values[pairs])]
    fewest, most = f"{common.min():,}", f"{common.max():,}"
    counts = fewest if fewest == most else f"{fewest} to {most}"
    text = f"Pearson's, of the returns that both have, from the same instant to the same instant: {counts} a pair."
    unknown = f"fewer than {LEAST} in common, or prices that did not vary"
    if np.isnan(values).any():
        text += f" Grey: {unknown}."
    left = [symbol for symbol in found.symbols if symbol not in symbols]
    if left:
        text += f" Left out are {', '.join(left)}: {unknown}."
    return text + _choice(spread)


def absence(found: Correlation) -> str:
    """Reason why there is no correlation; empty if there is one."""
    if found.known()[0]:
        return ""
    if len(found.symbols) < 2:
        return "Correlation of returns: it takes two symbols that have returns."
    most = int(found.common[found.pairs()].max())
    if most < LEAST:
        return (
            f"Correlation of returns: it takes {LEAST} returns that two symbols have in common, from the same instant "
            f"to the same instant; there are {most} at most."
        )
    return "Correlation of returns: there is none, as prices did not vary in what two symbols have in common."
