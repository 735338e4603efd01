"""Keys, pause, notes, and what an empty picture says."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from stockstream.charts.window.viewer import Viewer
from tests.charts.fake_model import COUNTS, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Stage


def strip(stage: Stage) -> str:
    stage.viewer.say(datetime.now(UTC))
    return stage.scene.header.status_bar.artist.get_text()


def test_the_first_key_is_shown_and_others_by_turning() -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({key: bars(50) for key in "ABC"})))
    stage.show()
    shown = [stage.viewer.key]
    for step in (1, 1, 1, -1):
        stage.viewer.turn(step)
        shown.append(stage.viewer.key)
    assert shown == ["A", "B", "C", "A", "C"]
    assert stage.scene.header.title.get_text() == "C - Bands (20, 2)"


def test_a_key_that_is_gone_gives_way_to_the_first() -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({"A": bars(50), "B": bars(50)})))
    stage.show()
    stage.viewer.turn(1)
    del stage.model.fold.frames["B"]
    stage.show()
    assert stage.viewer.key == "A"


def test_where_there_is_no_other_key_it_says_so() -> None:
    for model in (
        FakeModel(PRICES, FakeFold({"A": bars(50)})),
        FakeModel(COUNTS, FakeFold({"AA": days(5), "DL": days(5)}, where=None)),
    ):
        stage = Stage(model, size=(10, 6))
        stage.show()
        stage.viewer.turn(1)
        assert f"there is no other {model.view.key_name} to show" in strip(stage)


def test_paused_drawing_stays_while_data_comes() -> None:
    whole = bars(120)
    stage = Stage(FakeModel(PRICES, FakeFold({"A": whole.slice(slice(0, 100))})), size=(10, 6))
    stage.show()
    stage.viewer.pause()
    assert "paused" in strip(stage)
    stage.scene.paint()
    paused = stage.drawn_anew()
    stage.model.fold.frames["A"] = whole
    whole["close"][90] = whole["high"][90] + 1  # folds may use their columns again
    assert np.array_equal(stage.drawn_anew(), paused)
    stage.viewer.pause()
    stage.scene.paint()
    assert "paused" not in strip(stage)
    assert len(stage.scene._plot_data.frame) == 120


def test_what_comes_while_it_is_paused_is_counted() -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({"A": bars(50)}), taken=1_000), size=(10, 6))
    stage.show()
    stage.viewer.pause()
    stage.model.taken = 1_017
    assert "paused (Space goes on), 17 records waiting" in strip(stage)
    stage.viewer.pause()
    stage.viewer.pause()
    assert "waiting" not in strip(stage)


def test_keys_are_picked_by_their_place() -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({key: bars(50) for key in "ABC"})), size=(10, 6))
    stage.show()
    stage.viewer.pick(2)
    assert stage.viewer.key == "C"
    stage.viewer.pick(3)
    assert stage.viewer.key == "C"
    assert "there is no symbol 4 to show" in strip(stage)


def test_key_that_is_wished_for_is_shown_once_it_is_there() -> None:
    model = FakeModel(PRICES, FakeFold({"A": bars(50)}))
    viewer = Viewer(model, Stage(model).scene, key="B")
    viewer.show()
    assert (viewer.key, viewer.wish) == ("A", "B")
    model.fold.frames["B"] = bars(50)
    viewer.show()
    assert (viewer.key, viewer.wish) == ("B", "B")
    viewer.turn(1)
    viewer.show()
    assert (viewer.key, viewer.wish) == ("A", "A")


def test_wish_is_forgotten_when_the_user_chooses() -> None:
    model = FakeModel(PRICES, FakeFold({"A": bars(50), "C": bars(50)}))
    viewer = Viewer(model, Stage(model).scene, key="B")
    viewer.show()
    viewer.turn(1)
    model.fold.frames["B"] = bars(50)
    viewer.show()
    assert (viewer.key, viewer.wish) == ("C", "C")


def test_an_empty_picture_says_what_it_waits_for() -> None:
    def said(model: FakeModel) -> str:
        stage = Stage(model)
        stage.show()
        return stage.scene._middle.get_text()

    nothing = FakeFold({})
    assert said(FakeModel(PRICES, nothing, waiting="the broker")) == "waiting for the broker"
    assert said(FakeModel(PRICES, nothing)) == "no data yet in the topic stocks"
    assert said(FakeModel(PRICES, nothing, caught_up=False)) == "reading the topic stocks"
    assert said(FakeModel(PRICES, FakeFold({"A": bars(0)}))) == "no data in the stretch that was asked for"


def test_a_note_is_shown() -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({"A": bars(50)})), size=(10, 6))
    stage.show()
    stage.viewer.note("saved x.png")
    assert "saved x.png" in strip(stage)
