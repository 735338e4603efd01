from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import MFI, InvalidBar, MFIPoint
from tests.indicators.inputs import (
    BarColumns,
    Floats,
    Price,
    assert_identical,
    changed,
    each_file,
    make_bars,
    stream,
    walk,
)
from tests.indicators.peers import on_walks


def talibs(columns: BarColumns, period: int) -> Floats:
    return talib.MFI(columns["high"], columns["low"], columns["close"], columns["volume"], period)


def by_definition(columns: BarColumns, period: int) -> Floats:
    """The index from exact sums of the flows as they are rounded, each value rounded at the end."""
    typical = (columns["high"] + columns["low"] + columns["close"]) / 3
    flows = [Fraction(flow) for flow in (np.abs(typical) * columns["volume"]).tolist()]
    change = np.diff(typical, prepend=typical[0])
    signs = (np.sign(change) * (np.abs(change) > 2e-14 * np.abs(typical))).tolist()
    found = np.full(len(typical), np.nan)
    for end in range(period + 1, len(typical) + 1):
        window = range(end - period, end)
        up, down = (sum((flows[place] for place in window if signs[place] == sign), Fraction(0)) for sign in (1, -1))
        found[end - 1] = 100 * up / (up + down) if up + down else 50
    return found


def test_the_definition_on_bars_that_can_be_checked_by_hand() -> None:
    mfi = MFI(period=2)
    bars = [(10, 8, 9, 100), (11, 9, 10, 30), (13, 11, 12, 50), (14, 10, 12, 99), (12, 8, 10, 40)]
    points = [mfi.update(Price(high, low, close, volume=volume)) for high, low, close, volume in bars]
    # Flows of +300 and +600, none as 12 stays 12, and -400.
    assert points == [None, None, MFIPoint(100.0), MFIPoint(100.0), MFIPoint(0.0)]
    point = mfi.update(Price(12, 10, 11, volume=100))
    assert point is not None
    assert point.mfi == pytest.approx(110000 / 1500)


@pytest.mark.parametrize("period", [1, 2, 14, 100])
def test_the_definition_with_exact_sums(period: int) -> None:
    columns = changed(make_bars(walk(900), 0.5), lambda column: np.round(column, 1))
    columns["volume"][300:600] *= np.random.default_rng(5).choice([0.0, 1e-9, 1.0, 1e9], 300)
    expected = by_definition(columns, period)
    for found in (MFI(period).batch(columns), stream(MFI(period), columns)):
        np.testing.assert_allclose(found["mfi"], expected, rtol=1e-14)


def test_a_long_window_with_two_large_flows_keeps_its_digits() -> None:
    closes = np.cumsum(np.tile([3.0, -1.0], 400)) + 100
    columns = make_bars(closes) | {"volume": np.ones(800)}
    columns["volume"][[400, 401]] = 1e12
    expected = by_definition(columns, 400)
    for found in (MFI(400).batch(columns), stream(MFI(400), columns)):
        np.testing.assert_allclose(found["mfi"], expected, rtol=1e-15)


def test_a_volume_of_1e15_leaves_no_trace_where_talib_keeps_one() -> None:
    columns = make_bars(walk(400), 0.5)
    plain = MFI().batch(columns)["mfi"]
    columns["volume"][200] = 1e15
    assert np.flatnonzero(MFI().batch(columns)["mfi"][14:] != plain[14:]).tolist() == [*range(186, 200)]
    assert np.abs(talibs(columns, 14) - plain)[214:].max() > 1e-9


def test_without_any_flow_it_is_50_where_talib_gives_0() -> None:
    flat = make_bars(np.full(300, 12.34))
    idle = make_bars(walk(300)) | {"volume": np.zeros(300)}
    for columns in (flat, idle):
        assert MFI(5).batch(columns)["mfi"][5:].tolist() == [50.0] * 295
        assert talibs(columns, 5)[5:].tolist() == [0.0] * 295


def test_a_flow_is_a_size_where_talib_gives_0_for_negative_prices() -> None:
    columns = make_bars(walk(300, start=-100.0), 0.5)
    np.testing.assert_allclose(MFI(5).batch(columns)["mfi"], by_definition(columns, 5), rtol=1e-14)
    assert not talibs(columns, 5)[5:].any()


