"""The crosshair describes the row under the mouse, and leaves no trace."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from matplotlib.backend_bases import LocationEvent, MouseEvent, ResizeEvent

from stockstream.charts.theme import THEMES
from stockstream.views.frame import Frame
from stockstream.views.view import View
from tests.charts.fake_model import COUNTS, OSCILLATOR, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Stage


def on_stage(frame: Frame, view: View[Any] = PRICES, rows: int = 100) -> Stage:
    stage = Stage(FakeModel(view, FakeFold({"AAPL": frame})), rows=rows, size=(10.0, 6.0))
    stage.show()
    return stage


def point(stage: Stage, row: float, share: float = 0.5, panel: int = 0) -> None:
    """The mouse moves over a row, at a share of a panel's height."""
    axes = stage.scene.panels[panel].axes
    x = axes.transData.transform((row, 0.0))[0]
    y = axes.bbox.y0 + share * axes.bbox.height
    stage.canvas.callbacks.process("motion_notify_event", MouseEvent("motion_notify_event", stage.canvas, x, y))


def leave(stage: Stage) -> None:
    event = LocationEvent("figure_leave_event", stage.canvas, 0, 0)
    stage.canvas.callbacks.process("figure_leave_event", event)


def enter(stage: Stage, row: float) -> None:
    """The mouse comes in over a row, as it seems to after a click with some window managers."""
    axes = stage.scene.panels[0].axes
    x, y = axes.transData.transform((row, 0.0))[0], axes.bbox.y0 + 0.5 * axes.bbox.height
    event = LocationEvent("figure_enter_event", stage.canvas, x, y)
    stage.canvas.callbacks.process("figure_enter_event", event)


def readout(stage: Stage, panel: int = 0) -> str:
    return str(stage.scene.panels[panel].caption.readout.artist.get_text())


def legend(stage: Stage, panel: int = 0) -> list[str]:
    return [str(label.artist.get_text()) for label in stage.scene.panels[panel].caption.labels]


def tags(stage: Stage) -> tuple[str, str]:
    crosshair = stage.scene._crosshair
    return crosshair._time._words.get_text(), crosshair._value._words.get_text()


def test_everything_is_read_off_at_the_row_under_the_mouse() -> None:
    frame = bars(200)
    stage = on_stage(frame)
    said = readout(stage), legend(stage)
    point(stage, 150.4)
    assert readout(stage).startswith("Mon 2 Mar 12:00 EST   O ")
    assert f"%B {frame['percent_b'][150]:.2f}" in readout(stage)
    assert f"V {frame['volume'][150]:,.0f}" in readout(stage)
    assert legend(stage)[1] == f"middle: {frame['middle'][150]:.3f}"
    assert tags(stage)[0] == "Mon 2 Mar 12:00"
    low, high = stage.scene.panels[0].axes.get_ylim()
    assert float(tags(stage)[1]) == pytest.approx((low + high) / 2, abs=0.02)
    leave(stage)
    assert (readout(stage), legend(stage)) == said


def test_it_stands_on_the_wick_and_under_the_mouse() -> None:
    stage = on_stage(bars(200))
    before = stage.pixels()
    point(stage, 150.3, 0.5)
    changed = (stage.pixels() != before).any(axis=2)
    box = stage.scene.panels[1].axes.bbox
    volume = changed[600 - int(box.y1) + 2 : 600 - int(box.y0) - 2]
    scale = stage.scene.view_context().scale
    assert np.flatnonzero(volume.any(axis=0)).tolist() == [int(scale.pixels(np.array([150.0]))[0])]
    mouse = stage.scene._crosshair._mouse
    assert mouse is not None
    across = changed[:, int(box.x1) - 50 : int(box.x1) - 5]
    assert np.flatnonzero(across.any(axis=1)).tolist() == [600 - int(mouse[1])]


def test_every_panel_is_read_off() -> None:
    frame = bars(200)
    stage = on_stage(frame, OSCILLATOR)
    point(stage, 150, panel=1)
    assert legend(stage) == [f"up: {frame['up'][150]:.0f}", f"down: {frame['down'][150]:.0f}"]
    assert legend(stage, 1) == [f"up - down: {frame['oscillator'][150]:+.0f}"]


def test_only_the_overlay_is_drawn_and_nothing_of_it_stays() -> None:
    stage = on_stage(bars(200, forming=True))
    before, full = stage.pixels(), stage.full
    seen = []
    for row, share, panel in ((120, 0.3, 0), (120, 0.9, 0), (170.2, 0.1, 1), (199, 0.99, 0), (101, 0.01, 0)):
        point(stage, row, share, panel)
        seen.append(stage.pixels())
        assert not np.array_equal(seen[-1], before)
    assert stage.full == full
    assert np.array_equal(seen[-1], stage.drawn_anew())
    leave(stage)
    assert np.array_equal(stage.pixels(), before)
    assert np.array_equal(before, stage.drawn_anew())


