"""Labels of the horizontal axis."""

from __future__ import annotations

from collections.abc import Sequence

from stockstream.charts.panels.panel import DrawnPanel
from stockstream.present import ticks
from stockstream.present.plot_data import PlotData


class RowLabels:
    """Ticks of the rows in view, computed again where these have changed."""

    def __init__(self) -> None:
        self._ticks = ticks.Ticks((), (), "")
        self._of: tuple[object, ...] = ()

    def update(self, plot_data: PlotData, first: int, last: int, pitch: float) -> bool:
        """Compute them for rows at a distance in points; returns whether they changed."""
        instants, zone = plot_data.frame.instants[first:last], plot_data.zone
        state = (first, pitch, zone, instants.tobytes())
        if state == self._of:
            return False
        self._of = state
        before, self._ticks = self._ticks, ticks.ticks(instants, first, zone, pitch)
        return self._ticks != before

    def place(self, panels: Sequence[DrawnPanel], bucket: int) -> None:
        """Put them on the panels, of which the lowest has the labels; ``bucket`` rows are drawn as one."""
        for panel in panels:
            panel.axes_grid.rows = self._ticks.rows
        lowest = panels[-1].axes_grid
        lowest.row_labels = self._ticks.labels
        title = [self._ticks.title] if bucket == 1 else [self._ticks.title, f"{bucket} rows drawn as one"]
        lowest.title = "; ".join(filter(None, title))
