"""Lines and bands are read back from their artists."""

from __future__ import annotations

import numpy as np

from stockstream.charts.marks.lines import DrawnBand, DrawnLine
from tests.charts.fake_model import OSCILLATOR, PRICES, FakeFold, FakeModel, bars
from tests.charts.stage import Stage, printed


def test_lines_hold_the_frame_s_columns() -> None:
    frame = bars(120)
    stage = Stage(FakeModel(OSCILLATOR, FakeFold({"AAPL": frame})))
    stage.show()
    lines = [mark for panel in stage.scene.panels for mark in panel.marks if isinstance(mark, DrawnLine)]
    for line, name in zip(lines, ("up", "down", "oscillator"), strict=True):
        assert line.columns == (name,)
        assert np.array_equal(printed(stage, line, 0)[:, 0], np.arange(120))
        assert np.array_equal(printed(stage, line, 0)[:, 1], frame[name], equal_nan=True)


def test_band_lies_between_its_columns() -> None:
    frame = bars(120)
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": frame})))
    stage.show()
    band = stage.mark(0, DrawnBand)
    known = np.isfinite(frame["middle"])
    area = printed(stage, band, 0)
    assert area[: known.sum(), 1].tolist() == frame["upper"][known].tolist()
    assert area[known.sum() : -1, 1][::-1].tolist() == frame["lower"][known].tolist()
    for number, name in ((1, "lower"), (2, "upper")):
        assert np.array_equal(printed(stage, band, number)[:, 1], frame[name], equal_nan=True)


def test_decimated_line_keeps_its_peaks() -> None:
    frame = bars(5_000)
    frame["middle"][3_210] = 250.0
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": frame})), rows=5_000)
    stage.show()
    points = printed(stage, stage.mark(0, DrawnLine), 0)
    assert len(points) < 2_000
    assert [3_210.0, 250.0] in points.tolist()
