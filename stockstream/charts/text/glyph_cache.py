"""Glyph cache: texts are composed of glyphs that matplotlib draws once.

matplotlib shapes and draws every glyph each time, at about 40 microseconds each: a readout that follows the mouse would
take longer than everything else in the window. Its glyphs are on whole pixels except for kerning, which is left out
here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

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
"""Number of widths of lines of a font that are cached."""

_REMEMBERED_PIXELS: Final = 250_000
"""Inked pixels, of 12 bytes each, of the composed lines of a font that are cached: tables show most lines again, but
each line of a status bar takes 50 kB and is shown once."""


class Letter(NamedTuple):
    """Glyph: coverage of each pixel (0 to 255), its offset from the pen, and the pen's advance.

    ``left`` counts to the right, ``top`` upwards from the baseline.
    """

    cover: NDArray[np.uint8]
    left: int
    top: int
    advance: int


Pixels: TypeAlias = NDArray[np.int32]


class Line(NamedTuple):
    """Inked pixels of a line: columns from the pen, rows downwards from the baseline, and coverage (0 to 1)."""

    across: Pixels
    down: Pixels
    share: NDArray[np.float32]


_NO_LETTER: Final = "\ufffd"
"""Replacement of control characters, which no font has."""


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
        self._lines: dict[str, Line] = {}
        """The line used last is the last one."""
        self._pixels = 0
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

    def line(self, text: str) -> Line:
        """The inked pixels of a line."""
        line = self._lines.pop(text, None)
        if line is None:
            line = self._put_together(text)
            self._pixels += len(line.share)
            while self._pixels > _REMEMBERED_PIXELS and self._lines:
                self._pixels -= len(self._lines.pop(next(iter(self._lines))).share)
        self._lines[text] = line
        return line

    def _put_together(self, text: str) -> Line:
        letters = [self.letter(char) for char in text]
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
        down, across = np.nonzero(cover)
        share = cover[down, across].astype(np.float32) / np.float32(255)
        return Line((across - self._em).astype(np.int32), (down - above).astype(np.int32), share)


def _blend(
    canvas: NDArray[np.uint8], pieces: Sequence[tuple[Pixels, Pixels, NDArray[np.float32]]], color: NDArray[np.float32]
) -> None:
    """Blend a colour (0 to 255 each) on a canvas of shape (rows, columns, 4).

    Takes columns, rows and coverage of pixels, all at once: for small pieces starting takes most of the time. What is
    beyond the canvas is left out.
    """
    across, down, share = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    tall, wide = canvas.shape[:2]
    if len(across) and (min(across.min(), down.min()) < 0 or across.max() >= wide or down.max() >= tall):
        inside = (across >= 0) & (across < wide) & (down >= 0) & (down < tall)
        across, down, share = across[inside], down[inside], share[inside]
    places = (down * wide + across).astype(np.intp)
    pixels = canvas.reshape(-1, 4)
    for number, part in enumerate(color):
        channel = pixels[:, number]
        under = channel[places].astype(np.float32)
        under += share * (part - under)
        under += np.float32(0.5)
        channel[places] = under.astype(np.uint8)


@lru_cache(maxsize=64)
def font(size: float, weight: str, dpi: float) -> Font:
    """The font of a size in points, created once."""
    return Font(size, weight, dpi)


@lru_cache(maxsize=256)
def _color(name: str) -> NDArray[np.float32]:
    return (255 * np.asarray(to_rgb(name))).astype(np.float32)


def draw(text: Text, renderer: RendererBase) -> None:
    """Draw a text without a box, horizontally (or a single line upwards), as matplotlib does except for kerning.

    Renderers other than Agg draw it themselves.
    """
    words = text.get_text()
    if not isinstance(renderer, RendererAgg):
        Text.draw(text, renderer)
        return
    if not words or not text.get_visible():
        return
    canvas: NDArray[np.uint8] = np.asarray(renderer.buffer_rgba())
    letters = font(float(text.get_fontsize()), str(text.get_fontweight()), renderer.dpi)
    x, y = text.get_transform().transform(text.get_unitless_position())
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[text.get_horizontalalignment()]
    color = _color(text.get_color())
    if text.get_rotation() == 90:  # a line with its baseline at the position
        start, baseline = round(len(canvas) - y + share * letters.width(words)), round(x)
        across, down, cover = letters.line(words)
        _blend(canvas, [(baseline + down, start - 1 - across, cover)], color)
        return
    lines = words.split("\n")
    line_height = round(SPACING * (letters.ascent + letters.descent))
    beyond = (len(lines) - 1) * line_height / 2 if text.get_verticalalignment() == "center" else 0.0
    baseline = round(len(canvas) - y + _drop(text.get_verticalalignment(), letters) - beyond)
    pieces = []
    for number, words_of_line in enumerate(lines):
        left = round(x - share * letters.width(words_of_line))
        across, down, cover = letters.line(words_of_line)
        pieces.append((left + across, baseline + number * line_height + down, cover))
    _blend(canvas, pieces, color)


def _drop(align: str, letters: Font) -> float:
    """Distance of the first line beneath the text's position."""
    if align == "top":
        return letters.ascent
    return letters.ascent / 2 - letters.descent / 4 if align == "center" else 0.0
