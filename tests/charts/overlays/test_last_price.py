"""The last price is shown in the margin at its height."""

from __future__ import annotations

import numpy as np
import pytest

from stockstream.charts.theme import light
from stockstream.views.frame import Frame
from tests.charts.fake_model import COUNTS, OSCILLATOR, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Pixels, Stage


def on_stage(frame: Frame, size: tuple[float, float] = (10.0, 6.0)) -> Stage:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": frame})), rows=100, size=size)
    stage.show()
    return stage


def closing(frame: Frame, close: float) -> Frame:
    closes = frame["close"].copy()
    closes[-1] = close
    return Frame("time", {**frame.columns, "close": closes})


def margin(stage: Stage, pixels: Pixels) -> Pixels:
    return pixels[:, int(np.ceil(stage.scene.panels[0].axes.bbox.x1)) + 2 :]


@pytest.mark.parametrize(("share", "color"), [(0.75, light().up), (0.25, light().down)])
def test_it_is_at_its_height_and_in_the_colour_of_its_direction(share: float, color: str) -> None:
    frame = bars(200)
    stage = on_stage(frame)
    low, high = stage.scene.panels[0].axes.get_ylim()
    price = low + share * (high - low)
    frame["open"][0] = price + (1.0 if color == light().down else -1.0)
    beside = margin(stage, stage.show(closing(frame, price)))
    filled = (beside[:, :, :3] == [int(color[place : place + 2], 16) for place in (1, 3, 5)]).all(axis=2)
    rows = np.flatnonzero(filled.sum(axis=1) > 20)
    height = stage.scene.panels[0].axes.transData.transform((0, price))[1]
    assert len(beside) - rows.mean() == pytest.approx(height, abs=3)


def test_it_changes_without_a_full_draw() -> None:
    frame = bars(200, forming=True)
    stage = on_stage(frame)
    full, seen = stage.full, set()
    for share in np.linspace(0.05, 0.95, 12):
        blitted = stage.show(closing(frame, float(frame["low"][-1] + share * (frame["high"][-1] - frame["low"][-1]))))
        assert stage.full == full
        assert np.array_equal(blitted, stage.drawn_anew())
        full = stage.full
        seen.add(margin(stage, blitted).tobytes())
    assert len(seen) == 12


@pytest.mark.parametrize("share", [-3.0, -0.01, 0.01, 0.1, 0.9, 0.99, 4.0])
@pytest.mark.parametrize("size", [(10.0, 6.0), (4.0, 3.0), (3.0, 2.0)])
def test_it_stays_beside_its_panel(share: float, size: tuple[float, float]) -> None:
    frame = bars(200)
    stage = on_stage(frame, size)
    axes = stage.scene.panels[0].axes
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    stage.show(closing(frame, low + share * (high - low)))
    beside = margin(stage, stage.drawn_anew())
    inked = np.flatnonzero((beside[:, :, :3] < 200).any(axis=(1, 2)))
    caption = len(beside) - axes.bbox.y1
    below = inked[inked > caption - 2]
    if axes.bbox.height > 20:
        assert len(below)
    assert all(len(beside) - below >= axes.bbox.y0 - 3)


def test_a_longer_price_gets_its_room() -> None:
    frame = bars(200)
    stage = on_stage(frame)
    before = stage.scene.panels[0].axes.bbox.x1
    for name in ("open", "high", "low", "close", "lower", "middle", "upper"):
        frame[name][:] *= 10_000
    after = stage.show(Frame("time", dict(frame.columns)))
    assert stage.scene.panels[0].axes.bbox.x1 < before
    assert (margin(stage, after)[:, -1, :3] == 255).all()


def test_there_is_none_without_prices() -> None:
    for view, frame in ((OSCILLATOR, bars(100)), (COUNTS, days(20))):
        stage = Stage(FakeModel(view, FakeFold({"AAPL": frame}, where=None)))
        stage.show()
        assert stage.scene._price is None
        assert stage.scene.panels[0].axes.bbox.x1 > 0.95 * 700


@pytest.mark.parametrize(("share", "arrow"), [(1.3, "↑"), (-0.3, "↓"), (0.6, "")])
def test_a_price_off_the_scale_is_hollow_with_an_arrow_at_the_edge(share: float, arrow: str) -> None:
    frame = bars(200)
    stage = on_stage(frame)
    axes = stage.scene.panels[0].axes
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)  # by hand: it does not follow the price
    blitted = stage.show(closing(frame, low + share * (high - low)))
    price = stage.scene._price
    assert price is not None
    assert price.lines[0].startswith(arrow) if arrow else price.lines[0][0].isdigit()
    box = price._tags[0]._box
    assert (box.get_facecolor()[:3] == (1.0, 1.0, 1.0)) == bool(arrow)
    assert np.array_equal(blitted, stage.drawn_anew())


@pytest.mark.parametrize("height", [6.0, 6.01, 6.03, 6.04])
def test_it_is_shown_at_the_lower_edge_whatever_pixel_that_is_at(height: float) -> None:
    frame = bars(200)
    stage = on_stage(frame, (10.0, height))
    axes = stage.scene.panels[0].axes
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    beside = margin(stage, stage.show(closing(frame, low - (high - low))))
    edge = round(len(beside) - axes.bbox.y0)
    assert (beside[edge - 12 : edge, :, :3] < 200).any()


def test_a_scale_that_is_moved_off_the_price_says_so() -> None:
    stage = on_stage(bars(200))
    assert stage.scene._price is not None
    stage.scene.panels[0].axes.set_ylim(1.0, 2.0)
    stage.scene.paint()
    assert stage.scene._price.lines[0].startswith("↑ ")
    stage.scene.viewport.follow()
    stage.scene.paint()
    assert stage.scene._price.lines[0][0].isdigit()
