from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stockstream.indicators import PVT, InvalidBar
from tests.indicators.inputs import BarColumns, Price, assert_identical, make_bars, stream, walk


def columns(closes: list[float], volumes: list[float]) -> BarColumns:
    return make_bars(np.array(closes, dtype=np.float64)) | {"volume": np.array(volumes, dtype=np.float64)}


def test_the_definition_on_bars_that_can_be_checked_by_hand() -> None:
    # Up by a tenth, down by a half, up by a quarter, and nothing.
    trend = stream(PVT(), columns([10.0, 11.0, 5.5, 6.875, 6.875], [700.0, 100.0, 40.0, 8.0, 900.0]))
    assert trend["pvt"].tolist() == [0.0, 10.0, -10.0, -8.0, -8.0]


@pytest.mark.parametrize("nothing", [0.0, -0.0, 1e-50, -1e-60, 5e-324])
def test_a_former_close_of_next_to_nothing_adds_nothing(nothing: float) -> None:
    bars = columns([4.0, nothing, 5.0, 10.0, nothing, 1e100], [10.0, 10.0, 10.0, 10.0, 10.0, 1e100])
    expected = [0.0, -10.0, -10.0, 0.0, -10.0, -10.0]
    assert stream(PVT(), bars)["pvt"].tolist() == expected
    many = {name: np.tile(column, 50) for name, column in bars.items()}
    assert_identical(PVT().batch(many), stream(PVT(), many))


def test_the_widest_step_there_is_leaves_a_number() -> None:
    trend = PVT()
    for close in (1.0000001e-50, 1e100) * 100:
        trend.update(Price(1e100, 0.0, close, volume=1e100))
    assert 1e251 < trend.state()["total"] < 1e253


@pytest.mark.parametrize("volume", [None, -1.0], ids=repr)
def test_a_volume_that_is_none_is_refused(volume: float | None) -> None:
    with pytest.raises(InvalidBar, match=r"close 1\.6, volume "):
        PVT().update(Price(2.0, 1.0, 1.6, volume=volume))


def test_the_trend_against_exact_fractions() -> None:
    bars = make_bars(walk(2000))
    found = PVT().batch(bars)["pvt"]
    exact, largest = Fraction(0), 0.0
    closes, volumes = ([Fraction(each) for each in bars[name].tolist()] for name in ("close", "volume"))
    for place in range(1, 2000):
        exact += volumes[place] * (closes[place] - closes[place - 1]) / closes[place - 1]
        largest = max(largest, abs(float(exact)))
        assert float(abs(Fraction(found[place]) - exact)) <= 1e-14 * largest


def test_what_others_publish(real_data: Path) -> None:
    with (real_data / "indicators" / "bukosabino_ta" / "cs-vpt.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    closes, volumes = ([float(row[name]) for row in rows] for name in ("Close", "Volume"))
    expected = [0.0, *(float(row["unsmoothed vpt"]) for row in rows[1:])]
    np.testing.assert_allclose(PVT().batch(columns(closes, volumes))["pvt"], expected, rtol=1e-9)
