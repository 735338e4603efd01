"""Limits of a panel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backend_bases import ResizeEvent

from stockstream.charts.panels.panel import Numbers
from stockstream.views.frame import Frame
from stockstream.views.marks import Line, Panel
from tests.charts.fake_model import PRICES, FakeFold, FakeModel, bars
from tests.charts.stage import Stage


def test_single_value_is_labelled() -> None:
    assert Numbers()(12_345.0) == "12,345"


STRENGTH = Panel((Line("strength"),), ylabel="strength")
FLOW = replace(STRENGTH, needs=(("", "volume"),))


@pytest.mark.parametrize(
    ("panel", "changes", "said"),
    [
        (STRENGTH, {"strength": np.nan}, "not enough bars yet"),
        (STRENGTH, {"strength": 1.0}, ""),
        (FLOW, {"strength": np.nan, "volume": np.nan}, "no volume in these bars"),
        (FLOW, {"strength": 0.0, "volume": 0.0}, "no volume in these bars"),
        (
            replace(FLOW, needs=(("OBV", "volume"),)),
            {"strength": 0.0, "volume": 0.0},
            "OBV: no volume in these bars",
        ),
        (FLOW, {"strength": 0.0}, ""),
    ],
)
def test_a_panel_says_why_there_is_nothing_to_see(panel: Panel, changes: dict[str, float], said: str) -> None:
    frame = bars(30)
    fresh = Frame("time", {**frame.columns, **{name: np.full(30, value) for name, value in changes.items()}})
    stage = Stage(FakeModel(replace(PRICES, panels=(panel,)), FakeFold({"AAPL": bars(0)})))
    stage.show()
    (drawn,) = stage.scene.panels
    assert drawn.message.words == ""
    shown = stage.show(fresh)
    assert drawn.message.words == said
    assert np.array_equal(shown, stage.drawn_anew())
    blank = bool(np.isnan(changes["strength"]))
    assert drawn.axes_grid.numbered == (not blank)
    stage.show(Frame("time", {**frame.columns, "strength": np.ones(30)}))
    assert drawn.message.words == ""


def test_shares_are_reported_in_percent_on_the_axis_and_in_words() -> None:
    frame = bars(30)
    shares = np.linspace(0.1, 0.4, 30)
    panel = replace(STRENGTH, percent=True, from_zero=True)
    stage = Stage(FakeModel(replace(PRICES, panels=(panel,)), FakeFold({"AAPL": bars(0)})))
    stage.show()
    stage.show(Frame("time", {**frame.columns, "strength": shares}))
    (drawn,) = stage.scene.panels
    assert drawn.axes_grid.labels()[:3] == ["0%", "10%", "20%"]
    assert drawn.format_value(0.125) == "12.50%"


def test_close_ticks_are_thinned() -> None:
    panel = Panel((Line("close"),), ylabel="", limits=(0.0, 100.0), ticks=(0.0, 30.0, 50.0, 70.0, 100.0))
    stage = Stage(FakeModel(replace(PRICES, panels=(panel,) * 4), FakeFold({"AAPL": bars(30)})), size=(6.0, 1.9))
    stage.show()
    assert stage.scene.panels[0].axes_grid.labels() == ["0", "100"]
    stage.canvas.figure.set_size_inches(6.0, 9.0)
    stage.canvas.callbacks.process("resize_event", ResizeEvent("resize_event", stage.canvas))
    stage.scene.paint()
    assert stage.scene.panels[0].axes_grid.labels() == ["0", "30", "50", "70", "100"]


def test_a_logarithmic_scale_gives_way_to_a_price_that_is_not_above_zero() -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": bars(30)})))
    stage.scene.set_axes(grid=True, log=True)
    stage.show()
    (prices, *_) = stage.scene.panels
    assert (prices.axes.get_yscale(), prices.axes_grid.name) == ("log", "price (log)")
    frame = bars(30)
    fallen = Frame("time", {**frame.columns, "low": np.where(np.arange(30) == 20, -40.0, frame["low"])})
    shown = stage.show(fallen)
    assert (prices.axes.get_yscale(), prices.axes_grid.name) == ("linear", "price")
    assert prices.axes.get_ylim()[0] < -40.0
    assert np.array_equal(shown, stage.drawn_anew())
    shown = stage.show(frame)
    assert (prices.axes.get_yscale(), prices.axes_grid.name) == ("log", "price (log)")
    assert np.array_equal(shown, stage.drawn_anew())
