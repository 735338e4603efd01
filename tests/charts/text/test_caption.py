"""Positions of the text above a panel."""

from __future__ import annotations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from stockstream.charts.text.caption import LINE, Caption, Entry
from stockstream.charts.text.text import Ruler
from stockstream.charts.theme import light

ENTRIES = [Entry(f"AA American {number:,}", "#0173b2", "#0173b2") for number in range(100_000, 100_008)]
VALUES = ["close 101.25", "%B 0.52", "bandwidth 1.10%", "(forming)"]


def caption(width: float, title: str = "") -> tuple[Caption, FigureCanvasAgg]:
    canvas = FigureCanvasAgg(Figure(figsize=(width, 5.0), dpi=100))
    return Caption(canvas.figure, light(), Ruler(canvas.figure), title), canvas


def boxes(made: Caption, canvas: FigureCanvasAgg) -> list[Bbox]:
    texts = [made.title, *(text.artist for text in made.texts)]
    return [text.get_window_extent(canvas.get_renderer()) for text in texts if text.get_visible() and text.get_text()]


@pytest.mark.parametrize("width", [4.0, 6.0, 8.0, 10.0, 16.0])
@pytest.mark.parametrize("entries", [0, 3, 8])
@pytest.mark.parametrize("values", [[], VALUES, VALUES * 3], ids=len)
@pytest.mark.parametrize("title", ["", "MACD (12, 26, 9)"])
def test_no_words_overlap_or_leave_their_place(width: float, entries: int, values: list[str], title: str) -> None:
    made, canvas = caption(width, title)
    made.explain(ENTRIES[:entries])
    made.read(values)
    end = made.layout(100.0)
    placed = boxes(made, canvas)
    assert len(placed) == entries + bool(values) + bool(title)
    assert (end > 100.0) == bool(placed)
    for number, box in enumerate(placed):
        assert box.x0 >= 0
        assert box.x1 <= 100 * width
        assert 500 - end / 0.72 <= box.y0 < box.y1 <= 500 - 100 / 0.72 + 1
        for other in placed[number + 1 :]:
            assert not box.overlaps(other)


def test_values_of_another_row_take_no_room_of_their_own() -> None:
    made, _ = caption(8.0)
    made.read(VALUES[:2])
    made.layout(0.0)
    box = made.readout.box
    made.read(VALUES[:2], ["a value that takes more room", *VALUES * 5])
    assert not made.stale
    assert made.readout.artist.get_text().startswith("a value that takes more room")
    assert made.readout.artist.get_text().endswith(" …")
    made.layout(0.0)
    assert made.readout.box == box


@pytest.mark.parametrize("lines", [0, 1, 2])
@pytest.mark.parametrize("width", [0.6, 1.5, 3.0, 6.0])
def test_no_more_lines_are_taken_than_there_are(lines: int, width: float) -> None:
    made, canvas = caption(width, "MACD (12, 26, 9)")
    made.explain(ENTRIES)
    made.read(VALUES * 3)
    end = made.layout(100.0, lines=lines)
    assert end <= 100.0 + (lines * LINE + 4.0 if lines else 0.0)
    placed = boxes(made, canvas)
    for number, box in enumerate(placed):
        assert 0 <= box.x0 <= box.x1 <= 100 * width + 1
        assert not any(box.overlaps(other) for other in placed[number + 1 :])


def test_values_that_do_not_fit_are_left_out_from_the_end_and_said_to_be() -> None:
    shown = []
    for width in (3.0, 4.0, 8.0):
        made, _ = caption(width)
        made.read(VALUES)
        made.layout(0.0)
        shown.append(made.readout.artist.get_text())
        made.read(["close 101.26", *VALUES[1:]])
        assert not made.stale
        assert made.readout.artist.get_text() == shown[-1].replace("101.25", "101.26")
    assert shown[0].endswith(" …")
    assert shown[0].startswith("close 101.25")
    assert len(shown[0]) < len(shown[1])
    assert shown[2] == "   ".join(VALUES)


def test_entries_are_shortened_before_any_is_left_out_and_those_are_counted() -> None:
    keys = [f"A{number}" for number in range(8)]
    entries = [
        Entry(f"{key} An Airline 69,626", "#0173b2", dashed=True, shorter=(f"{key} 69,626", key)) for key in keys
    ]
    texts = {0: [entry.label for entry in entries], 1: [f"{key} 69,626" for key in keys], 2: keys}
    seen = []
    for width, level, left_out in ((18.0, 0, 0), (10.0, 1, 0), (6.0, 2, 0), (3.0, 2, 3)):
        made, canvas = caption(width)
        made.explain(entries)
        made.layout(0.0, lines=1)
        shown = [text.artist.get_text() for text in made.labels if text.artist.get_visible()]
        assert shown == texts[level][: len(shown)]
        seen.append(len(shown))
        assert made.more.artist.get_visible() == (left_out > 0)
        if left_out:
            assert made.more.artist.get_text() == f"+{8 - len(shown)}"
        placed = boxes(made, canvas)
        assert all(box.x1 <= 100 * width for box in placed)
        assert not any(box.overlaps(other) for number, box in enumerate(placed) for other in placed[number + 1 :])
    assert seen[:3] == [8, 8, 8]
    assert 0 < seen[3] < 8


def test_only_longer_words_need_another_layout() -> None:
    made, _ = caption(10.0)
    made.explain(ENTRIES[:2])
    made.layout(0.0)
    assert not made.stale
    made.explain([Entry("AA American 100,009", "#0173b2", "#0173b2"), ENTRIES[1]])
    assert not made.stale
    assert made.labels[0].changed
    made.explain([Entry("AA American 1,100,009", "#0173b2", "#0173b2"), ENTRIES[1]])
    assert made.stale


def test_values_that_outgrow_their_place_need_another_layout() -> None:
    made, _ = caption(6.0)
    made.explain(ENTRIES[:1])
    made.read(["close 1.00"])
    made.layout(0.0)
    assert not made.stale
    made.read(["close 2.00"])
    assert not made.stale
    made.read(["close 2.00"] * 12)
    assert made.stale
