"""The dashboard's tiles on a canvas: their contents, and that a blit equals a full draw."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Wedge
from matplotlib.text import Text
from PIL import Image

from stockstream.charts.dashboard.listing import DrawnListing
from stockstream.charts.dashboard.tiles import Scroll
from stockstream.charts.theme import THEMES
from stockstream.charts.window.saving import save_figure
from stockstream.names import harmless
from stockstream.views.dashboard import DashboardFold, Tables
from stockstream.views.fold import Selection
from tests.charts.dashboard.board_stage import SYMBOLS, Stage, fold_of, labels
from tests.crosses import diagonal
from tests.views.bars import bar, walk


def names_beneath(stage: Stage) -> list[Text]:
    """The names beneath the columns of volumes."""
    tile = stage.tile("volume")
    return labels(tile, tile.axes.xaxis)


@pytest.mark.parametrize("price", [100.0, 4_490.0, 98_700.0])
def test_no_label_of_an_axis_is_cut_at_the_edge(price: float) -> None:
    for wide in range(90, 130, 7):
        stage, fold = Stage((wide / 10, 8)), DashboardFold(Selection())
        for number, symbol in enumerate(SYMBOLS):
            fold.apply([bar(minute, price * (1 + number / 40) + minute % 3, symbol=symbol) for minute in range(30)])
        stage.show(fold)
        axes = stage.tile("scatter").axes
        found = labels(stage.tile("scatter"), axes.xaxis)
        assert found
        assert all(each.get_window_extent().x1 <= stage.canvas.figure.bbox.x1 + 1 for each in found)


def test_every_tile_shows_its_table(stage: Stage) -> None:
    fold = fold_of(300)
    fold.refresh()
    tables = {name: fold.tables().of(name).slice(slice(None)) for name in Tables._fields}
    heights = [bar.get_height() for bar in stage.tile("volume")._bars]
    assert heights == tables["symbols"]["volume"].tolist()
    slices = [artist for artist in stage.tile("share").moving if isinstance(artist, Wedge) and artist.get_visible()]
    np.testing.assert_allclose([(each.theta2 - each.theta1) / 360 for each in slices], tables["symbols"]["share"])
    assert [line.get_linestyle() for line in stage.tile("highest")._lines] == ["None", "None"]  # symbols are no series
    for line, column in zip(stage.tile("highest")._lines, ("moving_average_max", "volatility_max"), strict=True):
        assert line.get_ydata().tolist() == tables["symbols"][column].tolist()
    places = stage.tile("scatter")._points.get_offsets()
    np.testing.assert_allclose(places[:, 0], tables["symbols"]["moving_average"])
    np.testing.assert_allclose(places[:, 1], 100 * tables["symbols"]["volatility"])
    days, symbols, closes = stage.text("days")
    assert list(zip(days, symbols, closes, strict=True)) == [
        (str(day), symbol, f"{close:,.2f}")
        for day, symbol, close in zip(
            *(tables["days"][name].tolist() for name in ("day", "symbol", "close")), strict=True
        )
    ]
    begins, ends, *_ = stage.text("windows")
    assert (begins[0], ends[0]) == ("03-02 19:29", "03-02 19:30")
    assert stage.text("rows")[1][:4] == ["<b>", "AAPL", "MSFT", "<b>"]


@pytest.mark.parametrize(
    ("width", "moment", "least"), [(19.0, "2026-03-02 19:29", 6), (12.0, "03-02 19:29", 6), (6.0, "03-02 19:29", 1)]
)
def test_a_table_without_room_shortens_its_times_then_leaves_out_its_last_columns(
    width: float, moment: str, least: int
) -> None:
    stage = Stage(size=(width, 8.0))
    stage.show(fold_of(300))
    tile = stage.tile("windows")
    assert stage.text("windows")[0][0] == moment
    shown = [title.get_text() for title in tile._titles if title.get_text()]
    assert len(shown) >= least
    assert bool(re.match(r"no room for|\+", tile._aside.get_text())) == (len(shown) < 6)
    seen = [artist for artist in (*tile._titles, *tile._columns) if artist.get_text()]
    edge = tile.axes.bbox.x1 + 12
    assert all(artist.get_window_extent().x1 <= edge for artist in seen)


def test_values_that_move_cost_a_blit_which_shows_what_a_full_draw_does(stage: Stage) -> None:
    fold = fold_of(300)
    stage.show(fold)
    stage.canvas.draws = stage.canvas.blits = 0
    fold.apply(walk(301, 0, "AAPL")[-1:])
    stage.show(fold)
    assert (stage.canvas.draws, stage.canvas.blits) == (0, 1)
    blitted = stage.pixels()
    stage.canvas.draw()
    np.testing.assert_array_equal(blitted, stage.pixels())


@pytest.mark.parametrize(("size", "price"), [((3.0, 2.0), 100.0), ((6.0, 4.0), 98_700.0), ((12.0, 8.0), 0.04)])
def test_an_axis_that_changes_costs_no_full_draw_and_shows_what_one_does(
    size: tuple[float, float], price: float
) -> None:
    stage, fold = Stage(size), DashboardFold(Selection())
    for symbol in SYMBOLS:
        fold.apply([bar(minute, price * (1 + minute % 3 / 50), symbol) for minute in range(30)])
    stage.show(fold)
    changed = set()
    for page in range(stage.board.tile_pages):
        before = {tile: (tile.axes.get_xlim(), tile.axes.get_ylim()) for tile in stage.board.shown}
        stage.canvas.draws = stage.canvas.blits = 0
        fold.apply([bar(30 + page, price * 3 ** (page + 1), "MSFT", volume=4e4 * 9**page)])
        stage.show(fold)
        assert (stage.canvas.draws, stage.canvas.blits) == (0, 1)
        changed |= {tile.tile.name for tile in before if before[tile] != (tile.axes.get_xlim(), tile.axes.get_ylim())}
        shown = stage.pixels()
        stage.canvas.draw()
        np.testing.assert_array_equal(shown, stage.pixels())
        stage.board.next_tiles()
        stage.board.paint()
    assert changed >= {"volume", "highest", "scatter"}


def test_a_saved_picture_has_what_moves_too_and_the_window_continues(stage: Stage, tmp_path: Path) -> None:
    before = stage.pixels()
    file = tmp_path / "a.png"
    save_figure(stage.canvas.figure, file)
    with Image.open(file) as image:
        saved = np.asarray(image.convert("RGBA")).astype(int)
    # Words are put together otherwise for the screen; as much is drawn in both.
    for rows in (slice(None), slice(36, 60)):  # all, and how the data stands
        inked = [int((each[rows, :, :3] < 128).any(axis=2).sum()) for each in (saved, before)]
        assert 0 < inked[0] == pytest.approx(inked[1], rel=0.1)
    stage.board.paint()
    np.testing.assert_array_equal(stage.pixels(), before)


def test_nothing_is_painted_where_nothing_changed(stage: Stage) -> None:
    stage.canvas.draws = stage.canvas.blits = 0
    stage.board.paint()
    assert (stage.canvas.draws, stage.canvas.blits) == (0, 0)


def test_artists_stay_the_same_number(stage: Stage) -> None:
    fold = fold_of(300)
    counts = set()
    for more in range(301, 320):
        fold.apply(walk(more, 0, "AAPL")[-1:])
        stage.show(fold)
        counts.add(len(stage.canvas.figure.findobj()))
    assert len(counts) == 1


def test_a_tile_alone_fills_the_figure(stage: Stage) -> None:
    together = stage.pixels()
    stage.board.open("rows")
    stage.board.paint()
    assert [tile.tile.name for tile in stage.board.shown] == ["rows"]
    assert len(stage.text("rows")[0]) > 40
    assert stage.tile("volume").axes.get_visible() is False
    stage.board.open(None)
    stage.board.paint()
    np.testing.assert_array_equal(stage.pixels(), together)


def test_shares_as_ranks_and_back(stage: Stage) -> None:
    pie = stage.pixels()
    stage.board.toggle()
    stage.board.paint()
    seen = [artist for artist in stage.tile("share").moving if artist.get_visible()]
    texts = [artist.get_text() for artist in seen if hasattr(artist, "get_text")]
    shares = [float(text.split()[-1].rstrip("%")) for text in texts]
    assert len(shares) == 3
    assert shares == sorted(shares, reverse=True)
    stage.board.toggle()
    stage.board.paint()
    np.testing.assert_array_equal(stage.pixels(), pie)


def test_a_table_scrolls_as_far_as_it_goes(stage: Stage) -> None:
    axes = stage.tile("rows").axes
    first = stage.text("rows")[0][0]
    stage.board.scroll(axes, Scroll(1, "rows"))
    assert stage.text("rows")[0][0] != first
    stage.board.scroll(axes, Scroll(1, "all"))
    assert stage.tile("rows")._aside.get_text().endswith("500 of 500")
    stage.board.scroll(axes, Scroll(-1, "all"))
    assert stage.text("rows")[0][0] == first


def test_it_says_what_it_waits_for() -> None:
    stage = Stage()
    tables = DashboardFold(Selection()).tables()
    stage.board.set_data(tables, ["Dashboard"], simulated=False, empty="waiting for a broker")
    stage.board.paint()
    assert not any(tile.axes.get_visible() for tile in stage.board.tiles)
    stage.show(fold_of(40))
    assert all(tile.axes.get_visible() for tile in stage.board.tiles)


@pytest.mark.parametrize(("size", "theme"), diagonal([(6.0, 4.0), (12.0, 8.0)], list(THEMES)))
def test_it_draws_in_every_theme_and_when_small(theme: str, size: tuple[float, float]) -> None:
    stage = Stage(size, theme)
    stage.show(fold_of(300))
    assert len(np.unique(stage.pixels().reshape(-1, 4), axis=0)) > 50


def test_one_bar_of_one_symbol_is_enough() -> None:
    fold = DashboardFold(Selection())
    fold.apply(walk(1))
    stage = Stage()
    stage.show(fold)
    assert isinstance(stage.tile("days"), DrawnListing)
    assert stage.text("days")[1] == ["AAPL"]


def test_a_name_with_dollars_is_no_mathematics() -> None:
    stage = Stage()
    fold = DashboardFold(Selection())
    fold.apply(walk(50, 0, "BRK$A$B"))
    stage.show(fold)
    (label,) = names_beneath(stage)
    plain = stage.canvas.figure.text(0, 0, "BRK$A$B", parse_math=False, fontproperties=label.get_fontproperties())
    renderer = stage.canvas.get_renderer()  # type: ignore[no-untyped-call]
    assert label.get_window_extent(renderer).width == pytest.approx(plain.get_window_extent(renderer).width)


def test_of_many_symbols_the_largest_are_shown_and_by_keys_the_rest() -> None:
    fold = DashboardFold(Selection())
    for number in range(40):
        fold.apply(
            [bar(minute, 50.0 + number + minute % 3, f"S{number:02}", volume=1.0 + number) for minute in range(30)]
        )
    stage = Stage()
    stage.show(fold)
    board = stage.board
    assert board.header.title.get_text().endswith(", 1 to 12 of 40 by volume")
    first = [f"S{number}" for number in range(39, 27, -1)]
    assert [label.get_text() for label in names_beneath(stage)] == first
    assert stage.tile("volume")._aside.get_text() == "28 others 12.2k"
    assert stage.text("symbols")[0][:12] == first
    assert len(stage.tile("scatter")._others.get_xdata()) == 28
    board.turn(-1)
    board.paint()
    assert board.header.title.get_text().endswith(", 37 to 40 of 40 by volume")
    names = [label.get_text() for label in names_beneath(stage)]
    assert names == ["S03", "S02", "S01", "S00"]
    board.rank()
    board.paint()
    assert board.header.title.get_text().endswith(", 1 to 12 of 40 by volatility")
    assert stage.text("symbols")[0][0] == "S00"


def test_before_anything_is_computed_it_shows_nothing_and_continues() -> None:
    fold = fold_of(60)
    stage = Stage()
    stage.board.set_data(fold.tables(), ["Dashboard"], simulated=False)
    stage.board.paint()
    stage.show(fold)
    assert len(stage.tile("volume")._bars) == 3


def test_a_title_is_the_longest_that_has_room(stage: Stage) -> None:
    assert stage.board.header.title.get_text() == "Dashboard of many words"
    narrow = Stage(size=(1.9, 8.0))
    narrow.show(fold_of(30))
    assert narrow.board.header.title.get_text() == "Dashboard"


@pytest.mark.parametrize("size", [(3.0, 2.0), (6.0, 4.0), (9.5, 6.0), (19.0, 11.0)])
def test_a_table_never_loses_its_values(size: tuple[float, float]) -> None:
    fold = DashboardFold(Selection())
    for seed, symbol in enumerate(("A" * 60, "BTC-USD")):
        fold.apply(walk(60, seed, symbol))
    stage = Stage(size)
    stage.show(fold)
    values = {"symbols": "close", "days": "close", "windows": "average", "rows": "close"}
    for _ in range(stage.board.tile_pages):
        for tile in stage.board.shown:
            if isinstance(tile, DrawnListing):
                titles = {title.get_text(): column for title, column in zip(tile._titles, tile._columns, strict=True)}
                column = titles[values.pop(tile.tile.name)]
                assert column.get_text()
                assert "symbol" in titles
                assert column.get_window_extent().x1 <= tile.axes.bbox.x1 + 12
        stage.board.next_tiles()
        stage.board.paint()
    assert not values


def test_a_tile_without_values_says_why_and_says_no_more_once_it_has_some() -> None:
    fold = DashboardFold(Selection())
    for number in range(14):
        fold.apply([bar(minute, 50.0, f"S{number:02}", volume=20.0 - number) for minute in range(9)])
    stage = Stage()
    stage.show(fold)

    def reason(name: str) -> str:
        return str(stage.tile(name)._reason.artist.get_text()).replace("\n", " ")

    why = "none of these symbols has a volatility above 0 yet: too few bars, or prices that do not move"
    names = [tile.tile.name for tile in stage.board.tiles]
    assert {name: reason(name) for name in names if reason(name)} == {
        "share": why,
        "scatter": "none of these symbols has both yet: too few bars",
    }
    fold.apply([bar(minute, 50.0 + minute % 3, "S13", volume=0.1) for minute in range(40)])
    stage.show(fold)
    assert reason("share") == f"{why}; others have"
    fold.apply([bar(minute, 50.0 + minute % 3, "S01", volume=0.1) for minute in range(40)])
    stage.show(fold)
    assert reason("share") == ""


def test_a_tile_of_symbols_with_two_bars_and_no_volume_says_what_they_lack() -> None:
    fold = DashboardFold(Selection())
    fold.apply([bar(minute, 50.0, "EURUSD", volume=0.0) for minute in range(2)])
    stage = Stage((6.0, 4.0))
    stage.show(fold)
    words = {tile.tile.name: tile._reason.artist.get_text().split(" ")[:3] for tile in stage.board.shown}
    assert words == {name: ["none", "of", "these"] for name in ("volume", "share", "highest", "scatter")}


def test_a_name_in_the_scatter_stays_within_its_axes() -> None:
    fold = DashboardFold(Selection())
    # The two that vary most are at the left, side by side: the second name has no room but above.
    for symbol, price, step in (("AAPL", 50.0, 1.0), ("IBM", 50.0, 1.05), ("GOOG", 500.0, 1.0)):
        fold.apply([bar(minute, price + step * (minute % 3), symbol) for minute in range(40)])
    stage = Stage((6.9, 4.2))
    stage.show(fold)
    tile = stage.tile("scatter")
    shown = [label.get_window_extent() for label in tile._labels if label.get_visible()]
    assert shown
    assert all(box.y1 <= tile.axes.bbox.y1 + 2 for box in shown)


@pytest.mark.filterwarnings("error::UserWarning")
def test_a_symbol_that_turns_the_writing_is_written_out_wherever_it_stands(stage: Stage) -> None:
    evil = "EVIL\x1b[31m\u202e"
    fold = DashboardFold(Selection())
    for symbol in ("AAPL", evil):
        fold.apply(walk(60, symbol=symbol))
    fold.refresh()
    stage.board.set_data(fold.tables(), [f"Dashboard: {evil}", "Dashboard"], simulated=False)
    stage.board.paint()
    texts = [text.get_text() for text in stage.canvas.figure.findobj(Text)]
    assert [text for text in texts if harmless(text) != text] == []
    assert stage.board.header.whole == r"Dashboard: EVIL\u001b[31m\u202e"
    for tile in stage.board.tiles:
        if isinstance(tile, DrawnListing):
            boxes = [
                column.get_window_extent() for column in tile._columns if column.get_text() and column.get_visible()
            ]
            assert all(left.x1 <= right.x0 for left, right in pairwise(boxes)), tile.tile.name
