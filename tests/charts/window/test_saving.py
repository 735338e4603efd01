"""Files that a window writes on request."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from stockstream.charts.theme import THEMES
from stockstream.charts.window.saving import FORMATS, file_name, save_picture, save_rows
from stockstream.errors import StockstreamError
from stockstream.views.frame import Frame
from tests.charts.fake_model import COUNTS, PRICES, FakeFold, FakeModel, bars, days
from tests.charts.stage import Stage

HEADS = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}


def shown() -> Stage:
    stage = Stage(FakeModel(PRICES, FakeFold({"AAPL": bars(600)})))
    stage.show()
    return stage


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("form", FORMATS)
def test_picture_is_what_is_shown(form: str, tmp_path: Path) -> None:
    stage = shown()
    stage.scene.set_theme(THEMES["dark"])
    stage.scene.paint()
    before = stage.pixels()
    stage.scene.point((350.0, 220.0))
    stage.scene.help.toggle()
    stage.scene.paint()
    path = tmp_path / f"it.{form}"
    save_picture(stage.scene, path)
    assert path.read_bytes().startswith(HEADS[form])
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    if form == "png":
        assert np.abs(imread(path) * 255 - before).max() <= 1
    stage.scene.point(None)
    stage.scene.help.toggle()
    stage.scene.paint()
    assert np.array_equal(stage.pixels(), before)


def test_rows_in_view_are_those_between_the_edges(tmp_path: Path) -> None:
    stage = shown()
    frame = bars(600)
    stage.scene.panels[0].axes.set_xlim(99.4, 149.6)
    path = tmp_path / "it.csv"
    assert save_rows(stage.scene, PRICES, path) == 50
    header, *body = rows(path)
    assert header[:3] == ["time", "symbol", "open"]
    assert body[0][:2] == [f"{frame['time'][100].astype('M8[s]')}Z", "AAPL"]
    assert [float(row[header.index("close")]) for row in body] == frame["close"][100:150].tolist()


def test_rows_of_many_keys_are_apart_again(tmp_path: Path) -> None:
    one, other = days(40), days(40, seed=2)
    other = Frame("day", {name: other[name][np.arange(40) != 20] for name in other})
    stage = Stage(FakeModel(COUNTS, FakeFold({"AA": one, "DL": other}, where=None)), rows=None)
    stage.show()
    stage.scene.panels[0].axes.set_xlim(14.5, 24.5)
    path = tmp_path / "it.csv"
    assert save_rows(stage.scene, COUNTS, path) == 19
    header, *body = rows(path)
    assert header == ["day", "airline", "flights"]
    assert [row[1] for row in body] == ["AA"] * 10 + ["DL"] * 9
    assert [int(row[2]) for row in body[:10]] == one["flights"][15:25].tolist()


def test_nothing_in_view_is_a_header(tmp_path: Path) -> None:
    stage = Stage(FakeModel(PRICES, FakeFold({})))
    stage.show()
    path = tmp_path / "it.csv"
    assert save_rows(stage.scene, PRICES, path) == 0
    assert rows(path)[0][0] == "time"


def test_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    stage = shown()
    with pytest.raises(StockstreamError, match=r"gone.it\.png cannot be written: No such file"):
        save_picture(stage.scene, tmp_path / "gone" / "it.png")


def test_names_are_safe_for_any_symbol() -> None:
    now = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
    assert file_name(PRICES, "BRK/B", now, "svg") == "bands-BRK_B-20260302T150405Z.svg"
    assert file_name(COUNTS, "", now, "csv") == "counts-20260302T150405Z.csv"
