"""The rows in view: moved by keys, mouse and tool bar, or following."""

from __future__ import annotations

import numpy as np
import pytest

from tests.charts.fake_model import COUNTS, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Stage


def shown(rows: int = 500, total: int = 1_000) -> Stage:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": bars(total)})), rows=rows)
    stage.show()
    return stage


def width(stage: Stage) -> float:
    left, right = stage.scene.viewport.across
    return right - left


def heights(stage: Stage) -> list[tuple[float, float]]:
    return [panel.axes.get_ylim() for panel in stage.scene.panels]


def matches(stage: Stage) -> bool:
    """Whether what is painted is what a full draw paints."""
    stage.scene.paint()
    return np.array_equal(stage.pixels(), stage.drawn_anew())


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_zoom_leaves_the_row_under_the_mouse_where_it_is(factor: float) -> None:
    stage = shown()
    axes = stage.scene.panels[0].axes
    before, pixel = width(stage), axes.transData.transform((700.0, 100.0))[0]
    stage.scene.viewport.zoom(factor, around=700.0)
    assert width(stage) == pytest.approx(factor * before)
    assert axes.transData.transform((700.0, 100.0))[0] == pytest.approx(pixel)
    assert not stage.scene.viewport.following
    assert matches(stage)


def test_zoom_without_a_mouse_continues_following() -> None:
    stage = shown()
    for _ in range(8):
        stage.scene.viewport.zoom(0.8)
    assert stage.scene.viewport.following
    assert stage.scene.viewport.rows == pytest.approx(500 * 0.8**8, rel=0.1)
    assert stage.scene.viewport.across[1] >= 999
    stage.show(bars(1_030))
    assert stage.scene.viewport.across[1] >= 1_029
    assert matches(stage)


def test_zoom_has_its_ends() -> None:
    stage = shown()
    for _ in range(60):
        stage.scene.viewport.zoom(0.8, around=700.0)
    assert 3 < width(stage) < 8
    assert matches(stage)
    for _ in range(60):
        stage.scene.viewport.zoom(1.25, around=700.0)
    assert 1_000 < width(stage) <= 1_300
    assert matches(stage)


@pytest.mark.parametrize("share", [-0.3, 0.3])
def test_moving_ends_where_there_is_nothing_to_see(share: float) -> None:
    stage = shown()
    for _ in range(40):
        stage.scene.viewport.pan(share)
    first, last = stage.scene.viewport.in_view()
    assert last - first >= 0.1 * width(stage) - 1
    assert matches(stage)


def test_moving_and_zooming_leave_the_width_for_end() -> None:
    stage = shown()
    before = width(stage)
    stage.scene.viewport.pan(-0.5)
    stage.scene.viewport.follow()
    assert width(stage) == before
    stage.scene.viewport.zoom(0.25, around=700.0)
    narrow = width(stage)
    stage.scene.viewport.follow()
    assert stage.scene.viewport.following
    assert stage.scene.viewport.across[1] >= 999
    assert width(stage) == pytest.approx(narrow, rel=0.05)
    assert matches(stage)


def test_few_rows_asked_for_take_all_the_room() -> None:
    stage = shown(rows=10)
    assert stage.scene.viewport.in_view()[0] >= 988
    assert width(stage) < 16


@pytest.mark.parametrize("rows", [2, 5, 19, 60, 400, 499, 700])
def test_end_after_a_change_of_width_shows_as_many_rows(rows: int) -> None:
    stage = shown(rows=rows)
    viewport = stage.scene.viewport
    assert abs(viewport._rows(width(stage)) - rows) <= 1 + rows // 100


def test_values_fit_what_the_user_looks_at_until_their_range_is_set_by_hand() -> None:
    stage = shown()
    frame = bars(1_000)
    stage.scene.viewport.zoom(0.1, around=700.0)
    first, last = stage.scene.viewport.in_view()
    low, high = heights(stage)[0]
    assert low < frame["lower"][first:last].min()
    assert high > frame["upper"][first:last].max()
    assert high - low < 1.3 * (frame["upper"][first:last].max() - frame["lower"][first:last].min())
    stage.scene.panels[0].axes.set_ylim(90, 95)
    volume = heights(stage)[1]
    stage.scene.viewport.pan(-2.0)
    assert heights(stage)[0] == (90, 95)
    assert heights(stage)[1] != volume
    assert matches(stage)
    stage.scene.viewport.follow()
    assert heights(stage)[0] != (90, 95)


def test_range_set_by_hand_stays_while_new_rows_are_followed() -> None:
    stage = shown()
    stage.scene.panels[0].axes.set_ylim(60, 160)
    stage.show(bars(1_100))
    assert stage.scene.viewport.across[1] >= 1_099
    assert heights(stage)[0] == (60, 160)
    assert matches(stage)


def test_columns_of_many_keys_are_moved_too() -> None:
    frames = {key: days(200, seed=seed) for seed, key in enumerate(("AA", "DL", "UA"))}
    stage = Stage(FakeModel(COUNTS, FakeFold(frames, where=None)), rows=None)
    stage.show()
    stage.scene.viewport.zoom(0.1, around=50.0)
    assert width(stage) == pytest.approx(20, abs=1)
    assert matches(stage)
    stage.scene.viewport.follow()
    assert stage.scene.viewport.rows == pytest.approx(19, abs=1)
    assert matches(stage)
