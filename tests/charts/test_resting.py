"""Readout, legend and tags describe the row under a resting mouse, whatever changes the margins meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stockstream.present.keys import CHART
from stockstream.views.frame import Frame
from tests.charts.fake_model import bars
from tests.charts.resting import disagreements
from tests.charts.window.test_controls import User

PRICES = ("open", "high", "low", "close", "lower", "middle", "upper")


def times(frame: Frame, factor: float) -> Frame:
    """The same bars at other prices, whose labels are longer or shorter."""
    return Frame("time", {name: frame[name] * factor if name in PRICES else frame[name] for name in frame})


def rested(size: tuple[float, float] = (10.0, 6.0)) -> User:
    user = User(size)
    frames = user.stage.model.fold.frames
    frames["MSFT"] = times(frames["MSFT"], 12_345.678)
    user.mouse = (round(0.55 * 100 * size[0]), round(0.5 * 100 * size[1]))
    user._mouse("motion_notify_event", buttons=[])
    return user


KEYS = [key for binding in CHART for key in binding.keys if "wheel" not in key and key not in ("q", "f", "o")]


def test_each_key_leaves_words_and_lines_agreeing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    user = rested()
    for key in ["t", "n", "h", " ", " ", *KEYS, *reversed(KEYS)]:
        user.press(key)
        user.stage.viewer.refresh()
        user.scene.paint()
        assert disagreements(user.scene) == [], key
        assert np.array_equal(user.stage.pixels(), user.stage.drawn_anew()), key


def test_so_do_the_wheel_bars_that_come_and_another_interval() -> None:
    user, whole = rested(), bars(900)
    for step, factor in enumerate((1.0, 1.0, 130.0, 0.002, 5.0)):
        user.wheel(1 if step % 2 else -1)
        user.wheel(1, "shift")
        user.stage.model.fold.frames["AAPL"] = times(whole.slice(slice(0, 600 + 30 * step)), factor)
        user.stage.show()
        assert disagreements(user.scene) == []
    longer = Frame("time", {name: column[::5] for name, column in whole.columns.items()})
    user.stage.show(longer)
    assert disagreements(user.scene) == []


def test_a_mouse_that_is_there_as_the_window_opens() -> None:
    user = User((10.0, 6.0))
    user.stage.scene._crosshair.point((600.0, 300.0))
    user.scene._full, user.scene._settled = True, False
    user.stage.canvas.draw()  # by the toolkit
    assert disagreements(user.scene) == []


def test_saving_leaves_the_crosshair_and_files_tell_of_the_last_row(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    user = rested()
    user.scene.paint()
    before, result = user.stage.pixels(), []
    save = user.stage.canvas.figure.savefig

    def saving(*given: Any, **options: Any) -> None:
        result.append(user.scene.panels[0].caption.readout.artist.get_text())
        save(*given, **options)

    monkeypatch.setattr(user.stage.canvas.figure, "savefig", saving)
    for _ in ("png", "svg", "pdf"):
        user.press("s", "S")
        user.scene.paint()
        assert disagreements(user.scene) == []
        assert np.array_equal(user.stage.pixels()[60:], before[60:])
    assert all(text.startswith(user.scene.plot_data.moment(599)) for text in result)


@pytest.mark.parametrize("step", [1, -1])
def test_zooming_does_not_drift_where_the_labels_widen(step: int) -> None:
    user = rested()
    frame = user.stage.model.fold.frames["AAPL"]
    ramp = np.geomspace(1e-2, 1e6, len(frame))
    user.stage.show(Frame("time", {name: ramp + frame[name] if name in PRICES else frame[name] for name in frame}))
    user.scene.viewport.pan(-1.5)
    user.scene.paint()
    row, lefts = user.row(), set()
    for _ in range(8):
        user.wheel(step)
        user.scene.paint()
        lefts.add(user.scene.panels[0].axes.bbox.x0)
        assert user.row() == pytest.approx(row, abs=0.02)
    assert len(lefts) > 1
    for way in (-3, 5, -4):
        row = user.row()
        user.drag(20 * way, 0)
        user.scene.paint()
        assert user.row() == pytest.approx(row, abs=0.02)


def test_a_click_is_where_the_geometry_says_it_is_even_before_it_is_painted() -> None:
    user = rested()
    user.press("n")  # the other's labels are much wider; nothing is painted yet
    user.press("h")
    user.scene.paint()
    (level,) = user.stage.viewer.alerts.levels("MSFT")
    assert level.value == pytest.approx(user.scene.panels[0].rounded(user.value()), rel=1e-3)
