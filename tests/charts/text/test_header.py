"""Title and status bar: their positions, and the parts that they omit."""

from __future__ import annotations

from itertools import pairwise

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts.text.header import Header
from stockstream.charts.text.text import Ruler
from stockstream.charts.theme import light
from stockstream.present.status_bar import StatusBar

PARTS = (
    "○ not connected since 14:28:05 (13 min)",
    "waiting for the broker at 127.0.0.1:9092",
    "last 27 Feb 2026 15:59, came 10 min ago",
    "12,345 behind",
    "3 corrected",
)


def header(width: float) -> tuple[Header, FigureCanvasAgg]:
    canvas = FigureCanvasAgg(Figure(figsize=(width, 5.0), dpi=100))
    made = Header(canvas.figure, light(), Ruler(canvas.figure))
    made.name("AAPL 1m - Bollinger Bands (20, 2)", simulated=False)
    return made, canvas


@pytest.mark.parametrize("width", [4.0, 6.0, 8.0, 10.0, 16.0])
def test_no_words_overlap_or_leave_the_figure(width: float) -> None:
    made, canvas = header(width)
    made.say(StatusBar(PARTS, "bad"))
    height = made.layout()
    title, status_bar = (text.get_window_extent(canvas.get_renderer()) for text in (made.title, made.status_bar.artist))
    for box in (title, status_bar):
        assert box.x0 >= 0
        assert box.x1 <= 100 * width
        assert box.y0 >= 500 - height / 0.72
    assert not title.overlaps(status_bar)


def test_what_the_status_bar_has_no_room_for_is_left_out_and_said_to_be() -> None:
    shown = []
    for width in (5.0, 8.0, 16.0):
        made, _ = header(width)
        made.say(StatusBar(PARTS, "bad"))
        made.layout()
        shown.append(made.status_bar.artist.get_text())
    assert shown[0].endswith("…")
    assert shown[0].startswith(PARTS[0])
    assert shown[1].endswith("…")
    assert shown[2] == "  ·  ".join(PARTS)
    for fewer, more in pairwise(sum(part in text for part in PARTS) for text in shown):
        assert fewer <= more


@pytest.mark.parametrize("width", [6.0, 8.0, 10.0])
def test_what_is_said_first_is_cut_rather_than_left_out(width: float) -> None:
    made, canvas = header(width)
    made.say(
        StatusBar(
            ("● connected since 12:00", "saved bands-AAPL.png in /home/" + "somebody/" * 30, "up to date"), "good"
        )
    )
    made.layout()
    text = made.status_bar.artist.get_text()
    assert "saved bands-AAPL.png in /home/somebody" in text.replace("\n", "  ·  ")
    assert text.endswith(" …")
    assert made.status_bar.artist.get_window_extent(canvas.get_renderer()).x1 <= 100 * width


def test_bad_news_has_its_own_colour() -> None:
    made, _ = header(10.0)
    colors = set()
    for tone in ("good", "quiet", "bad"):
        made.say(StatusBar(("connected",), tone))
        colors.add(made.status_bar.artist.get_color())
    assert len(colors) == 3
