"""A window that is open all day does not grow."""

from __future__ import annotations

import gc
from collections import Counter

import numpy as np
import psutil
import pytest

from stockstream.present.memory import Memory
from stockstream.present.price_levels import Alerts
from stockstream.present.viewer import Viewer
from stockstream.views.frame import Frame
from tests.charts.fake_model import PRICES, FakeFold, FakeModel, bars
from tests.charts.stage import Stage

A_BAR = 20
BEGIN = 200
MOST = 5e6


def plain_stage(whole: Frame) -> Stage:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": whole.slice(slice(0, BEGIN))})), rows=60, size=(4.0, 3.0))
    stage.show()
    return stage


def used_stage(whole: Frame) -> Stage:
    """With all that can stand over a picture."""
    stage = plain_stage(whole)
    watched = Alerts(PRICES, Memory(None), {"AAPL": [98.0, 101.0]})
    stage.viewer = Viewer(stage.model, stage.scene, alerts=watched)
    stage.show()
    stage.scene.distance.begin()
    for place in ((120.0, 120.0), (200.0, 150.0)):
        assert stage.scene.distance.click(stage.scene.view_context(), place)
    return stage


def tick(stage: Stage, whole: Frame, number: int) -> None:
    """The newest bar's price moves, every few ticks there is another; the mouse moves too, and now and then leaves."""
    total = BEGIN + number // A_BAR
    frame = whole.slice(slice(0, total))
    closes = frame["close"]
    closes[-1] = closes[-2] * (1 + 0.001 * np.sin(number))
    stage.model.fold.frames["AAPL"] = frame
    stage.viewer.look()
    if number % 20 == 0:
        stage.scene.point(None if number % 100 == 0 else (60.0 + number % 300, 60.0 + number % 170))
    stage.viewer.refresh()
    stage.scene.paint()


@pytest.mark.parametrize("ticks", [500, pytest.param(20_000, marks=pytest.mark.thorough)])
def test_memory_stays_flat(ticks: int) -> None:
    whole = bars(BEGIN + ticks // A_BAR)
    stage = plain_stage(whole)
    process = psutil.Process()
    before = 0
    for number in range(1, ticks + 1):
        tick(stage, whole, number)
        if number == 200 + ticks // 10:
            gc.collect()
            before = process.memory_info().rss
    gc.collect()
    grown = process.memory_info().rss - before
    assert grown <= MOST, f"{grown / 1e6:.1f} MB"


@pytest.mark.parametrize("ticks", [300, pytest.param(1_000, marks=pytest.mark.thorough)])
def test_no_artist_is_made(ticks: int) -> None:
    whole = bars(BEGIN + ticks // A_BAR)
    stage = used_stage(whole)
    counts = []
    for number in range(1, ticks + 101):
        tick(stage, whole, number)
        if number in (100, ticks + 100):
            found = Counter(type(artist).__name__ for artist in stage.canvas.figure.findobj())
            counts.append((found["PathPatch"], found["Rectangle"], len(stage.canvas.figure.get_children())))
    assert counts[0] == counts[1]
