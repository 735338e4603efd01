"""Bars shown as bars of a longer interval: against a history of the resampler's stream."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.indicators import SMA, Resampler
from stockstream.records import IMPOSSIBLE, PARTIAL, Bar
from stockstream.views.bar_batch import BarBatch
from stockstream.views.bars import Bars
from stockstream.views.fold import Selection
from stockstream.views.frame import Frame
from stockstream.views.history import History
from stockstream.views.resampled_bars import ResampledBars
from stockstream.views.series import SeriesFold
from tests.indicators.finer import MINUTE, ZONES, bar, bars_at, drawn, resampled, utc
from tests.views.bars import restorable

START = utc("2026-03-02T14:30")
SHOWN = ["5m", "1h", "1d", "1wk", "1mo"]


def history(interval: str | None = None) -> History:
    return History({"": lambda: SMA(2)}, resampler=None if interval is None else Resampler(interval))


def expected(interval: str, bars: list[Bar]) -> Frame:
    """What a window of these bars' longer ones shows."""
    longer = resampled(Resampler(interval), bars).values()
    plain = history()
    # What was left out of a bar is counted, not drawn.
    plain.take([msgspec.structs.replace(each, flags=() if each.flags == (PARTIAL,) else each.flags) for each in longer])
    return plain.frame()


def assert_same(actual: Frame, wanted: Frame) -> None:
    assert actual.columns.keys() == wanted.columns.keys()
    for name, column in wanted.columns.items():
        np.testing.assert_array_equal(actual.columns[name], column, err_msg=name)


@given(
    bars=drawn(),
    interval=st.sampled_from(SHOWN),
    zone=st.sampled_from([*ZONES, None]),
    seed=st.integers(0, 2**32),
    doubtful=st.sets(st.integers(0, 59), max_size=12),
)
@settings(deadline=None)
def test_in_any_order_and_cut_anyhow_it_shows_what_the_stream_gives(
    bars: list[Bar], interval: str, zone: str | None, seed: int, doubtful: set[int]
) -> None:
    dice = random.Random(seed)
    bars = [msgspec.structs.replace(each, tz=zone) for each in bars]
    for place in doubtful & set(range(len(bars))):
        bars[place] = msgspec.structs.replace(bars[place], low=99.0, flags=(IMPOSSIBLE,))
    bars[-1] = msgspec.structs.replace(bars[-1], final=dice.random() < 0.5)
    arriving: list[Bar] = [msgspec.structs.replace(each, high=100.0) for each in bars if dice.random() < 0.3]
    arriving += sorted(bars, key=lambda each: each.time.timestamp() + dice.choice([0, 0, 0, 20_000]))
    shown = history(interval)
    while arriving:
        count = dice.randint(1, 20)
        shown.take(arriving[:count])
        del arriving[:count]
        if dice.random() < 0.5:
            shown.frame()
    wanted = expected(interval, bars)
    assert_same(shown.frame(), wanted)
    assert shown.doubtful == len(doubtful & set(range(len(bars))))


def test_a_present_period_grows_and_ends() -> None:
    shown = history("5m")
    seen = []
    for minute in range(6):
        shown.take([bar(START + minute * MINUTE, float(minute))])
        frame = shown.frame()
        seen.append((len(frame), frame.columns["close"][-1], frame.columns["final"][-1]))
    assert seen == [(1, 0.0, False), (1, 1.0, False), (1, 2.0, False), (1, 3.0, False), (1, 4.0, True), (2, 5.0, False)]


def test_only_what_has_changed_is_computed_again() -> None:
    bars = bars_at(START + minute * MINUTE for minute in range(60))
    series = Bars()
    longer = ResampledBars(series, Resampler("5m"))
    assert longer.refresh() == 0
    for count, each in enumerate(bars):
        assert series.follow(BarBatch([each]))
        assert longer.refresh() == count // 5
        assert longer.refresh() == len(longer.bars) == count // 5 + 1
    longer.back_to(series.merge(BarBatch([msgspec.structs.replace(bars[17], high=50.0)])).place)
    assert longer.refresh() == 3
    assert longer.bars.column("high", 3, 4).tolist() == [50.0]


