"""Keys, pause, notes, levels, and the text of an empty picture, on a recording renderer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pytest

from stockstream.alerts.heartbeat import beat
from stockstream.present.level_desk import Merged
from stockstream.present.memory import Memory
from stockstream.present.plot_data import PlotData
from stockstream.present.price_levels import Alerts, Level, LevelLine, Target
from stockstream.present.status_bar import StatusBar, utc_now
from stockstream.present.viewer import Viewer
from tests.charts.fake_model import COUNTS, PRICES, FakeFold, FakeModel, bars, days

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@dataclass
class Recorder:
    """A renderer that keeps what it was given."""

    away: bool = False
    crowded: int = 0
    shown: list[PlotData] = field(default_factory=list)
    said: list[StatusBar] = field(default_factory=list)

    def set_data(self, plot_data: PlotData) -> None:
        self.shown.append(plot_data)

    def say(self, status: StatusBar) -> None:
        self.said.append(status)


class Desk:
    """Another process that has a level of one symbol, and takes no more, or does."""

    def __init__(self, *, hands: bool) -> None:
        self.hands = hands
        self.merged: list[str] = []

    def merge(self, symbol: str, own: Mapping[float, bool], agreed: Mapping[float, bool]) -> Merged:
        self.merged.append(symbol)
        return Merged(own, agreed)

    def said(self) -> str:
        return ""

    def symbols(self) -> set[str]:
        return {"C", "elsewhere"}

    def close(self) -> None:
        self.merged.append("closes")


class Screen:
    """A viewer on a recorder, with a clock that the test sets."""

    def __init__(
        self, model: FakeModel, *, key: str | None = None, alerts: Alerts | None = None, desk: Desk | None = None
    ) -> None:
        self.model = model
        self.renderer = Recorder()
        self.clock = 100.0
        self.viewer = Viewer(model, self.renderer, key=key, alerts=alerts, desk=desk, clock=lambda: self.clock)
        self.viewer.refresh()

    @property
    def shown(self) -> PlotData:
        return self.renderer.shown[-1]

    def status(self) -> str:
        said = self.viewer.say(NOW)
        assert self.renderer.said[-1] is said
        return "   ".join(said.parts)


def several(*keys: str) -> FakeModel:
    return FakeModel(PRICES, FakeFold({key: bars(50) for key in keys}))


def test_the_first_key_is_shown_and_others_by_turning() -> None:
    screen = Screen(several("A", "B", "C"))
    shown = [screen.shown.key]
    for step in (1, 1, 1, -1):
        screen.viewer.turn(step)
        shown.append(screen.shown.key)
    assert shown == ["A", "B", "C", "A", "C"]
    assert screen.shown.title == "C - Bands (20, 2)"


def test_a_key_that_is_gone_gives_way_to_the_first() -> None:
    screen = Screen(several("A", "B"))
    screen.viewer.turn(1)
    del screen.model.fold.frames["B"]
    screen.viewer.refresh()
    assert screen.shown.key == "A"


@pytest.mark.parametrize(
    "model",
    [several("A"), FakeModel(COUNTS, FakeFold({"AA": days(5), "DL": days(5)}, where=None))],
    ids=lambda model: model.view.name,
)
def test_where_there_is_no_other_key_it_says_so(model: FakeModel) -> None:
    screen = Screen(model)
    screen.viewer.turn(1)
    assert f"there is no other {model.view.key_name} to show" in screen.status()


def test_keys_are_picked_by_their_place() -> None:
    screen = Screen(several("A", "B", "C"))
    screen.viewer.pick(2)
    assert screen.shown.key == "C"
    screen.viewer.pick(3)
    assert screen.shown.key == "C"
    assert "there is no symbol 4 to show" in screen.status()


def test_a_key_that_is_wished_for_is_shown_once_it_is_there() -> None:
    screen = Screen(several("A"), key="B")
    assert (screen.shown.key, screen.viewer.wanted_key) == ("A", "B")
    screen.model.fold.frames["B"] = bars(50)
    screen.viewer.refresh()
    assert (screen.shown.key, screen.viewer.wanted_key) == ("B", "B")
    screen.viewer.turn(1)
    assert (screen.shown.key, screen.viewer.wanted_key) == ("A", "A")


def test_a_wish_is_forgotten_when_the_user_chooses() -> None:
    screen = Screen(several("A", "C"), key="B")
    screen.viewer.turn(1)
    screen.model.fold.frames["B"] = bars(50)
    screen.viewer.refresh()
    assert (screen.shown.key, screen.viewer.wanted_key) == ("C", "C")


def test_what_comes_while_it_is_paused_is_counted() -> None:
    screen = Screen(several("A"))
    screen.viewer.pause()
    screen.model.taken = 1_017
    assert "paused (Space goes on), 1,017 records waiting" in screen.status()
    screen.viewer.pause()
    screen.viewer.pause()
    assert "paused" in screen.status()
    assert "waiting" not in screen.status()


def test_a_paused_renderer_has_rows_of_its_own() -> None:
    screen = Screen(several("A"))
    assert screen.shown.frame is screen.model.fold.frames["A"] or np.shares_memory(
        screen.shown.frame["close"], screen.model.fold.frames["A"]["close"]
    )
    screen.viewer.pause()
    assert not np.shares_memory(screen.shown.frame["close"], screen.model.fold.frames["A"]["close"])


@pytest.mark.parametrize(
    ("frames", "waiting", "caught_up", "said"),
    [
        ({}, "the broker", True, "waiting for the broker"),
        ({}, None, True, "no data yet in the topic stocks"),
        ({}, None, False, "reading the topic stocks"),
        ({"A": bars(0)}, None, True, "no data in the period that was asked for"),
        ({"A": bars(9)}, None, True, ""),
    ],
)  # fmt: skip
def test_an_empty_picture_says_what_it_waits_for(
    frames: dict[str, object], waiting: str | None, caught_up: bool, said: str
) -> None:
    model = FakeModel(PRICES, FakeFold(frames), waiting=waiting, caught_up=caught_up)  # type: ignore[arg-type]
    assert Screen(model).shown.empty == said


def test_the_status_bar_has_what_the_renderer_and_the_viewer_know() -> None:
    screen = Screen(several("A"))
    screen.renderer.away, screen.renderer.crowded = True, 14
    said = screen.status()
    assert "held: End follows" in said
    assert "14 lines: name up to 8" in said


def test_a_note_is_shown_for_a_while() -> None:
    screen = Screen(several("A"))
    screen.viewer.note("saved x.png")
    screen.clock += 7.9
    assert "saved x.png" in screen.status()
    screen.clock += 0.2
    assert "saved x.png" not in screen.status()


def test_a_level_is_added_where_the_user_points_and_removed_there() -> None:
    screen = Screen(several("A"))
    screen.viewer.flag(Target(0, 101.5, None, str))
    assert list(screen.shown.levels) == [LevelLine(0, 101.5)]
    assert "101.5 is watched" in screen.status()
    screen.viewer.flag(Target(0, 101.6, 101.5, str))
    assert not screen.shown.levels
    assert "101.5 is watched no longer" in screen.status()
    screen.viewer.flag(None)
    assert "point at one" in screen.status()


@pytest.mark.parametrize("hands", [True, False])
def test_a_level_is_watched_by_the_alerts_process_only_if_the_desk_hands_it(hands: bool) -> None:
    screen = Screen(several("A"), desk=Desk(hands=hands))
    now = utc_now()
    screen.viewer.book.take([beat("a", "running", now, 3600.0, levels=True)])
    screen.viewer.flag(Target(0, 101.5, None, str))
    assert screen.viewer.noted.startswith("101.5 is watched by the alerts process;") is hands
    assert screen.viewer.noted.startswith("101.5 is watched;") is not hands


def test_levels_are_exchanged_of_keys_that_have_some_and_when_the_window_is_closed() -> None:
    desk = Desk(hands=True)
    screen = Screen(several("A", "B", "C"), key="B", desk=desk)
    screen.viewer.flag(Target(0, 101.5, None, str))
    screen.status()
    assert sorted(desk.merged) == ["B", "C"]
    desk.merged.clear()
    screen.viewer.close()
    assert (desk.merged[0], sorted(desk.merged[1:])) == ("closes", ["B", "C"])


def test_an_alarm_flashes_and_is_said_for_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    alerts = Alerts(PRICES, Memory(None))
    screen = Screen(several("A"), alerts=alerts)
    frame = screen.model.fold.frames["A"]
    alerts.add("A", Level(alerts.names[0], float(frame["close"][-1]) + 1))
    screen.status()
    screen.viewer.look()
    frame["close"][-1] += 2
    with caplog.at_level(logging.WARNING):
        screen.viewer.look()
    tones = []
    for _ in range(4):
        tones.append(screen.viewer.say(NOW).tone)
        screen.clock += 0.5
    assert tones == ["alarm", "bad", "alarm", "bad"]
    screen.clock += 10
    assert not screen.viewer.flashing
    assert screen.status().startswith("A: close rose")
    screen.clock += 60
    assert "close rose" not in screen.status()
    assert caplog.messages[0].startswith("A: close rose")
