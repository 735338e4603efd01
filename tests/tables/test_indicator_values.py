"""Values of indicators over stored bars: at once, or by a window's history, and the same either way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from deltalake import write_deltalake
from msgspec import structs

from stockstream.indicators.catalog import catalog, of_bars
from stockstream.records import IMPOSSIBLE, Bar
from stockstream.tables.indicator_values import _points, values_over
from stockstream.tables.location import Location
from stockstream.tables.snapshot import Snapshot
from stockstream.tables.stored_bars import StoredBars, Wanted, stored_series
from stockstream.views.fold import Selection
from stockstream.views.series import SeriesFold
from tests.tables.lake import store_bars
from tests.views.bars import bar, walk

WALK = [structs.replace(each, tz="America/New_York") for each in walk(400)]
FORMING = [*WALK[:-1], structs.replace(WALK[-1], final=False)]


def stored(folder: Path, bars: Sequence[Bar]) -> StoredBars:
    """The bars, from a table, in two commits."""
    store_bars(folder, bars[: len(bars) // 2 + 1])
    if len(bars) > 1:
        store_bars(folder, bars[len(bars) // 2 + 1 :], len(bars) // 2 + 1)
    snapshot = Snapshot.of(Location.of(str(folder)), "bars")
    assert snapshot is not None
    [found] = stored_series(snapshot, Wanted("AAPL"))
    return found


@pytest.mark.parametrize(
    ("bars", "at_once"),
    [
        (WALK, True),
        (FORMING, True),
        ([structs.replace(WALK[0], final=False)], True),
        ([*WALK[:7], structs.replace(WALK[7], final=False), *WALK[8:]], True),  # its final form never came
        ([*WALK, structs.replace(WALK[200], close=WALK[200].low)], True),  # a correction
        (WALK[::-1], True),
        ([*WALK[:90], structs.replace(WALK[90], flags=(IMPOSSIBLE,)), *FORMING[91:]], False),
        ([*WALK[:90], structs.replace(WALK[90], open=None, volume=None), *FORMING[91:]], None),
        ([*WALK[:90], structs.replace(WALK[90], close=1e200, high=1e200), *FORMING[91:]], None),  # refused
    ],
)
def test_the_values_are_those_of_the_window(bars: list[Bar], at_once: bool | None, tmp_path: Path) -> None:
    found = stored(tmp_path, bars)
    for name, kind in catalog().items():
        if not of_bars(kind):
            continue
        assert at_once in (None, _points(found, kind()) is not None), name
        fold = SeriesFold.of(kind)(Selection(("AAPL",)), {})
        fold.apply(bars)
        frame = fold.frame("AAPL")
        columns = values_over(found, kind)
        assert set(columns) == set(frame) - {"gap"}
        for column, values in columns.items():
            given = values.to_numpy(zero_copy_only=False)
            np.testing.assert_array_equal(given, frame[column], err_msg=f"{name}.{column}")
            assert values.type == "double" or not values.null_count


def test_nan_of_another_program_is_null(tmp_path: Path) -> None:
    store_bars(tmp_path, [bar(0, 1.0), bar(1, 2.0), bar(2, 3.0)])
    snapshot = Snapshot.of(Location.of(str(tmp_path)), "bars")
    assert snapshot is not None
    rows = snapshot.dataset.to_table()
    volumes = np.array([1.0, np.nan, 3.0])
    place = rows.schema.get_field_index("volume")
    write_deltalake(
        str(tmp_path / "other" / "bars"), rows.set_column(place, "volume", [volumes]), partition_by=["date"]
    )
    other = Snapshot.of(Location.of(str(tmp_path / "other")), "bars")
    assert other is not None
    [bars] = stored_series(other, Wanted())
    assert values_over(bars, catalog()["sma"])["volume"].to_pylist() == [1.0, None, 3.0]
