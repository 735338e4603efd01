"""Help overlay: the keys of a window and what they do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from stockstream.charts.overlays.overlay import Overlay, Piece, ViewContext
from stockstream.charts.text.text import Ruler
from stockstream.charts.theme import Theme
from stockstream.present.keys import Binding

_TITLE: Final = "Keys and mouse"
_LINE: Final = 1.5
_PAD: Final = 1.4
_GAP: Final = 1.3
"""Distances in font sizes: between lines, around the card, and between a key and its description."""

_SMALLEST: Final = 5.0
"""Smallest font size in points; a window without room for it shows a part of the table."""


class Help(Overlay):
    """A card with a table of keys; the number of columns and the font size fit the window."""

    printed = False

    def __init__(self, bindings: Sequence[Binding]) -> None:
        self.shown = False
        self._bindings = bindings

    def build(self, figure: Figure, theme: Theme) -> None:
        """Create the card and its texts."""
        self._figure, self._theme, self._ruler = figure, theme, Ruler(figure)
        self._card = Rectangle(
            (0, 0), 1, 1, transform=IdentityTransform(), animated=True, snap=True, linewidth=0.8,
            facecolor=theme.background, edgecolor=theme.quiet,
        )  # fmt: skip
        figure.add_artist(self._card)
        self._title = self._words(figure, _TITLE, theme.text, bold=True)
        self._labels = [self._words(figure, binding.label, theme.text, bold=True) for binding in self._bindings]
        self._does = [self._words(figure, binding.does, theme.text) for binding in self._bindings]

    def _words(self, figure: Figure, words: str, color: str, *, bold: bool = False) -> Text:
        return figure.text(
            0, 0, words, transform=IdentityTransform(), animated=True, parse_math=False, color=color,
            va="baseline", fontweight="bold" if bold else "normal",
        )  # fmt: skip

    def toggle(self, *, off: bool = False) -> None:
        """Show or hide the card; ``off`` always hides it."""
        self.changed |= self.shown or not off
        self.shown = not (self.shown or off)

    def place(self, _: ViewContext) -> Iterable[Piece]:
        """Place the card in the middle."""
        return self.arrange()

    def arrange(self) -> Iterable[Piece]:
        """The same, for figures that are not charts."""
        if not self.shown:
            return
        canvas = self._figure.bbox
        columns, size, (wide, tall) = self._layout(canvas.width, canvas.height)
        left, top = (canvas.width - wide) // 2, canvas.height - max(0, (canvas.height - tall) // 2)
        self._card.set_bounds(left, top - tall, wide, tall)
        pixels = size / self._pixel
        down = top - (_PAD + 0.8) * pixels
        self._put(self._title, left + _PAD * pixels, down, 1.15 * size)
        rows = math.ceil(len(self._bindings) / len(columns))
        for number, (label, does) in enumerate(zip(self._labels, self._does, strict=True)):
            column, row = divmod(number, rows)
            across = left + _PAD * pixels + sum(sum(each) + 2 * _GAP * pixels for each in columns[:column])
            y = down - (row + 1.25) * _LINE * pixels
            self._put(label, across, y, size)
            self._put(does, across + columns[column][0] + _GAP * pixels, y, size)
        yield Piece(
            [self._card, self._title, *self._labels, *self._does],
            Bbox.from_bounds(left, top - tall, wide, tall).padded(2),
        )

    @staticmethod
    def _put(text: Text, x: float, y: float, size: float) -> None:
        text.set_position((round(x), round(y)))
        text.set_fontsize(size)

    @property
    def _pixel(self) -> float:
        """Size of a pixel in points."""
        return 72 / self._figure.dpi

    def _layout(self, width: float, height: float) -> tuple[Sequence[tuple[float, float]], float, tuple[float, float]]:
        """Widths of the columns (keys, descriptions), font size and card size: the largest that fits."""
        size = self._theme.text_size
        while True:
            for count in (1, 2):
                columns = self._columns(count, size)
                pixels = size / self._pixel
                wide = sum(sum(each) for each in columns) + (_GAP * (3 * count - 2) + 2 * _PAD) * pixels
                tall = (_LINE * (math.ceil(len(self._bindings) / count) + 1.25) + 2 * _PAD - 0.7) * pixels
                if (wide <= width and tall <= height) or (size <= _SMALLEST and count == 2):
                    return columns, size, (math.ceil(wide), math.ceil(tall))
            size -= 0.5

    def _columns(self, count: int, size: float) -> list[tuple[float, float]]:
        """Widths of keys and descriptions in each of a number of columns, in pixels."""
        rows = math.ceil(len(self._bindings) / count)
        parts = [self._bindings[place : place + rows] for place in range(0, len(self._bindings), rows)]
        return [
            (
                max(self._ruler.points(each.label, size, "bold") for each in part) / self._pixel,
                max(self._ruler.points(each.does, size) for each in part) / self._pixel,
            )
            for part in parts
        ]
