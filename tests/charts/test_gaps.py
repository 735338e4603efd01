"""Gaps are marked and never bridged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stockstream.charts.marks.bars import DrawnGaps, DrawnGroups
from stockstream.charts.marks.lines import DrawnBand, DrawnLine, Layer
from stockstream.charts.marks.shapes import polyline
from stockstream.present.plot_data import plot_data
from stockstream.views.frame import Frame
from stockstream.views.view import View
from tests.charts.fake_model import COUNTS, OSCILLATOR, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Stage, printed


def with_gaps(frame: Frame, *rows: int) -> Frame:
    """The frame with gaps before some rows."""
    return Frame(frame.index, {**frame.columns, "gap": np.isin(np.arange(len(frame)), rows)})


def bridged(x: Any, y: Any, row: int) -> bool:
    """Whether a stroke reaches from before a row to it."""
    whole = np.isfinite(y)
    return bool(np.any((x[:-1] < row) & (x[1:] >= row) & whole[:-1] & whole[1:]))


@pytest.mark.parametrize(("rows", "gap"), [(200, 120), (3_000, 1_700), (3_000, 1_704)])
def test_lines_and_bands_are_broken(rows: int, gap: int) -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": with_gaps(bars(rows), gap)})), rows=rows)
    stage.show()
    for kind, number in ((DrawnLine, 0), (DrawnBand, 1), (DrawnBand, 2)):
        x, y = printed(stage, stage.mark(0, kind), number).T
        assert bridged(x, y, gap - 40)
        assert not bridged(x, y, gap)
    area = stage.mark(0, DrawnBand).patch(Layer.SETTLED, 0).get_path()
    assert np.count_nonzero(area.codes == area.MOVETO) == 2


def test_a_gap_is_marked_in_every_panel_between_the_rows_beside_it() -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": with_gaps(bars(100), 60)})))
    stage.show()
    for number, panel in enumerate(stage.scene.panels):
        mark = printed(stage, stage.mark(number, DrawnGaps), 0)
        rows = panel.axes.transData.inverted().transform(mark)[:, 0]
        assert 59 < rows.min() <= rows.max() < 60
        assert mark[:, 1].tolist() == [panel.axes.bbox.y0, panel.axes.bbox.y1]


def test_nothing_is_marked_where_nothing_is_missing() -> None:
    plain, without = (Stage(FakeModel(PRICES, FakeFold({"AAPL": frame}))) for frame in (bars(90), with_gaps(bars(90))))
    assert np.array_equal(plain.show(), without.show())


@pytest.mark.parametrize("view", [PRICES, OSCILLATOR], ids=lambda view: view.name)
@pytest.mark.parametrize("rows", [60, 2_500])
def test_gaps_that_come_are_blitted_as_they_are_drawn(view: View[Any], rows: int) -> None:
    whole = with_gaps(bars(rows + 20), rows - 30, rows + 2, rows + 3, rows + 4, rows + 9)
    stage = Stage(FakeModel(view, FakeFold({"AAPL": whole})), rows=rows)
    compared = 0
    for total in range(rows, rows + 20):
        full = stage.full
        blitted = stage.show(whole.slice(slice(0, total)))
        if stage.full == full:
            assert np.array_equal(blitted, stage.drawn_anew()), f"at {total} rows"
            compared += 1
    assert compared > 3


def test_a_value_between_two_gaps_is_a_stroke() -> None:
    path = np.asarray(polyline(np.array([3.0, 4.0, 5.0, 6.0]), np.array([np.nan, 1.0, np.nan, 2.0])).vertices)
    np.testing.assert_allclose(path, [[3, np.nan], [3.65, 1], [4.35, 1], [5, np.nan], [5.65, 2], [6.35, 2]])


def test_days_without_any_flight_are_a_gap_where_there_are_flights_on_all_days() -> None:
    whole = days(60)
    kept = np.delete(np.arange(60), [40, 41])
    frame = Frame("day", {name: whole[name][kept] for name in whole})
    model = FakeModel(COUNTS, FakeFold({"AA": frame, "DL": frame}, where=None))
    assert plot_data(model, None).frame["gap"].nonzero()[0].tolist() == [40]
    stage = Stage(model)
    stage.show()
    x, y = printed(stage, stage.mark(0, DrawnGroups), 1).T
    assert not bridged(x, y, 40)
