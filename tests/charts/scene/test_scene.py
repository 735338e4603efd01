"""The contents of a scene, and how it follows new rows."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.backend_bases import ResizeEvent
from matplotlib.colors import to_hex
from matplotlib.image import imread
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from stockstream.charts.marks.bars import DrawnGroups
from stockstream.charts.marks.lines import Layer
from stockstream.charts.theme import light
from stockstream.present.status_bar import utc_now
from stockstream.views.frame import Frame
from tests.charts.fake_model import COUNTS, OSCILLATOR, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Stage, ink


def prices(rows: int, **changes: object) -> FakeModel:
    return FakeModel(PRICES, FakeFold({"AAPL": bars(rows)}, {"AAPL": "AAPL 1m"}), **changes)  # type: ignore[arg-type]


def limits(stage: Stage, panel: int = 0) -> tuple[float, float]:
    low, high = stage.scene.panels[panel].axes.get_ylim()
    return low, high


def span(stage: Stage) -> tuple[float, float]:
    left, right = stage.scene.panels[0].axes.get_xlim()
    return left, right


def test_the_newest_rows_are_in_view_with_room_for_more() -> None:
    stage = Stage(prices(900), rows=100)
    stage.show()
    left, right = span(stage)
    assert 799 < left < 800
    assert 900 <= right <= 960


def test_all_rows_are_in_view_where_no_number_is_asked_for() -> None:
    stage = Stage(prices(900), rows=None)
    stage.show()
    assert span(stage)[0] < 0


def test_new_bars_use_the_room_and_then_the_view_moves() -> None:
    whole = bars(300)
    stage = Stage(prices(1), rows=100)
    stage.show(whole.slice(slice(0, 200)))
    before, full = span(stage), stage.full
    for total in range(201, 300):
        stage.show(whole.slice(slice(0, total)))
        assert span(stage)[1] >= total - 1
    assert span(stage) != before
    assert stage.full - full < 30


def test_new_bars_are_labelled() -> None:
    whole = bars(300)
    stage = Stage(prices(1), rows=100)
    for total in range(200, 300):
        stage.show(whole.slice(slice(0, total)))
        drawn = {int(row) for row in np.array(stage.scene.panels[-1].axes_grid.rows)}
        quarters = whole.instants[:total].astype("M8[m]").astype(int) % 15 == 0
        assert max(drawn) == np.flatnonzero(quarters)[-1]


def test_few_bars_are_not_blown_up() -> None:
    stage = Stage(prices(1))
    stage.show()
    assert span(stage)[1] >= 30


def test_limits_show_everything_in_view_and_do_not_tremble() -> None:
    whole = bars(400, seed=4)
    stage = Stage(prices(1), rows=100)
    seen = set()
    for total in range(150, 400):
        stage.show(whole.slice(slice(0, total)))
        low, high = limits(stage)
        first = max(0, int(np.ceil(span(stage)[0])))
        assert low < whole["low"][first:total].min()
        assert high > whole["high"][first:total].max()
        assert limits(stage, 1)[0] == 0
        assert limits(stage, 1)[1] > whole["volume"][first:total].max()
        seen.add((low, high))
    assert len(seen) < 25


def test_fixed_limits_stay() -> None:
    stage = Stage(FakeModel(OSCILLATOR, FakeFold({"AAPL": bars(100)})))
    stage.show()
    assert limits(stage) == (-5.0, 105.0)


def test_user_s_view_is_never_yanked_back_until_end_is_asked_for() -> None:
    whole = bars(300)
    stage = Stage(prices(1))
    stage.show(whole.slice(slice(0, 250)))
    axes = stage.scene.panels[0].axes
    axes.set_xlim(100, 140)
    axes.set_ylim(90, 110)
    stage.show(whole)
    assert (span(stage), limits(stage)) == ((100, 140), (90, 110))
    blitted = stage.pixels()
    assert np.array_equal(blitted, stage.drawn_anew())
    stage.scene.viewport.follow()
    stage.scene.paint()
    assert stage.scene.viewport.following
    assert span(stage)[1] >= 299
    assert limits(stage) != (90, 110)


def test_going_back_to_the_view_before_is_following_again() -> None:
    stage = Stage(prices(300))
    stage.show()
    axes = stage.scene.panels[0].axes
    before = axes.get_xlim(), axes.get_ylim()
    axes.set_ylim(90, 110)
    followed = [stage.scene.viewport.following]
    axes.set_xlim(100, 140)
    axes.set_xlim(*before[0])
    followed.append(stage.scene.viewport.following)
    axes.set_ylim(*before[1])
    assert [*followed, stage.scene.viewport.following] == [True, False, True]


def test_labels_go_with_a_view_that_the_user_moves() -> None:
    stage = Stage(prices(300))
    stage.show()
    axes = stage.scene.panels[0].axes
    axes.set_xlim(100, 110)
    stage.drawn_anew()
    ticks = np.array(stage.scene.panels[-1].axes_grid.rows)
    assert len(ticks) > 3
    assert ticks.min() >= 99
    assert ticks.max() <= 111
    assert axes.get_xlim() == (100, 110)


def test_another_key_is_drawn_anew_and_followed() -> None:
    frames = {"AAPL": bars(300), "MSFT": bars(300, seed=2)}
    stage = Stage(FakeModel(PRICES, FakeFold(frames)))
    stage.show()
    stage.viewer.turn(1)
    stage.scene.paint()
    assert stage.scene.viewport.following
    alone = Stage(FakeModel(PRICES, FakeFold({"MSFT": frames["MSFT"]})))
    alone.show()
    assert np.array_equal(stage.pixels(), alone.pixels())


@pytest.mark.parametrize("size", [(10.0, 6.0), (4.0, 3.0)])
def test_another_size_is_drawn_anew(size: tuple[float, float]) -> None:
    whole = bars(300)
    stage = Stage(prices(1))
    stage.show(whole.slice(slice(0, 280)))
    stage.canvas.figure.set_size_inches(*size)
    stage.canvas.callbacks.process("resize_event", ResizeEvent("resize_event", stage.canvas))
    stage.scene.paint()
    shown = stage.show(whole.slice(slice(0, 281)))
    assert shown.shape == (int(size[1] * 100), int(size[0] * 100), 4)
    assert np.array_equal(shown, stage.drawn_anew())


def test_artists_are_made_once() -> None:
    whole = bars(1_300)
    stage = Stage(prices(1), size=(3.0, 2.5))
    stage.show(whole.slice(slice(0, 300)))
    before = [len(stage.canvas.figure.findobj()), len(stage.canvas.figure.get_children())]
    for total in range(301, 1_301):
        stage.show(whole.slice(slice(0, total)))
    stage.show(whole.slice(slice(0, 300)))
    assert len(stage.canvas.figure.get_children()) == before[1]
    assert len(stage.canvas.figure.findobj()) <= before[0] + 60  # matplotlib keeps ticks once made


def test_simulated_is_stamped() -> None:
    real, simulated = (Stage(FakeModel(PRICES, FakeFold({"AAPL": bars(100)}, fake=fake))) for fake in (False, True))
    assert ink(simulated.show(), light().alarm) > ink(real.show(), light().alarm) + 500
    assert simulated.scene.header.badge.get_visible()
    assert simulated.scene._stamp.get_visible()
    assert not real.scene.header.badge.get_visible()


def test_readout_is_of_the_last_row() -> None:
    frame = bars(100, forming=True)
    for name in ("open", "high", "low", "close"):
        frame[name][:] = frame[name].round(2)
    stage = Stage(prices(1), size=(10.0, 6.0))
    stage.show(frame)
    last = {name: float(frame[name][-1]) for name in frame if name != "time"}
    assert readout(stage) == (
        f"Mon 2 Mar 11:09 EST (forming)   O {last['open']:.2f}   H {last['high']:.2f}   L {last['low']:.2f}"
        f"   C {last['close']:.2f}   V {last['volume']:,.0f}"
        f"   %B {last['percent_b']:.2f}   bandwidth {last['bandwidth']:.2%}"
    )
    assert legend(stage) == [
        f"bands: {last['lower']:.3f} to {last['upper']:.3f}", f"middle: {last['middle']:.3f}"
    ]  # fmt: skip
    stage.show(bars(5))
    assert readout(stage).endswith("%B -   bandwidth -")
    assert legend(stage) == ["bands: - to -", "middle: -"]


def readout(stage: Stage) -> str:
    return str(stage.scene.panels[0].caption.readout.artist.get_text())


def legend(stage: Stage) -> list[str]:
    return [str(label.artist.get_text()) for label in stage.scene.panels[0].caption.labels]


def test_small_price_is_not_read_out_as_zero() -> None:
    frame = bars(30)
    frame["close"][-1] = 1.2345678e-5
    stage = Stage(prices(1), size=(10.0, 6.0))
    stage.show(frame)
    assert "C 1.235e-05" in readout(stage)


def test_totals_stand_in_the_legend() -> None:
    frames = {"AA": days(31), "DL": days(31, seed=2)}
    names = {"AA": "AA American"}
    stage = Stage(FakeModel(COUNTS, FakeFold(frames, names, where=None)))
    stage.show()
    texts = [label.artist.get_text() for label in stage.scene.panels[0].caption.labels]
    assert texts == [
        f"AA American {frames['AA']['flights'].sum():,}", f"DL {frames['DL']['flights'].sum():,}"
    ]  # fmt: skip


def test_airlines_have_the_same_colour_in_every_window() -> None:
    frames = {key: days(31, seed=seed) for seed, key in enumerate(("AA", "DL", "UA", "WN"))}
    fold = FakeFold({key: frames[key] for key in ("AA", "DL", "UA")}, where=None)
    stage = Stage(FakeModel(COUNTS, fold))
    stage.show()
    assert stage.scene._palette_indexes == {"AA": 0, "DL": 1, "UA": 3}
    fold.frames = {key: frames[key] for key in ("UA", "WN", "AA")}
    stage.show()
    assert stage.scene._palette_indexes == {"UA": 3, "WN": 2, "AA": 0}
    fold.frames = {f"X{number}": days(31, seed=number) for number in range(20)}
    stage.show()
    assert len(set(stage.scene._palette_indexes.values())) == 20


def test_the_legend_shows_lines_as_they_are_and_many_are_asked_to_be_chosen() -> None:
    keys = ("AA", "DL", "WN", "UA", "OO", "B6", "AS", "NK", "EV", "MQ", "US", "F9", "HA", "VX")
    whole = {key: days(365, seed=seed, level=100 + 90 * seed) for seed, key in enumerate(keys)}
    fold = FakeFold(whole, where=None)
    stage = Stage(FakeModel(COUNTS, fold), rows=None, size=(6.0, 4.0))
    stage.show()
    assert legend(stage) == list(keys)
    mark = stage.mark(0, DrawnGroups)
    samples = stage.scene.panels[0].caption._samples
    for number, sample in enumerate(samples):
        line = mark.patch(Layer.SETTLED, 2 * number + 1)
        assert isinstance(sample, Line2D)
        assert sample.get_visible()
        assert sample.is_dashed() == (line.get_linestyle() not in ("solid", "-"))
        assert sample.get_color() == to_hex(line.get_edgecolor())
    assert [sample.is_dashed() for sample in samples if isinstance(sample, Line2D)] == [False] * 8 + [True] * 6
    assert "14 lines: name up to 8 to tell them apart" in stage.viewer.say(utc_now()).parts
    fold.frames = {key: whole[key] for key in keys[:8]}
    stage.show()
    assert not any("name up to" in part for part in stage.viewer.say(utc_now()).parts)
    fold.frames = {key: frame.slice(slice(0, 14)) for key, frame in whole.items()}
    stage.show()
    assert all(isinstance(sample, Rectangle) for sample in stage.scene.panels[0].caption._samples)


@pytest.mark.parametrize("left", [100.3, 150.0, 391.2, 392.6])
@pytest.mark.parametrize("width", [4.0, 6.5, 30.0])
def test_a_few_bars_are_labelled_with_their_day(left: float, width: float) -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": bars(800)})), size=(10.0, 6.0))
    stage.show()
    stage.scene.panels[0].axes.set_xlim(left, left + width)
    stage.scene.paint()
    axes_grid = stage.scene.panels[-1].axes_grid
    assert axes_grid.row_labels is not None
    seen = [
        label for row, label in zip(axes_grid.rows, axes_grid.row_labels, strict=True) if left <= row <= left + width
    ]
    assert any("Mar" in label for label in seen)


def test_no_data_is_said_and_then_gone() -> None:
    model = FakeModel(PRICES, FakeFold({}), waiting="topic stocks on 127.0.0.1:9092")
    stage = Stage(model)
    stage.show()
    assert stage.scene.message.artist.get_text() == "waiting for topic stocks on 127.0.0.1:9092"
    assert not any(panel.axes.get_visible() for panel in stage.scene.panels)
    model.fold.frames = {"AAPL": bars(50)}
    stage.show()
    assert stage.scene.message.words == ""
    assert np.array_equal(stage.pixels(), Stage(model).show())


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_toolbar_saves_everything_and_leaves_the_canvas_alone(form: str) -> None:
    stage = Stage(prices(300))
    before = stage.show()
    file = io.BytesIO()
    stage.canvas.figure.savefig(file, format=form, dpi=100)
    assert len(file.getvalue()) > 10_000
    assert np.array_equal(stage.pixels(), before)
    if form == "png":
        file.seek(0)
        assert np.abs(imread(file) * 255 - before).max() <= 1


def test_the_tool_bar_says_no_place_which_keys_would_leave_behind() -> None:
    stage = Stage(prices(100))
    stage.show()
    assert stage.scene.panels[0].axes.format_coord(3.2, 101.5) == ""


def test_less_than_before_is_drawn_anew() -> None:
    stage = Stage(prices(1), rows=100)
    stage.show(bars(300))
    stage.show(bars(50))
    assert span(stage)[0] < 0
    stage.show(Frame("time", {name: column[:0] for name, column in bars(1).columns.items()}))
    assert stage.scene.message.words == "no data in the period that was asked for"
