"""Shares tile of a dashboard: a pie, or ranked bars."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle, Wedge
from matplotlib.text import Text
from matplotlib.ticker import NullLocator

from stockstream.charts.dashboard.tiles import Content, DrawnTile, reach, short
from stockstream.charts.theme import Theme
from stockstream.names import harmless
from stockstream.views.frame import Frame
from stockstream.views.tiles import Shares, Tile

_WRITTEN: Final = 0.06
"""Minimum share of a slice with a label, if the pie is large enough."""


_SMALLEST: Final = 30.0
"""Minimum size of a pie in pixels."""


_MOSTLY: Final = 0.5
"""Share of the others from which on no pie is drawn."""


class _Part(NamedTuple):
    """A share, and its colour."""

    name: str
    share: float
    color: str

    def __str__(self) -> str:
        return f"{self.name}  {self.share:.{1 if self.share >= 0.01 else 2}%}"


class _Share(NamedTuple):
    """The artists of one share: its slice and label; a box, and the text beside it."""

    slice: Wedge
    written: Text
    box: Rectangle
    label: Text


class DrawnShares(DrawnTile[Shares]):
    """`Shares`: a pie, or bars if ``ranked``."""

    def __init__(self, tile: Tile, axes: Axes, theme: Theme) -> None:
        super().__init__(tile, axes, theme)
        self.ranked = False
        self._drawn_ranked = False
        self._shares: list[_Share] = []
        axes.xaxis.set_major_locator(NullLocator())
        axes.yaxis.set_major_locator(NullLocator())
        for spine in axes.spines.values():
            spine.set_visible(False)

    def set_data(self, content: Content) -> bool:
        """As `DrawnTile.set_data`."""
        parts, others = self._parts(content)
        # If most of the whole are others, slices are too thin to distinguish.
        ranked = self.ranked or (others is not None and others.share > _MOSTLY)
        if others is not None and not ranked:
            parts.append(others)
        self.set_subtitle(f"{others.name} {others.share:.1%}" if others is not None and ranked else "")
        if len(parts) + 1 != len(self._shares):
            self._clear()
            self._shares = [self._made() for _ in range(len(parts) + 1)]
        for share, part in zip(self._shares, parts, strict=False):
            share.slice.set_facecolor(part.color)
            share.box.set_color(part.color)
            for artist in (share.slice, share.written):
                artist.set_visible(not ranked)
        changed = ranked != self._drawn_ranked
        self._drawn_ranked = ranked
        if ranked:
            parts.sort(key=lambda part: -part.share)
        (self._rank if ranked else self._slice)(parts)
        return changed

    def _parts(self, content: Content) -> tuple[list[_Part], _Part | None]:
        """The known shares, and the sum of the others."""
        shown, rest = content.leaders.shown, content.leaders.rest
        each = zip(shown[self.mark.label].tolist(), shown[self.mark.value].tolist(), strict=True)
        parts = [
            _Part(short(name), share, self.theme.color(place))
            for place, (name, share) in enumerate(each)
            if share == share
        ]
        if not self._drawable(rest):
            return parts, None
        return parts, _Part(f"{len(rest):,} others", float(np.nansum(rest[self.mark.value])), self.theme.edge)

    def _drawable(self, table: Frame) -> bool:
        return bool(np.isfinite(table[self.mark.value]).any())

    def _made(self) -> _Share:
        edge = self.theme.background
        wedge = self._patch(Wedge((0, 0), 1, 0, 0, edgecolor=edge, linewidth=1))
        written = self._text(0, 0, "", ha="center", va="center", color=edge)
        return _Share(wedge, written, self._box((0, 0), 0, 0, edge), self._text(0, 0, "", va="center"))

    def _slice(self, parts: list[_Part]) -> None:
        box = self.axes.bbox
        words = max((self.width_of(str(part)) for part in parts), default=0.0)
        across = max(_SMALLEST, min(box.height, box.width - words - 2.5 * self.line))
        radius = across / 2.1
        top, right = 1.05, -1.05 + box.width / radius
        reach(self.axes, (-1.05, right), (top - box.height / radius, top))
        room = int(min(len(parts), max(1.0, box.height // self.line)))
        step = self.line / radius
        angle = 90.0
        written = self.width_of("00%")
        large = 0.35 * radius > written / 2
        for number, (artists, part) in enumerate(zip(self._shares, parts, strict=False)):
            after = angle - 360 * part.share
            artists.slice.set_theta1(after)
            artists.slice.set_theta2(angle)
            middle = np.radians((angle + after) / 2)
            artists.written.set_position((0.62 * np.cos(middle), 0.62 * np.sin(middle)))
            artists.written.set_text(
                f"{part.share:.0%}" if part.share >= _WRITTEN and large and 3.9 * radius * part.share > written else ""
            )
            self._list(artists, number, room, parts, step)
            angle = after
        self._tell_more(parts, room, (1.2, 1.0 - step * (room - 0.5)))

    def _list(self, artists: _Share, number: int, room: int, parts: list[_Part], step: float) -> None:
        """Name and share beside the pie, if there is room for the line."""
        seen = number < room - (room < len(parts))
        artists.box.set_visible(seen)
        artists.label.set_visible(seen)
        line, tall = 1.0 - step * (number + 0.5), 0.55 * step
        artists.box.set_bounds(1.2, line - tall / 2, tall, tall)
        artists.label.set_position((1.2 + step, line))
        artists.label.set_text(harmless(str(parts[number])))

    def _tell_more(self, parts: list[_Part], room: int, place: tuple[float, float]) -> None:
        """Show how many are omitted from the list."""
        more = self._shares[-1]
        more.slice.set_visible(False)
        more.written.set_visible(False)
        more.box.set_visible(False)
        more.label.set_visible(room < len(parts))
        more.label.set_position(place)
        more.label.set_text(f"{len(parts) - room + 1} more")

    def _rank(self, parts: list[_Part]) -> None:
        box = self.axes.bbox
        room = int(min(len(parts), max(1.0, box.height // self.line)))
        heights = max(room, 4)
        # Name and share are beside the longest bar, too.
        most = max((part.share for part in parts), default=1.0) or 1.0
        words = max((self.width_of(f"  {part}") for part in parts), default=0.0)
        across = most / max(0.2, 1 - (words + 4) / max(box.width, 1.0))
        reach(self.axes, (0, across), (-0.5, heights - 0.5))
        for number, (artists, part) in enumerate(zip(self._shares, parts, strict=False)):
            height = heights - 1 - number
            seen = number < room - (room < len(parts))
            artists.box.set_visible(seen)
            artists.label.set_visible(seen)
            artists.box.set_bounds(0, height - 0.3, part.share, 0.6)
            artists.label.set_position((part.share, height))
            artists.label.set_text(harmless(f"  {part}"))
        self._tell_more(parts, room, (0.0, heights - room))
