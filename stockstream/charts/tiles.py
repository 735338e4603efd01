"""The tiles of a dashboard as artists that are made once and moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle, Wedge
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from stockstream.charts import stamps
from stockstream.charts.panel import Numbers
from stockstream.charts.theme import Theme
from stockstream.views.frame import Frame
from stockstream.views.tiles import Heights, Points, Profile, Shares, Tile

M = TypeVar("M")

_WIDTH: Final = 0.62
_ROOM: Final = 1.12
"""Limits reach so far beyond the values, and stay while those fill at least half of it: each change is a full draw."""


class DrawnTile(Generic[M]):
    """A tile on its axes.

    `show` moves the artists and says whether the axes themselves have to be drawn anew; `draw` draws what moves.

    Parameters
    ----------
    tile
        The declaration.
    axes
        Where to draw.
    theme
        How it looks.
    """

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        self.tile = tile
        self.axes = axes
        self.theme = theme
        self.mark: M = tile.mark  # type: ignore[assignment]
        self.moving: list[Artist] = []
        self._names: tuple[str, ...] = ()
        self._dress()

    def _dress(self) -> None:
        axes, theme = self.axes, self.theme
        axes.set_autoscale_on(False)
        axes.set_axisbelow(True)
        axes.set_facecolor(theme.background)
        axes.tick_params(length=0, pad=4, colors=theme.quiet, labelsize=theme.small_size)
        for side, spine in axes.spines.items():
            spine.set(color=theme.edge, linewidth=0.8, visible=side in ("bottom", "left"))
        axes.set_title(
            self.tile.title, loc="left", color=theme.text, fontsize=theme.text_size, fontweight="bold", pad=7
        )
        if self.tile.unit:
            axes.set_title(self.tile.unit, loc="right", color=theme.quiet, fontsize=theme.small_size, pad=7)

    def show(self, table: Frame) -> bool:
        """Take what is to be seen; True where more has changed than what moves."""
        raise NotImplementedError

    def draw(self, renderer: RendererBase) -> None:
        """Draw what moves."""
        for artist in self.moving:
            if isinstance(artist, Text):
                stamps.draw(artist, renderer)
            else:
                artist.draw(renderer)

    def scroll(self, rows: int) -> None:
        """Move by so many rows, where there is anything to move."""

    def _add(self, artist: Any) -> Any:
        artist.set_animated(True)
        self.moving.append(artist)
        return artist

    def _clear(self) -> None:
        for artist in self.moving:
            artist.remove()
        self.moving = []

    def _text(self, x: float, y: float, words: str, **style: Any) -> Text:
        whole: dict[str, Any] = {"color": self.theme.text, "fontsize": self.theme.small_size} | style
        text: Text = self._add(self.axes.text(x, y, words, parse_math=False, **whole))
        return text

    def _box(self, corner: tuple[float, float], wide: float, tall: float, color: str) -> Rectangle:
        box: Rectangle = self._add(self.axes.add_patch(Rectangle(corner, wide, tall, color=color)))
        return box

    def _renamed(self, names: Sequence[str]) -> bool:
        """Whether these are other rows than before; then all artists are to be made anew."""
        if tuple(names) == self._names:
            return False
        self._names = tuple(names)
        self._clear()
        return True


class DrawnHeights(DrawnTile[Heights]):
    """`Heights`."""

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        super().__init__(tile, axes, theme)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(Numbers())
        axes.grid(visible=True, axis="y", color=theme.grid, linewidth=0.8)
        self._bars: list[Rectangle] = []

    def show(self, table: Frame) -> bool:
        """As `DrawnTile.show`."""
        values = np.nan_to_num(table[self.mark.value])
        changed = self._renamed(table[self.mark.label].tolist())
        if changed:
            self._bars = [
                self._add(
                    self.axes.add_patch(Rectangle((place - _WIDTH / 2, 0), _WIDTH, 0, color=self.theme.color(place)))
                )
                for place in range(len(values))
            ]
            name_places(self.axes, self._names)
        for bar, value in zip(self._bars, values.tolist(), strict=True):
            bar.set_height(value)
        return fitted(self.axes, values) or changed


class _Share(NamedTuple):
    """The artists of one share: its slice and what is written on it; a box, and what is written beside that."""

    slice: Wedge
    written: Text
    box: Rectangle
    label: Text


class DrawnShares(DrawnTile[Shares]):
    """`Shares`: a pie, or bars where ``ranked``."""

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        super().__init__(tile, axes, theme)
        self.ranked = False
        self._drawn_ranked = False
        self._shares: list[_Share] = []
        axes.xaxis.set_major_locator(NullLocator())
        axes.yaxis.set_major_locator(NullLocator())
        for spine in axes.spines.values():
            spine.set_visible(False)

    def show(self, table: Frame) -> bool:
        """As `DrawnTile.show`."""
        names, values = table[self.mark.label].tolist(), table[self.mark.value]
        shown = [(name, value, place) for place, (name, value) in enumerate(zip(names, values.tolist(), strict=True))]
        shown = [each for each in shown if each[1] == each[1]]
        if self.ranked:
            shown.sort(key=lambda each: -each[1])
        if len(shown) != len(self._shares):
            self._clear()
            self._shares = [self._made() for _ in shown]
        for share, (_, _, place) in zip(self._shares, shown, strict=True):
            share.slice.set_facecolor(self.theme.color(place))
            share.box.set_color(self.theme.color(place))
            for artist in (share.slice, share.written):
                artist.set_visible(not self.ranked)
        changed = self.ranked != self._drawn_ranked
        self._drawn_ranked = self.ranked
        (self._rank if self.ranked else self._slice)(shown)
        return changed

    def _made(self) -> _Share:
        edge = self.theme.background
        wedge: Wedge = self._add(self.axes.add_patch(Wedge((0, 0), 1, 0, 0, edgecolor=edge, linewidth=1)))
        written = self._text(0, 0, "", ha="center", va="center", color=edge)
        return _Share(wedge, written, self._box((0, 0), 0, 0, edge), self._text(0, 0, "", va="center"))

    def _slice(self, shown: list[tuple[str, float, int]]) -> None:
        box = self.axes.bbox
        wide = box.width / max(box.height, 1.0)
        reach(self.axes, (-1.05, -1.05 + 2.1 * max(wide, 0.2)), (-1.05, 1.05))
        angle = 90.0
        for number, (artists, (name, share, _)) in enumerate(zip(self._shares, shown, strict=True)):
            after = angle - 360 * share
            artists.slice.set_theta1(after)
            artists.slice.set_theta2(angle)
            middle = np.radians((angle + after) / 2)
            artists.written.set_position((0.62 * np.cos(middle), 0.62 * np.sin(middle)))
            artists.written.set_text(f"{share:.0%}" if share >= 0.06 else "")
            line = 0.95 - 0.24 * number
            artists.box.set_visible(line > -1.05)
            artists.label.set_visible(line > -1.05)
            artists.box.set_bounds(1.2, line - 0.06, 0.12, 0.12)
            artists.label.set_position((1.4, line))
            artists.label.set_text(f"{name}  {share:.1%}")
            angle = after

    def _rank(self, shown: list[tuple[str, float, int]]) -> None:
        levels = max(len(shown), 4)
        reach(self.axes, (0, 1.35 * max((share for _, share, _ in shown), default=1.0)), (-0.5, levels - 0.5))
        for number, (artists, (name, share, _)) in enumerate(zip(self._shares, shown, strict=True)):
            level = levels - 1 - number
            artists.box.set_visible(True)
            artists.label.set_visible(True)
            artists.box.set_bounds(0, level - 0.3, share, 0.6)
            artists.label.set_position((share, level))
            artists.label.set_text(f"  {name}  {share:.1%}")


class DrawnProfile(DrawnTile[Profile]):
    """`Profile`: the second column's axis stands on the right."""

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        super().__init__(tile, axes, theme)
        self._axes = [axes]
        for _ in self.mark.values[1:]:
            twin = axes.twinx()
            twin.set_autoscale_on(False)
            for side, spine in twin.spines.items():
                spine.set(color=theme.edge, linewidth=0.8, visible=side == "right")
            self._axes.append(twin)
        for number, (each, (_, label, form)) in enumerate(zip(self._axes, self.mark.values, strict=True)):
            color = theme.color(number)
            each.tick_params(length=0, pad=4, colors=theme.quiet, labelsize=theme.small_size)
            each.yaxis.set_major_locator(MaxNLocator(4))
            each.yaxis.set_major_formatter(FuncFormatter(lambda value, _, form=form: format(value, form)))
            each.set_ylabel(("● " if number else "■ ") + label, color=color, fontsize=theme.small_size)
        axes.grid(visible=True, axis="y", color=theme.grid, linewidth=0.8)
        self._lines: list[Any] = []

    def show(self, table: Frame) -> bool:
        """As `DrawnTile.show`."""
        changed = self._renamed(table[self.mark.label].tolist())
        if changed:
            self._lines = [
                self._add(
                    each.plot(
                        [], [], color=self.theme.color(number), marker="so^"[number % 3], markersize=5, linewidth=1.4
                    )[0]
                )
                for number, each in enumerate(self._axes)
            ]
            for each in self._axes:
                name_places(each, self._names)
        for each, line, (column, _, _) in zip(self._axes, self._lines, self.mark.values, strict=True):
            values = table[column]
            line.set_data(np.arange(len(values)), values)
            changed |= fitted(each, values)
        return changed


