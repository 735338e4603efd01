"""Picture of how often the intervals of a model held, by year."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from stockstream.charts.evaluation import label_years, legend, mark_simulated, styled, titled
from stockstream.charts.theme import THEMES, Theme
from stockstream.charts.window.picture import save
from stockstream.models.coverage import Coverage, Line

_SIZE: Final = (11.0, 4.6)
_WIDTH: Final = 1.96
_NAMES: Final = {
    "walk_held": "a random walk's",
    "seen": "trends seen",
    "went_on": "trends that went on",
    "return_out": "return out",
    "range_out": "range out",
    "volume_out": "volume out",
}
"""The shares that are drawn beside those that held."""


def draw(path: Path, title: str, found: Coverage, *, simulated: bool = False) -> None:
    """Draw to a file. Raises `StockstreamError` if it cannot be written."""
    theme = THEMES["light"]
    figure = Figure(figsize=_SIZE, layout="constrained", facecolor=theme.background)
    canvas = FigureCanvasAgg(figure)
    titled(figure, title, found.verdict, theme)
    left, right = figure.subplots(1, 2)
    lines = found.years or (found.total,)
    _held(styled(left, f"{found.what} that held, by year, with 95 %", theme), found, lines, theme)
    _others(styled(right, "beside them", theme), lines, theme)
    if simulated:
        mark_simulated(figure, theme)
    canvas.draw()
    save(canvas, path, hint="name another file with --plot")


def _held(axes: Axes, found: Coverage, lines: tuple[Line, ...], theme: Theme) -> None:
    places, shares = _series(lines, found.held)
    counts = np.array([lines[place].count for place in places], dtype=np.float64)
    reach = _WIDTH * np.sqrt(found.wanted * (1.0 - found.wanted) / np.maximum(counts, 1.0))
    axes.axhline(
        found.wanted, color=theme.edge, linestyle="--", linewidth=1.0, label=f"{found.reference}: {found.wanted:.1%}"
    )
    axes.errorbar(places, shares, reach, fmt="o", color=theme.color(0), capsize=3, markersize=6, label="the model")
    axes.set_ylim(top=min(axes.get_ylim()[1], 1.01))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    label_years(axes, [line.name for line in lines])
    legend(axes, theme)


def _others(axes: Axes, lines: tuple[Line, ...], theme: Theme) -> None:
    for number, (name, label) in enumerate(each for each in _NAMES.items() if each[0] in lines[0].figures):
        places, shares = _series(lines, name)
        axes.plot(places, shares, "o-", color=theme.color(number + 1), markersize=5, linewidth=1.0, label=label)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    label_years(axes, [line.name for line in lines])
    legend(axes, theme)


def _series(lines: tuple[Line, ...], name: str) -> tuple[list[int], list[float]]:
    """The places and the values of a figure, of the years that have it."""
    known = [(place, value) for place, line in enumerate(lines) if (value := line.figures[name]) is not None]
    return [place for place, _ in known], [value for _, value in known]
