"""Levels are set with a key, drawn, and reported when a value crosses them."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from stockstream.charts.scene.scene import Scene
from stockstream.charts.theme import light
from stockstream.present.level_desk import Merged
from stockstream.present.memory import Memory
from stockstream.present.price_levels import Alerts
from stockstream.present.viewer import Viewer
from stockstream.views.frame import Frame
from stockstream.views.marks import Line, Panel
from tests.charts.fake_model import COUNTS, OSCILLATOR, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Stage, ink


def on_stage(memory: Memory | None = None, **levels: list[float]) -> Stage:
    frames = {"AAPL": bars(200), "MSFT": bars(150, seed=2)}
    stage = Stage(FakeModel(PRICES, FakeFold(frames)), rows=100, size=(10.0, 6.0))
    watched = Alerts(PRICES, memory or Memory(None), levels)
    stage.viewer = Viewer(stage.model, stage.scene, alerts=watched, clock=lambda: stage.clock)
    stage.show()
    say(stage)
    return stage


def say(stage: Stage) -> str:
    stage.viewer.say(datetime(2026, 3, 2, 15, 0, tzinfo=UTC))
    stage.scene.paint()
    return str(stage.scene.header.status_bar.artist.get_text())


def place(stage: Stage, value: float, panel: int = 0) -> tuple[float, float]:
    axes = stage.scene.panels[panel].axes
    x, y = axes.transData.transform((float(np.mean(axes.get_xlim())), value))
    return float(x), float(y)


def middle(stage: Stage, panel: int = 0) -> float:
    return float(np.mean(stage.scene.panels[panel].axes.get_ylim()))


def close(stage: Stage, value: float, key: str = "AAPL") -> None:
    """The key's last bar closes elsewhere now."""
    frame = stage.model.fold.frames[key]
    closes = frame["close"].copy()
    closes[-1] = value
    stage.model.fold.frames[key] = Frame("time", {**frame.columns, "close": closes})
    stage.viewer.look()


def last(stage: Stage, key: str = "AAPL") -> float:
    return float(stage.model.fold.frames[key]["close"][-1])


def test_a_level_is_set_drawn_and_taken_away() -> None:
    stage = on_stage()
    before, full = stage.pixels(), stage.full
    stage.flag(place(stage, middle(stage)))
    stage.scene.paint()
    (level,) = stage.viewer.alerts.levels("AAPL")
    assert level.value == pytest.approx(middle(stage), abs=0.02)
    assert "is watched" in say(stage)
    drawn = stage.pixels()
    axes = stage.scene.panels[0].axes
    row = drawn[600 - int(axes.transData.transform((0, level.value))[1]) - 1, :, :3]
    assert (row == [34, 39, 46]).all(axis=1).sum() > 400
    assert np.array_equal(drawn, stage.drawn_anew())
    stage.flag((500.0, place(stage, level.value)[1] + 3))
    assert stage.viewer.alerts.levels("AAPL") == []
    stage.viewer.note("")
    say(stage)
    assert np.array_equal(stage.pixels()[60:], before[60:])
    assert stage.full == full + 1