class DrawnPoints(DrawnTile[Points]):
    """`Points`."""

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        super().__init__(tile, axes, theme)
        axes.grid(visible=True, color=theme.grid, linewidth=0.8)
        axes.set_xlabel(self.mark.across_label, color=theme.quiet, fontsize=theme.small_size)
        axes.set_ylabel(self.mark.up_label, color=theme.quiet, fontsize=theme.small_size)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(Numbers())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}%" if value else "0"))
        self._points: PathCollection | None = None
        self._labels: list[Text] = []

    def show(self, table: Frame) -> bool:
        """As `DrawnTile.show`."""
        across, up = table[self.mark.across], 100 * table[self.mark.up]
        changed = self._renamed(table[self.mark.label].tolist())
        if changed:
            colors = [self.theme.color(place) for place in range(len(across))]
            self._points = self._add(self.axes.scatter(np.zeros(len(across)), np.zeros(len(across)), s=36, c=colors))
            self._labels = [self._text(0, 0, f"  {name}", va="center") for name in self._names]
        if self._points is not None:
            self._points.set_offsets(np.column_stack((across, up)))
        for label, x, y in zip(self._labels, across.tolist(), up.tolist(), strict=True):
            label.set_visible(x == x and y == y)
            label.set_position((x, y) if x == x and y == y else (0, 0))
        return fitted(self.axes, up) | fitted(self.axes, across, across=True) | changed


