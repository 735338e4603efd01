"""Picture of how many bars each series has, day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts.theme import THEMES, Theme
from stockstream.charts.window.picture import save
from stockstream.names import cut, harmless
from stockstream.records import SIMULATED, Series

_MOST: Final = 40
"""Series that are drawn."""


def draw(path: Path, times: Mapping[Series, Sequence[datetime]]) -> None:
    """Draw to a file, by series, the number of bars of each day as a share of its fullest day.

    Simulated series are marked as such across their rows. Raises `StockstreamError` if the file cannot be written.
    """
    shown = dict(list(times.items())[:_MOST])
    days = np.array(sorted({time.date() for each in shown.values() for time in each}), "M8[D]")
    shares = np.full((len(shown), max(1, len(days))), np.nan)
    for row, each in enumerate(shown.values()):
        found, counts = np.unique(np.array([time.date() for time in each], "M8[D]"), return_counts=True)
        inside = (days >= found[0]) & (days <= found[-1])
        shares[row, inside] = 0.0
        shares[row, np.searchsorted(days, found)] = counts / counts.max()
    theme = THEMES["light"]
    figure = Figure(figsize=(10, 1.6 + 0.3 * len(shown)), layout="constrained", facecolor=theme.background)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow(shares, aspect="auto", cmap="cividis", vmin=0.0, vmax=1.0, interpolation="nearest")
    axes.set_yticks(range(len(shown)), [cut(harmless(str(series)), 30) for series in shown], parse_math=False)
    for row, series in enumerate(shown):
        if series.feed == SIMULATED:
            _mark(axes, row, len(days), theme)
    ticks = np.unique(np.linspace(0, max(0, len(days) - 1), min(8, len(days))).astype(int)).tolist()
    axes.set_xticks(ticks, [str(days[tick]) for tick in ticks])
    axes.set_title("Bars of each day, as a share of the series' fullest day", loc="left")
    figure.colorbar(image, ax=axes, label="share of bars")
    canvas.draw()
    save(canvas, path, hint="name another file with --plot")


def _mark(axes: Axes, row: int, days: int, theme: Theme) -> None:
    axes.get_yticklabels()[row].set(color=theme.alarm, fontweight="bold")
    axes.text(
        (days - 1) / 2, row, "SIMULATED", ha="center", va="center", color=theme.background, fontsize=theme.small_size,
        fontweight="bold", bbox={"facecolor": theme.alarm, "edgecolor": "none", "boxstyle": "square,pad=0.25"},
    )  # fmt: skip