def test_it_stays_true_while_bars_come() -> None:
    whole = bars(400)
    stage = on_stage(whole.slice(slice(0, 200)))
    point(stage, 199)
    full, compared = stage.full, 0
    for total in range(201, 230):
        blitted = stage.show(whole.slice(slice(0, total)))
        aim = stage.scene._crosshair.aim(stage.scene.view_context())
        assert aim is not None
        row = aim.row
        assert f"%B {whole['percent_b'][row]:.2f}" in readout(stage)
        if stage.full == full:
            assert np.array_equal(blitted, stage.drawn_anew())
            compared += 1
        full = stage.full
    assert compared > 5
    leave(stage)
    assert np.array_equal(stage.pixels(), stage.drawn_anew())


def test_the_row_goes_with_a_view_that_moves_under_a_mouse_that_does_not() -> None:
    stage = on_stage(bars(200))
    point(stage, 150)
    before = readout(stage)
    stage.scene.viewport.pan(-0.3)
    stage.scene.paint()
    assert readout(stage) != before
    assert np.array_equal(stage.pixels(), stage.drawn_anew())


@pytest.mark.parametrize("place", [(5.0, 5.0), (500.0, 3.0), (500.0, 590.0), (-3.0, 200.0)])
def test_there_is_none_beside_the_panels(place: tuple[float, float]) -> None:
    stage = on_stage(bars(200))
    before = stage.pixels()
    stage.scene.point((500.0, 300.0))
    stage.scene.point(place)
    assert np.array_equal(stage.pixels(), before)


def test_right_of_the_last_bar_there_is_a_value_and_no_time() -> None:
    stage = on_stage(bars(200))
    said, before = readout(stage), tags(stage)
    point(stage, 205)
    assert readout(stage) == said
    assert tags(stage)[0] == before[0]
    assert tags(stage)[1] != before[1]


def test_forming_gap_and_doubt_are_reported() -> None:
    frame = bars(200, forming=True)
    rows = np.arange(200)
    stage = on_stage(Frame("time", {**frame.columns, "gap": rows == 150, "doubtful": rows == 150}))
    assert "EST (forming)" in readout(stage)
    point(stage, 150)
    assert "EST (doubtful, after a gap)" in readout(stage)


@pytest.mark.parametrize(("rows", "y"), [(14, 0.2), (60, None)])
def test_of_flights_the_column_or_line_under_the_mouse_is_reported(rows: int, y: float | None) -> None:
    frames = {key: days(rows, seed=seed, level=level) for seed, (key, level) in enumerate((("AA", 900), ("DL", 1_200)))}
    stage = Stage(FakeModel(COUNTS, FakeFold(frames, where=None)), rows=None)
    stage.show()
    assert readout(stage).startswith(f"{'Wed 14 Jan' if rows == 14 else 'Sun 1 Mar'} 2015   AA ")
    for number, key in enumerate(frames):
        value = frames[key]["flights"][6]
        low, high = stage.scene.panels[0].axes.get_ylim()
        share = y if y is not None else (value - low) / (high - low)
        point(stage, 6 - 0.2 + 0.4 * number if y is not None else 6.3, share)
        assert readout(stage) == f"Wed 7 Jan 2015   {key} {value:,}"


def test_it_survives_another_size_and_another_theme() -> None:
    stage = on_stage(bars(200))
    point(stage, 150)
    stage.canvas.figure.set_size_inches(6.0, 4.0)
    stage.canvas.callbacks.process("resize_event", ResizeEvent("resize_event", stage.canvas))
    stage.scene.point((200.0, 200.0))
    stage.scene.set_theme(THEMES["dark"])
    stage.scene.paint()
    assert np.array_equal(stage.pixels(), stage.drawn_anew())
    stage.scene.point(None)
    assert np.array_equal(stage.pixels(), stage.drawn_anew())


def test_files_show_none() -> None:
    stage = on_stage(bars(200))
    files = []
    for place in (None, (500.0, 300.0)):
        stage.scene.point(place)
        files.append(io.BytesIO())
        stage.canvas.figure.savefig(files[-1], format="rgba", dpi=100)
    leave(stage)
    # The words of the row that is pointed at do change.
    plain, pointed = (np.frombuffer(file.getvalue(), np.uint8).reshape(600, 1000, 4) for file in files)
    assert np.array_equal(plain[120:], pointed[120:])


def test_no_artists_are_made_while_it_moves() -> None:
    stage = on_stage(bars(200))
    point(stage, 120)
    before = len(stage.canvas.figure.findobj())
    for row in range(105, 195):
        point(stage, row, row / 200)
    assert len(stage.canvas.figure.findobj()) == before


def test_it_is_there_as_soon_as_the_mouse_is() -> None:
    stage = on_stage(bars(100))
    point(stage, 50)
    there = stage.pixels()
    leave(stage)
    assert not np.array_equal(stage.pixels(), there)
    enter(stage, 50)
    assert np.array_equal(stage.pixels(), there)
