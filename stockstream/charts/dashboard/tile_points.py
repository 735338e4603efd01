"""Scatter tile of a dashboard: some points with a name and a colour, all others grey."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from stockstream.charts.dashboard.tiles import Content, DrawnTile, fitted, short
from stockstream.charts.panels.panel import Numbers
from stockstream.charts.theme import Theme
from stockstream.views.frame import Frame
from stockstream.views.tiles import Points, Tile


class _Inside(Numbers):
    """Labels of an x axis; one that would reach beyond the tile is left out."""

    def __init__(self, tile: DrawnPoints) -> None:
        super().__init__()
        self._tile = tile

    def format_ticks(self, values: Iterable[float]) -> list[str]:
        """As `Numbers.format_ticks`, "" for a label without room."""
        several, axes = list(values), self._tile.axes
        labels, edge = super().format_ticks(several), self._tile.region.x1
        middles = axes.transData.transform(np.array([(value, 0.0) for value in several]).reshape(-1, 2))[:, 0]
        return [
            label if middle + self._tile.width_of(label) / 2 <= edge else ""
            for label, middle in zip(labels, middles, strict=True)
        ]


class DrawnPoints(DrawnTile[Points]):
    """`Points`; a name that would cover another one, or a point, is left out."""

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        super().__init__(tile, axes, theme)
        axes.grid(visible=True, color=theme.grid, linewidth=0.8)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.xaxis.set_major_formatter(_Inside(self))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}%" if value else "0"))
        for axis in (axes.xaxis, axes.yaxis):
            self._label(axis, theme.quiet)
        self._points: PathCollection | None = None
        self._others: Line2D | None = None
        self._labels: list[Text] = []

    @property
    def beneath(self) -> float:
        """As `DrawnTile.beneath`."""
        return 14.0

    def set_data(self, content: Content) -> bool:
        """As `DrawnTile.set_data`."""
        table, rest = content.leaders.shown, content.leaders.rest
        across, up = table[self.mark.across], 100 * table[self.mark.up]
        changed = self._renamed(table[self.mark.label].tolist())
        if changed:
            colors = [self.theme.color(place) for place in range(len(across))]
            (line,) = self.axes.plot([], [], color=self.theme.edge, marker="o", markersize=2.5, linewidth=0, zorder=1)
            self._others = self._add(line)
            self._points = self._add(self.axes.scatter(np.zeros(len(across)), np.zeros(len(across)), s=36, c=colors))
            self._labels = [self._text(0, 0, short(name), va="center") for name in self._names]
        others = rest[self.mark.across], 100 * rest[self.mark.up]
        if self._points is not None and self._others is not None:
            self._points.set_offsets(np.column_stack((across, up)))
            self._others.set_data(*others)
        changed |= fitted(self.axes, np.concatenate((up, others[1])))
        changed |= fitted(self.axes, np.concatenate((across, others[0])), across=True)
        self._place_labels(across, up)
        self.set_subtitle(f"{self.mark.up_label} against {self.mark.across_label}", "")
        return changed

    def _drawable(self, table: Frame) -> bool:
        return bool(np.isfinite(table[self.mark.across] + table[self.mark.up]).any())

    def _place_labels(self, across: NDArray[np.float64], up: NDArray[np.float64]) -> None:
        """Position each name beside, above or beneath its point, if it covers nothing."""
        known = np.isfinite(across) & np.isfinite(up)
        pixels = self.axes.transData.transform(np.column_stack((across, up))[known])
        points = dict(zip(np.flatnonzero(known).tolist(), pixels.tolist(), strict=True))
        taken = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in points.values()]
        back = self.axes.transData.inverted()
        for number, label in enumerate(self._labels):
            place = self._free(label.get_text(), points[number], taken) if number in points else None
            label.set_visible(place is not None)
            if place is not None:
                taken.append(place)
                left, middle = back.transform((place.x0, (place.y0 + place.y1) / 2)).tolist()
                label.set_position((left, middle))

    def _free(self, name: str, point: Sequence[float], taken: Sequence[Bbox]) -> Bbox | None:
        wide, tall, inside = self.width_of(name), self.line, self.axes.bbox
        x, y = point
        up, aside = 6 + tall / 2, wide / 2
        for left, middle in ((x + 7, y), (x - 7 - wide, y), (x - aside, y + up), (x - aside, y - up)):
            box = Bbox.from_bounds(left, middle - tall / 2, wide, tall)
            if (
                inside.x0 <= box.x0
                and box.x1 <= inside.x1
                and inside.y0 <= box.y0
                and box.y1 <= inside.y1
                and not any(map(box.overlaps, taken))
            ):
                return box
        return None
