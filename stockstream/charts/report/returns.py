"""Pictures of the return distribution, drawn by seaborn, which loads slowly: only the report imports this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from stockstream.charts.theme import Theme
from stockstream.names import cut, harmless
from stockstream.records import SIMULATED
from stockstream.views.returns import ReturnDistribution, beyond, reach

_WIDE: Final = 6.4
_AROUND: Final = 0.95
_ROW: Final = 0.36
"""Inches: width of a picture, margins above and beneath its rows, and height of a row."""

_DPI: Final = 150

_LETTER: Final = 0.0225
"""Width of a character in the margins that count returns outside the axis, as a share of the axis."""

_FADED: Final = 0.75
"""Strength of the colours of correlations -1 and 1, so that numbers on them are legible."""

_CROWDED: Final = 12
"""With more symbols than this, numbers are smaller."""

_LONGEST: Final = 60
"""Characters of a symbol's name; with a name as long as a picture is wide, nothing of the picture is left."""

_ABREAST: Final = 70
"""Number of characters that fit side by side beneath a picture; longer names are turned."""


def distribution(spread: ReturnDistribution, theme: Theme) -> Figure:
    """Letter-value plot of the returns of each symbol in percent: a row for each symbol, at least one.

    The widest box holds the middle half of the returns, each further pair of boxes half of what is left on its side,
    and the few outermost are points (Hofmann, Wickham and Kafadar: Letter-value plots: boxplots for large data, 2017).
    Returns outside the axis are counted at its edges.
    """
    moves = [100 * values for values in spread.returns.values()]
    figure, axes = _sheet(f"Log returns from bar to bar, {spread.interval}", len(moves), spread, theme)
    sns.boxenplot(
        data=dict(enumerate(moves)),
        orient="h",
        palette=_colors(spread, theme),
        saturation=1.0,
        width=0.72,
        linewidth=0.5,
        linecolor=theme.quiet,
        line_kws={"color": theme.text, "linewidth": 1.4},
        flier_kws={"s": 7, "linewidth": 0.7, "edgecolor": theme.quiet},
        ax=axes,
    )
    edge = reach(spread.returns.values())
    lane = _count(axes, [beyond(values, edge) for values in spread.returns.values()], 100 * edge, theme)
    _scale(axes, 100 * edge, lane, theme)
    _name_rows(axes, [cut(symbol, _LONGEST) for symbol in spread.returns], 0.0)
    return figure


def _colors(spread: ReturnDistribution, theme: Theme) -> list[str]:
    """Each symbol's colour, by its index among all symbols, as in a dashboard's tiles."""
    places = {symbol: place for place, symbol in enumerate(spread.table["symbol"].tolist())}
    return [theme.color(places[symbol]) for symbol in spread.returns]


def _scale(axes: Axes, edge: float, lane: float, theme: Theme) -> None:
    axes.set_xlim(-edge - lane, edge + lane)
    locator = MaxNLocator(8, symmetric=True, steps=[1, 2, 2.5, 5, 10])
    axes.set_xticks([tick for tick in locator.tick_values(-edge, edge) if abs(tick) <= edge * (1 + 1e-9)])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.4g}%" if value else "0"))
    axes.grid(visible=True, axis="x", color=theme.grid, linewidth=0.8)
    axes.axvline(0, color=theme.edge, linewidth=0.8, zorder=0.9)


def _count(axes: Axes, counts: Sequence[tuple[int, int]], edge: float, theme: Theme) -> float:
    """Show at the edges how many returns lie beyond them; returns the width of these margins."""
    texts = [(f"‹ {below:,}" if below else "", f"{above:,} ›" if above else "") for below, above in counts]
    lane = _LETTER * edge * max(4, *(len(text) for pair in texts for text in pair))
    for left, side in ((-edge - lane, -edge), (edge, edge)):
        axes.add_patch(Rectangle((left, -0.5), lane, len(counts), color=theme.background, zorder=5))
        axes.axvline(side, color=theme.edge, linewidth=0.8, linestyle=":", zorder=5)
    for row, pair in enumerate(texts):
        for text, middle in zip(pair, (-edge - lane / 2, edge + lane / 2), strict=True):
            if text:
                axes.text(
                    middle, row, text,
                    ha="center", va="center", color=theme.quiet, fontsize=theme.small_size - 1, zorder=6,
                )  # fmt: skip
    return lane


