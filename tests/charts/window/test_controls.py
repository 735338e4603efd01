"""Keys and mouse, on a canvas without a window: their effects on the scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backend_bases import KeyEvent, MouseButton, MouseEvent

from stockstream.charts.theme import THEMES
from stockstream.charts.window.appearance import Appearance
from stockstream.charts.window.controls import Controls
from stockstream.present.keys import CHART
from stockstream.present.options import WindowOptions
from stockstream.present.preferences import Preferences
from tests.charts.fake_model import PRICES, FakeFold, FakeModel, bars
from tests.charts.stage import Stage


class User:
    """Somebody at a window of 7 x 4.5 inches."""

    def __init__(self, size: tuple[float, float] = (7.0, 4.5)) -> None:
        model = FakeModel(PRICES, FakeFold({"AAPL": bars(600), "MSFT": bars(500, seed=2)}))
        self.stage = Stage(model, rows=200, size=size)
        self.stage.show()
        self.scene, self.viewport = self.stage.scene, self.stage.scene.viewport
        self.changes, self.closed = 0, 0
        self.appearance = Appearance(Preferences(), WindowOptions())
        self.controls = Controls(
            self.stage.viewer, self.scene, changed=self._changed, close=self._close, guard=lambda function: function,
            appearance=self.appearance,
        )  # fmt: skip
        self.mouse: tuple[float, float] = self.middle()

    def _changed(self) -> None:
        self.changes += 1

    def _close(self) -> None:
        self.closed += 1

    def middle(self, panel: int = 0) -> tuple[float, float]:
        box = self.scene.panels[panel].axes.bbox
        return round((box.x0 + box.x1) / 2), round((box.y0 + box.y1) / 2)

    def press(self, *keys: str) -> None:
        for key in keys:
            event = KeyEvent("key_press_event", self.stage.canvas, key, *map(int, self.mouse))
            self.stage.canvas.callbacks.process("key_press_event", event)

    def wheel(self, step: float, *held: str) -> None:
        self._mouse("scroll_event", step=step, modifiers=frozenset(held))

    def drag(self, across: float, up: float, button: MouseButton = MouseButton.LEFT) -> None:
        self._mouse("button_press_event", button=button)
        for _ in range(4):
            self.mouse = (self.mouse[0] + across / 4, self.mouse[1] + up / 4)
            self._mouse("motion_notify_event", buttons=[button])
        self._mouse("button_release_event", button=button)

    def _mouse(self, name: str, **more: Any) -> None:
        across, up = map(int, self.mouse)
        event = MouseEvent(name, self.stage.canvas, across, up, **more)
        self.stage.canvas.callbacks.process(name, event)

    def following(self) -> bool:
        return self.viewport.following

    def value(self) -> float:
        return float(self.scene.panels[0].axes.transData.inverted().transform(self.mouse)[1])

    def row(self) -> float:
        return float(self.scene.panels[0].axes.transData.inverted().transform(self.mouse)[0])

    def painted(self) -> bool:
        """Whether what is painted is what a full draw paints."""
        self.scene.paint()
        return np.array_equal(self.stage.pixels(), self.stage.drawn_anew())

    def note(self) -> str:
        return self.stage.viewer.noted


@pytest.fixture
def user() -> User:
    return User()


def test_keys_of_every_binding_are_taken(user: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    keys = [key for binding in CHART for key in binding.keys if "wheel" not in key]
    user.press(*keys)
    assert user.changes == len(keys)
    assert user.closed == 1
    assert user.painted()


@pytest.mark.parametrize(("key", "step", "factor"), [("+", 1, 0.8), ("=", 1, 0.8), ("-", -1, 1.25)])
def test_zoom_by_key_and_by_wheel(user: User, key: str, step: int, factor: float) -> None:
    left, right = user.viewport.across
    row = user.row()
    user.press(key)
    after = user.viewport.across
    assert after[1] - after[0] == pytest.approx(factor * (right - left))
    assert user.row() == pytest.approx(row)
    assert user.painted()
    user.wheel(-step)
    assert user.viewport.across == pytest.approx((left, right))


def test_fine_wheels_zoom_finely(user: User) -> None:
    whole, fine = User(), user
    whole.wheel(1)
    for _ in range(8):
        fine.wheel(0.125)
    assert fine.viewport.across == pytest.approx(whole.viewport.across)


def test_zoom_away_from_the_panels_continues_following(user: User) -> None:
    user.mouse = (300.0, 445.0)
    user.press("+")
    assert user.viewport.following


def test_left_right_and_end(user: User) -> None:
    before = user.viewport.across
    user.press("left", "left", "right")
    assert user.viewport.across[0] == pytest.approx(before[0] - 0.1 * (before[1] - before[0]))
    assert user.following() is False
    user.press("end")
    assert user.following()
    assert user.viewport.across == pytest.approx(before)
    assert user.painted()


def test_drag_takes_time_along(user: User) -> None:
    row, value = user.row(), user.value()
    user.drag(80, 30)
    assert user.row() == pytest.approx(row)
    assert user.value() != pytest.approx(value)  # values fit by themselves
    assert user.viewport.held == (False, False)
    assert user.painted()


def test_drag_takes_values_along_where_their_range_was_set_by_hand(user: User) -> None:
    user.wheel(-1, "shift")
    row, value = user.row(), user.value()
    user.drag(-60, 25)
    assert user.row() == pytest.approx(row)
    assert user.value() == pytest.approx(value)
    assert user.painted()


@pytest.mark.parametrize("button", [MouseButton.RIGHT, MouseButton.MIDDLE])
def test_other_buttons_drag_nothing(user: User, button: MouseButton) -> None:
    before = user.viewport.across
    user.drag(50, 50, button)
    assert user.viewport.across == before


def test_drag_that_has_ended_moves_no_more(user: User) -> None:
    user.drag(50, 0)
    before = user.viewport.across
    user.mouse = user.middle()
    user._mouse("motion_notify_event", buttons=[])
    assert user.viewport.across == before


def test_axis_of_values_is_dragged(user: User) -> None:
    axes = user.scene.panels[0].axes
    low, high = axes.get_ylim()
    user.mouse = (axes.bbox.x0 - 20, user.middle()[1])
    user.drag(0, -60)
    wide = axes.get_ylim()
    assert wide[0] < low < high < wide[1]
    assert sum(wide) == pytest.approx(low + high)
    assert user.viewport.held == (True, False)
    assert user.viewport.following
    user._mouse("button_press_event", button=MouseButton.LEFT, dblclick=True)
    user._mouse("button_release_event", button=MouseButton.LEFT)
    assert user.viewport.held == (False, False)
    assert axes.get_ylim() == pytest.approx((low, high))
    assert user.painted()


def test_shift_and_wheel_scale_the_panel_under_the_mouse(user: User) -> None:
    user.mouse = user.middle(1)
    below, above = (panel.axes.get_ylim() for panel in user.scene.panels[::-1])
    user.wheel(1, "shift")
    assert user.viewport.held == (False, True)
    low, high = user.scene.panels[1].axes.get_ylim()
    assert high - low == pytest.approx(0.8 * (below[1] - below[0]))
    assert user.scene.panels[0].axes.get_ylim() == above
    assert user.painted()
    user.press("a")
    assert user.viewport.held == (False, False)
    assert "fit by themselves" in user.note()
    user.press("a")
    assert user.viewport.held == (False, True)
    assert "keep their range" in user.note()


def test_wheel_with_other_keys_does_nothing(user: User) -> None:
    before = user.viewport.across
    user.wheel(1, "ctrl")
    user.wheel(0)
    assert (user.viewport.across, user.changes) == (before, 0)


def test_themes_go_round(user: User) -> None:
    seen = []
    for _ in THEMES:
        user.press("t")
        seen.append(user.appearance.name)
        assert user.scene.theme == THEMES[seen[-1]]
        assert user.painted()
    assert seen == ["dark", "contrast", "light"]


def test_grid_and_logarithm(user: User) -> None:
    user.press("g", "l")
    assert (user.scene.grid, user.scene.log) == (False, True)
    assert user.painted()
    user.press("g", "l")
    assert (user.scene.grid, user.scene.log) == (True, False)


def test_help_is_shown_and_hidden(user: User) -> None:
    shown = []
    for key in ("?", "?", "f1", "escape", "escape"):
        user.press(key)
        shown.append(user.scene.help.shown)
        assert user.painted()
    assert shown == [True, False, True, False, False]


def test_pictures_of_each_format_and_rows_are_saved(
    user: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for form in ("png", "svg", "pdf"):
        assert user.appearance.picture == form
        user.press("s")
        (saved,) = tmp_path.glob(f"bands-AAPL-*.{form}")
        assert user.note() == f"saved {saved.name} in {tmp_path}"
        user.press("S")
    assert user.appearance.picture == "png"
    assert user.note() == "s saves PNG"
    user.press("c")
    (saved,) = tmp_path.glob("bands-AAPL-*.csv")
    assert user.note() == f"saved {saved.name} in {tmp_path}"


def test_what_cannot_be_saved_is_said(user: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    user.press("c")
    assert "cannot be written" in user.note()


def test_many_moves_keep_the_picture_that_of_a_full_draw(user: User) -> None:
    random = np.random.default_rng(3)
    for _ in range(30):
        user.mouse = (float(random.uniform(5, 690)), float(random.uniform(5, 440)))
        match random.integers(4):
            case 0:
                user.wheel(float(random.choice([-1, 1])), *(["shift"] if random.integers(2) else []))
            case 1:
                user.drag(float(random.uniform(-200, 200)), float(random.uniform(-100, 100)))
            case 2:
                user.press(
                    str(random.choice(["left", "right", "end", "a", "l", "g", "t", "n", "+", "-", "?", "d", "h"]))
                )
            case _:
                user._mouse("motion_notify_event", buttons=[])
        assert user.painted()


def test_d_and_two_clicks_measure_and_pan_nothing(user: User) -> None:
    before, words = user.viewport.across, user.scene.distance._words._words
    user.press("d")
    assert user.note().startswith("click two places")
    left, up = user.middle()
    for place in ((left - 100, up - 30), (left + 100, up + 40)):
        user.mouse = place
        user.drag(8, 0)
    assert user.viewport.across == before
    assert user.painted()
    assert words.get_text().startswith("▲ +")
    user.drag(50, 0)
    assert user.viewport.across != before
    user.press("escape")
    assert not user.scene.distance.cancel()
    assert user.painted()


def test_h_watches_a_level_and_again_no_longer(user: User) -> None:
    user.press("h")
    (level,) = user.stage.viewer.alerts.levels("AAPL")
    assert level.value == pytest.approx(user.value(), abs=0.05)
    assert user.painted()
    user.mouse = (user.mouse[0] - 50, user.mouse[1] + 2)
    user.press("h")
    assert user.stage.viewer.alerts.levels("AAPL") == []
    assert user.painted()


def test_a_level_is_moved_with_the_mouse_and_the_view_is_not(user: User) -> None:
    user.press("h")
    (level,) = user.stage.viewer.alerts.levels("AAPL")
    before = user.viewport.across
    user.drag(20, 15)
    (moved,) = user.stage.viewer.alerts.levels("AAPL")
    assert moved.value == pytest.approx(user.value(), abs=0.05)
    assert moved.value > level.value
    assert user.viewport.across == before
    assert user.painted()


def test_shift_h_makes_a_level_of_once_or_of_every_crossing(user: User) -> None:
    user.press("H")
    (level,) = user.stage.viewer.alerts.levels("AAPL")
    assert level.once
    assert user.painted()
    user.press("H")
    assert [each.once for each in user.stage.viewer.alerts.levels("AAPL")] == [False]
    assert "at every crossing" in user.stage.viewer.noted
    user.press("h")
    assert user.stage.viewer.alerts.levels("AAPL") == []


def test_i_lists_alerts_and_escape_closes_the_list(user: User) -> None:
    shown = []
    for key in ("i", "i", "i", "escape"):
        user.press(key)
        shown.append(user.scene.alert_list.shown)
        assert user.painted()
    assert shown == [True, False, True, False]


def test_escape_ends_an_alarm_and_help(user: User) -> None:
    user.press("?")
    user.stage.viewer._alarm.say("AAPL: close rose")
    states = [(user.stage.viewer.flashing, user.scene.help.shown)]
    user.press("escape")
    states.append((user.stage.viewer.flashing, user.scene.help.shown))
    assert states == [(True, True), (False, False)]
