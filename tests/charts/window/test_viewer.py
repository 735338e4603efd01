"""A paused window keeps its picture."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from tests.charts.fake_model import PRICES, FakeFold, FakeModel, bars
from tests.charts.stage import Stage


def strip(stage: Stage) -> str:
    stage.viewer.say(datetime.now(UTC))
    return stage.scene.header.status_bar.artist.get_text()


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


def test_the_strip_says_which_source_is_live() -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({"A": bars(100)}, source="yahoo")), size=(10, 6))
    stage.show()
    assert "source yahoo" in strip(stage)
    stage.model.fold.source = "binance"
    stage.model.fold.frames["A"] = bars(101)
    stage.show()
    assert "source binance" in strip(stage)