def reach(axes: Axes, across: tuple[float, float], up: tuple[float, float]) -> None:
    """Give axes their limits where they have others: to set them takes as long as to draw a tile."""
    if axes.get_xlim() != across:
        axes.set_xlim(*across)
    if axes.get_ylim() != up:
        axes.set_ylim(*up)


def name_places(axes: Axes, names: Sequence[str]) -> None:
    """Label the places 0, 1, ... across with names, as far as there is room for."""
    step = max(1, len(names) // 12 + 1) if len(names) > 12 else 1
    axes.set_xlim(-0.6, max(len(names), 1) - 0.4)
    axes.xaxis.set_major_locator(FixedLocator(range(0, len(names), step)))
    # Between two of them matplotlib would read mathematics.
    shown = {place: name.replace("$", r"\$") for place, name in enumerate(names) if place % step == 0}
    axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: shown.get(round(place), "")))


def fitted(axes: Axes, values: Any, *, across: bool = False) -> bool:
    """Let an axis reach from zero, or around the values across, over all of them; True where it had to change."""
    known = values[np.isfinite(values)]
    if not len(known):
        return False
    lowest, highest = float(known.min()), float(known.max())
    low, high = axes.get_xlim() if across else axes.get_ylim()
    if across:
        room = 0.15 * (highest - lowest) or 0.05 * abs(highest) or 1.0
        fits = low <= lowest - room / 3 and highest + room / 3 <= high and (high - low) <= 4 * (highest - lowest + room)
        wanted = lowest - room, highest + 3 * room
    else:
        top = max(highest, 0.0)
        fits = (
            low == 0 and top <= high and (top >= high / 2 or not top) if lowest >= 0 else low <= lowest and top <= high
        )
        wanted = (min(0.0, _ROOM * lowest), _ROOM * top or 1.0)
    if fits:
        return False
    (axes.set_xlim if across else axes.set_ylim)(*wanted)
    return True
