"""Where the words above the panels stand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from stockstream.charts.header import Entry, Header
from stockstream.charts.strip import Strip
from stockstream.charts.theme import light

PARTS = (
    "○ not connected since 14:28:05 (13 min)",
    "waiting for the broker at 127.0.0.1:9092",
    "last 27 Feb 2026 15:59, came 10 min ago",
    "12,345 behind",
    "3 corrected",
)
ENTRIES = [Entry(f"AA American {number:,}", "#0173b2", "#0173b2") for number in range(100_000, 100_008)]


def header(width: float) -> tuple[Header, FigureCanvasAgg]:
    canvas = FigureCanvasAgg(Figure(figsize=(width, 5.0), dpi=100))
    made = Header(canvas.figure, light())
    made.name("AAPL 1m - Bollinger Bands (20, 2)", simulated=False)
    return made, canvas


def boxes(made: Header, canvas: FigureCanvasAgg) -> list[Bbox]:
    texts = [made.title, *(text.artist for text in made.texts)]
    return [text.get_window_extent(canvas.get_renderer()) for text in texts if text.get_text()]


@pytest.mark.parametrize("width", [4.0, 6.0, 8.0, 10.0, 16.0])
@pytest.mark.parametrize("entries", [0, 3, 8])
@pytest.mark.parametrize("readout", ["", "close 101.25   %B 0.52   bandwidth 1.10%   (forming)"])
def test_no_words_overlap_or_leave_the_figure(width: float, entries: int, readout: str) -> None:
    made, canvas = header(width)
    made.say(Strip(PARTS, "bad"))
    made.explain(ENTRIES[:entries])
    made.read(readout)
    height = made.layout()
    placed = boxes(made, canvas)
    assert len(placed) == 2 + entries + bool(readout)
    for number, box in enumerate(placed):
        assert box.x0 >= 0
        assert box.x1 <= 100 * width
        assert box.y0 >= 500 - height / 0.72
        for other in placed[number + 1 :]:
            assert not box.overlaps(other)


def test_what_the_strip_has_no_room_for_is_left_out_and_said_to_be() -> None:
    shown = []
    for width in (5.0, 8.0, 16.0):
        made, _ = header(width)
        made.say(Strip(PARTS, "bad"))
        made.layout()
        shown.append(made.strip.artist.get_text())
    assert shown[0].endswith("…")
    assert shown[0].startswith(PARTS[0])
    assert shown[1].endswith("…")
    assert shown[2] == "  ·  ".join(PARTS)
    for fewer, more in pairwise(sum(part in text for part in PARTS) for text in shown):
        assert fewer <= more


def test_only_longer_words_need_another_layout() -> None:
    made, _ = header(10.0)
    made.explain(ENTRIES[:2])
    made.layout()
    assert not made.stale
    made.explain([Entry("AA American 100,009", "#0173b2", "#0173b2"), ENTRIES[1]])
    assert not made.stale
    assert made.labels[0].changed
    made.explain([Entry("AA American 1,100,009", "#0173b2", "#0173b2"), ENTRIES[1]])
    assert made.stale


def test_readout_that_outgrows_its_place_needs_another_layout() -> None:
    made, _ = header(6.0)
    made.explain(ENTRIES[:1])
    made.read("close 1.00")
    made.layout()
    assert not made.stale
    made.read("close 2.00")
    assert not made.stale
    made.read("close 2.00   " * 12)
    assert made.stale


def test_bad_news_has_its_own_colour() -> None:
    made, _ = header(10.0)
    colors = set()
    for tone in ("good", "quiet", "bad"):
        made.say(Strip(("connected",), tone))
        colors.add(made.strip.artist.get_color())
    assert len(colors) == 3
