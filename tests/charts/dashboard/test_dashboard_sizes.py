"""Dashboards from tiny to large: no words lie over others, and none is cut."""

from __future__ import annotations

import pytest

from stockstream.consumers.dashboard import TILES
from stockstream.views.dashboard import DashboardFold
from stockstream.views.fold import Selection
from tests.charts.dashboard.board_stage import Stage, seen_words
from tests.crosses import diagonal
from tests.views.bars import walk

SIZES = [(6.0, 4.0), (7.0, 5.0), (9.5, 6.0), (12.8, 8.0), (19.0, 11.0)]


@pytest.mark.parametrize(("size", "count"), diagonal(SIZES, [1, 2, 7, 30]))
def test_no_words_lie_over_others_and_none_is_cut(size: tuple[float, float], count: int) -> None:
    fold = DashboardFold(Selection())
    names = ["AAPL", "BRK-B", "BTC-USD", "7203.T", "^GSPC", "MSFT", "NVDA", *(f"S{number:04}" for number in range(30))]
    for seed, symbol in enumerate(names[:count]):
        fold.apply(walk(120, seed, symbol))
    stage = Stage(size)
    stage.show(fold)
    pages = stage.board.tile_pages
    seen: list[str] = []
    for _ in range(pages):
        seen += [tile.tile.name for tile in stage.board.shown]
        words = seen_words(stage)
        width = stage.canvas.get_width_height()[0]
        for text, box in words:
            assert box.x0 >= -1, text
            assert box.x1 <= width + 1, text
            assert box.y0 >= -1, text
        for number, (text, box) in enumerate(words):
            smaller = box.padded(-1.5)
            over = [other for other, place in words[number + 1 :] if smaller.overlaps(place.padded(-1.5))]
            assert not over, (text, over)
        stage.board.next_tiles()
        stage.board.paint()
    assert seen == [tile.name for tile in TILES]


@pytest.mark.parametrize("count", [1, 7, 30])
def test_in_a_tiny_window_pictures_keep_room_and_words_are_apart(count: int) -> None:
    fold = DashboardFold(Selection())
    for number in range(count):
        fold.apply(walk(60, number, f"BTC-USD{number:02}"))
    stage = Stage((3.0, 2.0))
    stage.show(fold)
    for _ in range(stage.board.tile_pages):
        [tile] = stage.board.shown
        assert tile.axes.bbox.height > 35
        words = seen_words(stage)
        over = [
            (text, other)
            for number, (text, box) in enumerate(words)
            for other, place in words[number + 1 :]
            if box.padded(-1.5).overlaps(place.padded(-1.5))
        ]
        assert not over
        stage.board.next_tiles()
        stage.board.paint()


@pytest.mark.parametrize("size", [(3.0, 2.0), (6.0, 4.0)])
def test_what_it_waits_for_stays_within_it(size: tuple[float, float]) -> None:
    stage = Stage(size)
    words = "waiting for symbol NVDA: the topic stocks on kafka-1.an-exchange.example:9092 holds AAPL, GOOG and MSFT"
    stage.board.set_data(DashboardFold(Selection()).tables(), ["Dashboard"], simulated=False, empty=words)
    stage.board.paint()
    box = stage.board.message.artist.get_window_extent()
    assert stage.board.message.artist.get_text().replace("\n", "").replace(" ", "") == words.replace(" ", "")
    assert box.x0 >= 0
    assert box.x1 <= 100 * size[0]
    assert box.y0 >= 0
    assert box.y1 < stage.board.header.status_bar.box[1] * 100 * size[1]
