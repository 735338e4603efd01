"""Picture of the evaluation of a predictor: right by year, Brier score, calibration, and equity after costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from stockstream.charts.theme import THEMES, Theme
from stockstream.charts.window.picture import save
from stockstream.models.evaluation import Bin, Evaluation, Period
from stockstream.names import cut, harmless

_SIZE: Final = (11.0, 7.6)
_WIDTH: Final = 1.96
_BESIDE: Final = 0.16
_MOST: Final = 12
"""Years that are labelled."""


def draw(path: Path, title: str, found: Evaluation, *, simulated: bool = False) -> None:
    """Draw to a file. Raises `StockstreamError` if it cannot be written."""
    theme = THEMES["light"]
    figure = Figure(figsize=_SIZE, layout="constrained", facecolor=theme.background)
    canvas = FigureCanvasAgg(figure)
    titled(figure, title, found.total.verdict, theme)
    upper, lower = figure.subplots(2, 2)
    periods = found.years or (found.total,)
    _accuracy(styled(upper[0], "right, by year, with 95 %", theme), periods, theme)
    _calibration(styled(upper[1], "calibration: what was claimed, and what came, with 95 %", theme), found, theme)
    _brier(styled(lower[0], "Brier score, by year", theme), periods, theme)
    _equity(styled(lower[1], f"1 traded after costs of {found.cost:.2%}, and held", theme), found, theme)
    if simulated:
        mark_simulated(figure, theme)
    canvas.draw()
    save(canvas, path, hint="name another file with --plot")


def titled(figure: Figure, title: str, verdict: str, theme: Theme) -> None:
    """Write what was evaluated, and the result, over a figure."""
    words = f"{cut(harmless(title), 90)}\n{verdict}"
    figure.suptitle(words, x=0.01, ha="left", fontsize=theme.title_size, color=theme.text, parse_math=False)


def mark_simulated(figure: Figure, theme: Theme) -> None:
    """Say that the bars were simulated."""
    figure.text(
        0.99, 0.985, "SIMULATED", ha="right", va="top", color=theme.background, fontweight="bold",
        bbox={"facecolor": theme.alarm, "edgecolor": "none", "boxstyle": "square,pad=0.25"},
    )  # fmt: skip


def styled(axes: Axes, title: str, theme: Theme) -> Axes:
    """The axes with a title and the look of the theme."""
    axes.set_title(title, loc="left", fontsize=theme.text_size, color=theme.text)
    axes.grid(color=theme.grid)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=theme.small_size, colors=theme.quiet)
    for side, spine in axes.spines.items():
        spine.set(color=theme.edge, visible=side in ("bottom", "left"))
    return axes


def legend(axes: Axes, theme: Theme) -> None:
    """Add a legend."""
    axes.legend(fontsize=theme.small_size, frameon=False, labelcolor=theme.text)


def _scored(periods: tuple[Period, ...]) -> tuple[list[int], list[Period]]:
    """The places and the periods that have scores."""
    places = [place for place, period in enumerate(periods) if period.predictions]
    return places, [periods[place] for place in places]


def label_years(axes: Axes, names: Sequence[str]) -> None:
    """Label the places of years, of many only some."""
    step = -(-len(names) // _MOST)
    axes.set_xticks(range(0, len(names), step), list(names[::step]))
    axes.set_xlim(-0.6, len(names) - 0.4)


def _accuracy(axes: Axes, periods: tuple[Period, ...], theme: Theme) -> None:
    places, scored = _scored(periods)
    rates = np.array([period.hit_rate for period in scored], dtype=np.float64)
    reach = _WIDTH * np.sqrt(0.25 / np.array([period.predictions for period in scored]))
    axes.axhline(0.5, color=theme.edge, linestyle="--", linewidth=1.0, label="a coin")
    for name, label, color, marker, beside in (
        ("always_up", "always up", 1, "^", -_BESIDE), ("persistence", "as the last bar", 2, "s", _BESIDE),
    ):  # fmt: skip
        values = np.array([getattr(period, name) for period in scored], dtype=np.float64)
        axes.plot(np.add(places, beside), values, marker, color=theme.color(color), markersize=5, label=label)
    axes.errorbar(places, rates, reach, fmt="o", color=theme.color(0), capsize=3, markersize=6, label="the model")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    label_years(axes, [period.name for period in periods])
    legend(axes, theme)


def _brier(axes: Axes, periods: tuple[Period, ...], theme: Theme) -> None:
    places, scored = _scored(periods)
    values = [period.brier for period in scored]
    axes.axhline(0.25, color=theme.edge, linestyle="--", linewidth=1.0, label="a coin: 0.25")
    axes.plot(places, np.array(values, dtype=np.float64), "o-", color=theme.color(0), markersize=5, label="the model")
    label_years(axes, [period.name for period in periods])
    legend(axes, theme)


def _calibration(axes: Axes, found: Evaluation, theme: Theme) -> None:
    bins: tuple[Bin, ...] = found.calibration
    if not bins:
        axes.text(0.5, 0.5, "too few predictions", transform=axes.transAxes, ha="center", color=theme.quiet)
        return
    claimed = np.array([each.claimed for each in bins])
    came = np.array([each.came for each in bins])
    reach = _WIDTH * np.sqrt(came * (1.0 - came) / np.array([each.predictions for each in bins]))
    ends = [min(claimed.min(), (came - reach).min()), max(claimed.max(), (came + reach).max())]
    axes.plot(ends, ends, color=theme.edge, linestyle="--", linewidth=1.0, label="as claimed")
    axes.errorbar(claimed, came, reach, fmt="o", color=theme.color(0), capsize=3, markersize=6, label="the model")
    axes.set_xlabel("probability of up", fontsize=theme.small_size, color=theme.quiet)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    legend(axes, theme)


def _equity(axes: Axes, found: Evaluation, theme: Theme) -> None:
    axes.plot(found.times, found.held, color=theme.color(7), linewidth=1.2, label=f"held: {found.total.held:+.1%}")
    label = f"traded {found.trades:,} times: {found.total.earned:+.1%}"
    axes.plot(found.times, found.earned, color=theme.color(0), linewidth=1.6, label=label)
    if min(found.earned.min(), found.held.min()) > 0.0:
        axes.set_yscale("log")
        plain = FuncFormatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_major_formatter(plain)
        axes.yaxis.set_minor_formatter(plain)
        axes.tick_params(axis="y", which="minor", labelsize=theme.small_size, colors=theme.quiet)
    axes.tick_params(axis="x", labelrotation=30)
    legend(axes, theme)
