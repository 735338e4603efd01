"""What stands above the panels: title, strip, legend and readout, each in words that can change by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from stockstream.charts.strip import Strip
from stockstream.charts.theme import Theme

_MARGIN = 12.0
_LINE = 14.5
_SAMPLE = 15.0
_GAP = 14.0
_NARROW = 560.0
"""Points (72 an inch) all of them; below the last the strip takes two lines."""

_BETWEEN = "  ·  "
_REMEMBERED = 1_000


class LiveText:
    """A text on a ground that is kept, so that it can change without a full draw.

    ``box`` is its place on the figure as fractions (left, bottom, right, top).
    """

    def __init__(self, figure: Figure, theme: Theme, **style: Any) -> None:
        self.artist = figure.text(
            0, 0, "", animated=True, parse_math=False, fontsize=theme.text_size, **style
        )  # fmt: skip
        self.box = (0.0, 0.0, 0.0, 0.0)
        self.changed = False
        self._ground: object = None

    def say(self, text: str, color: str | None = None) -> None:
        """Change the words, and the colour where one is given."""
        if text != self.artist.get_text() or color not in (None, self.artist.get_color()):
            self.artist.set_text(text)
            if color is not None:
                self.artist.set_color(color)
            self.changed = True

    def _bbox(self, canvas: FigureCanvasAgg) -> Bbox:
        width, height = canvas.get_width_height(physical=True)
        left, bottom, right, top = self.box
        return Bbox.from_extents(int(left * width), int(bottom * height), int(right * width) + 1, int(top * height) + 1)

    def keep(self, canvas: FigureCanvasAgg, renderer: RendererBase) -> None:
        """Keep the ground as it is on the canvas now, and draw on it."""
        self._ground = canvas.copy_from_bbox(self._bbox(canvas))
        self.artist.draw(renderer)
        self.changed = False

    def renew(self, canvas: FigureCanvasAgg, renderer: RendererBase) -> Bbox:
        """Draw the words anew on their ground; returns the place to blit."""
        canvas.restore_region(self._ground)
        self.artist.draw(renderer)
        self.changed = False
        return self._bbox(canvas)


@dataclass(frozen=True)
class Entry:
    """An entry of the legend: a line or, where ``filled``, a square, and words that may change while it is shown."""

    label: str
    color: str
    fill: str | None = None
    dashed: bool = False


class Header:
    """The lines above the panels; `layout` gives them their places and must come before a full draw."""

    def __init__(self, figure: Figure, theme: Theme) -> None:
        self._figure = figure
        self._theme = theme
        self.stale = True
        self.title = figure.text(
            0, 0, "", fontsize=theme.title_size, fontweight="bold", color=theme.text, parse_math=False
        )
        self.badge = figure.text(
            0, 0, "SIMULATED", fontsize=theme.text_size, fontweight="bold", color=theme.background, ha="right",
            bbox={"facecolor": theme.alarm, "edgecolor": "none", "boxstyle": "square,pad=0.35"}, visible=False,
        )  # fmt: skip
        self.strip = LiveText(figure, theme, color=theme.quiet, va="top", linespacing=1.3)
        self.readout = LiveText(figure, theme, color=theme.text, ha="right")
        self._strip = Strip((), "quiet")
        self._entries: tuple[Entry, ...] = ()
        self._samples: list[Artist] = []
        self._room = 0.0
        self._longest = 0
        self._widths: dict[tuple[str, float], float] = {}
        self.labels: list[LiveText] = []

    @property
    def texts(self) -> list[LiveText]:
        """All texts that can change by themselves."""
        return [self.strip, self.readout, *self.labels]

    def name(self, title: str, *, simulated: bool) -> None:
        """Say what is shown."""
        if title != self.title.get_text() or simulated != self.badge.get_visible():
            self.title.set_text(title)
            self.badge.set_visible(simulated)
            self.stale = True

    def say(self, strip: Strip) -> None:
        """Say how the data stands."""
        self._strip = strip
        color = {"good": self._theme.quiet, "quiet": self._theme.text, "bad": self._theme.alarm}[strip.tone]
        self.strip.say(self._wrapped(), color)

    def read(self, text: str) -> None:
        """Show the last row's values."""
        # Measuring a text costs as much as drawing it: only one longer than any before may not fit.
        if len(text) > self._longest or not text:
            self._longest = len(text)
            self.stale |= self.points(text) > self._room or bool(text) != bool(self.readout.artist.get_text())
        self.readout.say(text)

    def explain(self, entries: Sequence[Entry]) -> None:
        """Fill the legend; where only words of the same length change it stays where it is."""
        fresh = tuple(entries)
        same = len(fresh) == len(self._entries) and all(
            (new.color, new.fill, len(new.label)) == (old.color, old.fill, len(old.label))
            for new, old in zip(fresh, self._entries, strict=True)
        )
        self._entries = fresh
        if not same:
            self._rebuild()
        for entry, label in zip(fresh, self.labels, strict=True):
            label.say(entry.label)

    def _rebuild(self) -> None:
        for artist in (*self._samples, *(label.artist for label in self.labels)):
            artist.remove()
        self.labels = [LiveText(self._figure, self._theme, color=self._theme.text) for _ in self._entries]
        self._samples = []
        for entry in self._entries:
            sample: Artist
            if entry.fill is None:
                sample = Line2D([0], [0], color=entry.color, linewidth=1.6, linestyle="--" if entry.dashed else "-")
            else:
                sample = Rectangle((0, 0), 1, 1, facecolor=entry.fill, edgecolor=entry.color, linewidth=0.8)
            self._samples.append(self._figure.add_artist(sample))
        self.stale = True

    # Places. Everything is reckoned in points and set as a fraction of the figure.

    def layout(self) -> float:
        """Give everything its place; returns the header's height in points."""
        self.stale = False
        width, height = (72.0 * inches for inches in self._figure.get_size_inches())
        down = _MARGIN + 11.0
        self.title.set_position((_MARGIN / width, 1 - down / height))
        self.badge.set_position((1 - (_MARGIN + 3) / width, 1 - down / height))
        tall = _LINE * self._strip_lines()
        down += 6.5
        self.strip.artist.set_position((_MARGIN / width, 1 - down / height))
        self.strip.box = (0.0, 1 - (down + tall) / height, 1.0, 1 - (down - 1) / height)
        self.strip.say(self._wrapped())
        return self._layout_legend(down + tall + 11, width, height)

    def _layout_legend(self, down: float, width: float, height: float) -> float:
        right = width - _MARGIN
        across = _MARGIN
        readout = self.points(self.readout.artist.get_text())
        self._longest = len(self.readout.artist.get_text())
        ends = [_SAMPLE + 4 + self.points(entry.label) + _GAP for entry in self._entries]
        if readout and self._entries and across + sum(ends) + readout > right:
            self._place_readout(_MARGIN, down, width, height)
            down += _LINE
        for sample, label, length in zip(self._samples, self.labels, ends, strict=True):
            if across + length - _GAP > right and across > _MARGIN:
                across = _MARGIN
                down += _LINE
            self._place_entry(sample, label, (across, across + length), down)
            across += length
        if readout and (not self._entries or across + readout <= right + 0.5):
            self._place_readout(across, down, width, height)
        return down + 5 if self._entries or readout else down - _LINE + 5

    def _place_readout(self, left: float, down: float, width: float, height: float) -> None:
        self._room = width - _MARGIN - left
        self.readout.artist.set_position((1 - _MARGIN / width, 1 - down / height))
        self.readout.box = (left / width, 1 - (down + 4) / height, 1.0, 1 - (down - 10.5) / height)

    def _place_entry(self, sample: Artist, label: LiveText, across: tuple[float, float], down: float) -> None:
        width, height = (72.0 * inches for inches in self._figure.get_size_inches())
        left, right = across
        middle = 1 - (down - 3.2) / height
        if isinstance(sample, Line2D):
            sample.set_data([left / width, (left + _SAMPLE) / width], [middle, middle])
        elif isinstance(sample, Rectangle):
            sample.set_bounds((left + 4) / width, middle - 4 / height, 9 / width, 8 / height)
        label.artist.set_position(((left + _SAMPLE + 4) / width, 1 - down / height))
        low, high = 1 - (down + 4) / height, 1 - (down - 10.5) / height
        label.box = ((left + _SAMPLE + 2) / width, low, (right - 2) / width, high)

    def _strip_lines(self) -> int:
        return 2 if 72.0 * self._figure.get_size_inches()[0] < _NARROW else 1

    def _wrapped(self) -> str:
        """The strip's parts in its lines; what has no room is left out from the end, which an ellipsis says."""
        room = 72.0 * self._figure.get_size_inches()[0] - 2 * _MARGIN
        lines: list[str] = []
        length = 0.0
        for part in self._strip.parts:
            more = self.points(_BETWEEN) + self.points(part)
            if lines and length + more <= room:
                lines[-1] += _BETWEEN + part
                length += more
            elif len(lines) < self._strip_lines():
                lines.append(part)
                length = self.points(part)
            else:
                lines[-1] += " …"
                break
        return "\n".join(lines)

    def points(self, text: str, size: float | None = None) -> float:
        """How wide a text is, in points; of the texts' own size where none is given."""
        if not text:
            return 0.0
        size = size or self._theme.text_size
        width = self._widths.get((text, size))
        if width is None:
            canvas = self._figure.canvas
            assert isinstance(canvas, FigureCanvasAgg)
            font = FontProperties(size=size)
            pixels, _, _ = canvas.get_renderer().get_text_width_height_descent(text, font, ismath=False)
            width = float(pixels) * 72.0 / self._figure.dpi
            if len(self._widths) >= _REMEMBERED:
                self._widths.clear()
            self._widths[text, size] = width
        return width
