"""Cached glyphs are at matplotlib's positions."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stockstream.charts.text import glyph_cache
from stockstream.charts.text.text import Ruler


def drawn(words: str, *, ours: bool, place: tuple[float, float] = (20.0, 30.0), **style: Any) -> NDArray[np.int16]:
    canvas = FigureCanvasAgg(Figure(figsize=(3.0, 0.8), dpi=100))
    text = canvas.figure.text(
        0, 0, words, fontsize=9, color="#22572e", parse_math=False, transform=None, linespacing=1.3, **style
    )
    text.set_position(place)
    renderer = canvas.get_renderer()
    renderer.clear()
    canvas.figure.patch.draw(renderer)
    if ours:
        glyph_cache.draw(text, renderer)
    else:
        text.draw(renderer)
    return np.asarray(renderer.buffer_rgba()).astype(np.int16)


@pytest.mark.parametrize("words", ["0123456789", "C 101.25   %B 0.50", "-1.5 % ▲ ●", "", "   "])
@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_words_without_kerning_are_drawn_as_by_matplotlib(words: str, weight: str) -> None:
    ours, theirs = (drawn(words, ours=each, fontweight=weight) for each in (True, False))
    assert (theirs[:, :, 0] < 100).any() == bool(words.strip())
    assert np.abs(ours - theirs).max() <= 2


@pytest.mark.parametrize("align", ["left", "center", "right"])
@pytest.mark.parametrize("up", ["baseline", "center", "top"])
def test_alignment_and_lines_are_matplotlib_s_to_two_pixels(align: str, up: str) -> None:
    words = "To 1.5\nAV 22" if up == "top" else "To 1.5"
    boxes: list[list[float]] = []
    for ours in (True, False):
        ink = drawn(words, ours=ours, place=(150.0, 40.0), ha=align, va=up)[:, :, 0] < 200
        rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
        boxes.append([float(edge) for edge in (rows[0], rows[-1], columns[0], columns[-1])])
    assert boxes[0] == pytest.approx(boxes[1], abs=2)


@pytest.mark.parametrize(
    "place", [(-15.0, 30.0), (280.0, 30.0), (50.0, -4.0), (50.0, 76.0), (900.0, 900.0), (-900.0, -9.0)]
)
def test_what_is_beyond_the_canvas_is_left_out(place: tuple[float, float]) -> None:
    ours, theirs = (drawn("0123456789", ours=each, place=place) for each in (True, False))
    assert np.abs(ours - theirs).max() <= 2


def test_they_are_as_wide_as_they_are_said_to_be() -> None:
    figure = FigureCanvasAgg(Figure(dpi=200)).figure
    words = "0123456789"
    text = figure.text(0, 0, words, fontsize=9)
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    wide = text.get_window_extent(canvas.get_renderer()).width
    assert Ruler(figure).points(words, 9.0) * 200 / 72 == pytest.approx(wide, abs=3)


def test_a_drawing_of_another_kind_has_its_own_letters() -> None:
    canvas = FigureCanvasAgg(Figure())
    text = canvas.figure.text(0.5, 0.5, "word", animated=True)
    canvas.mpl_connect("draw_event", lambda event: glyph_cache.draw(text, event.renderer))
    file = io.BytesIO()
    canvas.figure.savefig(file, format="svg")
    assert b"<!-- word -->" in file.getvalue()


def test_lines_that_never_come_again_take_bounded_memory() -> None:
    fresh = glyph_cache.Font(9.5, "normal", 100.0)
    cell = fresh.line("AAPL 102.31")
    for number in range(500):
        fresh.line(
            f"connected, {number:,} bars, lag 0, last 2026-03-02 14:30, 10,000 a second, saved {number} s ago" * 2
        )
        assert fresh.line("AAPL 102.31") is cell, "what is shown again is kept"
    assert sum(len(line.share) for line in fresh._lines.values()) == fresh._pixels <= 250_000
