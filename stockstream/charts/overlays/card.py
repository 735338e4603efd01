"""Card: lines of text in a box."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from stockstream.charts.overlays.overlay import Piece, ViewContext
from stockstream.charts.text.text import Ruler
from stockstream.charts.theme import Theme

_PAD: Final = 0.7
_LINE: Final = 1.5
"""Margins, and the distance of lines, in font sizes."""


class CardLine(NamedTuple):
    """A line of a card."""

    text: str
    color: str
    bold: bool = False


class Card:
    """Lines of text in a box, in pixels.

    Parameters
    ----------
    figure, theme
        Where it is drawn, and its colours.
    """

    def __init__(self, figure: Figure, theme: Theme) -> None:
        self._figure = figure
        self._size = theme.small_size
        self._texts: list[Text] = []
        self._box = Rectangle(
            (0, 0), 1, 1, transform=IdentityTransform(), animated=True, snap=True, linewidth=0.8,
            facecolor=theme.background, edgecolor=theme.quiet,
        )  # fmt: skip
        figure.add_artist(self._box)

    def size(self, view_context: ViewContext, lines: Sequence[CardLine]) -> tuple[int, int]:
        """Width and height with these lines."""
        wide = max(self._width(view_context.ruler, line) for line in lines) + 2 * _PAD * self._size
        tall = (_LINE * len(lines) + 2 * _PAD - 0.3) * self._size
        return math.ceil(wide / view_context.pixel), math.ceil(tall / view_context.pixel)

    def fitted(self, view_context: ViewContext, lines: Sequence[CardLine], width: float) -> list[CardLine]:
        """The lines, cut so that the card is no wider than so many pixels."""
        room = width * view_context.pixel - 2 * _PAD * self._size
        return [self._cut(view_context.ruler, line, room) for line in lines]

    def _cut(self, ruler: Ruler, line: CardLine, room: float) -> CardLine:
        if self._width(ruler, line) <= room:
            return line
        least, most = 0, len(line.text)
        while least < most:
            middle = (least + most + 1) // 2
            fits = self._width(ruler, line._replace(text=line.text[:middle].rstrip() + "...")) <= room
            least, most = (middle, most) if fits else (least, middle - 1)
        return line._replace(text=line.text[:least].rstrip() + "...")

    def _width(self, ruler: Ruler, line: CardLine) -> float:
        return ruler.points(line.text, self._size, "bold" if line.bold else "normal")

    def put(self, view_context: ViewContext, lines: Sequence[CardLine], left: float, top: float) -> Piece:
        """Set its lines and its upper left corner."""
        while len(self._texts) < len(lines):
            text = self._figure.text(0, 0, "", transform=IdentityTransform(), animated=True, parse_math=False)
            text.set(va="baseline", fontsize=self._size)
            self._texts.append(text)
        wide, tall = self.size(view_context, lines)
        left, top = round(left), round(top)
        self._box.set_bounds(left, top - tall, wide, tall)
        em = self._size / view_context.pixel
        for number, (text, line) in enumerate(zip(self._texts, lines, strict=False)):
            text.set(text=line.text, color=line.color, fontweight="bold" if line.bold else "normal")
            text.set_position((round(left + _PAD * em), round(top - (_PAD + 0.8 + number * _LINE) * em)))
        box = Bbox.from_bounds(left, top - tall, wide, tall).padded(2)
        return Piece([self._box, *self._texts[: len(lines)]], box)
