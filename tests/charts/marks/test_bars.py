"""The values of candles, columns and groups are read back from their artists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stockstream.charts.marks.bars import DrawnCandles, DrawnColumns, DrawnGroups
from stockstream.charts.marks.lines import Layer, Scale
from stockstream.charts.theme import Theme, light
from stockstream.views.frame import Frame
from stockstream.views.marks import Columns, Panel
from tests.charts.fake_model import COUNTS, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Stage, ink, printed

UP_WICK, UP_BODY, DOWN_WICK, DOWN_BODY, FORMING = 0, 1, 2, 3, 4
DOUBTFUL = 8
WITHOUT_OPEN = 10


def on_stage(frame: Frame) -> tuple[Stage, Frame]:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": frame})))
    stage.show()
    return stage, frame


def test_candles_hold_the_frame_s_prices() -> None:
    stage, frame = on_stage(bars(80))
    candles = stage.mark(0, DrawnCandles)
    up = frame["close"] >= frame["open"]
    for kind, wick, body in ((up, UP_WICK, UP_BODY), (~up, DOWN_WICK, DOWN_BODY)):
        wicks = printed(stage, candles, wick).reshape(-1, 2, 2)
        assert np.array_equal(wicks[:, :, 1], np.column_stack((frame["low"], frame["high"]))[kind])
        boxes = printed(stage, candles, body).reshape(-1, 5, 2)
        prices = np.sort(np.column_stack((frame["open"], frame["close"])), axis=1)[kind]
        assert np.array_equal(boxes[:, (0, 2), 1], prices)
        # Pixels across: the wick stands in the middle of its body, and that in the middle of its row.
        middle = stage.scene.viewport.scale.pixels(np.flatnonzero(kind).astype(float))
        assert np.array_equal(wicks[:, 0, 0], middle)
        assert np.array_equal(boxes[:, (0, 1), 0].mean(axis=1), middle)


def test_up_and_down_differ_in_fill_as_well_as_in_hue() -> None:
    stage, _ = on_stage(bars(20))
    candles, theme = stage.mark(0, DrawnCandles), light()
    up, down = (candles.patch(Layer.SETTLED, body) for body in (UP_BODY, DOWN_BODY))
    assert up.get_edgecolor() != down.get_edgecolor()
    assert up.get_facecolor() != up.get_edgecolor()
    assert down.get_facecolor() == down.get_edgecolor()
    assert ink(stage.pixels(), theme.down) > ink(stage.pixels(), theme.up) > 100


@pytest.mark.parametrize("rows", [40, 400, 5_000], ids=["bodies", "strokes", "several in one"])
@pytest.mark.parametrize("opened", [True, False])
def test_a_price_that_does_not_move_is_seen(rows: int, opened: bool) -> None:
    still = {name: np.full(rows, 6.01) for name in ("open", "high", "low", "close")}
    if not opened:
        still["open"] = np.full(rows, np.nan)
    frame = Frame("time", {"time": bars(rows)["time"], **still, "volume": np.zeros(rows)})
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": frame})), rows=rows)
    pixels = stage.show()
    box = stage.scene.panels[0].axes.bbox
    height = pixels.shape[0] - round(float(stage.scene.panels[0].axes.transData.transform((0, 6.01))[1]))
    line = pixels[height - 2 : height + 3, int(box.x0) + 4 : int(box.x0 + box.width / 2), :3]
    grid = pixels[height - 12, int(box.x0) + 4 : int(box.x0 + box.width / 2), :3]
    colored = (np.abs(line.astype(int) - 255).max(axis=2) > 60).any(axis=0)
    assert not (np.abs(grid.astype(int) - 255).max(axis=1) > 60).any()
    assert colored.mean() > 0.2


@pytest.mark.parametrize("rising", [True, False])
def test_forming_bar_is_drawn_as_forming(rising: bool) -> None:
    frame = bars(40)
    frame["close"][-1] = frame["high" if rising else "low"][-1]
    final, _ = on_stage(frame)
    stage, frame = on_stage(Frame("time", {**frame.columns, "final": np.arange(40) < 39}))
    candles = stage.mark(0, DrawnCandles)
    kind = FORMING if rising else FORMING + 2
    assert printed(stage, candles, kind).tolist() == [
        [stage.scene.viewport.scale.pixels(np.array([39.0]))[0], price]
        for price in (frame["low"][-1], frame["high"][-1])
    ]
    assert len(printed(stage, candles, UP_WICK)) + len(printed(stage, candles, DOWN_WICK)) == 2 * 39
    assert candles.patch(Layer.LIVE, kind + 1).get_linestyle() != candles.patch(Layer.LIVE, 1).get_linestyle()
    assert not np.array_equal(stage.pixels(), final.pixels())


def test_doubtful_bar_is_distinguished_from_the_others() -> None:
    frame = bars(40)
    doubtful = np.zeros(40, dtype=bool)
    doubtful[7] = True
    stage, _ = on_stage(Frame("time", {**frame.columns, "doubtful": doubtful}))
    candles = stage.mark(0, DrawnCandles)
    assert printed(stage, candles, DOUBTFUL)[:, 1].tolist() == [frame["low"][7], frame["high"][7]]
    assert len(printed(stage, candles, UP_WICK)) + len(printed(stage, candles, DOWN_WICK)) == 2 * 39
    assert ink(stage.pixels(), light().doubtful)


def test_bar_without_an_open_is_a_stroke_with_a_tick_at_its_close() -> None:
    frame = bars(40)
    opens = np.where(np.arange(40) == 20, np.nan, frame["open"])
    stage, frame = on_stage(Frame("time", {**frame.columns, "open": opens}))
    candles = stage.mark(0, DrawnCandles)
    stick = printed(stage, candles, WITHOUT_OPEN)
    assert stick[:, 1].tolist() == [frame["low"][20], frame["high"][20]]
    tick = printed(stage, candles, WITHOUT_OPEN + 1)
    assert set(tick[:, 1].tolist()) == {frame["close"][20]}
    assert tick[:, 0].min() == stick[0, 0]
    assert tick[:, 0].max() > stick[0, 0]
    assert sum(len(printed(stage, candles, body)) for body in (UP_BODY, DOWN_BODY)) == 39 * 5


def test_signed_columns_are_up_above_zero_and_down_below_it_whatever_the_prices_do() -> None:
    frame = bars(60)
    values = np.where(np.arange(60) % 3 == 0, 2.0, -1.0)
    panel = Panel((Columns("histogram", signed=True),), ylabel="histogram", from_zero=True)
    stage = Stage(FakeModel(replace(PRICES, panels=(panel,)), FakeFold({"AAPL": bars(1)})))
    stage.show(Frame("time", {**frame.columns, "histogram": values}))
    columns = stage.mark(0, DrawnColumns)
    for number, value in ((0, 2.0), (1, -1.0)):
        boxes = printed(stage, columns, number).reshape(-1, 5, 2)
        assert len(boxes) == (values == value).sum()
        assert (boxes[:, (0, 2), 1] == sorted((0.0, value))).all()
    low, high = stage.scene.panels[0].axes.get_ylim()
    assert low < -1.0 < 2.0 < high


def of_one_trend(*, rising: bool, final: bool = True) -> Frame:
    """Bars all of which rise, or fall."""
    frame = bars(20)
    low, high = np.sort(np.column_stack((frame["open"], frame["close"])), axis=1).T + np.array([[-0.1], [0.1]])
    opens, closes = (low, high) if rising else (high, low)
    return Frame("time", {**frame.columns, "open": opens, "close": closes, "final": np.full(20, final)})


def shares_of(theme: Theme, color: str) -> tuple[str, str]:
    """The colours of columns of a hue: final, and forming."""
    return theme.pale(color, 0.55), theme.pale(color, 0.3)


@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize("rising", [True, False])
def test_columns_of_rising_bars_are_in_the_hue_of_up_and_of_falling_ones_in_that_of_down(
    rising: bool, final: bool
) -> None:
    stage, _ = on_stage(of_one_trend(rising=rising, final=final))
    theme, pixels = light(), stage.pixels()
    own, other = (theme.up, theme.down) if rising else (theme.down, theme.up)
    shown = shares_of(theme, own)
    assert ink(pixels, shown[0 if final else 1]) > 500
    # A few pixels of anything else may happen to have the same colour.
    assert max(ink(pixels, color) for color in (shown[1 if final else 0], *shares_of(theme, other))) < 10


@pytest.mark.parametrize("rising", [True, False])
def test_candles_of_rising_bars_are_in_the_colour_of_up_and_of_falling_ones_in_that_of_down(rising: bool) -> None:
    stage, _ = on_stage(of_one_trend(rising=rising))
    theme, pixels = light(), stage.pixels()
    own, other = (theme.up, theme.down) if rising else (theme.down, theme.up)
    assert ink(pixels, own) > 100
    assert ink(pixels, other) == 0


@pytest.mark.parametrize(("value", "hue"), [(2.0, "up"), (-1.0, "down")])
def test_signed_columns_above_zero_are_in_the_hue_of_up_and_below_it_in_that_of_down(value: float, hue: str) -> None:
    # The prices go the other way: a signed column shows its own value.
    frame = of_one_trend(rising=hue == "down")
    panel = Panel((Columns("histogram", signed=True),), ylabel="histogram", from_zero=True)
    stage = Stage(FakeModel(replace(PRICES, panels=(panel,)), FakeFold({"AAPL": bars(1)})))
    pixels = stage.show(Frame("time", {**frame.columns, "histogram": np.full(20, value)}))
    theme = light()
    own, other = (theme.up, theme.down) if hue == "up" else (theme.down, theme.up)
    assert ink(pixels, shares_of(theme, own)[0]) > 500
    assert ink(pixels, shares_of(theme, other)[0]) == 0


def test_bucket_of_signed_columns_shows_the_farthest_from_zero() -> None:
    frame = bars(4_000)
    values = np.zeros(4_000)
    values[1_000], values[3_000] = -5.0, 4.0
    panel = Panel((Columns("histogram", signed=True),), ylabel="histogram", from_zero=True)
    stage = Stage(FakeModel(replace(PRICES, panels=(panel,)), FakeFold({"AAPL": bars(1)})), rows=None)
    stage.show(Frame("time", {**frame.columns, "histogram": values}))
    columns = stage.mark(0, DrawnColumns)
    assert printed(stage, columns, 0)[:, 1].max() == 4.0
    assert printed(stage, columns, 1)[:, 1].min() == -5.0


def doubting(rows: int, *places: int) -> Frame:
    """Bars, those at the places doubtful, with lows of nearly nothing and highs beyond all others."""
    frame = bars(rows)
    doubtful = np.zeros(rows, dtype=bool)
    doubtful[list(places)] = True
    frame["high"][doubtful], frame["low"][doubtful] = 1e6, 0.01
    return Frame("time", {**frame.columns, "doubtful": doubtful})


def test_doubtful_bar_is_marked_at_the_edge_and_moves_no_limits() -> None:
    stage, frame = on_stage(doubting(40, 7))
    low, high = stage.scene.panels[0].axes.get_ylim()
    sure = ~frame["doubtful"]
    assert 0.5 * frame["low"][sure].min() < low < high < 2 * frame["high"][sure].max()
    mark = printed(stage, stage.mark(0, DrawnCandles), DOUBTFUL + 1)
    box = stage.scene.panels[0].axes.bbox
    assert mark[:, 0].tolist() == [stage.scene.viewport.scale.pixels(np.array([7.0]))[0]] * 2
    assert mark[:, 1].tolist() == [box.y1 - 7, box.y1]
    assert ink(stage.pixels(), light().alarm) >= 7


def test_bars_that_are_all_doubtful_are_in_view() -> None:
    stage, _ = on_stage(doubting(3, 0, 1, 2))
    assert stage.scene.panels[0].axes.get_ylim()[1] > 1e6


def test_bucket_with_a_doubtful_row_is_the_candle_of_the_others() -> None:
    places = (0, 15, 16, 40, 47)
    frame = doubting(4_000, *places, *range(160, 176))
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": frame})), rows=None)
    stage.show()
    assert stage.scene.viewport.scale.bucket == 16
    candles = stage.mark(0, DrawnCandles)
    wicks = np.concatenate([printed(stage, candles, kind).reshape(-1, 2, 2) for kind in (UP_WICK, DOWN_WICK)])
    assert len(wicks) == 4_000 / 16 - 1
    assert wicks[:, :, 1].max() < 1e3
    bodies = np.concatenate([printed(stage, candles, kind).reshape(-1, 5, 2) for kind in (UP_BODY, DOWN_BODY)])
    first = bodies[bodies[:, 0, 0].argmin()]
    assert sorted(first[(0, 2), 1]) == sorted((frame["open"][1], frame["close"][14]))
    assert len(printed(stage, candles, DOUBTFUL + 1)) == 2 * frame["doubtful"].sum()


def test_unchanged_price_is_a_stroke() -> None:
    frame = bars(1)
    frame["close"][0] = frame["open"][0]
    stage, _ = on_stage(frame)
    box = printed(stage, stage.mark(0, DrawnCandles), UP_BODY)
    assert set(box[:, 1]) == {frame["open"][0]}
    assert ink(stage.pixels(), light().up) > 20


def test_columns_stand_on_zero() -> None:
    frame = bars(60)
    frame["volume"][5] = np.nan
    stage, _ = on_stage(frame)
    columns = stage.mark(1, DrawnColumns)
    up = frame["close"] >= frame["open"]
    for number, kind in ((0, up), (1, ~up)):
        boxes = printed(stage, columns, number).reshape(-1, 5, 2)
        assert (boxes[:, 0, 1] == 0).all()
        values = frame["volume"][kind]
        assert np.array_equal(boxes[:, 2, 1], values[np.isfinite(values)])


def test_bucket_is_one_candle_of_its_rows() -> None:
    frame = bars(5_000)
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": frame})), rows=5_000)
    stage.show()
    size = stage.scene.viewport.scale.bucket
    assert size > 1
    candles = stage.mark(0, DrawnCandles)
    wicks = np.concatenate([printed(stage, candles, kind).reshape(-1, 2, 2) for kind in (UP_WICK, DOWN_WICK)])
    assert len(wicks) == -(-5_000 // size)
    assert wicks[:, 1, 1].max() == frame["high"].max()
    assert wicks[:, 0, 1].min() == frame["low"].min()
    first = frame.slice(slice(0, size))
    expected = sorted((float(first["open"][0]), float(first["close"][-1])))
    leftmost = min((printed(stage, candles, kind)[:5] for kind in (UP_BODY, DOWN_BODY)), key=lambda box: box[0, 0])
    assert leftmost[(0, 2), 1].tolist() == expected


@pytest.mark.parametrize(("rows", "columns"), [(31, True), (32, False)])
def test_groups_are_columns_for_a_month_and_lines_beyond(rows: int, columns: bool) -> None:
    frames = {key: days(rows, seed=seed) for seed, key in enumerate(("AA", "DL", "UA"))}
    stage = Stage(FakeModel(COUNTS, FakeFold(frames, where=None)))
    stage.show()
    groups = stage.mark(0, DrawnGroups)
    left = []
    for number, frame in enumerate(frames.values()):
        boxes, line = (printed(stage, groups, 2 * number + place) for place in (0, 1))
        if columns:
            assert len(line) == 0
            boxes = boxes.reshape(-1, 5, 2)
            assert boxes[:, 2, 1].tolist() == frame["flights"].tolist()
            left.append(boxes[:, 0, 0])
        else:
            assert len(boxes) == 0
            assert line.tolist() == [list(point) for point in enumerate(frame["flights"].tolist())]
    if columns:
        # Side by side, none over its neighbour, no day over the next.
        edges = np.column_stack(left).ravel()
        assert (np.diff(edges) >= 1).all()


@pytest.mark.parametrize("pitch", [0.5, 1.0, 2.9, 4.0, 7.3, 40.0])
def test_bars_leave_a_pixel_between_them_where_there_is_room(pitch: float) -> None:
    width = Scale(0.0, pitch, 1, 10).width
    assert width % 2 == 1
    assert width == 1 or width <= pitch - 1
