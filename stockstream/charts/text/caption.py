"""Caption above a panel: its name, its legend, and the values of the last row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from stockstream.charts.text.text import CachedText, LiveText, Ruler
from stockstream.charts.theme import Theme
from stockstream.present.density import MANY

MARGIN: Final = 12.0
"""Points (72 an inch), as all following: margin left and right of every line of text."""

LINE: Final = 14.5
"""Distance of lines."""

_ASCENT, _DESCENT, _BELOW = 10.5, 4.0, 4.0
_SAMPLE = 15.0
_GAP = 14.0
_NARROW_GAP: Final = 8.0
"""Distance of entries of the legend, and of short ones."""

_LEVELS: Final = 3
_LEGEND: Final = (0.45, 0.6)
"""Maximum share of a line for the legend, and for a short one, if values are beside it."""

_BETWEEN: Final = "   "
_DASHES: Final = (0.0, (2.4, 1.3))
"""In widths of the line: three of them in a sample."""

_NOWHERE: Final = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Entry:
    """An entry of the legend: a line, or with ``fill`` a square; a label, and a value that may change.

    The value has room for ``room`` characters. ``shorter`` are texts where room is scarce, the longest first; without
    any it is the label.
    """

    label: str
    color: str
    fill: str | None = None
    dashed: bool = False
    value: str = ""
    room: int = 0
    shorter: tuple[str, ...] = ()

    @property
    def look(self) -> tuple[str, str | None, bool]:
        """The entry without its text."""
        return self.color, self.fill, self.dashed

    def text(self, level: int) -> str:
        """Label and value, or from level 1 on a shorter text."""
        if level:
            return self.shorter[min(level, len(self.shorter)) - 1] if self.shorter else self.label
        return f"{self.label}: {self.value}" if self.value else self.label

    def widest(self, level: int) -> str:
        """Text as wide as it can become."""
        return self.text(level) if level or not self.room else f"{self.label}: {'0' * self.room}"


class Caption:
    """The caption above one panel.

    `layout` positions it and must precede a full draw if it is ``stale``.
    """

    def __init__(self, figure: Figure, theme: Theme, ruler: Ruler, title: str = "") -> None:
        self._figure = figure
        self._theme = theme
        self._ruler = ruler
        self.stale = True
        self.title = CachedText(figure, title, fontsize=theme.text_size, fontweight="bold", color=theme.quiet)
        self.readout = LiveText(figure, theme, color=theme.text, ha="right")
        self.labels: list[LiveText] = []
        self.more = LiveText(figure, theme, color=theme.quiet)
        self._level = 0
        self._entries: tuple[Entry, ...] = ()
        self._samples: list[Artist] = []
        self._parts: tuple[str, ...] = ()
        self._kept: int | None = None
        self._room = 0.0
        self._longest = 0
        self._lowest = 0.0

    @property
    def texts(self) -> list[LiveText]:
        """Texts that can change without a full draw."""
        return [self.readout, *self.labels, self.more]

    def explain(self, entries: Sequence[Entry]) -> None:
        """Set the legend; if only values change and they have room, nothing moves."""
        before, self._entries = self._entries, tuple(entries)
        if [entry.look for entry in before] != [entry.look for entry in self._entries]:
            self._rebuild()
        self.stale |= _lengths(before) != _lengths(self._entries)
        for entry, label in zip(self._entries, self.labels, strict=True):
            label.say(entry.text(self._level))

    def read(self, parts: Sequence[str], passing: Sequence[str] | None = None) -> None:
        """Set the values of the last row, make room for them, and show them.

        Values of another row that are shown temporarily, ``passing``, must fit the present room: no position depends on
        the mouse.
        """
        self._parts = tuple(parts)
        text = _BETWEEN.join(parts)
        # Measuring a text costs as much as drawing it: only a text longer than any before may not fit.
        if len(text) > self._longest or bool(text) != (self._longest > 0):
            self.stale |= self._points(text) > self._room or bool(text) != (self._longest > 0)
            self._longest = len(text)
        if passing is None:
            self.readout.say(self._joined(self._parts, self._kept))
        else:
            fits = len(_BETWEEN.join(passing)) <= self._longest
            self.readout.say(self._joined(passing, self._kept if fits else self._fitting(passing, self._room)))

    def _rebuild(self) -> None:
        for artist in (*self._samples, *(label.artist for label in self.labels)):
            artist.remove()
        self.labels = [LiveText(self._figure, self._theme, color=self._theme.text) for _ in self._entries]
        self._samples = []
        for entry in self._entries:
            sample: Artist
            if entry.fill is None:
                sample = Line2D([0], [0], color=entry.color, linewidth=1.6, linestyle=_DASHES if entry.dashed else "-")
            else:
                sample = Rectangle((0, 0), 1, 1, facecolor=entry.fill, edgecolor=entry.color, linewidth=0.8)
            self._samples.append(self._figure.add_artist(sample))
        self.stale = True

    # Layout. Positions are computed in points and set as fractions of the figure.

    def layout(self, top: float, *, lines: int = MANY, beneath: float = _BELOW) -> float:
        """Position everything beneath ``top``, in points from the figure's upper edge; returns its lower end.

        It takes at most ``lines`` lines. If legend and values do not fit side by side, the values are above, or share
        a single line with the legend; what does not fit at all is cut from the end, marked by an ellipsis.
        """
        self.stale = False
        width, height = (72.0 * inches for inches in self._figure.get_size_inches())
        right = width - MARGIN
        down = top + _ASCENT
        self._longest = len(_BETWEEN.join(self._parts))
        self._hide()
        if not lines or not (self.title.get_text() or self._entries or self._parts):
            return top
        self._lowest = down + (lines - 1) * LINE
        named = self._ruler.points(self.title.get_text(), self._theme.text_size, "bold")
        self.title.set_visible(MARGIN + named <= right)
        self.title.set_position((MARGIN / width, 1 - down / height))
        start = MARGIN + named + _GAP if named else MARGIN
        self._kept = self._fitting(self._parts, right - start)
        readout = self._joined(self._parts, self._kept)
        crowded = bool(readout and self._entries) and start + sum(self._wide(0)) + self._points(readout) > right
        if crowded and lines > 1:
            self._place_readout(readout, start, down)
            _, down = self._place_entries(MARGIN, (right, right), down + LINE)
            return down + _DESCENT + beneath
        shares = _LEGEND if crowded else (1.0, 1.0)
        across, down = self._place_entries(
            start, (start + shares[0] * (right - start), start + shares[1] * (right - start)), down
        )
        if crowded:
            self._kept = self._fitting(self._parts, right - across)
            readout = self._joined(self._parts, self._kept)
        if readout:
            self._place_readout(readout, across, down)
        return down + _DESCENT + beneath

    def _hide(self) -> None:
        """Hide everything until it has a position."""
        self._room = 0.0
        for artist in (self.title, *self._samples, *(text.artist for text in self.texts)):
            artist.set_visible(False)
        for text in self.texts:
            text.box = _NOWHERE

    def _wide(self, level: int) -> list[float]:
        """Width of each entry, with the distance to the next."""
        gap = _GAP if level == 0 else _NARROW_GAP
        return [_SAMPLE + 4 + self._points(entry.widest(level)) + gap for entry in self._entries]

    def _place_entries(self, across: float, right: tuple[float, float], down: float) -> tuple[float, float]:
        """Position the legend up to the first ``right``, or if it is short up to the second; returns its end.

        Texts are as long as all of them have room; if they have none at all, those that are left out are counted.
        """
        count, room = len(self._entries), 0.0
        for self._level in range(_LEVELS):
            end = right[min(self._level, 1)]
            places = self._places(self._wide(self._level), across, end, down)
            if len(places) == count:
                break
        else:
            room = self._points(f"+{count}") + _NARROW_GAP
            places = self._places(self._wide(self._level), across, end, down, room)
        for entry, sample, label, place in zip(self._entries, self._samples, self.labels, places, strict=False):
            label.say(entry.text(self._level))
            self._place_entry(sample, label, place)
        if not places:
            return across, down
        (_, end), down = places[-1]
        if len(places) < count:
            self._place_more(f"+{count - len(places)}", (end, end + room), down)
            end += room
        return end, down

    def _places(
        self, wide: Sequence[float], across: float, right: float, down: float, room: float = 0.0
    ) -> list[tuple[tuple[float, float], float]]:
        """Left and right end, and line, of the entries that fit; the last line leaves ``room`` at its end."""
        places = []
        for length in wide:
            last = down + LINE > self._lowest
            if across + length - _GAP > right - (room if last else 0.0) and across > MARGIN and not last:
                across, down = MARGIN, down + LINE
                last = down + LINE > self._lowest
            if across + length - _GAP > right - (room if last else 0.0):
                break
            places.append(((across, across + length), down))
            across += length
        return places

    def _fitting(self, parts: Sequence[str], room: float) -> int | None:
        """Number of values that fit, the rest being cut from the end; None for all."""
        counts = (None, *range(len(parts) - 1, -1, -1))
        return next((kept for kept in counts if self._points(self._joined(parts, kept)) <= room), 0)

    @staticmethod
    def _joined(parts: Sequence[str], kept: int | None) -> str:
        """The first values as one text."""
        if kept == 0:
            return ""
        return _BETWEEN.join(parts[:kept]) + (" …" if kept is not None and kept < len(parts) else "")

    def _place_readout(self, text: str, left: float, down: float) -> None:
        width, height = (72.0 * inches for inches in self._figure.get_size_inches())
        self._room = width - MARGIN - left
        self.readout.say(text)
        self.readout.artist.set_visible(True)
        self.readout.artist.set_position((1 - MARGIN / width, 1 - down / height))
        self.readout.box = (left / width, 1 - (down + _DESCENT) / height, 1.0, 1 - (down - _ASCENT) / height)

    def _place_entry(self, sample: Artist, label: LiveText, place: tuple[tuple[float, float], float]) -> None:
        width, height = (72.0 * inches for inches in self._figure.get_size_inches())
        (left, right), down = place
        sample.set_visible(True)
        middle = 1 - (down - 3.2) / height
        if isinstance(sample, Line2D):
            sample.set_data([left / width, (left + _SAMPLE) / width], [middle, middle])
        elif isinstance(sample, Rectangle):
            sample.set_bounds((left + 4) / width, middle - 4 / height, 9 / width, 8 / height)
        self._place_text(label, (left + _SAMPLE + 4, right), down)

    def _place_more(self, text: str, across: tuple[float, float], down: float) -> None:
        self.more.say(text)
        self._place_text(self.more, across, down)

    def _place_text(self, text: LiveText, across: tuple[float, float], down: float) -> None:
        width, height = (72.0 * inches for inches in self._figure.get_size_inches())
        left, right = across
        text.artist.set_visible(True)
        text.artist.set_position((left / width, 1 - down / height))
        low, high = 1 - (down + _DESCENT) / height, 1 - (down - _ASCENT) / height
        text.box = ((left - 2) / width, low, (right - 2) / width, high)

    def _points(self, text: str) -> float:
        return self._ruler.points(text, self._theme.text_size)


def _lengths(entries: Sequence[Entry]) -> list[list[int]]:
    """Lengths of the texts of a legend, from which its places follow."""
    return [[len(entry.widest(level)) for level in range(_LEVELS)] for entry in entries]
