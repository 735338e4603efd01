"""Dots are read back from their artists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stockstream.charts.marks.dots import DrawnDots
from stockstream.charts.marks.lines import Layer
from stockstream.views.marks import Dots
from tests.charts.fake_model import PRICES, FakeFold, FakeModel, bars
from tests.charts.stage import Stage

MARKED = replace(
    PRICES, panels=(replace(PRICES.panels[0], marks=(*PRICES.panels[0].marks, Dots("flag", label="odd"))),)
)


def flagged(count: int, *places: int) -> FakeFold:
    frame = bars(count)
    flag = np.zeros(count)
    flag[0] = np.nan
    flag[list(places)] = 1.0
    return FakeFold({"AAPL": replace(frame, columns={**frame.columns, "flag": flag})})


def test_a_triangle_points_at_each_marked_row() -> None:
    stage = Stage(FakeModel(MARKED, flagged(120, 40, 90)))
    stage.show()
    dots = stage.mark(0, DrawnDots)
    vertices = np.asarray(dots.patch(Layer.SETTLED, 0).get_path().vertices).reshape(-1, 4, 2)
    axes = stage.scene.panels[0].axes
    frame = stage.scene._plot_data.frame
    for triangle, row in zip(vertices, (40, 90), strict=True):
        x, y = axes.transData.transform((row, frame["high"][row]))
        assert abs(triangle[0][0] - x) <= 1.0
        assert 0.0 < triangle[0][1] - y < 10.0 < triangle[1][1] - y + 5.0
    assert [entry.label for entry in stage.scene.panels[0]._legend.entries(frame, 1, str, (0.0, 1.0))][-1] == "odd"


def test_a_bucket_of_many_rows_shows_that_one_of_them_is_marked() -> None:
    stage = Stage(FakeModel(MARKED, flagged(5_000, 3_210)), rows=5_000)
    stage.show()
    assert np.shape(stage.mark(0, DrawnDots).patch(Layer.SETTLED, 0).get_path().vertices) == (4, 2)


def test_without_a_marked_row_nothing_is_drawn() -> None:
    stage = Stage(FakeModel(MARKED, flagged(120)))
    stage.show()
    assert not stage.mark(0, DrawnDots).patch(Layer.SETTLED, 0).get_visible()