def test_levels_go_with_their_symbol_their_theme_and_the_window_s_life(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory.json")
    stage = on_stage(memory)
    plain = ink(stage.pixels(), light().text)
    stage.flag(place(stage, middle(stage)))
    stage.viewer.turn(1)
    stage.scene.paint()
    assert stage.scene.alerts._levels == ()
    stage.viewer.turn(-1)
    stage.scene.paint()
    assert ink(stage.pixels(), light().text) > plain + 300
    memory.close()
    again = on_stage(Memory(tmp_path / "memory.json"))
    assert again.scene.alerts._levels == stage.scene.alerts._levels


def test_levels_of_the_settings_are_drawn() -> None:
    stage = on_stage(AAPL=[98.0, 99.0])
    assert list(stage.scene.alerts._levels) == [(0, 98.0, False), (0, 99.0, False)]
    stage.flag(place(stage, 98.0))
    assert "the settings name it" in say(stage)
    assert list(stage.scene.alerts._levels) == [(0, 99.0, False)]


def test_a_crossing_flashes_and_is_written_to_the_log_once(caplog: pytest.LogCaptureFixture) -> None:
    stage = on_stage()
    level = last(stage) + 0.3
    stage.viewer.alerts = Alerts(PRICES, Memory(None), {"AAPL": [level]})
    stage.viewer.look()
    with caplog.at_level(logging.WARNING):
        for value in (level + 0.1, level - 0.1, level + 0.2):
            close(stage, value)
    assert [record.message.split(" through ")[0] for record in caplog.records] == [
        "AAPL: close rose", "AAPL: close fell"
    ]  # fmt: skip
    assert caplog.records[0].message.endswith("(Mon 2 Mar 2026 12:49 EST)")
    assert stage.viewer.flashing
    assert say(stage).startswith("AAPL: close fell through")
    flashed = set()
    for since in np.arange(0.0, 3.0, 0.25):
        stage.clock += 0.25
        say(stage)
        flashed.add(ink(stage.pixels()[30:60], light().alarm) > 5_000)
        assert np.array_equal(stage.pixels(), stage.drawn_anew()), since
    assert flashed == {True, False}
    stage.viewer.dismiss_alert()
    assert not say(stage).startswith("AAPL")
    assert not stage.viewer.flashing


def test_symbols_that_are_not_shown_are_watched_too(caplog: pytest.LogCaptureFixture) -> None:
    stage = on_stage(MSFT=[200.0])
    stage.model.fold.fake = True
    stage.viewer.look()
    close(stage, 201.0, "MSFT")
    assert caplog.records[0].message.startswith("SIMULATED MSFT: close rose through 200 to 201 ")
    assert say(stage).startswith("SIMULATED MSFT")


def test_history_is_not_reported_of(caplog: pytest.LogCaptureFixture) -> None:
    stage = on_stage(AAPL=[1_000.0])
    stage.model.caught_up = False
    say(stage)
    stage.viewer.look()
    close(stage, 1_001.0)
    stage.model.caught_up = True
    say(stage)
    close(stage, 1_002.0)
    assert not caplog.records


def test_several_crossings_at_once_are_said_to_be(caplog: pytest.LogCaptureFixture) -> None:
    stage = on_stage(AAPL=[200.0, 300.0])
    stage.viewer.look()
    close(stage, 400.0)
    assert len(caplog.records) == 2
    assert "(and 1 more: see the log)" in say(stage)


def test_an_indicator_s_panel_watches_its_lines(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(FakeModel(OSCILLATOR, FakeFold({"AAPL": bars(100)})))
    stage.show()
    say(stage)
    frame = stage.model.fold.frames["AAPL"]
    frame["up"][-1] = 40.0
    stage.flag(place(stage, 50.0))
    stage.viewer.look()
    frame["up"][-1] = 60.0
    stage.viewer.look()
    assert caplog.records[0].message.startswith("AAPL: up rose through ")


@pytest.mark.parametrize("where", ["beside", "flights", "empty"])
def test_where_no_level_can_be(where: str) -> None:
    if where == "flights":
        stage = Stage(FakeModel(COUNTS, FakeFold({"AA": days(20)}, where=None)))
    else:
        stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": bars(0 if where == "empty" else 50)})))
    stage.show()
    stage.flag((3.0, 3.0) if where == "beside" else place(stage, middle(stage)))
    assert stage.viewer.noted.startswith("h watches a level")
    assert stage.viewer.alerts.keys() == []


def test_a_file_shows_levels() -> None:
    stage = on_stage(AAPL=[98.0])
    assert isinstance(stage.scene, Scene)
    stage.canvas.figure.savefig("/dev/null", format="png", dpi=100)
    before = stage.pixels()
    import io

    file = io.BytesIO()
    stage.canvas.figure.savefig(file, format="rgba", dpi=100)
    assert np.array_equal(np.frombuffer(file.getvalue(), np.uint8).reshape(before.shape), before)


SHARES = replace(
    PRICES, panels=(*PRICES.panels, Panel((Line("up", label="up"),), ylabel="share", percent=True)), name="shares"
)


def test_a_level_in_a_panel_of_percents_is_where_it_was_set_and_reported_in_percent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frame = bars(200)
    frame = Frame("time", {**frame.columns, "up": np.linspace(0.3, 0.7, 200)})
    stage = Stage(FakeModel(SHARES, FakeFold({"AAPL": frame})), rows=100, size=(10.0, 6.0))
    stage.show()
    say(stage)
    stage.viewer.look()
    stage.flag(place(stage, 0.61234, 2))
    (level,) = stage.viewer.alerts.levels("AAPL")
    assert level.value == pytest.approx(0.612, abs=0.003)
    assert level.value == round(level.value, 4)
    assert f"{100 * level.value:.2f}% is watched" in say(stage)
    stage.viewer.look()
    stage.model.fold.frames["AAPL"] = Frame("time", {**frame.columns, "up": np.linspace(0.3, 0.55, 200)})
    with caplog.at_level(logging.WARNING):
        stage.viewer.look()
    (result,) = caplog.messages
    assert re.search(r"up fell through 61\.\d+% to 55% ", result)


def test_a_view_that_does_not_follow_says_so() -> None:
    stage = on_stage()
    assert "held" not in say(stage)
    stage.scene.viewport.pan(-0.5)
    assert "held: End follows" in say(stage)
    stage.scene.viewport.follow()
    assert "held" not in say(stage)
    stage.scene.viewport.hold(0)
    assert "held: End follows" in say(stage)


def test_the_first_level_is_crossed_by_the_very_next_bar(caplog: pytest.LogCaptureFixture) -> None:
    stage = on_stage()
    stage.viewer.look()
    stage.flag(place(stage, last(stage) + 0.5))
    close(stage, last(stage) + 2.0)
    assert len(caplog.records) == 1


def test_a_level_is_moved_over_another_one() -> None:
    stage = on_stage()
    low, high = middle(stage) - 0.5, middle(stage)
    for value in (low, high):
        stage.flag(place(stage, value))
    set_first, grabbed = stage.viewer.alerts.levels("AAPL")
    target = stage.scene.alerts.target(stage.scene.view_context(), place(stage, high))
    assert target is not None
    for value in (set_first.value, set_first.value - 0.5):
        grabbed = stage.viewer.move(grabbed, replace(target, value=value))
    assert [each.value for each in stage.viewer.alerts.levels("AAPL")] == [grabbed.value, set_first.value]


class Desk:
    """Another process, which has these levels of each symbol."""

    def __init__(self, **levels: float) -> None:
        self.levels = {symbol: {value: False} for symbol, value in levels.items()}
        self.words = ["levels are watched by this window alone: why"]

    def merge(self, symbol: str, _own: Mapping[float, bool], _agreed: Mapping[float, bool]) -> Merged:
        levels = self.levels.get(symbol, {})
        return Merged(levels, levels)

    def said(self) -> str:
        return self.words.pop() if self.words else ""

    @property
    def hands(self) -> bool:
        return True

    def symbols(self) -> set[str]:
        return {*self.levels}

    def close(self) -> None:
        pass


def test_levels_that_another_process_has_are_drawn_and_told_by_the_window_where_none_runs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = on_stage()
    level, desk = last(stage) + 0.5, Desk()
    stage.viewer = Viewer(stage.model, stage.scene, alerts=Alerts(PRICES, Memory(None)), desk=desk)
    stage.show()
    assert "watched by this window alone" in say(stage)
    desk.levels = {"AAPL": {level: False}}
    say(stage)
    assert stage.viewer.alerts.lines("AAPL") == stage.scene.alerts._levels != ()
    caplog.clear()
    close(stage, level + 1.0)
    assert len(caplog.records) == 1
    desk.levels = {}
    say(stage)
    assert stage.scene.alerts._levels == ()
