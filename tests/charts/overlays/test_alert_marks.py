"""Marks of alerts at their bars, the card of the bar under the mouse, and the list."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from stockstream.charts.overlays.alert_marks import BarNotes
from stockstream.charts.overlays.overlay import Overlay
from stockstream.present.status_bar import utc_now
from stockstream.records import Alert
from tests.alerts.numbered import alert
from tests.charts.fake_model import PRICES, FakeFold, FakeModel, bars
from tests.charts.stage import Pixels, Stage, ink

ROWS = 60


@pytest.fixture
def stage() -> Stage:
    made = Stage(FakeModel(PRICES, FakeFold({"AAPL": bars(ROWS)}), {"period": 20, "width": 2.0}), rows=None)
    made.show()
    return made


def at(row: int, **changes: Any) -> Alert:
    """An alert at a row of the stage."""
    instant = bars(ROWS).instants[row].astype("M8[us]").item().replace(tzinfo=UTC)
    return alert(row, **{"time": instant} | changes)


def told(stage: Stage, *alerts: Alert) -> Pixels:
    stage.viewer.book.take(alerts)
    return stage.show()


def alarmed(stage: Stage, pixels: Pixels) -> int:
    """How many pixels of the panels have the colour of alerts."""
    box = stage.scene.panels[0].axes.bbox
    height = pixels.shape[0]
    return ink(pixels[height - int(box.y1) : height - int(box.y0)], stage.scene.theme.alarm)


def test_a_mark_stands_above_the_bar_of_its_alert_without_a_full_draw(stage: Stage) -> None:
    full = stage.full
    pixels = told(stage, at(30))
    assert stage.full == full
    context = stage.scene.view_context()
    high = stage.scene.panels[0].axes.transData.transform((0.0, float(bars(ROWS)["high"][30])))[1]
    found = np.argwhere((pixels[:, :, :3] == [0xB3, 0x47, 0x00]).all(axis=2))
    beside = found[np.abs(found[:, 1] - context.across(30)) <= 6]
    assert len(beside) > 15
    assert 0 < pixels.shape[0] - beside[:, 0].max() - high < 8
    assert np.array_equal(pixels, stage.drawn_anew())


def test_what_is_seen_or_withdrawn_does_not_alarm(stage: Stage) -> None:
    raised = alarmed(stage, told(stage, at(20), at(40)))
    assert alarmed(stage, told(stage, at(40, state="acknowledged"))) < 0.7 * raised
    pixels = told(stage, at(20, state="withdrawn"))
    assert alarmed(stage, pixels) < 0.2 * raised
    assert np.array_equal(pixels, stage.drawn_anew())


def test_another_symbols_alerts_and_those_of_a_simulation_are_not_marked(stage: Stage) -> None:
    before = stage.show()
    after = told(stage, at(20, symbol="MSFT"), at(20, id="x", simulated=True))
    assert alarmed(stage, before) == alarmed(stage, after)


def lines_of(overlay: Overlay, stage: Stage) -> list[str]:
    pieces = list(overlay.place(stage.scene.view_context()))
    return [text.get_text() for piece in pieces for text in piece.artists if isinstance(text, Text)]


def card(stage: Stage) -> list[str]:
    return next(lines_of(each, stage) for each in stage.scene._overlays._overlays if isinstance(each, BarNotes))


def listing(stage: Stage) -> list[str]:
    return lines_of(stage.scene.alert_list, stage)


def test_the_bar_under_the_mouse_tells_its_alerts(stage: Stage) -> None:
    told(stage, at(30, text="close 101 above 100"), *(at(31, id=f"m{each}", text=f"t{each}") for each in range(9)))
    context, box = stage.scene.view_context(), stage.scene.panels[0].axes.bbox
    stage.scene.point((context.across(30), (box.y0 + box.y1) / 2))
    assert card(stage) == ["▼ close 101 above 100"]
    assert np.array_equal(stage.pixels(), stage.drawn_anew())
    stage.scene.point((context.across(31), (box.y0 + box.y1) / 2))
    assert card(stage)[-1] == "and 3 more"
    stage.scene.point((context.across(32), (box.y0 + box.y1) / 2))
    assert card(stage) == []


def test_the_list_shows_the_newest_first_and_fits(stage: Stage) -> None:
    before = told(stage)
    stage.scene.alert_list.toggle()
    stage.scene.paint()
    assert "no alerts so far" in listing(stage)[1]
    pixels = told(stage, *(at(row, text=f"row {row} " + "long " * 60) for row in range(50)))
    lines = listing(stage)
    piece = next(iter(stage.scene.alert_list.place(stage.scene.view_context())))
    assert "row 49 " in lines[1]
    assert lines[1].endswith("...")
    assert len(lines) == 21
    assert piece.box.x0 >= 0
    assert piece.box.x1 <= stage.canvas.figure.bbox.width
    assert np.array_equal(pixels, stage.drawn_anew())
    stage.scene.alert_list.toggle(off=True)
    stage.viewer.book.take([at(row, state="withdrawn") for row in range(50)])
    assert not np.array_equal(before, stage.show())


def test_the_status_bar_counts_what_nobody_has_seen_and_tells_what_comes(stage: Stage) -> None:
    told(stage, at(30), at(31), at(31, state="acknowledged"))
    assert "1 alert (i)" in stage.viewer.say(utc_now()).parts
    stage.viewer.book.fresh()
    stage.viewer.book.take([at(33, text="close 101 above 100")])
    stage.viewer.look()
    said = stage.viewer.say(utc_now())
    assert said.tone == "alarm"
    assert said.parts[0].endswith("close 101 above 100")
    now = utc_now()
    stage.viewer.book.take([at(0, id="running", state="running", at=now, until=now + timedelta(seconds=30))])
    silent = "the alerts process is silent since"
    assert not any(part.startswith(silent) for part in stage.viewer.say(now).parts)
    assert any(part.startswith(silent) for part in stage.viewer.say(now + timedelta(minutes=1)).parts)
