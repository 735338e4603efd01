"""What windows show of odd bars, as tests compare it with tables of Spark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from msgspec import structs

from stockstream.records import Bar
from stockstream.spark.series_rows import NamedIndicator
from stockstream.views.fold import Selection
from stockstream.views.frame import Frame
from stockstream.views.series import SeriesFold
from tests.everywhere.engines import KINDS
from tests.everywhere.test_kept import odd_walk

SYMBOLS: Final = {"AAPL": 1, "MSFT": 2}
ALL: Final = [NamedIndicator(name, kind, {}) for name, kind in KINDS.items()]
TWO: Final = [NamedIndicator(name, KINDS[name], {}) for name in ("obv", "rsi")]


def sent(symbol: str) -> list[Bar]:
    """Bars of a symbol in the order of sending, corrected and late ones among them."""
    return [structs.replace(each, symbol=symbol) for each in odd_walk(SYMBOLS[symbol], 900)]


def frame(symbol: str, bars: Sequence[Bar], indicators: Sequence[NamedIndicator]) -> Frame:
    """What a window shows of them."""
    fold = SeriesFold({each.label: each.make for each in indicators}, Selection((symbol,)))
    fold.apply(bars)
    return fold.frame(symbol)


def assert_same(rows: pd.DataFrame, expected: Frame, names: Sequence[str]) -> None:
    rows = rows.sort_values("time")
    assert len(rows) == len(expected)
    np.testing.assert_array_equal(rows["time"].to_numpy("M8[us]"), expected.instants)
    for name in names[1:]:
        values = expected[name]
        np.testing.assert_array_equal(rows[name].to_numpy(values.dtype), values, err_msg=name)
