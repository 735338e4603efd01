"""A picture file is updated in place."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from stockstream.charts.theme import light
from stockstream.charts.window import picture as module
from stockstream.charts.window.picture import Picture, size_of
from stockstream.errors import StockstreamError
from stockstream.present import airlines
from stockstream.present.options import PictureOptions
from tests.charts.fake_model import COUNTS, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Pixels, Stage, ink


@pytest.fixture
def model() -> FakeModel:
    return FakeModel(PRICES, FakeFold({"AAPL": bars(300)}), received=datetime.now(UTC))


def pixels(path: Path) -> Pixels:
    return np.asarray((imread(path) * 255).round().astype(np.uint8))


def test_it_is_what_a_window_shows(model: FakeModel, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Picture(model, file).finish()
    stage = Stage(model, size=(10, 6))
    stage.show()
    drawn = pixels(file)
    assert drawn.shape == (600, 1000, 4)
    # Beneath the status bar, which alone differs: a window shows ages, a picture the time of drawing.
    assert np.array_equal(drawn[64:], stage.pixels()[64:])
    assert ink(drawn, light().up) > 300


def test_it_is_drawn_anew_for_something_new(model: FakeModel, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    picture = Picture(model, file)
    picture.finish()
    first = pixels(file)
    model.fold.frames["AAPL"] = bars(301)
    picture.finish()
    assert not np.array_equal(pixels(file)[64:], first[64:])


def test_it_says_which_source_is_live(model: FakeModel, tmp_path: Path) -> None:
    """Where another takes over with the same bars, the picture is drawn anew."""
    file = tmp_path / "a.png"
    picture = Picture(model, file)
    strips = []
    for model.fold.source in ("yahoo", "binance"):
        picture.finish()
        strips.append((picture.scene.header.status_bar.artist.get_text(), file.stat().st_ino))
    assert ["source yahoo" in text for text, _ in strips] == [True, False]
    assert "source binance" in strips[1][0]
    assert strips[0][1] != strips[1][1]


def test_it_is_drawn_at_most_once_a_second(model: FakeModel, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    picture = Picture(model, file)
    picture.refresh()
    first = file.stat().st_ino
    model.fold.frames["AAPL"] = bars(310)
    picture.refresh()
    assert file.stat().st_ino == first
    picture.finish()
    assert file.stat().st_ino != first


def test_levels_are_watched(model: FakeModel, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "a.png"
    level = float(model.fold.frames["AAPL"]["close"][-1]) + 0.1
    picture = Picture(model, file, PictureOptions(alerts={"AAPL": [level]}))
    picture.finish()
    assert picture.scene.alerts._levels == ((0, level, False),)
    picture.finish()
    model.fold.frames["AAPL"]["close"][-1] += 0.2
    picture.finish()
    assert [record.message[:16] for record in caplog.records] == ["AAPL: close rose"]
    assert ink(pixels(file)[:64], light().alarm) > 5_000


def test_the_strip_is_kept_true(model: FakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.png"
    now = datetime(2026, 3, 2, 15, 0, 30, tzinfo=UTC)
    monkeypatch.setattr(module, "utc_now", lambda: now)
    picture = Picture(model, file)
    picture.finish()
    first = file.stat().st_ino
    now += timedelta(seconds=20)
    picture.finish()
    assert file.stat().st_ino == first
    now += timedelta(seconds=20)
    picture.finish()
    assert file.stat().st_ino != first


def test_a_reader_never_meets_half_a_file(model: FakeModel, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"what was there before")
    with file.open("rb") as reader:
        Picture(model, file).finish()
        assert reader.read() == b"what was there before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("where", ["no/such/folder/a.png", "a.png/"])
def test_a_file_that_cannot_be_written_is_one_line(model: FakeModel, tmp_path: Path, where: str) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(StockstreamError) as caught:
        Picture(model, tmp_path / where).finish()
    assert str(caught.value).startswith(str(tmp_path / where))
    assert "--headless" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_must_not_be_written(model: FakeModel, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StockstreamError, match="Permission denied"):
        Picture(model, tmp_path / "a.png").finish()


def test_groups_and_other_sizes(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    frames = {key: days(31, seed=seed) for seed, key in enumerate(("AA", "DL", "UA"))}
    Picture(FakeModel(COUNTS, FakeFold(frames, where=None)), file, size=(6, 4)).finish()
    drawn = pixels(file)
    assert drawn.shape == (400, 600, 4)
    areas = [ink(drawn, light().color(place)) for place in airlines.palette_indexes(frames).values()]
    sums = [int(frame["flights"].sum()) for frame in frames.values()]
    for area, total in zip(areas, sums, strict=True):
        assert area / areas[0] == pytest.approx(total / sums[0], rel=0.03)


def test_a_picture_is_as_tall_as_its_panels_need_but_no_taller_than_a_screen() -> None:
    sizes = [size_of(replace(PRICES, panels=PRICES.panels[:1] * count)) for count in (1, 2, 3, 5, 20)]
    assert sizes[:2] == [(10.0, 6.0), (10.0, 6.0)]
    assert {width for width, _ in sizes} == {10.0}
    heights = [height for _, height in sizes]
    assert heights[1] < heights[2] < heights[3] < heights[4] <= 9.5


def test_a_picture_of_many_panels_has_their_size(tmp_path: Path) -> None:
    view = replace(PRICES, panels=PRICES.panels * 2)
    file = tmp_path / "a.png"
    Picture(FakeModel(view, FakeFold({"AAPL": bars(30)})), file).finish()
    assert pixels(file).shape[:2] == (round(100 * size_of(view)[1]), 1000)
