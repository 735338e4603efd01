"""Labels of an axis's ticks, from the cache of glyphs: matplotlib's own took most of the time of drawing a tile."""

from __future__ import annotations

from typing import Any, Final, Unpack

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.backend_bases import RendererBase
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

from stockstream.charts.styles import TextStyle
from stockstream.charts.text import glyph_cache

_PAD: Final = 4.0
"""Distance from the axes in points."""

_CLOSE: Final = 0.5
"""Pixels by which a tick may be outside of the axes."""


class TickLabels(Artist):
    """Labels beneath the axes for a horizontal axis, and beside them for a vertical one.

    Parameters
    ----------
    axis
        The axis, which has a locator and a formatter; its own labels are switched off.
    axes
        Its axes.
    right
        Whether those of a vertical axis are on the right.
    style
        Of the texts.

    Attributes
    ----------
    upright
        Whether labels beneath the axes are written upwards.
    """

    def __init__(self, axis: Axis, axes: Axes, *, right: bool = False, **style: Unpack[TextStyle]) -> None:
        super().__init__()
        self.upright = False
        self._axis = axis
        self._axes = axes
        self._right = right
        self._style = style
        self._texts: list[Text] = []
        axis.set_tick_params(labelleft=False, labelright=False, labelbottom=False, labeltop=False)
        axes.add_artist(self)

    def texts(self) -> list[Text]:
        """The labels in view, at their places on the canvas."""
        axis, axes = self._axis, self._axes
        values = np.asarray(axis.get_majorticklocs(), np.float64)
        words = axis.get_major_formatter().format_ticks(values.tolist())
        across = isinstance(axis, XAxis)
        pixels = axes.transData.transform(np.column_stack((values, values)))[:, 0 if across else 1]
        low, high = axes.bbox.intervalx if across else axes.bbox.intervaly
        seen = (low - _CLOSE <= pixels) & (pixels <= high + _CLOSE)
        labels = [(place, each) for place, each, inside in zip(pixels, words, seen, strict=True) if inside and each]
        while len(self._texts) < len(labels):
            self._texts.append(self._made())
        texts = self._texts[: len(labels)]
        for text, (place, each) in zip(texts, labels, strict=True):
            text.set_text(each)
            (self._put_beneath if across else self._put_beside)(text, place)
        return texts

    def _made(self) -> Text:
        text = Text(0, 0, "", parse_math=False, **self._style)
        text.set_transform(IdentityTransform())
        text.set_figure(self._axes.figure)
        return text

    def _put_beneath(self, text: Text, place: float) -> None:
        font, down = self._font(text), self._axes.bbox.y0 - self._pad
        if self.upright:
            # The line is in the middle of its letters without descenders, as `glyph_cache.draw` has it.
            text.set(ha="right", va="baseline", rotation=90.0, rotation_mode="anchor")
            text.set_position((place + font.ascent / 2 - font.descent / 4, down))
        else:
            text.set(ha="center", va="top", rotation=0.0)
            text.set_position((place, down))

    def _put_beside(self, text: Text, place: float) -> None:
        box = self._axes.bbox
        text.set(ha="left" if self._right else "right", va="center")
        text.set_position((box.x1 + self._pad if self._right else box.x0 - self._pad, place))

    @property
    def _pad(self) -> float:
        return _PAD * self._axes.figure.dpi / 72

    def _font(self, text: Text) -> Any:
        return glyph_cache.font(text.get_fontsize(), "normal", self._axes.figure.dpi)

    def draw(self, renderer: RendererBase) -> None:
        """Draw the labels."""
        if self.get_visible():
            for text in self.texts():
                glyph_cache.draw(text, renderer)
