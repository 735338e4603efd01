"""Two clicks measure a distance, which stays over the picture until it is removed."""

from __future__ import annotations

import numpy as np
import pytest

from stockstream.views.frame import Frame
from tests.charts.fake_model import COUNTS, OSCILLATOR, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Stage


def on_stage(frame: Frame) -> Stage:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": frame, "MSFT": bars(150, seed=2)})), rows=100, size=(10.0, 6.0))
    stage.show()
    return stage


def place(stage: Stage, row: float, value: float, panel: int = 0) -> tuple[float, float]:
    x, y = stage.scene.panels[panel].axes.transData.transform((row, value))
    return float(x), float(y)


def click(stage: Stage, row: float, value: float, panel: int = 0) -> bool:
    taken = stage.scene.distance.click(stage.scene.view_context(), place(stage, row, value, panel))
    stage.scene.paint()
    return taken


def label(stage: Stage) -> str:
    return str(stage.scene.distance._words._words.get_text())


def inside(stage: Stage) -> tuple[float, float]:
    low, high = stage.scene.panels[0].axes.get_ylim()
    return low + 0.2 * (high - low), low + 0.7 * (high - low)


def test_change_percent_bars_and_time_are_reported() -> None:
    stage = on_stage(bars(200))
    low, high = inside(stage)
    stage.scene.distance.begin()
    assert click(stage, 120, low)
    assert click(stage, 185.3, high)
    pixel = (high - low) / 100
    change, share = label(stage).split(", ")[0].removeprefix("▲ +").rstrip("%)").split(" (")
    assert float(change) == pytest.approx(high - low, abs=pixel)
    assert float(share) == pytest.approx(100 * (high - low) / low, abs=0.05)
    assert label(stage).endswith(", 65 bars, 1 h 5 min")
    stage.scene.distance.begin()
    click(stage, 185, high)
    click(stage, 184, low)
    assert label(stage).startswith("▼ -")
    assert label(stage).endswith(", 1 bar, 1 min")


def test_it_is_blitted_and_leaves_no_trace() -> None:
    stage = on_stage(bars(200))
    before, full = stage.pixels(), stage.full
    low, high = inside(stage)
    stage.scene.distance.begin()
    click(stage, 120, low)
    seen = []
    for row, value in ((130, high), (190, low), (110, high)):
        stage.scene.point(place(stage, row, value))
        seen.append(stage.pixels())
    click(stage, 150, high)
    stage.scene.point(None)
    drawn = stage.pixels()
    assert stage.full == full
    assert len({pixels.tobytes() for pixels in (before, *seen, drawn)}) == 5
    assert np.array_equal(drawn, stage.drawn_anew())
    assert stage.scene.distance.cancel()
    stage.scene.paint()
    assert np.array_equal(stage.pixels(), before)
    assert not stage.scene.distance.cancel()


def test_only_clicks_that_are_waited_for_are_taken() -> None:
    stage = on_stage(bars(200))
    low, high = inside(stage)
    assert not click(stage, 120, low)
    stage.scene.distance.begin()
    assert not stage.scene.distance.click(stage.scene.view_context(), (3.0, 3.0))
    assert [click(stage, row, high) for row in (120, 130, 140)] == [True, True, False]
    stage.scene.distance.begin()
    stage.scene.distance.cancel()
    assert not click(stage, 120, low)


def test_ends_hold_on_to_their_bars_and_values() -> None:
    whole = bars(400)
    stage = on_stage(whole.slice(slice(0, 200)))
    low, high = inside(stage)
    stage.scene.distance.begin()
    click(stage, 150, low)
    click(stage, 160, high)
    said, drawn = label(stage), stage.scene.distance._ends
    for total in range(201, 240):
        stage.show(whole.slice(slice(0, total)))
    assert (label(stage), stage.scene.distance._ends) == (said, drawn)
    stage.show(Frame("time", {name: np.delete(whole[name][:240], 155) for name in whole}))
    assert label(stage) == said.replace("10 bars", "9 bars")
    assert np.array_equal(stage.pixels(), stage.drawn_anew())


def test_it_goes_with_its_symbol() -> None:
    stage = on_stage(bars(200))
    stage.scene.distance.begin()
    click(stage, 150, inside(stage)[0])
    stage.viewer.turn(1)
    assert not stage.scene.distance.cancel()


@pytest.mark.parametrize("row", [101, 150, 199])
@pytest.mark.parametrize("share", [0.01, 0.99])
def test_its_words_stay_in_their_panel(row: int, share: float) -> None:
    stage = on_stage(bars(200))
    low, high = stage.scene.panels[0].axes.get_ylim()
    stage.scene.distance.begin()
    click(stage, 150, inside(stage)[0])
    click(stage, row, low + share * (high - low))
    box, words = stage.scene.panels[0].axes.bbox, stage.scene.distance._words._box.get_window_extent()
    assert box.x0 <= words.x0 < words.x1 <= box.x1
    assert box.y0 - 1 <= words.y0 < words.y1 <= box.y1 + 1


def test_a_second_click_in_another_panel_is_at_the_edge_of_the_first() -> None:
    stage = on_stage(bars(200))
    stage.scene.distance.begin()
    click(stage, 150, inside(stage)[1])
    assert click(stage, 160, 100.0, panel=1)
    assert stage.scene.distance._ends[1].value == pytest.approx(stage.scene.panels[0].axes.get_ylim()[0])


def test_an_oscillator_has_no_percent_and_flights_have_no_bars() -> None:
    stage = Stage(FakeModel(OSCILLATOR, FakeFold({"AAPL": bars(100)})))
    stage.show()
    stage.scene.distance.begin()
    click(stage, 50, 20)
    click(stage, 60, 40)
    assert label(stage) == "▲ +20.0, 10 bars, 10 min"
    stage = Stage(FakeModel(COUNTS, FakeFold({"AA": days(20)}, where=None)))
    stage.show()
    stage.scene.distance.begin()
    click(stage, 5, 400)
    click(stage, 12, 800)
    words = label(stage).split(", ")
    assert words[0].startswith("▲ +")
    assert words[0].endswith("%)")
    assert words[1:] == ["7 days"]
