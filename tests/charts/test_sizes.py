"""Windows from tiny to large: none fails, no texts overlap, and the panels keep the available room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stockstream.present.status_bar import utc_now
from stockstream.views.frame import Frame
from tests.charts.fake_model import COUNTS, OSCILLATOR, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Stage
from tests.charts.words_drawn import drawn_words, overlaps
from tests.crosses import diagonal


def prices(factor: float = 1.0) -> FakeModel:
    frame = bars(300, forming=True)
    frame = Frame("time", {name: frame[name] * factor if name != "time" else frame[name] for name in frame})
    return FakeModel(PRICES, FakeFold({"AAPL": frame}, {"AAPL": "AAPL 1m"}, fake=factor != 1.0))


def many() -> FakeModel:
    view = replace(PRICES, panels=(*PRICES.panels, *OSCILLATOR.panels, *PRICES.panels))
    return FakeModel(view, FakeFold({"AAPL": bars(300)}, {"AAPL": "AAPL 1m"}))


def airlines() -> FakeModel:
    frames = {f"A{number}": days(365, seed=number, level=200 * number) for number in range(1, 15)}
    return FakeModel(COUNTS, FakeFold(frames, {key: f"{key} Airlines Inc." for key in frames}, where=None))


MODELS = {"prices": prices, "large": lambda: prices(54_321.0), "many": many, "airlines": airlines}
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
SIZES = [(1, 1), (20, 300), (300, 20), (60, 40), (150, 100), (240, 160), (300, 200), (600, 400), (1000, 600)]


def at_size(model: FakeModel, size: tuple[int, int]) -> Stage:
    stage = Stage(model, rows=None if model.view is COUNTS else 200, size=(size[0] / 100, size[1] / 100))
    stage.show()
    return stage


@every_model
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_it_survives_any_size_and_what_is_done_there(model: Callable[[], FakeModel], size: tuple[int, int]) -> None:
    stage = at_size(model(), size)
    for across, up in ((0.5, 0.5), (0.99, 0.01), (-0.2, 0.5), (0.3, 1.4)):
        stage.scene.point((across * size[0], up * size[1]))
        stage.flag((across * size[0], up * size[1]))
        stage.scene.viewport.zoom(0.7, around=100.0)
        stage.scene.distance.begin()
        assert np.array_equal(stage.show(), stage.drawn_anew())
    stage.scene.help.toggle()
    stage.scene.paint()
    assert np.array_equal(stage.pixels(), stage.drawn_anew())


@every_model
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_words_lie_over_others(model: Callable[[], FakeModel], size: tuple[int, int]) -> None:
    assert overlaps(drawn_words(at_size(model(), size))) == []


WAITING = [
    "the broker at 127.0.0.1:9092: the connection is refused; stockstream broker starts one",
    "topic stocks on kafka-1.europe.an-exchange.example:9092",
    "symbol NVDA: the topic stocks holds AAPL, GOOG and MSFT (intervals 1d, 1m)",
]


@pytest.mark.parametrize(("model", "waiting", "size"), diagonal(list(MODELS.values()), WAITING, [*SIZES, (400, 300)]))
def test_what_a_window_waits_for_stays_within_it(
    model: Callable[[], FakeModel], waiting: str, size: tuple[int, int]
) -> None:
    empty = replace(model(), fold=FakeFold({}), waiting=waiting, connected=False)
    stage = at_size(empty, size)
    stage.viewer.say(utc_now())
    words = drawn_words(stage)
    assert overlaps(words) == []
    for text, box in words:
        if text in stage.scene.message.artist.get_text().split("\n"):
            assert 0 <= box.x0 <= box.x1 <= size[0], text
            assert -1 <= box.y0 <= box.y1 <= size[1] + 1, text
    if size >= (300, 200):
        said = stage.scene.message.artist.get_text().split()
        assert "".join(said) == f"waiting for {waiting}".replace(" ", "")
        assert not any(panel.axes.get_visible() for panel in stage.scene.panels)


@pytest.mark.parametrize("size", SIZES[5:], ids=str)
def test_every_airline_is_in_the_legend_or_counted(size: tuple[int, int]) -> None:
    said = [text for text, _ in drawn_words(at_size(airlines(), size))]
    listed = [text for text in said if text in {f"A{number}" for number in range(1, 15)}]
    counted = [int(text) for text in said if text.startswith("+")]
    assert listed
    assert len(listed) + sum(counted) == 14


@pytest.mark.parametrize("size", [(300, 200), (600, 400)], ids=str)
def test_a_remark_stays_within_its_panel(size: tuple[int, int]) -> None:
    frame = bars(300)
    blank = Frame("time", {name: frame[name] for name in frame if name not in ("up", "down", "oscillator")})
    model = FakeModel(OSCILLATOR, FakeFold({"AAPL": blank}, {"AAPL": "AAPL 1m"}))
    stage = at_size(model, size)
    for panel in stage.scene.panels:
        panel.message.say("undefined: the price did not move, and so the range of these bars is zero")
    stage.scene.viewport.zoom(0.9, around=100.0)
    stage.scene.paint()
    for panel in stage.scene.panels:
        words, box = panel.message.artist.get_window_extent(), panel.axes.bbox
        assert panel.message.artist.get_text()
        assert box.x0 <= words.x0 <= words.x1 <= box.x1
        assert box.y0 - 1 <= words.y0 <= words.y1 <= box.y1 + 1


@every_model
@pytest.mark.parametrize("size", [(60, 40), (300, 200), (600, 400), (1000, 700), (1900, 1100)], ids=str)
def test_panels_have_more_than_half_of_the_height(model: Callable[[], FakeModel], size: tuple[int, int]) -> None:
    stage = at_size(model(), size)
    boxes = [panel.axes.bbox for panel in stage.scene.panels]
    assert sum(box.height for box in boxes) > size[1] / 2
    assert all(box.width > size[0] / 2 for box in boxes)


def test_at_600_by_400_prices_have_more_than_half_of_the_window() -> None:
    stage = at_size(prices(), (600, 400))
    boxes = [panel.axes.bbox for panel in stage.scene.panels]
    assert sum(box.height * box.width for box in boxes) > 600 * 400 / 2
    stage.viewer.say(utc_now())
    said = [text for text, _ in drawn_words(stage)]
    assert any(text.startswith("AAPL 1m - Bands") for text in said)
    assert any(text.startswith("● connected") for text in said)


def test_the_symbol_is_said_in_a_small_window_and_the_whole_title_to_the_frame() -> None:
    stage = at_size(prices(54_321.0), (150, 200))
    assert any(text.startswith("AAPL") for text, _ in drawn_words(stage))
    assert stage.scene.header.whole == "SIMULATED AAPL 1m - Bands (20, 2)"
