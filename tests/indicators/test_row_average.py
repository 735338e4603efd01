from __future__ import annotations

import numpy as np
import pandas as pd

from stockstream.indicators import SMA, RowAverage
from tests.indicators.inputs import assert_identical, make_bars, stream, walk


def test_it_is_what_pandas_gives_over_rows_of_several_symbols() -> None:
    table = pd.DataFrame(
        {
            "symbol": ["AAPL", "MSFT"] * 50,
            "close": np.column_stack((walk(50), walk(50, start=300.0, seed=8))).ravel(),
        }
    )
    expected = table["close"].rolling(3).mean()
    found = RowAverage().batch(table)
    np.testing.assert_allclose(found["sma"], expected, rtol=1e-14)


def test_it_is_the_simple_average_over_three() -> None:
    bars = make_bars(walk(300))
    assert_identical(stream(RowAverage(), bars), stream(SMA(3), bars))
    assert RowAverage().lookback == 2
