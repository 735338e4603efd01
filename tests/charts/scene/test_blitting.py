"""A blit equals a full draw, pixel for pixel, at any position of the seam."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from stockstream.views.frame import Frame
from stockstream.views.view import View
from tests.charts.fake_model import COUNTS, OSCILLATOR, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Stage


@pytest.mark.parametrize("view", [PRICES, OSCILLATOR], ids=lambda view: view.name)
@pytest.mark.parametrize(
    ("every", "rows", "start"),
    [(1, 500, 40), (7, 500, 60), (1, 500, 700), (7, 1_500, 1_600), (1, 5_000, 5_200), (7, 5_000, 5_200)],
)
def test_blitted_picture_is_that_of_a_full_draw(view: View[Any], every: int, rows: int, start: int) -> None:
    steps = 12 if every == 1 else 22
    whole = bars(start + steps)
    stage = Stage(FakeModel(view, FakeFold({"AAPL": whole})), rows=rows, size=(10.0, 6.0))
    compared = 0
    for total in range(start, start + steps):
        full = stage.full
        for frame in (forming(whole, total), whole.slice(slice(0, total))):
            blitted = stage.show(frame)
            if total % every == 0 and stage.full == full:
                assert np.array_equal(blitted, stage.drawn_anew()), f"at {total} rows"
                compared += 1
    assert compared


def forming(whole: Frame, total: int) -> Frame:
    """The first rows of a frame, the last of them still forming."""
    frame = whole.slice(slice(0, total))
    columns = {name: frame[name].copy() for name in frame}
    columns["close"][-1] = (columns["high"][-1] + columns["open"][-1]) / 2
    columns["final"][-1] = False
    return Frame("time", columns)


@pytest.mark.parametrize("rows", [20, 60])
def test_groups_are_blitted_as_they_are_drawn(rows: int) -> None:
    frames = {key: days(rows, seed=seed) for seed, key in enumerate(("AA", "DL", "UA"))}
    model = FakeModel(COUNTS, FakeFold(frames, where=None))
    stage = Stage(model)
    stage.show()
    full = stage.full
    for step in range(5):
        counts = frames["DL"]["flights"].copy()
        counts[step : step + 3] -= 7
        model.fold.frames["DL"] = Frame("day", {"day": frames["DL"]["day"], "flights": counts})
        blitted = stage.show()
        assert stage.full == full + step
        assert np.array_equal(blitted, stage.drawn_anew())


def test_changed_words_are_blitted_as_they_are_drawn() -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": bars(100)})))
    stage.show()
    full = stage.full
    for note in ("saved somewhere", "", "another thing to say"):
        stage.viewer.note(note)
        stage.viewer.say(datetime(2026, 3, 2, 15, 0, tzinfo=UTC))
        stage.scene.paint()
        assert stage.full == full
        blitted = stage.pixels()
        assert np.array_equal(blitted, stage.drawn_anew())
        full = stage.full


def test_gaps_are_blitted_as_they_are_drawn() -> None:
    whole = bars(160)
    for name in ("lower", "middle", "upper", "volume"):
        whole[name][100:104] = np.nan
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": whole})))
    stage.show(whole.slice(slice(0, 98)))
    for total in range(99, 108):
        full = stage.full
        blitted = stage.show(whole.slice(slice(0, total)))
        if stage.full == full and total % 3 == 0:
            assert np.array_equal(blitted, stage.drawn_anew())


def test_correction_in_history_is_drawn() -> None:
    whole = bars(200)
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": whole})))
    stage.show()
    full = stage.full
    columns = {name: whole[name].copy() for name in whole}
    columns["close"][50] = columns["open"][50]
    corrected = stage.show(Frame("time", columns))
    assert stage.full == full + 1
    assert np.array_equal(corrected, Stage(stage.model).show(Frame("time", columns)))


@pytest.mark.parametrize("back", [1, 2])
def test_the_newest_bars_change_without_a_full_draw(back: int) -> None:
    whole = bars(200)
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": whole})))
    before = stage.show()
    full = stage.full
    columns = {name: whole[name].copy() for name in whole}
    columns["close"][-back] = columns["high"][-back]
    assert not np.array_equal(stage.show(Frame("time", columns)), before)
    assert stage.full == full


def test_nothing_is_drawn_where_nothing_changed() -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": bars(200)})))
    before = stage.show()
    full = stage.full
    assert np.array_equal(stage.show(), before)
    assert stage.full == full


def test_frame_that_is_written_to_afterwards_is_noticed() -> None:
    """A fold may reuse its columns for the next frame; what was cached is compared with a copy."""
    whole = bars(200)
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": whole})))
    stage.show()
    full = stage.full
    whole["close"][20] += 0.1
    stage.show(whole)
    assert stage.full == full + 1
