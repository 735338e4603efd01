"""Another theme, scale or grid while a scene is shown: the picture equals a full draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.backend_bases import ResizeEvent

from stockstream.charts.theme import THEMES
from stockstream.present.keys import CHART
from stockstream.views.frame import Frame
from stockstream.views.view import View
from tests.charts.fake_model import COUNTS, OSCILLATOR, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Pixels, Stage, ink

WHOLE = bars(700)


def shown(view: View[Any] = PRICES, *, fake: bool = False, size: tuple[float, float] = (7.0, 4.5)) -> Stage:
    frames = {"AAPL": WHOLE.slice(slice(0, 600))}
    if view is COUNTS:
        frames = {key: days(60, seed=seed) for seed, key in enumerate(("AA", "DL", "UA"))}
    stage = Stage(FakeModel(view, FakeFold(frames, fake=fake)), rows=200, size=size)
    stage.show()
    return stage


def painted(stage: Stage) -> Pixels:
    """What is painted, after a look that a full draw paints the same."""
    stage.scene.paint()
    pixels = stage.pixels()
    assert np.array_equal(pixels, stage.drawn_anew())
    return pixels


@pytest.mark.parametrize("view", [PRICES, OSCILLATOR, COUNTS], ids=lambda view: view.name)
@pytest.mark.parametrize("name", THEMES)
def test_another_theme_is_that_of_a_scene_made_with_it(name: str, view: View[Any]) -> None:
    stage = shown(view, fake=True)
    stage.scene.set_theme(THEMES["dark" if name == "light" else "light"])
    painted(stage)
    stage.scene.set_theme(THEMES[name])
    pixels = painted(stage)
    fresh = shown(view, fake=True)
    fresh.scene.set_theme(THEMES[name])
    assert np.array_equal(pixels, painted(fresh))
    assert ink(pixels, THEMES[name].background) > 0.4 * pixels.shape[0] * pixels.shape[1]
    assert ink(pixels, THEMES[name].alarm) > 300  # the badge


def test_another_theme_leaves_the_view_where_it_is() -> None:
    stage = shown()
    viewport = stage.scene.viewport
    viewport.zoom(0.3, around=300.0)
    stage.scene.panels[0].axes.set_ylim(80, 130)
    across, held = viewport.across, viewport.held
    stage.scene.set_theme(THEMES["dark"])
    assert (viewport.across, viewport.held, viewport.following) == (across, held, False)
    assert stage.scene.panels[0].axes.get_ylim() == (80, 130)
    painted(stage)
    viewport.pan(-0.1)
    assert viewport.across[0] < across[0]
    viewport.follow()
    stage.show(WHOLE)
    assert viewport.across[1] >= 699
    painted(stage)


def test_artists_stay_as_many() -> None:
    stage = shown()
    for name in THEMES:  # matplotlib makes ticks as they are needed
        stage.scene.set_theme(THEMES[name])
        stage.scene.paint()
    before = len(stage.canvas.figure.findobj())
    for _ in range(5):
        for name in THEMES:
            stage.scene.set_theme(THEMES[name])
            stage.scene.paint()
    assert len(stage.canvas.figure.findobj()) == before


def test_logarithmic_prices() -> None:
    steep = {name: column.copy() for name, column in WHOLE.columns.items()}
    for name in ("open", "high", "low", "close", "lower", "middle", "upper"):
        steep[name] = steep[name] * np.exp(np.arange(700) / 60)
    steep["lower"][300] = -1.0
    stage = shown()
    stage.show(Frame("time", steep))
    stage.scene.viewport.zoom(4, around=700.0)
    stage.scene.set_axes(grid=True, log=True)
    assert [panel.axes.get_yscale() for panel in stage.scene.panels] == ["log", "linear"]
    low, high = stage.scene.panels[0].axes.get_ylim()
    assert 0 < low < np.nanmin(steep["low"])
    assert high > steep["high"].max()
    assert stage.scene.panels[0].axes_grid.labels()[1:5] == ["100", "200", "500", "1,000"]
    assert stage.scene.panels[0].axes_grid.name == "price (log)"
    painted(stage)
    stage.scene.set_theme(THEMES["dark"])
    assert stage.scene.panels[0].axes.get_yscale() == "log"
    painted(stage)
    stage.scene.set_axes(grid=True, log=False)
    assert stage.scene.panels[0].axes.get_yscale() == "linear"
    assert stage.scene.panels[0].axes_grid.name == "price"
    painted(stage)


def test_logarithmic_prices_near_each_other_are_labelled_evenly() -> None:
    stage = shown()
    stage.scene.set_axes(grid=True, log=True)
    stage.scene.paint()
    low, high = stage.scene.panels[0].axes.get_ylim()
    labels = [float(label) for label in stage.scene.panels[0].axes_grid.labels()]
    assert len(labels) >= 3
    assert len(set(np.diff(labels).round(6))) == 1
    assert high / low < 2


@pytest.mark.parametrize("log", [False, True])
def test_live_rows_on_any_scale_are_blitted_as_they_are_drawn(*, log: bool) -> None:
    stage = shown()
    stage.scene.set_axes(grid=False, log=log)
    full, compared = 0, 0
    for total in range(600, 620):
        before = stage.full
        blitted = stage.show(WHOLE.slice(slice(0, total)))
        if stage.full == before:
            full, compared = stage.full, compared + 1
            assert np.array_equal(blitted, stage.drawn_anew())
    assert full
    assert compared > 3


def test_grid_comes_and_goes() -> None:
    stage = shown()
    grid = stage.scene.theme.grid
    before = ink(painted(stage), grid)
    stage.scene.set_axes(grid=False, log=False)
    assert ink(painted(stage), grid) < before / 10
    stage.scene.set_theme(THEMES["dark"])
    assert ink(painted(stage), THEMES["dark"].grid) < before / 10
    stage.scene.set_theme(THEMES["light"])
    stage.scene.set_axes(grid=True, log=False)
    assert ink(painted(stage), grid) == before


@pytest.mark.parametrize("log", [False, True])
def test_values_are_stretched_and_shifted_by_hand(*, log: bool) -> None:
    stage = shown()
    stage.scene.set_axes(grid=True, log=log)
    viewport, axes = stage.scene.viewport, stage.scene.panels[0].axes
    before = axes.get_ylim()
    viewport.shift(0, 50.0)
    assert axes.get_ylim() == before  # it fits by itself
    y = axes.transData.transform((550.0, 0.5 * sum(before)))[1]
    viewport.scale_values(0, 1.25, around=y)
    assert viewport.held == (True, False)
    assert viewport.following
    assert axes.transData.transform((550.0, 0.5 * sum(before)))[1] == pytest.approx(y)
    assert axes.get_ylim()[0] < before[0]
    painted(stage)
    viewport.shift(0, 50.0)
    assert axes.transData.transform((550.0, 0.5 * sum(before)))[1] == pytest.approx(y + 50)
    painted(stage)
    viewport.hold(1)
    assert viewport.held == (False, False)
    assert axes.get_ylim() == pytest.approx(before)
    viewport.hold(1)
    assert viewport.held == (False, True)


def test_stretching_has_an_end() -> None:
    stage = shown()
    for _ in range(400):
        stage.scene.viewport.scale_values(0, 0.8, around=200.0)
    painted(stage)
    for _ in range(2_000):
        stage.scene.viewport.scale_values(0, 1.25, around=200.0)
    assert np.all(np.isfinite(stage.scene.panels[0].axes.get_ylim()))
    painted(stage)


@pytest.mark.parametrize("size", [(10.0, 6.0), (6.0, 3.6), (4.0, 2.6)])
@pytest.mark.parametrize("name", THEMES)
def test_help_lies_over_the_picture_and_leaves_no_trace(name: str, size: tuple[float, float]) -> None:
    stage = shown(size=size)
    stage.scene.set_theme(THEMES[name])
    before = painted(stage)
    full = stage.full
    stage.scene.help.toggle()
    stage.scene.paint()
    helped = stage.pixels()
    assert stage.full == full
    assert (helped != before).any(axis=2).mean() > 0.05
    stage.show(WHOLE.slice(slice(0, 602)))
    assert np.array_equal(stage.pixels(), stage.drawn_anew())
    stage.scene.help.toggle()
    painted(stage)
    stage.show(WHOLE.slice(slice(0, 600)))
    assert np.array_equal(painted(stage), before)
    stage.scene.help.toggle(off=True)
    assert not stage.scene.help.shown


def test_help_has_all_keys_inside_the_window() -> None:
    for size in ((10.0, 6.0), (6.0, 3.6)):
        stage = shown(size=size)
        stage.scene.help.toggle()
        stage.scene.paint()
        renderer = stage.canvas.get_renderer()
        card = stage.scene.help._card.get_window_extent(renderer)
        words = [*stage.scene.help._labels, *stage.scene.help._does]
        assert len(words) == 2 * len(CHART)
        boxes = [text.get_window_extent(renderer) for text in words]
        assert all(card.x0 < box.x0 and box.x1 < card.x1 and card.y0 < box.y0 and box.y1 < card.y1 for box in boxes)
        assert card.x0 >= 0
        assert card.y0 >= 0
        assert card.x1 <= 100 * size[0]
        assert card.y1 <= 100 * size[1]
        assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])
        assert min(float(text.get_fontsize()) for text in words) >= 7


@pytest.mark.parametrize("name", THEMES)
def test_everything_at_once(name: str) -> None:
    """Ticks, zooms, pans, sizes and themes in any order: never another picture than a full draw's."""
    stage = shown(size=(8.0, 5.0))
    random = np.random.default_rng(7)
    viewport = stage.scene.viewport
    for step in range(40):
        match random.integers(8):
            case 0:
                viewport.zoom(float(random.choice([0.8, 1.25])), around=float(random.uniform(100, 600)))
            case 1:
                viewport.pan(float(random.uniform(-0.5, 0.5)))
            case 2:
                viewport.follow()
            case 3:
                stage.canvas.figure.set_size_inches(random.uniform(5, 9), random.uniform(3, 6))
                stage.canvas.callbacks.process("resize_event", ResizeEvent("resize_event", stage.canvas))
            case 4:
                stage.scene.set_theme(THEMES[name])
            case 5:
                viewport.scale_values(int(random.integers(2)), 1.1, around=float(random.uniform(50, 300)))
            case 6:
                stage.scene.set_axes(grid=bool(random.integers(2)), log=bool(random.integers(2)))
            case _:
                stage.scene.point((float(random.uniform(0, 700)), float(random.uniform(0, 400))))
        blitted = stage.show(WHOLE.slice(slice(0, 600 + step)))
        assert np.array_equal(blitted, stage.drawn_anew()), step
