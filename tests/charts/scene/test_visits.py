"""Another symbol is shown over the same period, and each keeps its own view."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backend_bases import NavigationToolbar2

from stockstream.charts.theme import THEMES
from stockstream.views.frame import Frame
from tests.charts.fake_model import PRICES, FakeFold, FakeModel, bars
from tests.charts.stage import Stage


def stage_of(**frames: Frame) -> Stage:
    stage = Stage(FakeModel(PRICES, FakeFold(frames)), rows=100)
    stage.show()
    return stage


def show(stage: Stage, step: int) -> None:
    stage.viewer.turn(step)
    stage.scene.paint()
    assert np.array_equal(stage.pixels(), stage.drawn_anew())


def in_view(stage: Stage) -> tuple[np.datetime64, np.datetime64]:
    left, right = stage.scene.viewport.across
    instants = stage.scene.plot_data.frame.instants
    return instants[int(np.ceil(left))], instants[min(len(instants) - 1, int(right))]


def test_the_stretch_in_view_goes_along_and_the_former_view_is_found() -> None:
    whole = bars(600)
    stage = stage_of(AAPL=whole, MSFT=bars(600, seed=2).slice(slice(150, 600)))
    viewport = stage.scene.viewport
    stage.scene.panels[0].axes.set_xlim(199.5, 260.25)
    stage.scene.paint()
    before, stretch = viewport.across, in_view(stage)
    show(stage, 1)
    assert in_view(stage) == stretch
    assert viewport.across == pytest.approx((before[0] - 150, before[1] - 150))
    low, high = stage.scene.panels[0].axes.get_ylim()
    assert low < stage.scene.plot_data.frame["low"][60] < high
    viewport.pan(0.5)  # by hand: it is this symbol's from now on
    stage.scene.paint()
    panned = viewport.across
    show(stage, -1)
    assert viewport.across == pytest.approx(before)
    assert in_view(stage) == stretch
    show(stage, 1)
    assert viewport.across == pytest.approx(panned)


def test_newer_bars_do_not_move_what_was_left() -> None:
    whole = bars(600)
    stage = stage_of(AAPL=whole.slice(slice(0, 500)), MSFT=bars(600, seed=2))
    stage.scene.panels[0].axes.set_xlim(199.5, 260.25)
    show(stage, 1)
    stage.model.fold.frames["AAPL"] = whole
    show(stage, -1)
    assert stage.scene.viewport.across == pytest.approx((199.5, 260.25))
    assert not stage.scene.viewport.following


def test_home_of_the_tool_bar_is_that_of_the_symbol_in_view() -> None:
    cheap = bars(600, seed=2)
    for name in ("open", "high", "low", "close", "lower", "middle", "upper"):
        cheap[name][:] /= 50.0
    stage = stage_of(AAPL=bars(600), MSFT=cheap)
    tool_bar = NavigationToolbar2(stage.canvas)
    stage.scene.viewport.follow()
    stage.scene.paint()
    newest = stage.scene.viewport.across
    stage.scene.panels[0].axes.set_xlim(199.5, 260.25)
    stage.scene.paint()
    show(stage, 1)
    home(stage, tool_bar)
    low, high = stage.scene.panels[0].axes.get_ylim()
    assert low < stage.scene.plot_data.frame["close"][-1] < high
    assert stage.scene.viewport.across == pytest.approx(newest)
    assert not stage.scene.away


def test_home_of_the_tool_bar_shows_rows_that_came_meanwhile() -> None:
    whole = bars(600)
    stage = stage_of(AAPL=whole.slice(slice(0, 500)))
    tool_bar = NavigationToolbar2(stage.canvas)
    stage.scene.set_theme(THEMES["dark"])  # all axes are others
    stage.scene.paint()
    stage.scene.panels[0].axes.set_xlim(199.5, 260.25)
    stage.show(whole)
    home(stage, tool_bar)
    assert stage.scene.viewport.across[1] >= 599
    assert not stage.scene.away


def home(stage: Stage, tool_bar: NavigationToolbar2) -> None:
    tool_bar.home()
    stage.canvas.draw()
    stage.scene.paint()
    assert np.array_equal(stage.pixels(), stage.drawn_anew())


def test_what_has_nothing_there_is_followed_and_the_former_view_still_found() -> None:
    stage = stage_of(AAPL=bars(600), MSFT=bars(50, seed=2, start="2027-03-01T14:30"))
    stage.scene.panels[0].axes.set_xlim(199.5, 260.25)
    show(stage, 1)
    assert stage.scene.viewport.following
    show(stage, -1)
    assert stage.scene.viewport.across == pytest.approx((199.5, 260.25))


def test_who_follows_continues_following() -> None:
    stage = stage_of(AAPL=bars(600), MSFT=bars(500, seed=2))
    for step in (1, -1):
        show(stage, step)
        assert stage.scene.viewport.following
    stage.scene.panels[0].axes.set_xlim(199.5, 260.25)
    stage.scene.viewport.follow()
    show(stage, 1)
    assert stage.scene.viewport.following
    assert stage.scene.viewport.across[1] >= 499


def test_a_range_of_values_is_kept_for_its_own_symbol_alone() -> None:
    stage = stage_of(AAPL=bars(600), MSFT=bars(600, seed=2))
    axes = stage.scene.panels[0].axes
    axes.set_ylim(90.0, 91.0)
    show(stage, 1)
    assert stage.scene.viewport.held == (False, False)
    assert axes.get_ylim() != (90.0, 91.0)
    show(stage, -1)
    assert axes.get_ylim() == (90.0, 91.0)
    assert stage.scene.viewport.held == (True, False)
    assert stage.scene.viewport.following
