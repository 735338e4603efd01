"""Rows of a series whose bars come in batches: those of a window, whatever is kept between them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from msgspec import structs

from stockstream.errors import StateError
from stockstream.records import Bar, Series
from stockstream.spark.indicator_states import frame_columns
from stockstream.spark.series_rows import Change, SeriesRows
from stockstream.views.bar_batch import BarBatch
from tests.everywhere.engines import KINDS
from tests.everywhere.test_kept import cut
from tests.spark.windows import ALL, TWO, assert_same, frame, sent
from tests.views.bars import walk


class Kept:
    """Bars of a series that are kept in memory."""

    def __init__(self) -> None:
        self.pages: dict[int, bytes] = {}
        self.reads = 0

    def read(self, first: int) -> bytes:
        self.reads += 1
        return self.pages[first]

    def write(self, first: int, content: bytes) -> None:
        self.pages[first] = content

    def remove(self, first: int) -> None:
        del self.pages[first]


@pytest.mark.parametrize("keep", [40, 2_000])
def test_rows_of_a_series_are_those_of_a_window_whatever_the_batches(keep: int) -> None:
    dice = random.Random(keep)
    bars = sent("AAPL")
    names = frame_columns(ALL)
    makers = {each.label: each.make for each in ALL}
    table: dict[Any, tuple[Any, ...]] = {}
    saved, pages = None, Kept()
    for batch in cut(bars, dice):
        rows = SeriesRows(Series("AAPL", "1m"), makers, names, keep, pages, saved)
        change = rows.take(BarBatch(batch))
        saved = rows.saved()
        found = list(zip(*(change.columns[name] for name in names), strict=True))
        assert [row[0] in table for row in found] == change.again.tolist()
        table |= {row[0]: row for row in found}
        assert not len(change.outdated)
    columns = dict(zip(names, map(np.array, zip(*(table[time] for time in sorted(table)), strict=True)), strict=True))
    assert_same(pd.DataFrame(columns), frame("AAPL", bars, ALL), names)


def test_only_what_changes_is_written_again() -> None:
    rows = SeriesRows(Series("AAPL", "1m"), {"sma": KINDS["sma"]}, ("time", "close", "sma", "final"), 1_000, Kept())
    bars = walk(100)
    assert len(rows.take(BarBatch(bars)).again) == 100
    assert len(rows.take(BarBatch(bars)).again) == 0
    changed = rows.take(BarBatch([structs.replace(bars[50], close=bars[50].close + 1)]))
    period = 1 + KINDS["sma"]().lookback
    assert changed.columns["time"].tolist() == [each.time.replace(tzinfo=None) for each in bars[50 : 50 + period]]
    assert changed.again.all()


def test_bars_that_only_follow_are_computed_without_former_ones() -> None:
    bars, pages, names = walk(1_100), Kept(), frame_columns(TWO)
    makers = {each.label: each.make for each in TWO}

    def taken(batch: Sequence[Bar], saved: bytes | None) -> tuple[Change, bytes]:
        rows = SeriesRows(Series("AAPL", "1m"), makers, names, 1_000, pages, saved)
        return rows.take(BarBatch(list(batch))), rows.saved()

    first, saved = taken(bars[:300], None)
    found = [first]
    for start in range(300, 1_100, 20):
        change, saved = taken(bars[start : start + 20], saved)
        assert not change.again.any()
        found.append(change)
    assert pages.reads == 0
    assert len(pages.pages) == 6, "the first 300 bars, and then 140 each"
    assert len(saved) < 10_000
    columns = {name: np.concatenate([each.columns[name] for each in found]) for name in names}
    assert_same(pd.DataFrame(columns), frame("AAPL", bars, TWO), names)
    corrected = structs.replace(bars[310], close=bars[310].low)
    change, saved = taken([corrected], saved)
    assert pages.reads == 6
    assert change.columns["time"][0] == np.datetime64(corrected.time.replace(tzinfo=None))
    assert change.again.all()
    assert len(pages.pages) == 1
    forming = structs.replace(bars[-1], time=bars[-1].time + timedelta(minutes=1), final=False)
    _, saved = taken([forming], saved)
    change, _ = taken([structs.replace(forming, final=True)], saved)
    assert change.again.tolist() == [True]


def test_a_state_of_another_kind_is_refused() -> None:
    with pytest.raises(StateError, match="the state of AAPL 1m cannot be read"):
        SeriesRows(Series("AAPL", "1m"), {}, ("time",), 10, Kept(), b"x")
