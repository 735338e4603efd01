"""The picture of `make bench ARGS=--plot`: ours beside each peer, as bars of time."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.measure import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS: Final = "stockstream"
_FACTOR: Final = 30.0
"""Of the shortest time, the longest that can be read beside it on a linear axis."""


def draw(comparisons: Sequence[Comparison], path: Path, title: str) -> None:
    """Save a PNG with a panel for each work that several peers have done; ValueError if there is none."""
    panels: dict[str, list[Comparison]] = {}
    for each in comparisons:
        panels.setdefault(f"{each.what}: {each.work}", []).append(each)
    panels = {what: group for what, group in panels.items() if len(group) > 1}
    if not panels:
        raise ValueError("there is nothing to draw: no work has been compared with several peers")
    rows = [len(group) + 1 for group in panels.values()]
    figure = Figure(figsize=(9, 0.9 + sum(0.32 * count + 0.75 for count in rows)), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=9)
    every = figure.subplots(len(panels), squeeze=False, height_ratios=[count + 1.2 for count in rows])[:, 0]
    for axes, (what, group) in zip(every, panels.items(), strict=True):
        _panel(axes, what, group)
    figure.savefig(path, metadata={"Software": None})


def _panel(axes: Axes, what: str, group: Sequence[Comparison]) -> None:
    times = {each.peer: statistics.median(each.theirs) for each in group}
    times = {OURS: statistics.median([second for each in group for second in each.ours])} | times
    unit, scale = ("s", 1.0) if min(times.values()) >= 0.5 else ("ms", 1000.0)
    lengths = [scale * second for second in times.values()]
    colors = ["tab:blue", *["0.7"] * len(group)]
    bars = axes.barh(range(len(times)), lengths, color=colors)
    axes.bar_label(bars, [f" {length:,.{0 if length >= 100.0 else 2}f} {unit}" for length in lengths], fontsize=8)
    axes.set_title(f"{what} (less is better)", fontsize=9, loc="left")
    if max(lengths) > _FACTOR * min(lengths):
        axes.set_title(f"{what} (less is better; logarithmic)", fontsize=9, loc="left")
        axes.set_xscale("log")
        axes.set_xlim(0.5 * min(lengths), 3.0 * max(lengths))
    else:
        axes.set_xlim(0.0, 1.2 * max(lengths))
    axes.set_yticks(range(len(times)), list(times), fontsize=8)
    axes.invert_yaxis()
    axes.tick_params(axis="x", labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