def correlation(spread: ReturnDistribution, theme: Theme) -> Figure:
    """Correlation matrix of symbols, with numbers, coloured from -1 to 1.

    Unknown correlations and those of a symbol with itself are grey. At least one must be known.
    """
    known, values = spread.correlation.known()
    symbols = [cut(symbol, _LONGEST) for symbol in known]
    longest = max(map(len, symbols))
    turned = longest * len(symbols) > _ABREAST
    beneath = longest * 0.6 * theme.small_size / 72 if turned else 0.0
    figure, axes = _sheet(f"Correlation of returns, {spread.interval}", len(symbols), spread, theme, beneath)
    axes.set_facecolor(theme.grid)
    sns.heatmap(
        np.round(values, 2) + 0.0,  # which turns -0.00 into 0.00
        mask=np.isnan(values) | np.eye(len(values), dtype=bool),
        vmin=-1.0,
        vmax=1.0,
        cmap=diverging(theme),
        annot=True,
        fmt=".2f",
        annot_kws={"color": theme.text, "fontsize": theme.small_size - (1.5 if len(symbols) > _CROWDED else 0)},
        linewidths=1.5,
        linecolor=theme.background,
        cbar=False,
        ax=axes,
    )
    for spine in axes.spines.values():
        spine.set_visible(False)
    _add_key(axes, len(symbols), theme)
    _name_rows(axes, symbols, 0.5)
    axes.set_xticks(
        np.arange(len(symbols)) + 0.5, list(map(harmless, symbols)), parse_math=False, rotation=90 if turned else 0
    )
    return figure


def _add_key(axes: Axes, rows: int, theme: Theme) -> None:
    """Draw the colour scale of correlations, with the same width for all heights of the picture."""
    tall = 4.5 * max(rows, 2)
    key = axes.figure.colorbar(axes.collections[0], ax=axes, aspect=tall, pad=0.02, ticks=(-1, -0.5, 0, 0.5, 1))
    key.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.1f}" if value else "0"))
    key.ax.tick_params(length=0, colors=theme.quiet, labelsize=theme.small_size)
    key.outline.set_visible(False)


def diverging(theme: Theme) -> Colormap:
    """Colours from -1 to 1: the theme's colours of down and up, distinct for protanopes and deuteranopes, too."""
    ends = theme.pale(theme.down, _FADED), theme.background, theme.pale(theme.up, _FADED)
    colors: Colormap = sns.blend_palette(ends, as_cmap=True)
    return colors


def _sheet(
    title: str, rows: int, spread: ReturnDistribution, theme: Theme, beneath: float = 0.0
) -> tuple[Figure, Axes]:
    """A figure with one axes for a number of rows and, if names are turned, a margin beneath in inches."""
    tall = _AROUND + _ROW * max(rows, 2) + beneath
    figure = Figure((_WIDE, tall), dpi=_DPI, facecolor=theme.background, layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor(theme.background)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=4, colors=theme.quiet, labelsize=theme.small_size)
    for side, spine in axes.spines.items():
        spine.set(color=theme.edge, linewidth=0.8, visible=side == "bottom")
    axes.set_title(harmless(title), loc="left", color=theme.text, fontsize=theme.text_size, fontweight="bold", pad=7)
    if spread.feed == SIMULATED:
        axes.set_title("SIMULATED", loc="right", color=theme.alarm, fontsize=theme.small_size, fontweight="bold", pad=7)
    return figure, axes


def _name_rows(axes: Axes, symbols: Sequence[str], middle: float) -> None:
    """Label the rows; seaborn would read a symbol's dollar signs as mathematics."""
    axes.set_yticks(np.arange(len(symbols)) + middle, list(map(harmless, symbols)), rotation=0, parse_math=False)
    axes.set(xlabel="", ylabel="")
