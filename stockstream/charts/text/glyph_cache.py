"""Glyph cache: texts are composed of glyphs that matplotlib draws once.

matplotlib shapes and draws every glyph each time, at about 40 microseconds each: a readout that follows the mouse would
take longer than everything else in the window. Its glyphs are on whole pixels except for kerning, which is left out
here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from numpy.typing import NDArray

from stockstream.names import harmless

SPACING: Final = 1.3
"""Distance of lines, in line heights."""


_REMEMBERED: Final = 1_000
"""Number of composed lines of a font that are cached: tables show most of them again."""


class Letter(NamedTuple):
    """Glyph: coverage of each pixel (0 to 255), its offset from the pen, and the pen's advance.

    ``left`` counts to the right, ``top`` upwards from the baseline.
    """

    cover: NDArray[np.uint8]
    left: int
    top: int
    advance: int


_NO_LETTER: Final = "\ufffd"
"""Stands for what is no letter: no font has what commands a terminal."""


class Font:
    """The glyphs of one font, drawn when first needed.

    Parameters
    ----------
    size
        Points.
    weight
        "normal" or "bold".
    dpi
        Dots an inch.
    """

    def __init__(self, size: float, weight: str, dpi: float) -> None:
        self._letters: dict[str, Letter] = {}
        self._line = lru_cache(_REMEMBERED)(self._put_together)
        self._width = lru_cache(_REMEMBERED)(lambda text: sum(self.letter(char).advance for char in text))
        self._properties = FontProperties(size=size, weight=weight)
        self._em = max(1, round(size * dpi / 72))
        side = 4 * self._em
        figure = Figure(figsize=(side / dpi, side / dpi), dpi=dpi)
        self._canvas = FigureCanvasAgg(figure)
        origin = self._em / side
        self._text = figure.text(origin, origin, "", fontproperties=self._properties, color="black", parse_math=False)
        _, tall, self.descent = (round(part) for part in self._measured("lp"))
        self.ascent = tall - self.descent

    def _measured(self, text: str) -> tuple[float, float, float]:
        renderer = self._canvas.get_renderer()
        wide, tall, descent = renderer.get_text_width_height_descent(text, self._properties, ismath=False)
        return float(wide), float(tall), float(descent)

    def letter(self, char: str) -> Letter:
        """The glyph of a character."""
        found = self._letters.get(char)
        if found is None:
            found = self._letters[char] = self._drawn(char if harmless(char) == char else _NO_LETTER)
        return found

    def _drawn(self, char: str) -> Letter:
        renderer = self._canvas.get_renderer()
        renderer.clear()
        self._text.set_text(char)
        self._text.draw(renderer)
        cover = np.asarray(renderer.buffer_rgba())[:, :, 3]
        rows, columns = (np.flatnonzero(cover.any(axis=axis)) for axis in (1, 0))
        # Measured between other glyphs, because a space alone has no width.
        advance = round(self._measured(f"l{char}l")[0] - self._measured("ll")[0])
        if not len(rows):
            return Letter(np.empty((0, 0), np.uint8), 0, 0, advance)
        inked = cover[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
        baseline = len(cover) - self._em
        return Letter(inked, int(columns[0]) - self._em, baseline - int(rows[0]), advance)

    def width(self, text: str) -> int:
        """Width of a line in pixels."""
        return self._width(text)

    def stamp(
        self,
        canvas: NDArray[np.uint8],
        line: str,
        left: int,
        baseline: int,
        color: NDArray[np.float64],
        *,
        upright: bool = False,
    ) -> None:
        """Draw a line on a canvas of shape (rows, columns, 4), with the pen at a pixel from the upper left.

        ``upright`` draws it upwards: the pen begins at row ``left``, and column ``baseline`` is the baseline.
        """
        cover, above = self._line(line)
        if upright:
            _blend(canvas, np.rot90(cover), baseline - above, left + self._em - cover.shape[1], color)
            return
        _blend(canvas, cover, left - self._em, baseline - above, color)

    def _put_together(self, line: str) -> tuple[NDArray[np.uint8], int]:
        """Coverage of each pixel of a line, with an em of margin on both sides; and its rows above the baseline."""
        letters = [self.letter(char) for char in line]
        wide = sum(letter.advance for letter in letters) + 2 * self._em
        above = max((letter.top for letter in letters), default=0)
        below = max((len(letter.cover) - letter.top for letter in letters), default=0)
        cover = np.zeros((max(0, above + below), wide), np.uint8)
        pen = self._em
        for letter in letters:
            tall, broad = letter.cover.shape
            place = cover[above - letter.top :, pen + letter.left :][:tall, :broad]
            np.maximum(place, letter.cover, out=place)
            pen += letter.advance
        return cover, above


def _blend(
    canvas: NDArray[np.uint8], cover: NDArray[np.uint8], left: int, top: int, color: NDArray[np.float64]
) -> None:
    """Blend a colour (0 to 255 each) by coverage, clipped to the canvas."""
    cover = cover[max(0, -top) :, max(0, -left) :]
    under = canvas[max(0, top) :, max(0, left) :][: cover.shape[0], : cover.shape[1], :3]
    share = cover[: under.shape[0], : under.shape[1], None] / np.float32(255)
    under[:] = (under + share * (color.astype(np.float32) - under) + np.float32(0.5)).astype(np.uint8)


@lru_cache(maxsize=64)
def font(size: float, weight: str, dpi: float) -> Font:
    """The font of a size in points, created once."""
    return Font(size, weight, dpi)


@lru_cache(maxsize=256)
def _color(name: str) -> NDArray[np.float64]:
    return 255 * np.asarray(to_rgb(name))


def draw(text: Text, renderer: RendererBase) -> None:
    """Draw a text without a box, horizontally (or a single line upwards), as matplotlib does except for kerning.

    Renderers other than Agg draw it themselves.
    """
    words = text.get_text()
    if not isinstance(renderer, RendererAgg):
        text.draw(renderer)
        return
    if not words or not text.get_visible():
        return
    canvas: NDArray[np.uint8] = np.asarray(renderer.buffer_rgba())
    letters = font(float(text.get_fontsize()), str(text.get_fontweight()), renderer.dpi)
    x, y = text.get_transform().transform(text.get_unitless_position())
    lines = words.split("\n")
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[text.get_horizontalalignment()]
    if text.get_rotation() == 90:  # a line with its baseline at the position
        start = round(len(canvas) - y + share * letters.width(words))
        letters.stamp(canvas, words, start, round(x), _color(text.get_color()), upright=True)
        return
    baseline = round(len(canvas) - y + _drop(text.get_verticalalignment(), letters))
    line_height = round(SPACING * (letters.ascent + letters.descent))
    for number, line in enumerate(lines):
        left = round(x - share * letters.width(line))
        letters.stamp(canvas, line, left, baseline + number * line_height, _color(text.get_color()))


def _drop(align: str, letters: Font) -> float:
    """Distance of the first line beneath the text's position."""
    if align == "top":
        return letters.ascent
    return letters.ascent / 2 - letters.descent / 4 if align == "center" else 0.0