def test_what_has_changed_is_reported_by_more_than_numbers() -> None:
    series = Bars()
    longer = ResampledBars(series, Resampler("5m"))
    for number in range(5):
        series.follow(BarBatch([bar(START + 10 * number * MINUTE, volume=None)]))
    longer.refresh()
    longer.back_to(series.merge(BarBatch([bar(START + 25 * MINUTE, volume=None)])).place)
    assert longer.refresh() == 3
    longer.back_to(series.merge(BarBatch([bar(START + 30 * MINUTE, volume=None, flags=(IMPOSSIBLE,))])).place)
    assert longer.refresh() == 4


def test_a_zone_that_is_known_later_moves_the_days() -> None:
    shown = history("1d")
    nights = [utc(f"2026-03-0{day}T01:00") for day in range(2, 8)]
    shown.take(bars_at(nights[:-1]))
    assert shown.frame().columns["time"].tolist() == [
        utc(f"2026-03-0{day}").replace(tzinfo=None) for day in range(2, 7)
    ]
    shown.take(bars_at(nights[-1:], tz="America/New_York"))
    assert shown.frame().columns["time"].tolist() == [
        utc(f"2026-03-0{day}").replace(tzinfo=None) for day in range(1, 7)
    ]


def test_a_price_that_nothing_computes_with_is_left_out() -> None:
    shown = history("5m")
    shown.take([bar(START), bar(START + MINUTE, high=1e300), bar(START + 5 * MINUTE, 1e200)])
    frame = shown.frame()
    assert frame.columns["high"][0] == 11.0
    assert frame.columns["doubtful"].tolist() == [False, True]


def fold(**chosen: Any) -> SeriesFold:
    made = SeriesFold.of(SMA)(Selection(**chosen), {"period": 2})
    assert isinstance(made, SeriesFold)
    return made


def test_a_fold_shows_one_interval_and_keeps_the_other() -> None:
    bars = bars_at((START + number * MINUTE for number in range(30)), tz="America/New_York", currency="USD")
    resampling, plain = fold(resample="5m"), fold()
    resampling.apply(bars)
    plain.apply(bars)
    assert len(resampling.frame("AAPL")) == 6
    assert resampling.identity("AAPL").title == "AAPL 5m from 1m, USD"
    assert resampling.latest() == plain.latest()
    assert resampling.pages() == plain.pages()
    again = fold(resample="5m")
    again.restore(restorable(plain.pages()))
    assert_same(again.frame("AAPL"), resampling.frame("AAPL"))
    assert resampling.identity("AAPL").zone == "America/New_York"
    days = fold(resample="1d")
    days.apply(bars)
    assert days.identity("AAPL").zone is None


def test_only_series_that_add_up_are_shown() -> None:
    times = [START + number * MINUTE for number in range(3)]
    bars = [made for interval in ("1m", "2m", "5m", "1d") for made in bars_at(times, interval=interval)]
    resampling = fold(resample="5m")
    resampling.apply(bars)
    assert resampling.identity("AAPL").ambiguity is None
    assert resampling.identity("AAPL").title == "AAPL 5m from 1m"
    resampling = fold(resample="1h", keys=("AAPL",))
    resampling.apply(bars)
    found = resampling.identity("AAPL").ambiguity
    assert found is not None
    assert [interval in str(found.hint) for interval in ("1m", "2m", "5m", "1d")] == [True, True, True, False]
    resampling = fold(resample="2m", keys=("AAPL",))
    resampling.apply(bars[3:])
    assert resampling.missing() == ["AAPL"]


@pytest.mark.parametrize("interval", ["5m", "1d"])
def test_nothing_yet_is_shown_as_nothing(interval: str) -> None:
    assert len(history(interval).frame()) == 0