def test_flows_of_one_direction_only_make_exactly_100_and_0() -> None:
    for columns, expected in (
        (make_bars(np.sqrt(np.arange(1.0, 400))), 100.0),
        (make_bars(-walk(1) - np.arange(399)), 0.0),
    ):
        columns["volume"] += 0.1
        found = MFI(9).batch(columns)
        assert set(found["mfi"][9:].tolist()) == {expected}
        assert_identical(stream(MFI(9), columns), found)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0.5, 0.1, 0.3), (0.4, 0.2, 0.3)),
        ((100.74, 99.98, 100.36), (100.68, 100.04, 100.36)),
        ((5000.64, 5000.14, 5000.39), (5000.61, 5000.17, 5000.39)),
    ],
)
def test_a_typical_price_that_only_rounds_otherwise_has_not_changed(
    one: tuple[float, float, float], other: tuple[float, float, float]
) -> None:
    assert sum(map(Fraction, map(str, one))) == sum(map(Fraction, map(str, other)))
    assert sum(one) != sum(other)
    bars = np.array([one, other] * 200)
    columns = {"high": bars[:, 0], "low": bars[:, 1], "close": bars[:, 2], "volume": np.ones(400)}
    assert set(MFI(1).batch(columns)["mfi"][1:].tolist()) == {50.0}
    mfi = MFI(period=1)
    assert [mfi.update(Price(*bar)) for bar in (one, other, one)] == [None, MFIPoint(50.0), MFIPoint(50.0)]


@pytest.mark.parametrize("volume", [None, -1.0, 1e101])
def test_a_volume_that_cannot_be_is_refused_and_changes_nothing(volume: float | None) -> None:
    mfi = MFI(period=2)
    mfi.batch(make_bars(walk(7), 0.3))
    before = mfi.state()
    with pytest.raises(InvalidBar, match=f"volume {volume!r}".replace("+", r"\+")):
        mfi.update(Price(3.0, 1.0, 2.0, volume=volume))
    assert mfi.state() == before


def in_window(values: Floats, period: int) -> Floats:
    """The sum of the last values, each from 0 on."""
    return np.array([values[max(0, end - period) : end].sum() for end in range(1, len(values) + 1)])


def check_against_talib(columns: BarColumns, period: int = 14) -> None:
    ours = MFI(period).batch(columns)["mfi"]
    theirs = talibs(columns, period)
    assert np.isnan(ours).sum() == np.isnan(theirs).sum() == min(period, len(ours))
    typical = (columns["high"] + columns["low"] + columns["close"]) / 3
    change = np.abs(np.diff(typical, prepend=typical[:1]))
    # Both have about the same limit for a change.
    doubtful = in_window(((change > 1e-14 * typical) & (change < 4e-14 * typical)).astype(np.float64), period) > 0
    # TA-Lib subtracts what leaves the window: some 1e-16 of the largest sum that ever was stays in the sums.
    total = in_window(typical * columns["volume"] * (change > 2e-14 * typical), period)
    for share, tolerance in ((1e-6, 1e-6), (0.01, 1e-10)):
        known = (total > share * np.maximum.accumulate(total)) & ~doubtful
        known[:period] = False
        np.testing.assert_allclose(ours[known], theirs[known], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("period", [2, 14, 100])
def test_talib_agrees_on_walks_with_and_without_ties(period: int) -> None:
    on_walks(lambda columns: check_against_talib(columns, period), start=200.0)


@settings(deadline=None)
@given(
    bars=st.lists(
        st.tuples(
            st.integers(1, 9) | st.floats(0.01, 1e6),
            st.integers(0, 3) | st.floats(0, 1e3),
            st.integers(0, 3) | st.floats(0.1, 1e9),
        ),
        max_size=150,
    ),
    period=st.integers(2, 40),
)
def test_talib_agrees_on_anything(bars: list[tuple[float, float, float]], period: int) -> None:
    low, height, volume = np.array(bars, dtype=np.float64).reshape(-1, 3).T
    columns = {"low": low.copy(), "high": low + height, "close": low + height / 2, "volume": volume.copy()}
    check_against_talib(columns, period)


def test_talib_agrees_on_the_real_files(real_data: Path) -> None:
    each_file(real_data, check_against_talib)
