"""Tiles of a dashboard with a place for each symbol, and its name beneath: heights and profiles."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from stockstream.charts.dashboard.tiles import Content, DrawnTile, brief, fitted, settle, short
from stockstream.charts.panels.panel import Numbers
from stockstream.charts.theme import Theme
from stockstream.present.fitting import cut
from stockstream.views.frame import Frame
from stockstream.views.tiles import Heights, Profile, Tile

M = TypeVar("M")

_WIDTH: Final = 0.62
_MARKERS: Final = (("s", "■"), ("o", "●"), ("^", "▲"))

_NAMES: Final = 0.45
"""Maximum share of a tile's height for vertical names."""

_BENEATH: Final = 14.0
"""Margin in points beneath a tile's axes for horizontal names; vertical names take their length."""


class Named(DrawnTile[M]):
    """A tile with names beneath; they are vertical if they do not fit side by side."""

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        super().__init__(tile, axes, theme)
        self._beneath_axes = self._label(axes.xaxis, theme.quiet)

    @property
    def beneath(self) -> float:
        """As `DrawnTile.beneath`."""
        if not self._beneath_axes.upright:
            return _BENEATH
        return max(self._points(self._beneath(name)) for name in self._names) + 6.0

    def _points(self, text: str) -> float:
        return 72 / self.axes.figure.dpi * self.width_of(text)

    def _beneath(self, name: str) -> str:
        """What a name is beneath its column: vertical, it must leave room for the column."""
        return cut(short(name), _NAMES * self.tall, self._points) if self._beneath_axes.upright else short(name)

    def _name_places(self, axes: Axes) -> None:
        axes.set_xlim(-0.6, max(len(self._names), 1) - 0.4)
        axes.xaxis.set_major_locator(FixedLocator(range(len(self._names))))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: self._name(round(value))))

    def _name(self, place: int) -> str:
        if not 0 <= place < len(self._names):
            return ""
        return self._beneath(self._names[place])

    def _turned(self) -> bool:
        """Choose horizontal or vertical names by the room; returns whether that changed."""
        a_place = self.axes.bbox.width / max(len(self._names) + 0.2, 1.0)
        upright = any(self.width_of(short(name)) + 4 > a_place for name in self._names)
        turned = upright != self._beneath_axes.upright
        self._beneath_axes.upright = upright
        return turned


class DrawnHeights(Named[Heights]):
    """`Heights`; the sum of the others is a text, because as a column it would dwarf the rest."""

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        super().__init__(tile, axes, theme)
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.yaxis.set_major_formatter(Numbers())
        axes.grid(visible=True, axis="y", color=theme.grid, linewidth=0.8)
        self._label(axes.yaxis, theme.quiet)
        self._bars: list[Rectangle] = []

    def set_data(self, content: Content) -> bool:
        """As `DrawnTile.set_data`."""
        shown, rest = content.leaders.shown, content.leaders.rest
        values = np.nan_to_num(shown[self.mark.value])
        changed = self._renamed(shown[self.mark.label].tolist())
        if changed:
            self._bars = [
                self._patch(Rectangle((place - _WIDTH / 2, 0), _WIDTH, 0, color=self.theme.color(place)))
                for place in range(len(values))
            ]
            self._name_places(self.axes)
        for bar, value in zip(self._bars, values.tolist(), strict=True):
            bar.set_height(value)
        others = brief(float(np.nansum(rest[self.mark.value])))
        self.set_subtitle(*([f"{len(rest):,} others {others}", f"others {others}"] if len(rest) else [self.tile.unit]))
        return self._turned() | fitted(self.axes, values) | changed

    def _drawable(self, table: Frame) -> bool:
        return bool(np.nan_to_num(table[self.mark.value]).any())


class DrawnProfile(Named[Profile]):
    """`Profile`: a mark for each symbol and column; the second column's axis is on the right."""

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        super().__init__(tile, axes, theme)
        self._axes = [axes]
        for _ in self.mark.values[1:]:
            twin = axes.twinx()
            twin.set_autoscale_on(False)
            settle(twin)
            for side, spine in twin.spines.items():
                spine.set(color=theme.edge, linewidth=0.8, visible=side == "right")
            self._axes.append(twin)
        for number, (each, (_, _, form)) in enumerate(zip(self._axes, self.mark.values, strict=True)):
            each.tick_params(length=0)
            self._label(each.yaxis, theme.color(number), right=number > 0)
            each.yaxis.set_major_locator(MaxNLocator(3))
            each.yaxis.set_major_formatter(FuncFormatter(lambda value, _, form=form: format(value, form)))
        axes.grid(visible=True, color=theme.grid, linewidth=0.8)
        self._lines: list[Line2D] = []

    @property
    def over(self) -> float:
        """As `DrawnTile.over`: the labels of the second axis are beneath."""
        return 32.0

    def set_data(self, content: Content) -> bool:
        """As `DrawnTile.set_data`."""
        table = content.leaders.shown
        changed = self._renamed(table[self.mark.label].tolist())
        if changed:
            self._lines = [
                self._add(
                    each.plot(
                        [],
                        [],
                        color=self.theme.color(number),
                        marker=_MARKERS[number % 3][0],
                        markersize=5,
                        linestyle="none",
                    )[0]
                )
                for number, each in enumerate(self._axes)
            ]
            for each in self._axes:
                self._name_places(each)
        for each, line, (column, _, _) in zip(self._axes, self._lines, self.mark.values, strict=True):
            values = table[column]
            line.set_data(np.arange(len(values)), values)
            changed |= fitted(each, values)
        labels = [f"{_MARKERS[number % 3][1]} {label}" for number, (_, label, _) in enumerate(self.mark.values)]
        self.set_subtitle("   ".join(labels), "  ".join(label.replace(" a bar", "") for label in labels))
        return self._turned() | changed

    def _drawable(self, table: Frame) -> bool:
        return any(np.isfinite(table[column]).any() for column, _, _ in self.mark.values)
